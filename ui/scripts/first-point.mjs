// From the start of `lineshaft demo` to the first live value that is painted, in a browser that is open already, and what a
// cold start of the page takes. Each round has a data folder of its own.
//
//   LINESHAFT_BIN=../target/release/lineshaft node scripts/first-point.mjs
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const program = process.env.LINESHAFT_BIN;
if (!program) {
  console.error("set LINESHAFT_BIN to the program");
  process.exit(1);
}
const rounds = Number(process.env.ROUNDS ?? 5);
const GOAL_MS = 3_000;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const took = [];
for (let round = 0; round < rounds; round += 1) {
  const data = mkdtempSync(join(tmpdir(), "lineshaft-first-"));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const started = performance.now();
  const node = spawn(program, ["demo", "--data", data, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise((found) => {
    createInterface({ input: node.stdout }).on("line", (line) => line.startsWith("listening http") && found(line.slice(10)));
  });
  const listens = performance.now() - started;
  await page.goto(`${url}/#/tags?under=acme/rotterdam/packaging`);
  await page.waitForFunction(() => [...document.querySelectorAll('[data-testid="tag-value"]')].some((cell) => /\d/.test(cell.textContent ?? "")), null, { polling: "raf" });
  // The frame after the one that wrote the text.
  await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
  took.push(performance.now() - started);
  console.log(`round ${round + 1}: listens after ${listens.toFixed(0)} ms, first value painted after ${took.at(-1).toFixed(0)} ms`);
  await context.close();
  node.kill("SIGKILL");
  await new Promise((done) => node.once("exit", done));
  rmSync(data, { recursive: true, force: true });
}
await browser.close();
took.sort((a, b) => a - b);
console.log(`median ${took[Math.floor(took.length / 2)].toFixed(0)} ms, longest ${took.at(-1).toFixed(0)} ms`);
process.exit(took.at(-1) > GOAL_MS ? 1 : 0);
