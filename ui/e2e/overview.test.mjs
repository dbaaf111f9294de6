import assert from "node:assert/strict";
import { base, journey, open, texts, until } from "./harness.mjs";

const VALUES = '[data-testid="machine-card"] [data-testid="tag-value"]';

journey("the overview shows machines with values that move", {}, async (page) => {
  await open(page, "#/overview");
  await page.locator(`${VALUES}[data-quality="good"]`).first().waitFor();
  const before = await texts(page, VALUES);
  assert.ok(before.length > 0);
  await until(
    page,
    ([selector, old]) => {
      const now = [...document.querySelectorAll(selector)].map((one) => one.innerText);
      return now.some((text, at) => text !== old[at]);
    },
    [VALUES, before],
  );
});

journey("the whole home screen comes with one question, and counts no diagnostics", {}, async (page) => {
  const asked = [];
  page.on("request", (request) => /\/api\/v1\/(assets|tags|tree)\b/.test(request.url()) && asked.push(request.url()));
  await open(page, "#/overview");
  await page.locator(`${VALUES}[data-quality="good"]`).first().waitFor();
  // The tree of the navigation asks for itself, one level.
  const own = asked.filter((url) => !url.includes("levels=1"));
  assert.equal(own.length, 1, own.join("\n"));
  const response = await fetch(`${base}/api/v1/tags?limit=1&diagnostics=exclude`);
  const { total } = await response.json();
  const head = await page.locator('[data-testid="overview"] > .head').innerText();
  assert.match(head.replace(/\u202f/g, ""), new RegExp(`\\b${total} tags`));
});

journey("a card opens its machine, with every tag live and a way into the trend", {}, async (page) => {
  await open(page, "#/overview");
  const trend = page.locator('[data-testid="machine-trend"]');
  const cards = page.locator('[data-testid="machine-card"]');
  await cards.first().waitFor();
  // A line has cards of its own; walk down until there is a machine. The way into the trend comes when its tags
  // have been read, so each turn waits until the page before is gone and this one has either of the two.
  for (let depth = 0; depth < 8 && !(await trend.isVisible()); depth += 1) {
    const path = await cards.first().getAttribute("data-path");
    const card = page.locator(`[data-testid="machine-card"][data-path="${path}"]`);
    await card.locator("h3 a").click();
    await page.waitForURL((url) => decodeURIComponent(url.hash).endsWith(path));
    await card.waitFor({ state: "detached" });
    await trend.or(cards).first().waitFor();
  }
  await page.locator('[data-testid="tag-row"]').first().waitFor();
  await page.locator('[data-testid="machine-trend"]').click();
  await page.locator('[data-testid="pen"]').first().waitFor();
});

journey("the breadcrumbs lead back up", {}, async (page) => {
  await open(page, "#/overview");
  await page.locator('[data-testid="machine-card"] h3 a').first().click();
  const crumbs = page.locator('[data-testid="crumbs"] a');
  await crumbs.first().click();
  await page.waitForURL((url) => url.hash === "#/overview");
  await page.locator('[data-testid="machine-card"]').first().waitFor();
});

journey("what is well is grey: no saturated pixel on a card without trouble", {}, async (page) => {
  await open(page, "#/overview");
  await page.locator(`${VALUES}[data-quality="good"]`).first().waitFor();
  const calm = page.locator('[data-testid="machine-card"][data-quality="good"]').first();
  await calm.waitFor();
  const picture = (await calm.screenshot()).toString("base64");
  const saturated = await page.evaluate(async (text) => {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const ctx = canvas.getContext("2d");
    ctx.drawImage(bitmap, 0, 0);
    const { data } = ctx.getImageData(0, 0, bitmap.width, bitmap.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      const most = Math.max(data[at], data[at + 1], data[at + 2]);
      const least = Math.min(data[at], data[at + 1], data[at + 2]);
      // Near black every ratio is large; 24 steps apart is where an eye begins to see a colour.
      if (most - least > 24 && (most - least) / most > 0.4) count += 1;
    }
    return count;
  }, picture);
  assert.equal(saturated, 0);
});
