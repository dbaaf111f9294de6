import assert from "node:assert/strict";
import { base, journey, numericTags, open, until } from "./harness.mjs";

const ROW = '[data-testid="tag-row"]';

journey("the table lists tags and their values move", {}, async (page) => {
  const tags = (await numericTags(12)).map(({ tag }) => tag);
  const parent = tags[0].slice(0, tags[0].lastIndexOf("/"));
  await open(page, `#/tags?search=${encodeURIComponent(parent)}`);
  await page.locator(`${ROW}[data-tag="${tags[0]}"] [data-testid="tag-value"]`).waitFor();
  // A machine that stands still keeps most of its values; one that moves is enough.
  const before = await page.locator(ROW).evaluateAll((rows) =>
    rows.map((row) => [row.dataset.tag, row.querySelector('[data-testid="tag-value"]')?.innerText]),
  );
  assert.ok(before.length > 1);
  await until(page, (old) => old.some(([name, text]) => {
    const cell = document.querySelector(`[data-testid="tag-row"][data-tag="${name}"] [data-testid="tag-value"]`);
    return cell !== null && cell.innerText !== text;
  }), before);
});

journey("search narrows the table, also by description, and says when nothing matches", {}, async (page) => {
  const [tag] = await numericTags(1);
  await open(page, "#/tags");
  await page.locator(ROW).first().waitFor();
  const all = await page.locator('[data-testid="tag-total"]').innerText();
  const name = tag.tag.slice(tag.tag.lastIndexOf("/") + 1);
  await page.locator('[data-testid="tag-search"]').fill(name.toUpperCase());
  await until(page, (old) => document.querySelector('[data-testid="tag-total"]').innerText !== old, all);
  const shown = await page.locator(ROW).evaluateAll((rows) => rows.map((row) => row.dataset.tag));
  const response = await fetch(`${base}/api/v1/tags?search=${encodeURIComponent(name)}&limit=10000`);
  const expected = new Set((await response.json()).tags.map((one) => one.tag));
  assert.ok(shown.length > 0);
  for (const one of shown) assert.ok(expected.has(one), `${one} does not match ${name}`);

  await page.locator('[data-testid="tag-search"]').fill("no tag has this name");
  await page.locator('[data-testid="empty"]').waitFor();
});

journey("only rows in view exist, and the last row can be reached", {}, async (page) => {
  const response = await fetch(`${base}/api/v1/tags?limit=1&diagnostics=exclude`);
  const { total } = await response.json();
  await open(page, "#/tags");
  await page.locator(ROW).first().waitFor();
  await page.locator('[data-testid="tag-table"]').evaluate((table) => table.scrollTo({ top: table.scrollHeight }));
  await page.locator(`${ROW}[aria-rowindex="${total + 1}"]`).waitFor();
  assert.ok((await page.locator(ROW).count()) < 80);
});

journey("diagnostics are out of the way until somebody asks for them", {}, async (page) => {
  const count = async (diagnostics) => {
    const response = await fetch(`${base}/api/v1/tags?limit=1&diagnostics=${diagnostics}`);
    return (await response.json()).total;
  };
  const [own, all] = [await count("exclude"), await count("include")];
  assert.ok(own < all, "the plant must have diagnostics");
  const total = (number) => until(page, (expected) => document.querySelector('[data-testid="tag-total"]').innerText.replace(/\D/g, "") === expected, String(number));
  await open(page, "#/tags");
  await total(own);
  await page.locator('[data-testid="tag-diagnostics"]').click();
  await total(all);
  await page.waitForURL((url) => url.hash.includes("diagnostics=include"));
  await page.locator('[data-testid="tag-diagnostics"]').click();
  await total(own);
});

journey("selected rows open as pens of a trend", {}, async (page) => {
  const tags = await numericTags(2);
  await open(page, "#/tags");
  for (const { tag } of tags) {
    await page.locator('[data-testid="tag-search"]').fill(tag);
    await page.locator(`${ROW}[data-tag="${tag}"] input[type="checkbox"]`).check();
  }
  await page.locator('[data-testid="open-trend"]').click();
  for (const { tag } of tags) await page.locator(`[data-testid="pen"][data-tag="${tag}"]`).waitFor();
});

journey("a row opens the tag with its value, its facts and its last samples", {}, async (page) => {
  const [tag] = await numericTags(1);
  await open(page, `#/tags?search=${encodeURIComponent(tag.tag)}`);
  await page.locator(`${ROW}[data-tag="${tag.tag}"]`).click();
  const detail = page.locator('[data-testid="tag-detail"]');
  await detail.getByText(tag.tag, { exact: true }).waitFor();
  await detail.locator("tbody tr").first().waitFor();
  await page.keyboard.press("Escape");
  await detail.waitFor({ state: "detached" });
});

journey("the table can be walked with the keyboard alone", {}, async (page) => {
  await open(page, "#/tags");
  await page.locator(ROW).first().waitFor();
  await page.locator('[data-testid="tag-table"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.locator(`${ROW}[aria-selected="true"]`).waitFor();
  await page.keyboard.press("Enter");
  await page.locator('[data-testid="tag-detail"]').waitFor();
});
