// Checks in the browser that an entry is in the trail: RFC 6962 inclusion over SHA-256, for proofs in the form of
// C2SP's tlog-proof and signed notes. Own SHA-256, because crypto.subtle does not exist on a page served without TLS.
// Not here: the signature of the checkpoint; that needs a key from somewhere else than the node itself.

import { t } from "./language.svelte";

export type Hash = Uint8Array;

const K = constants();

/** Fractions of the cube roots of the first 64 primes: FIPS 180-4, 4.2.2, computed rather than typed. */
function constants(): Uint32Array {
  const out = new Uint32Array(64);
  let count = 0;
  for (let number = 2; count < 64; number += 1) {
    let prime = true;
    for (let by = 2; by * by <= number; by += 1) prime &&= number % by !== 0;
    if (prime) out[count++] = (Math.cbrt(number) % 1) * 2 ** 32;
  }
  return out;
}

const turned = (x: number, by: number) => (x >>> by) | (x << (32 - by));

export function sha256(bytes: Uint8Array): Hash {
  const state = Uint32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const w = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(block + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15]!, b = w[i - 2]!;
      w[i] = (turned(b, 17) ^ turned(b, 19) ^ (b >>> 10)) + w[i - 7]! + (turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)) + w[i - 16]!;
    }
    round(state, w);
  }
  const out = new Uint8Array(32);
  const written = new DataView(out.buffer);
  state.forEach((word, at) => written.setUint32(at * 4, word));
  return out;
}

function round(state: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i += 1) {
    const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + w[i]!;
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] = state[at]! + word));
}

/** RFC 6962, 2.1: a leaf can never be taken for a node. */
export function leafHash(entry: string): Hash {
  const text = new TextEncoder().encode(entry);
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text, 1);
  return sha256(bytes);
}

export function nodeHash(left: Hash, right: Hash): Hash {
  const bytes = new Uint8Array(65);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return sha256(bytes);
}

/** The root that a leaf and its neighbours give (RFC 9162, 2.1.3.2), or null where the proof has the wrong length. */
export function rootOf(leaf: Hash, index: number, size: number, path: readonly Hash[]): Hash | null {
  if (index >= size) return null;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const other of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(other, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, other);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Hash;
}

const HASH_TEXT = /^[A-Za-z0-9+/]{43}=$/;

function bytesOf(base64: string): Hash {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** The first three lines of a C2SP checkpoint; null for anything else. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin = "", size = "", root = ""] = text.split("\n");
  if (origin === "" || !/^\d+$/.test(size) || !HASH_TEXT.test(root)) return null;
  return { origin, size: Number(size), root: bytesOf(root) };
}

export interface ProofText {
  index: number;
  path: Hash[];
  checkpoint: Checkpoint;
}

/** A C2SP tlog-proof: a head line, the index, one hash a line, an empty line, the checkpoint. */
export function parseProof(text: string): ProofText | null {
  const cut = text.indexOf("\n\n");
  if (cut < 0) return null;
  const lines = text.slice(0, cut).split("\n");
  const checkpoint = parseCheckpoint(text.slice(cut + 2));
  const found = lines.map((line) => /^index (\d+)$/.exec(line)).find((match) => match !== null);
  if (!lines[0]?.startsWith("c2sp.org/tlog-proof@") || checkpoint === null || !found) return null;
  const path = lines.filter((line) => HASH_TEXT.test(line)).map(bytesOf);
  return { index: Number(found[1]), path, checkpoint };
}

export interface Checked {
  sound: boolean;
  /** What was found, as a sentence. */
  said: string;
}

/** Whether this very line is entry `seq` of the trail that the proof's checkpoint closes. */
export function checkProof(line: string, seq: number, text: string): Checked {
  const proof = parseProof(text);
  if (proof === null) return { sound: false, said: t("The node's answer is not a proof.") };
  if (proof.index !== seq) return { sound: false, said: t("The proof is for entry {index}, not for this one.", { index: proof.index }) };
  const { size, root } = proof.checkpoint;
  const got = rootOf(leafHash(line), seq, size, proof.path);
  if (got === null) return { sound: false, said: t("The proof does not fit a trail of {size} entries.", { size }) };
  if (!got.every((byte, at) => byte === root[at])) return { sound: false, said: t("This entry is not the one that the checkpoint covers: it or the trail was changed.") };
  return { sound: true, said: t("This browser computed it: the entry is number {seq} of the {size} entries that the checkpoint covers.", { seq, size }) };
}
