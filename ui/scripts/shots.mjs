// Photographs screens of a running page for looking at: BASE=http://… node scripts/shots.mjs [name…]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const base = process.env.BASE ?? "http://127.0.0.1:8080";
const out = process.env.OUT ?? "shots";
const P = "acme/rotterdam/packaging/line-1";
const pens = [`${P}/filler/speed`, `${P}/filler/pressure`, `${P}/filler/running`, `${P}/filler/state`, "acme/rotterdam/utilities/chiller/flow", `${P}/capper/speed`];
const SCREENS = {
  overview: "#/overview",
  line: `#/overview/acme/rotterdam/packaging`,
  machine: `#/overview/${P}/filler`,
  tags: "#/tags",
  detail: `#/tags?under=${P}&tag=${P}/filler/speed`,
  trend: `#/trend?${pens.map((tag) => `tag=${tag}`).join("&")}&range=15m`,
  trend1: `#/trend?tag=${P}/filler/speed&range=8h`,
  empty: "#/trend",
  devices: "#/devices",
  system: "#/system",
};
const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(SCREENS);
const widths = (process.env.WIDTHS ?? "1440,1024,390").split(",").map(Number);
const themes = (process.env.THEMES ?? "light,dark").split(",");

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
for (const colorScheme of themes) {
  for (const width of widths) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: width < 700 ? 844 : 900 } });
    const page = await context.newPage();
    page.on("console", (line) => ["error", "warning"].includes(line.type()) && console.log(`${line.type()}: ${line.text()}`));
    page.on("pageerror", (error) => console.log("pageerror:", error.stack));
    for (const name of wanted) {
      await page.goto(`${base}/${SCREENS[name]}`);
      await page.reload();
      await page.waitForTimeout(Number(process.env.WAIT ?? 1800));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) console.log(`${name} ${width}: ${wide} px too wide`);
      await page.screenshot({ path: `${out}/${name}-${width}-${colorScheme}.png` });
    }
    await context.close();
  }
}
await browser.close();
