// The gallery as golden pictures: what the parts of the page look like in every theme. A picture that differs is looked at
// by a person; `UPDATE=1 npm run e2e` takes the new ones. What is compared does not move and has no clock.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { base, journey, until } from "./harness.mjs";

const GOLDEN = join(dirname(fileURLToPath(import.meta.url)), "golden");
/** Where a difference is shown. */
const FOUND = process.env.GOLDEN_FOUND ?? join(GOLDEN, "found");
/** Share of the pixels that may differ: another version of the browser draws edges of letters a little differently. */
const DIFFERENT_MOST = 0.001;
/** How different two colours of one pixel may be, 0 to 1 (YIQ). */
const THRESHOLD = 0.1;
/** One font on every machine; xtask installs it. */
const FONT = ":root,body{--mono:'DejaVu Sans Mono'!important;font-family:'DejaVu Sans'!important}*{transition:none!important;animation:none!important;caret-color:transparent!important}";

/** Why a picture is not the golden one, or null. */
function difference(name, png) {
  const file = join(GOLDEN, `${name}.png`);
  if (process.env.UPDATE === "1") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, png);
    return null;
  }
  if (!existsSync(file)) return `${name}: there is no golden picture; take it with UPDATE=1 and look at it`;
  const [want, have] = [PNG.sync.read(readFileSync(file)), PNG.sync.read(png)];
  if (want.width !== have.width || want.height !== have.height) {
    keep(name, png);
    return `${name}: ${have.width} × ${have.height} px, was ${want.width} × ${want.height}`;
  }
  const shown = new PNG({ width: want.width, height: want.height });
  const count = pixelmatch(want.data, have.data, shown.data, want.width, want.height, { threshold: THRESHOLD });
  const share = count / (want.width * want.height);
  if (share <= DIFFERENT_MOST) return null;
  keep(name, png);
  keep(`${name}.difference`, PNG.sync.write(shown));
  return `${name}: ${(share * 100).toFixed(2)} % of the pixels differ; see ${FOUND}`;
}

function keep(name, png) {
  mkdirSync(FOUND, { recursive: true });
  writeFileSync(join(FOUND, `${name}.png`), png);
}

for (const theme of ["light", "dark", "contrast"]) {
  journey(`the parts of the page look as they did, ${theme}`, { expected: /status of (403|404)/, reducedMotion: "reduce", timezoneId: "Europe/Berlin", locale: "en-GB", bypassCSP: true }, async (page) => {
    await page.goto(`${base}/#/gallery`);
    await page.locator('[data-testid="gallery"]').waitFor();
    await page.addStyleTag({ content: FONT });
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
    await until(page, () => document.fonts.status === "loaded");
    const sections = page.locator('[data-testid^="gallery-"]');
    const names = [];
    const wrong = [];
    for (let at = 0; at < (await sections.count()); at += 1) {
      const section = sections.nth(at);
      const name = (await section.getAttribute("data-testid")).replace("gallery-", "");
      names.push(`${name}-${theme}.png`);
      wrong.push(difference(`${name}-${theme}`, await section.screenshot()));
    }
    assert.ok(names.length > 5, "the gallery has sections");
    for (const file of readdirSync(GOLDEN).filter((file) => file.endsWith(`-${theme}.png`) && !names.includes(file))) {
      if (process.env.UPDATE === "1") rmSync(join(GOLDEN, file));
      else wrong.push(`${file}: the gallery has no such section any more`);
    }
    assert.deepEqual(wrong.filter((one) => one !== null), []);
  });
}
