// How fast eight pens of a year at 1 Hz are painted and zoomed, in a real browser against a real node:
//
//   lineshaft bench year                            (prints the address)
//   LINESHAFT_URL=http://127.0.0.1:8080 PENS=bench/site/pens/pen- node scripts/trend-bench.mjs
//
// PENS is what the tags begin with; the first eight of them are taken. DIST= serves another build of the page before the
// node, through a proxy of this script. "First paint" is from the address being opened to curves of all pens on the
// canvas, in a page that is loaded already; "cold" with the page, from nothing. A zoom is a drag; "seen" is the first
// picture of the new stretch from the node, "fine" the one with every pixel column.
import { createReadStream, existsSync, statSync } from "node:fs";
import http from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const node = process.env.LINESHAFT_URL?.replace(/\/+$/, "");
if (node === undefined) throw new Error("LINESHAFT_URL must name a running node");
const begins = process.env.PENS ?? "bench/site/pens/pen-";
const rounds = Number(process.env.ROUNDS ?? 30);
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const CHART = '[data-testid="trend-canvas"]';

/** The page from a folder, everything else from the node. */
function served(dist) {
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json" };
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, "http://page").pathname;
    const file = join(dist, normalize(path === "/" ? "/index.html" : path));
    if (!path.startsWith("/api/") && existsSync(file) && statSync(file).isFile()) {
      response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
      createReadStream(file).pipe(response);
      return;
    }
    const on = http.request(node + request.url, { method: request.method, headers: { ...request.headers, host: new URL(node).host, origin: node } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    on.on("error", () => response.destroy());
    response.on("close", () => on.destroy());
    request.pipe(on);
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

const share = (list, part) => list.toSorted((one, other) => one - other)[Math.min(list.length - 1, Math.ceil(list.length * part) - 1)];
const line = (what, list) => console.log(`${what.padEnd(44)} median ${share(list, 0.5).toFixed(0).padStart(5)} ms   p95 ${share(list, 0.95).toFixed(0).padStart(5)} ms   most ${Math.max(...list).toFixed(0).padStart(5)} ms   of ${list.length}`);

const all = await (await fetch(`${node}/api/v1/tags?search=${encodeURIComponent(begins)}&limit=100`)).json();
const tags = all.tags.map(({ tag }) => tag).filter((tag) => tag.startsWith(begins)).slice(0, 8);
if (tags.length < 8) throw new Error(`only ${tags.length} tags begin with ${begins}`);
const end = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const link = (from, to) => `#/trend?${tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join("&")}&start=${from}&end=${to}`;
const year = link(end - YEAR_MS, end);

const server = process.env.DIST === undefined ? null : await served(process.env.DIST);
const base = server === null ? node : `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });

/**
 * In the page: notes when the picture of a stretch is painted with samples of every pen asked for since `begin`. Painted
 * is the frame after the drawing.
 */
function watch() {
  window.__mark = (span) =>
    new Promise((done) => {
      const began = performance.now();
      const seen = { seen: 0, fine: 0 };
      const chart = document.querySelector('[data-testid="trend-canvas"]');
      const loads = Number(chart?.dataset.loads ?? 0);
      const look = () => {
        const it = document.querySelector('[data-testid="trend-canvas"]')?.dataset;
        const wide = it === undefined ? 0 : Number(it.end) - Number(it.start);
        const mine = it !== undefined && Math.abs(wide - span) < span * 0.2 && Number(it.loads) > loads;
        if (mine && seen.seen === 0 && Number(it.fresh) >= 8) seen.seen = performance.now() - began;
        if (mine && it.loading === "false" && Number(it.fresh) >= 8) {
          seen.fine = performance.now() - began;
          return requestAnimationFrame(() => done(seen));
        }
        return requestAnimationFrame(look);
      };
      look();
    });
}

const size = { width: 1440, height: 900 };
const cold = [];
for (let round = 0; round < 5; round += 1) {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  const began = performance.now();
  await page.goto(`${base}/${year}`, { waitUntil: "commit" });
  await page.waitForFunction((chart) => Number(document.querySelector(chart)?.dataset.fresh) >= 8, CHART, { polling: "raf" });
  cold.push(performance.now() - began);
  await context.close();
}
line("cold: page and 8 pens of a year", cold);

const page = await (await browser.newContext({ viewport: size })).newPage();
await page.addInitScript(watch);
await page.goto(`${base}/#/trend`);
await page.locator('[data-testid="trend"]').waitFor();
const first = { seen: [], fine: [] };
for (let round = 0; round < 8; round += 1) {
  const took = await page.evaluate(([hash, span]) => {
    const done = window.__mark(span);
    location.hash = hash;
    return done;
  }, [year, YEAR_MS]);
  first.seen.push(took.seen);
  first.fine.push(took.fine);
  await page.evaluate(() => (location.hash = "#/trend"));
  await page.locator('[data-testid="empty"]').waitFor();
}
line("first paint of 8 pens of a year", first.seen);
line("first paint, every pixel column", first.fine);

await page.evaluate((hash) => (location.hash = hash), year);
await page.waitForFunction((chart) => document.querySelector(chart)?.dataset.loading === "false", CHART);
const box = await page.locator('[data-testid="trend-plot"]').boundingBox();
const zoom = { seen: [], fine: [] };
for (let round = 0; round < rounds; round += 1) {
  const { start, end: to } = await page.locator(CHART).evaluate((chart) => ({ ...chart.dataset }));
  const span = Number(to) - Number(start);
  // In to an hour, by various steps, then from the year again.
  const from = 0.05 + 0.3 * ((round * 7) % 10) / 10;
  const part = 0.25 + 0.3 * ((round * 3) % 10) / 10;
  if (span < 4 * 3_600_000) {
    await page.evaluate((hash) => (location.hash = hash), year);
    await page.waitForFunction(([chart, wide]) => {
      const it = document.querySelector(chart).dataset;
      return it.loading === "false" && Number(it.end) - Number(it.start) > wide * 0.9;
    }, [CHART, YEAR_MS]);
    continue;
  }
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * (from + part), box.y + box.height / 2, { steps: 4 });
  const marked = page.evaluate((wide) => window.__mark(wide), span * part);
  await page.mouse.up();
  const took = await marked;
  zoom.seen.push(took.seen);
  zoom.fine.push(took.fine);
}
line("zoom: seen", zoom.seen);
line("zoom: every pixel column", zoom.fine);
await browser.close();
server?.close();
