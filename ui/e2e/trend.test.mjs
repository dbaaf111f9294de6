import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { base, id, journey, numericTags, open, until } from "./harness.mjs";

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
  const pixels = await page.locator(`${CHART} canvas.base`).evaluate((canvas) => {
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
  const box = await page.locator('[data-testid="trend-plot"]').boundingBox();
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

journey("two cursors are pinned by keys and say their difference", {}, async (page) => {
  const tags = await numericTags(2);
  await open(page, link(tags, "5m"));
  await painted(page);
  const chart = page.locator(CHART);
  await chart.focus();
  await page.keyboard.press("Home");
  for (let at = 0; at < 3; at += 1) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("a");
  for (let at = 0; at < 4; at += 1) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("b");
  await page.locator('[data-testid="pin-a"]').waitFor();
  // Four tenths of five minutes.
  await page.getByText("Δt 2 min").waitFor();
  await page.waitForURL((url) => /[?&]a=\d+/.test(url.hash) && /[?&]b=\d+/.test(url.hash));
});

journey("scales, comparison and a pen's settings are in the address", {}, async (page) => {
  const tags = await numericTags(2);
  await open(page, link(tags, "15m"));
  await painted(page);
  await page.locator('[data-testid="scales-lanes"]').click();
  await page.locator('[data-testid="compare"]').click();
  await page.locator('[data-testid="compare-1d"]').click();
  await page.locator('[data-testid="pen-settings"]').first().click();
  await page.locator('[data-testid="pen-most"]').fill("1000");
  await page.locator('[data-testid="pen-dialog"]').getByRole("button", { name: "Close" }).click();
  await page.waitForURL((url) => ["scales=lanes", "compare=1d", "most-1000"].every((part) => url.hash.includes(part)));
  await page.reload();
  await page.locator('[data-testid="pen-settings"]').first().click();
  assert.equal(await page.locator('[data-testid="pen-most"]').inputValue(), "1000");
});

journey("the chart has a table", {}, async (page) => {
  const tags = await numericTags(1);
  await open(page, link(tags, "5m"));
  await painted(page);
  await page.locator('[data-testid="trend-tab-table"]').click();
  await until(page, () => [...document.querySelectorAll('[data-testid="chart-table"] tbody td')].some((cell) => /\d/.test(cell.innerText)));
});

journey("an earlier period is drawn dotted under the curve, and goes again", {}, async (page) => {
  const tags = await numericTags(1);
  await open(page, link(tags, "5m"));
  await painted(page);
  const earlier = page.waitForRequest((request) => {
    const url = new URL(request.url());
    return url.pathname.endsWith("/history") && Number(url.searchParams.get("end")) < Date.now() - 3_000_000;
  });
  await page.locator(id("compare")).click();
  await page.locator(id("compare-custom")).fill("1h");
  await page.keyboard.press("Enter");
  await earlier;
  await page.waitForURL((url) => url.hash.includes("compare=1h"));
  await page.locator(id("compare")).getByText("1 h earlier").waitFor();
  await page.locator(id("compare")).click();
  await page.locator(id("compare-none")).click();
  await page.waitForURL((url) => !url.hash.includes("compare="));
});

journey("the statistics of what is seen are those of the node", {}, async (page) => {
  const [tag] = await numericTags(1);
  const end = Date.now() - 1_000;
  const start = end - 60_000;
  await open(page, `#/trend?tag=${encodeURIComponent(tag.tag)}&start=${start}&end=${end}`);
  await page.locator(id("trend-tab-statistics")).click();
  const answer = await (await fetch(`${base}/api/v1/history/statistics?${new URLSearchParams({ tag: tag.tag, start, end })}`)).json();
  const [want] = Array.isArray(answer) ? answer : Object.values(answer)[0];
  assert.ok(want.count > 0, JSON.stringify(answer));
  const cells = page.locator(`${id("statistics")} tbody tr`).first().locator("td");
  await until(page, (at) => document.querySelectorAll(`${at} tbody td`).length === 10, id("statistics"));
  const shown = (await cells.allInnerTexts()).map((text) => text.split("\n")[0]);
  const number = (text) => Number(text.replace(/[^\d.−-]/g, "").replace("−", "-"));
  assert.equal(number(shown[6]), want.count);
  const near = (text, value) => Math.abs(number(text) - value) <= Math.max(0.1, Math.abs(value) * 0.01);
  for (const [at, value] of [[0, want.minimum.value], [1, want.average], [2, want.maximum.value]]) assert.ok(near(shown[at], value), `${shown[at]} is not ${value}`);
});

journey("an annotation is written, worded anew and withdrawn, and stays in the record", {}, async (page) => {
  const tags = await numericTags(1);
  const note = `Filter changed ${Date.now().toString(36)}`;
  const flags = () => page.locator(`${id("flag")}[title*="${note}"]`);
  const row = () => page.locator(id("annotation"), { hasText: note });
  const choose = async (item) => {
    await row().locator(id("annotation-menu")).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await open(page, link(tags, "15m"));
  await painted(page);
  await page.locator(CHART).focus();
  await page.keyboard.press("n");
  await page.locator(id("annotation-text")).fill(note);
  await page.locator(id("annotation-save")).click();
  await flags().waitFor();
  await page.locator(id("trend-tab-annotations")).click();
  await row().waitFor();
  await choose("Edit");
  await page.locator(id("annotation-text")).fill(`${note}, and cleaned`);
  await page.locator(id("annotation-save")).click();
  await row().getByText("and cleaned").waitFor();
  await choose("Withdraw");
  await page.locator(id("why")).fill("Wrong machine");
  await page.locator(id("confirm")).click();
  await row().waitFor({ state: "detached" });
  await flags().waitFor({ state: "detached" });
  await page.locator(id("annotations-withdrawn")).click();
  await row().getByText(/Withdrawn by .*Wrong machine/).waitFor();
});

journey("a trend is saved for everybody, opened by another, and deleted", {}, async (page, profile) => {
  const tags = await numericTags(2);
  const name = `Shift ${Date.now().toString(36)}`;
  await open(page, link(tags, "1h"));
  await painted(page);
  await page.locator(id("trend-menu")).click();
  await page.locator(id("menu-save")).click();
  await page.locator(id("trend-name")).fill(name);
  await page.locator(id("trend-shared")).click();
  await page.locator(id("trend-save")).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();

  const other = await profile();
  await open(other, "#/trend");
  await other.locator(id("trend-menu")).click();
  await other.locator(id("menu-open")).click();
  await other.locator(id("saved-trend"), { hasText: name }).locator("button.open").click();
  for (const { tag } of tags) await other.locator(`${id("pen")}[data-tag="${tag}"]`).waitFor();
  await other.waitForURL((url) => url.hash.includes("range=1h"));
  await other.locator(id("trend-menu")).click();
  await other.locator(id("menu-open")).click();
  const saved = other.locator(id("saved-trend"), { hasText: name });
  await saved.getByRole("button", { name: `Delete ${name}` }).click();
  await saved.locator(id("discard")).click();
  await saved.waitFor({ state: "detached" });
});

journey("what is seen is taken along as CSV, sample by sample", { acceptDownloads: true }, async (page) => {
  const [tag] = await numericTags(1);
  const end = Date.now() - 1_000;
  await open(page, `#/trend?tag=${encodeURIComponent(tag.tag)}&start=${end - 60_000}&end=${end}`);
  await painted(page);
  await page.locator(id("trend-menu")).click();
  await page.locator(id("menu-export")).click();
  const coming = page.waitForEvent("download");
  await page.locator(id("export-load")).click();
  const download = await coming;
  assert.match(download.suggestedFilename(), /\.csv$/);
  const [head, ...rows] = readFileSync(await download.path(), "utf8").trim().split(/\r?\n/).map((line) => line.split(","));
  assert.deepEqual(head, ["timestamp", "tag", "value", "unit", "quality", "reason"]);
  assert.ok(rows.length > 10, `${rows.length} rows`);
  for (const [timestamp, name, value, , quality] of rows) {
    const at = Date.parse(timestamp);
    assert.ok(timestamp.endsWith("Z") && at >= end - 61_000 && at <= end, timestamp);
    assert.equal(name, tag.tag);
    assert.equal(quality, "good");
    assert.ok(Number.isFinite(Number(value)), value);
  }
});
