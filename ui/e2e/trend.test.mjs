import assert from "node:assert/strict";
import { base, journey, numericTags, open, until } from "./harness.mjs";

const CHART = '[data-testid="trend-canvas"]';
const link = (tags, range) => `#/trend?${tags.map(({ tag }) => `tag=${encodeURIComponent(tag)}`).join("&")}&range=${range}`;

async function painted(page) {
  await page.locator(`${CHART}[data-loading="false"]`).waitFor();
  await until(page, (selector) => Number(document.querySelector(selector).dataset.samples) > 1, CHART);
}

journey("a trend paints its pens and follows the plant", {}, async (page) => {
  const tags = await numericTags(2);
  await open(page, link(tags, "5m"));
  await painted(page);
  const pixels = await page.locator(`${CHART} canvas`).evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 0) inked += 1;
    return inked;
  });
  assert.ok(pixels > 500, `only ${pixels} pixels are painted`);

  const end = Number(await page.locator(CHART).getAttribute("data-end"));
  const samples = Number(await page.locator(CHART).getAttribute("data-samples"));
  await until(page, ([selector, before]) => Number(document.querySelector(selector).dataset.end) > before + 2_000, [CHART, end]);
  await until(page, ([name]) => /\d/.test(document.querySelector(`[data-testid="pen"][data-tag="${name}"] .value`).innerText), [tags[0].tag]);
  assert.ok(samples > 1);
});

journey("what holds since before the window is drawn from its left edge", {}, async (page) => {
  const response = await fetch(`${base}/api/v1/tags?limit=1000&diagnostics=exclude`);
  const still = (await response.json()).tags.find((tag) => tag.type.startsWith("text") && tag.quality === "good");
  assert.ok(still, "the plant must have a text that seldom changes");
  // A stretch between two samples: there is none inside, and one before it.
  const end = still.timestamp_ms - 1;
  await open(page, `#/trend?tag=${encodeURIComponent(still.tag)}&start=${end - 2_000}&end=${end}`);
  await page.locator(`${CHART}[data-loading="false"]`).waitFor();
  await until(page, (selector) => Number(document.querySelector(selector).dataset.samples) >= 1, CHART);
});

journey("a drag asks the server for the stretch, a double click goes back", {}, async (page) => {
  const tags = await numericTags(1);
  await open(page, link(tags, "5m"));
  await painted(page);
  const box = await page.locator(`${CHART} .u-over`).boundingBox();
  const span = async () => {
    const { start, end } = await page.locator(CHART).evaluate((chart) => chart.dataset);
    return Number(end) - Number(start);
  };
  const before = await span();
  const asked = page.waitForRequest((request) => {
    const url = new URL(request.url());
    const wide = Number(url.searchParams.get("end")) - Number(url.searchParams.get("start"));
    return url.pathname.endsWith("/history") && url.searchParams.get("mode") === "plot" && wide < before * 0.6;
  });
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 6 });
  await page.mouse.up();
  const request = await asked;
  assert.ok(Number(new URL(request.url()).searchParams.get("points")) >= 100);
  await page.locator(`${CHART}[data-follow="false"]`).waitFor();
  assert.ok((await span()) < before * 0.6);

  await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator(`${CHART}[data-follow="true"]`).waitFor();
});

journey("pens are added by search and removed again", {}, async (page) => {
  const [one, two] = await numericTags(2);
  await open(page, link([one], "15m"));
  await page.locator('[data-testid="pen"]').first().waitFor();
  await page.locator('[data-testid="pen-search"]').fill(two.tag);
  await page.locator('[data-testid="pen-option"]').first().click();
  await page.locator(`[data-testid="pen"][data-tag="${two.tag}"]`).waitFor();
  await page.waitForURL((url) => url.hash.includes(two.tag));
  await page.getByRole("button", { name: `Remove ${one.tag}` }).click();
  await page.locator(`[data-testid="pen"][data-tag="${one.tag}"]`).waitFor({ state: "detached" });
});

journey("switches and texts are pens like any other", {}, async (page) => {
  const response = await fetch(`${base}/api/v1/tags?limit=1000`);
  const { tags } = await response.json();
  const odd = [tags.find((tag) => tag.type === "bool"), tags.find((tag) => tag.type.startsWith("text"))].filter(Boolean);
  assert.ok(odd.length > 0, "the plant must have a switch or a text");
  await open(page, link([...(await numericTags(1)), ...odd], "15m"));
  await painted(page);
  for (const { tag } of odd) await page.locator(`[data-testid="pen"][data-tag="${tag}"] svg rect`).waitFor();
});
