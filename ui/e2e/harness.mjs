// What the journeys share: a browser, a page that must stay free of errors, and polling.
// Needs a running Lineshaft: LINESHAFT_URL=http://127.0.0.1:8080 npm run e2e
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

export const TIMEOUT_MS = 20_000;

const url = process.env.LINESHAFT_URL;
assert.ok(url, "LINESHAFT_URL must name a running Lineshaft, for instance http://127.0.0.1:8080");
export const base = url.replace(/\/+$/, "");

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});
after(() => browser?.close());

/**
 * One journey in a fresh profile. Anything the console calls an error fails it, but for what `expected` matches:
 * browsers call every refused request one. `run` also gets a way to open another profile, for a second person.
 */
export function journey(name, { expected = /$^/, ...options }, run) {
  test(name, { timeout: 120_000 }, async () => {
    const contexts = [];
    const errors = [];
    const profile = async (other = {}) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options, ...other });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT_MS);
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (line) => line.type() === "error" && !expected.test(line.text()) && errors.push(`${line.text()} (${line.location().url})`));
      return page;
    };
    try {
      await run(await profile(), profile);
      assert.deepEqual(errors, [], "the console must stay free of errors");
    } finally {
      for (const context of contexts) await context.close();
    }
  });
}

export const id = (name) => `[data-testid="${name}"]`;

/** Opens a screen of a node, the shared one unless another is named, and waits until its line is live. */
export async function open(page, hash, at = base) {
  await page.goto(`${at}/${hash}`);
  await page.locator('[data-testid="conn-state"][data-state="live"]').waitFor();
}

/** Texts of all matches right now. */
export function texts(page, selector) {
  return page.locator(selector).allInnerTexts();
}

/** Polls until `check` of the page's own state holds; the argument is handed to the page. */
export function until(page, check, argument) {
  return page.waitForFunction(check, argument, { timeout: TIMEOUT_MS, polling: 100 });
}

/** Numeric tags of the running plant, so that the journeys fit any plant. */
export async function numericTags(count, at = base) {
  const response = await fetch(`${at}/api/v1/tags?limit=1000`);
  assert.equal(response.status, 200);
  const { tags } = await response.json();
  const numeric = tags.filter((tag) => /^[iuf]\d/.test(tag.type) && tag.quality === "good" && !tag.tag.includes("/_"));
  // Measurements first, then counters, then set-points, which stay as they are until somebody writes them.
  const rank = (tag) => (tag.access === "read" ? 0 : 2) + (tag.type.startsWith("f") ? 0 : 1);
  const found = numeric.toSorted((one, other) => rank(one) - rank(other)).slice(0, count);
  assert.equal(found.length, count, `the plant must have ${count} good numeric tags`);
  return found;
}
