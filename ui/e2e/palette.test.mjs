import assert from "node:assert/strict";
import { id, journey, numericTags, open, until } from "./harness.mjs";

const ENTRY = id("palette-entry");

const focused = (page) => page.evaluate(() => document.activeElement?.tagName);

journey("the palette finds a tag by part of its path and opens it, and has it first the next time", {}, async (page) => {
  const [tag] = await numericTags(1);
  const [name, above] = tag.tag.split("/").reverse();
  await open(page, "#/overview");
  await page.keyboard.press("Control+k");
  await page.locator(id("palette-input")).fill(`${above} ${name}`);
  const entry = page.locator(`${ENTRY}[data-id="tag:${tag.tag}"]`);
  await entry.waitFor();
  await entry.click();
  await page.waitForURL((url) => url.hash.startsWith("#/tags") && decodeURIComponent(url.hash).includes(tag.tag));
  await page.locator(id("tag-detail")).waitFor();
  await page.keyboard.press("Escape");

  await page.keyboard.press("Control+k");
  await page.locator(ENTRY).first().waitFor();
  assert.equal(await page.locator(ENTRY).first().getAttribute("data-id"), `tag:${tag.tag}`);
  await page.keyboard.press("Escape");
  await page.locator(id("palette")).waitFor({ state: "detached" });
});

journey("the palette is walked with the keyboard alone: a screen, an action, nothing found", {}, async (page) => {
  await open(page, "#/overview");
  await page.keyboard.press("/");
  await page.keyboard.type("devices");
  await page.locator(`${ENTRY}[aria-selected="true"][data-id="screen:devices"]`).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.hash.startsWith("#/devices"));
  await page.locator(id("devices")).waitFor();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("dark theme");
  await page.keyboard.press("Enter");
  await until(page, () => document.documentElement.dataset.theme === "dark");

  await page.keyboard.press("Control+k");
  await page.keyboard.type("qqq zzz");
  await page.locator(id("palette-none")).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  await page.locator(id("palette")).waitFor({ state: "detached" });
});

journey("with keys alone a tag is found and its trend opened", {}, async (page) => {
  const [tag] = await numericTags(1);
  await open(page, "#/overview");
  await page.keyboard.press("Control+k");
  await page.keyboard.type(tag.tag.split("/").slice(-2).join(" "));
  const entry = `${ENTRY}[data-id="tag:${tag.tag}"]`;
  await page.locator(entry).waitFor();
  for (let step = 0; step < 30 && (await page.locator(entry).getAttribute("aria-selected")) !== "true"; step += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+Enter");
  await page.locator(`${id("pen")}[data-tag="${tag.tag}"]`).waitFor();
});

journey("the palette reaches every screen by its name, in English and in German", {}, async (page, profile) => {
  const screens = [["home", "overview"], ["trends", "trend"], ["devices", "devices"], ["tags", "tags"], ["audit", "audit"], ["revisions", "revisions"], ["people", "people"], ["security", "security"], ["system", "system"], ["manual", "manual"], ["settings", "settings"]];
  await open(page, "#/overview");
  for (const [words, name] of screens) {
    await page.keyboard.press("Control+k");
    await page.keyboard.type(words);
    await page.locator(`${ENTRY}[aria-selected="true"][data-id="screen:${name}"]`).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.hash.startsWith(`#/${name}`));
    await page.locator(id(name)).waitFor();
  }
  const german = await profile({ locale: "de-DE" });
  await open(german, "#/overview");
  await german.keyboard.press("Control+k");
  await german.keyboard.type("geräte");
  await german.locator(`${ENTRY}[aria-selected="true"][data-id="screen:devices"]`).waitFor();
});

journey("keys lead to the screens, and the focus goes to their headings", {}, async (page) => {
  await open(page, "#/overview");
  for (const [letter, name] of [["t", "tags"], ["r", "trend"], ["d", "devices"], ["s", "system"], ["h", "overview"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await page.locator(id(name)).waitFor();
    await until(page, () => document.activeElement?.tagName === "H1" || document.activeElement?.id === "content");
    assert.match(await page.title(), /Lineshaft$/);
  }
  assert.equal(await focused(page), "H1");
  await page.keyboard.press("k");
  await page.locator(id("keymap")).waitFor();
  await page.locator(id("single-keys")).uncheck();
  await page.keyboard.press("Escape");
  await page.locator(id("keymap")).waitFor({ state: "detached" });
  await page.keyboard.press("k");
  assert.equal(await page.locator(id("keymap")).count(), 0, "single keys are off");
});

journey("the plant tree opens with arrows, and Enter goes to the place", {}, async (page) => {
  await open(page, "#/overview");
  const tree = page.locator(`${id("plant-tree")} [role="tree"]`);
  await tree.locator('[role="treeitem"]').first().waitFor();
  await page.keyboard.press("]");
  await page.keyboard.press("Home");
  const first = await tree.locator('[role="treeitem"]').first().getAttribute("data-path");
  await page.keyboard.press("ArrowRight");
  await tree.locator(`[data-path="${first}"][aria-expanded="true"]`).waitFor();
  const child = tree.locator('[role="treeitem"][aria-level="2"][data-path]').first();
  await child.waitFor();
  await page.keyboard.press("ArrowRight");
  const path = await child.getAttribute("data-path");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => decodeURIComponent(url.hash).endsWith(path));
  await tree.locator(`[data-path="${path}"][aria-selected="true"]`).waitFor();
});

journey("the plant is found by name, also on a tablet", { viewport: { width: 1024, height: 800 } }, async (page) => {
  await open(page, "#/overview");
  await page.locator(id("machine-card")).first().waitFor();
  const row = page.locator(id("machine-row")).first();
  const path = await row.getAttribute("data-path");
  await page.locator(id("nav-plant")).click();
  await page.locator(`${id("plant-drawer")} ${id("plant-filter")}`).fill(path.split("/").at(-1).replace(/-/g, " "));
  await page.locator(`${id("plant-drawer")} a[href$="${path}"]`).click();
  await page.waitForURL((url) => decodeURIComponent(url.hash).endsWith(path));
  await page.locator(id("machine")).waitFor();
});

journey("a page that finds no node says so, since when, and when it tries again", { expected: /Failed to load resource|net::/ }, async (page) => {
  await open(page, "#/overview");
  await page.route(/\/api\//, (route) => route.abort());
  await page.evaluate(() => localStorage.setItem("lineshaft.heard", String(Date.now() - 90_000)));
  await page.reload();
  const offline = page.locator(id("offline"));
  await offline.waitFor();
  assert.match(await offline.innerText(), /1 min/);
  await offline.getByText(/Trying again in \d+ s/).waitFor();
  await page.locator(id("nav-overview")).waitFor();
  await page.unroute(/\/api\//);
  await page.locator(id("try-now")).click();
  await page.locator(id("machine-card")).first().waitFor();
});
