// Measures how old a value is when it is on the screen: `lineshaft bench plant` serves tags whose value is the
// time at which the device was read, in milliseconds; here a browser watches them change.
//
//   lineshaft bench plant                                  (prints the address)
//   LINESHAFT_URL=http://127.0.0.1:PORT node scripts/pixel.mjs
import { chromium } from 'playwright-core';

const url = process.env.LINESHAFT_URL;
if (!url) {
  console.error('set LINESHAFT_URL to the address that `lineshaft bench plant` printed');
  process.exit(1);
}
const seconds = Number(process.env.SECONDS ?? 20);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(`${url}/#/tags?under=bench/site/d0`);
await page.waitForSelector('[data-testid="tag-value"]');
const ages = await page.evaluate(async (seconds) => {
  const ages = [];
  const seen = new WeakMap();
  const stamp = () => Date.now() % 2 ** 32;
  const look = (painted) => {
    for (const cell of document.querySelectorAll('[data-testid="tag-value"]')) {
      const value = Number(cell.textContent.replace(/\D/g, ''));
      if (!value || seen.get(cell) === value) continue;
      if (seen.has(cell)) ages.push(painted - value);
      seen.set(cell, value);
    }
  };
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    // The frame after the one that changed the text: by then it is on the screen.
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    look(stamp());
  }
  return ages;
}, seconds);
await browser.close();
ages.sort((a, b) => a - b);
const at = (share) => ages[Math.min(ages.length - 1, Math.floor(ages.length * share))];
console.log(`${ages.length} values on the screen; read in the device → painted: ` +
  `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
if (ages.length === 0) process.exit(1);
