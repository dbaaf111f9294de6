// A tab that stays open: memory must stay flat and the processor nearly idle.
//
//   lineshaft bench plant --tags 1000                       (prints the address)
//   LINESHAFT_URL=http://127.0.0.1:PORT MINUTES=60 node scripts/soak.mjs
//
// Prints a line a minute (heap after a collection, DOM nodes, share of one core of the tab's processes) and at the end
// the slope of the heap and the mean share; exits with 1 when the heap grows by more than 5 % or the share is above 15 %.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const url = process.env.LINESHAFT_URL;
if (!url) {
  console.error("set LINESHAFT_URL to the address of a node");
  process.exit(1);
}
const minutes = Number(process.env.MINUTES ?? 60);
const hash = process.env.SCREEN ?? "#/tags";
const SHARE_MOST = 0.15;
const GROWTH_MOST = 0.05;
const WARM_UP_MINUTES = 2;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--js-flags=--expose-gc"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(`${url}/${hash}`);
await page.waitForSelector('[data-testid="conn-state"][data-state="live"]');
const client = await page.context().newCDPSession(page);
await client.send("Performance.enable");

/** Processor seconds of the process that runs the page. */
function rendererSeconds() {
  const list = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  const pids = list.filter((line) => /--type=renderer/.test(line) && /chrom/.test(line)).map((line) => line.trim().split(" ")[0]);
  return pids.reduce((sum, pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      return sum + (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      return sum; // it has ended
    }
  }, 0);
}

async function heap() {
  await client.send("HeapProfiler.collectGarbage");
  const { metrics } = await client.send("Performance.getMetrics");
  const of = (name) => metrics.find((one) => one.name === name)?.value ?? 0;
  return { bytes: of("JSHeapUsedSize"), nodes: of("Nodes") };
}

const rows = [];
for (let minute = 1; minute <= minutes; minute += 1) {
  const before = rendererSeconds();
  await new Promise((next) => setTimeout(next, 60_000));
  const share = (rendererSeconds() - before) / 60;
  const { bytes, nodes } = await heap();
  rows.push({ bytes, nodes, share });
  console.log(`${minute} min: heap ${(bytes / 2 ** 20).toFixed(2)} MiB, ${nodes} nodes, ${(share * 100).toFixed(1)} % of a core`);
}
await browser.close();
const settled = rows.slice(Math.min(WARM_UP_MINUTES, rows.length - 1));
const mean = (list) => list.reduce((sum, one) => sum + one, 0) / list.length;
const third = Math.max(1, Math.floor(settled.length / 3));
const [first, last] = [mean(settled.slice(0, third).map((row) => row.bytes)), mean(settled.slice(-third).map((row) => row.bytes))];
const [growth, share] = [last / first - 1, mean(settled.map((row) => row.share))];
console.log(`heap ${(growth * 100).toFixed(2)} % from the first third to the last, ${(share * 100).toFixed(1)} % of a core`);
process.exit(growth > GROWTH_MOST || share > SHARE_MOST ? 1 : 0);
