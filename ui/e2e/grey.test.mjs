// Grey at rest (ISA-101): where nothing is wrong and nothing is selected, nothing has colour. A pixel counts as coloured
// above 40 % saturation (HSV) where it is neither nearly black nor nearly white.
import assert from "node:assert/strict";
import { PNG } from "pngjs";
import { base, journey, open } from "./harness.mjs";

const SATURATION_MOST = 0.4;
/** Below this value a hue cannot be told: text on a dark ground is full of such pixels. */
const VALUE_LEAST = 0.15;
/** Parts of a screen that may have colour: what is selected or focused, pens, what is wrong. */
const MAY = '[aria-current]:not([aria-current="false"]), [aria-pressed="true"], [aria-selected="true"], :focus, .here, .primary, .tone-bad, .tone-warn, .shape.bad, .shape.warn, [data-testid="device-row"]:is(.bad, .warn), [data-testid="mini-trend"]';
const CALM = ["#/overview/acme/rotterdam/packaging", "#/overview/acme/rotterdam/packaging/line-1/filler", "#/tags?under=acme/rotterdam/packaging", "#/devices", "#/system", "#/manual"];

function coloured({ data, width, height }, boxes) {
  let count = 0;
  let where = null;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 4;
      const most = Math.max(data[at], data[at + 1], data[at + 2]);
      const least = Math.min(data[at], data[at + 1], data[at + 2]);
      if (most / 255 < VALUE_LEAST || (most - least) / most <= SATURATION_MOST) continue;
      if (boxes.some((box) => x >= box.x - 3 && x < box.right + 3 && y >= box.y - 3 && y < box.bottom + 3)) continue;
      count += 1;
      where ??= [x, y];
    }
  }
  return { count, where };
}

for (const theme of ["light", "dark"]) {
  journey(`a plant at rest has no colour, ${theme}`, { colorScheme: theme }, async (page) => {
    const found = [];
    for (const hash of CALM) {
      await open(page, hash);
      await page.locator("main h1, main h2").first().waitFor();
      await page.evaluate(() => document.activeElement?.blur());
      const places = () => page.evaluate((may) => [...document.querySelectorAll(may)].filter((one) => one !== document.body).map((one) => {
        const { x, y, right, bottom } = one.getBoundingClientRect();
        return { x, y, right, bottom };
      }), MAY);
      // What was just read may still move other things down while the picture is taken.
      const before = await places();
      const picture = PNG.sync.read(await page.screenshot());
      const { count, where } = coloured(picture, [...before, ...(await places())]);
      if (count > 0) found.push(`${base}/${hash}: ${count} coloured pixels, the first at ${where}`);
    }
    assert.deepEqual(found, []);
  });
}
