import { expect, it } from "vitest";
import { checkProof, leafHash, nodeHash, parseCheckpoint, rootOf, sha256 } from "./proof";

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

it("hashes like everybody else, at every length around a block", async () => {
  // FIPS 180-4's own example.
  expect(hex(sha256(new TextEncoder().encode("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 1_000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7) % 256);
    expect(hex(sha256(bytes))).toBe(hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))));
  }
});

/** RFC 6962's definition, as slow as it is short. */
function tree(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return nodeHash(tree(leaves.slice(0, half)), tree(leaves.slice(half)));
}

function path(leaves: Uint8Array[], at: number): Uint8Array[] {
  if (leaves.length === 1) return [];
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return at < half
    ? [...path(leaves.slice(0, half), at), tree(leaves.slice(half))]
    : [...path(leaves.slice(half), at - half), tree(leaves.slice(0, half))];
}

it("proves every entry of every small trail", () => {
  for (let size = 1; size <= 20; size += 1) {
    const leaves = Array.from({ length: size }, (_, at) => leafHash(`entry ${at}`));
    const root = hex(tree(leaves));
    for (let at = 0; at < size; at += 1) {
      const proof = path(leaves, at);
      expect(hex(rootOf(leaves[at]!, at, size, proof)!)).toBe(root);
      expect(rootOf(leaves[at]!, at, size, [...proof, leaves[0]!])).toBe(null);
    }
  }
});

const LINES = ["a", "b", "c"];
const leaves = LINES.map(leafHash);
const note = (root: Uint8Array) => `edge-1/audit\n3\n${base64(root)}\n\n— edge-1/audit AAAA\n`;
const proof = `c2sp.org/tlog-proof@v1\nindex 1\n${path(leaves, 1).map(base64).join("\n")}\n\n${note(tree(leaves))}`;

it.each([
  ["the entry as it is", "b", 1, proof, true],
  ["an entry with another letter", "B", 1, proof, false],
  ["a proof for another entry", "c", 2, proof, false],
  ["a proof with a hash too few", "b", 1, proof.replace(/index 1\n.*\n/, "index 1\n"), false],
  ["a checkpoint with another root", "b", 1, proof.replace(base64(tree(leaves)), base64(leaves[0]!)), false],
  ["an error page", "b", 1, "<html>", false],
])("checks %s", (_name, line, seq, text, sound) => {
  expect(checkProof(line, seq, text).sound).toBe(sound);
});

it("reads the head of a checkpoint and nothing that only looks like one", () => {
  expect(parseCheckpoint(note(leaves[0]!))).toMatchObject({ origin: "edge-1/audit", size: 3 });
  expect(parseCheckpoint("edge-1\n-3\nAAAA\n")).toBe(null);
});
