// Programs a journey needs for itself: a node of its own, a Modbus device of pymodbus.
// LINESHAFT_BIN is the program; LINESHAFT_PEERS the folder of the independent peers (`cargo xtask peers`).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const START_MS = 60_000;

/** Starts a program and waits until each of `says` has matched a line; answers with the matches and the way to end it. */
function start(command, args, says, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const heard = [];
  const matches = says.map(() => null);
  child.stderr.on("data", (text) => heard.push(String(text)));
  return new Promise((found, lost) => {
    const fail = (why) => {
      child.kill("SIGKILL");
      lost(new Error(`${command} ${args.join(" ")}: ${why}\n${heard.join("")}`));
    };
    const timer = setTimeout(() => fail(`said nothing that matches ${says} in ${START_MS} ms`), START_MS);
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => fail(`ended with ${code}`));
    // Goes on reading behind those lines, so that the program never waits for us.
    createInterface({ input: child.stdout }).on("line", (line) => {
      says.forEach((one, at) => (matches[at] ??= one.exec(line)));
      if (matches.includes(null)) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      found({ matches, end: () => new Promise((done) => (child.once("exit", done), child.kill("SIGKILL"))) });
    });
  });
}

/** An empty folder for a node: `plant` for its plant folder, `data` for its data folder. */
export function nodeFolder() {
  return mkdtempSync(join(tmpdir(), "lineshaft-journey-"));
}

/**
 * A node with a plant folder of its own. `files` are those of the folder; without `lineshaft.toml` it is an empty plant
 * that lets whoever comes over loopback do everything. With `fresh` the node knows nobody, and `setup` is its link.
 * `stop` ends it and keeps its folder, so that it can be started once more.
 */
export async function startNode(files = {}, { folder = nodeFolder(), fresh = false } = {}) {
  const program = process.env.LINESHAFT_BIN;
  assert.ok(program, "LINESHAFT_BIN must name the program");
  const plant = { "lineshaft.toml": OPEN, ...files };
  for (const [name, text] of Object.entries(plant)) {
    mkdirSync(dirname(join(folder, "plant", name)), { recursive: true });
    writeFileSync(join(folder, "plant", name), text);
  }
  const args = ["run", "--plant", join(folder, "plant"), "--data", join(folder, "data")];
  const says = [/^listening (https?:\S+)/, ...(fresh ? [/^setup (https?:\S+)/] : [])];
  const { matches, end } = await start(program, args, says);
  return {
    url: matches[0][1],
    setup: matches[1]?.[1],
    folder,
    stop: end,
    end: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The plant of a node that is empty and lets whoever comes over loopback do everything. */
export const OPEN = `[node]
name = "blank"
path = "acme/site"
[http]
listen = "127.0.0.1:0"
[security]
anonymous = "admin"
`;

/** The Modbus device of conformance/peers; `port` is where it answers. */
export async function startModbus() {
  const python = join(process.env.LINESHAFT_PEERS ?? join(ROOT, ".peers"), "venv/bin/python");
  const { matches, end } = await start(python, [join(ROOT, "conformance/peers/pymodbus/server.py"), "tcp", "0"], [/^listening (\d+)$/]);
  return { port: Number(matches[0][1]), end };
}
