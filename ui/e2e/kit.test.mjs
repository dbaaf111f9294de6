// The kit under the policy that the node sends, with keys alone where keys must do; and the settings, which hold at once.
import assert from "node:assert/strict";
import { journey, open, texts, until } from "./harness.mjs";

const id = (name) => `[data-testid="${name}"]`;
/** A visitor has no settings on the node. */
const REFUSED = /status of (403|404)/;

journey("a menu opens, walks, runs and gives the focus back, all with keys", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  await page.locator(id("kit-menu-button")).focus();
  await page.keyboard.press("Enter");
  await page.locator(id("kit-menu-button-list")).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until(page, (at) => document.querySelector(at).textContent === "copy", id("kit-menu-said"));
  await page.locator(id("kit-menu-button-list")).waitFor({ state: "detached" });
  await until(page, (at) => document.activeElement === document.querySelector(at), id("kit-menu-button"));
});

journey("a combobox finds by typing, picks with Enter and forgets what was not picked", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  const box = page.locator(id("kit-unit"));
  await box.click();
  await page.keyboard.type("celsius");
  await until(page, (at) => document.querySelectorAll(at).length === 1, id("kit-unit-option"));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until(page, (at) => document.querySelector(at).value === "Cel", id("kit-unit"));
  await box.click();
  await page.keyboard.type("zzz");
  await page.locator("text=Nothing matches.").waitFor();
  await page.keyboard.press("Escape");
  await until(page, (at) => document.querySelector(at).value === "Cel", id("kit-unit"));
});

journey("a list inside a dialog can be chosen from, and Escape closes one thing at a time", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  await page.locator(id("kit-dialog-open")).click();
  const dialog = page.locator(id("kit-dialog-box"));
  await dialog.waitFor();
  await page.locator(id("kit-dialog-select")).focus();
  await page.keyboard.press("Enter");
  await page.locator('[data-testid="option"]').first().waitFor();
  await page.keyboard.press("Escape");
  await page.locator('[data-testid="option"]').first().waitFor({ state: "detached" });
  assert.equal(await dialog.count(), 1, "Escape closed the list and not the dialog");
  await page.locator(id("kit-dialog-select")).click();
  await page.locator('[data-testid="option"][data-value="simulator"]').click();
  await until(page, (at) => document.querySelector(at).dataset.value === "simulator", id("kit-dialog-select"));
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate((at) => document.querySelector(at).contains(document.activeElement), id("kit-dialog-box")), "the focus left the dialog");
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await until(page, (at) => document.activeElement === document.querySelector(at), id("kit-dialog-open"));
});

journey("a click beside a dialog does not throw away what was typed", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  await page.locator(id("kit-dialog-open")).click();
  await page.locator(id("kit-dialog-box")).waitFor();
  await page.mouse.click(5, 5);
  assert.equal(await page.locator(id("kit-dialog-box")).count(), 1);
});

journey("a drawer closes with Escape and gives the focus back", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  await page.locator(id("kit-drawer-open")).click();
  await page.locator(id("kit-drawer-box")).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(id("kit-drawer-box")).waitFor({ state: "detached" });
  await until(page, (at) => document.activeElement === document.querySelector(at), id("kit-drawer-open"));
});

journey("tabs, segments and switches move with arrows and space", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  await page.locator(id("tabs-tags")).focus();
  await page.keyboard.press("ArrowRight");
  await until(page, (at) => document.querySelector(at).getAttribute("aria-selected") === "true", id("tabs-settings"));
  await page.locator(id("kit-range-8h")).focus();
  await page.keyboard.press("ArrowRight");
  await until(page, (at) => document.querySelector(at).getAttribute("aria-checked") === "true", id("kit-range-1d"));
  await page.locator(id("kit-switch")).focus();
  await page.keyboard.press("Space");
  await until(page, (at) => document.querySelector(at).getAttribute("aria-checked") === "false", id("kit-switch"));
});

journey("a word about a button comes with the keyboard and goes with Escape", { expected: REFUSED }, async (page) => {
  await open(page, "#/gallery/kit");
  const button = page.locator('[data-testid="gallery-tooltip"] button').first();
  await page.locator('[data-testid="gallery-tooltip"]').scrollIntoViewIfNeeded();
  await button.focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  const tip = page.locator('[role="tooltip"]').first();
  await tip.waitFor();
  assert.equal(await button.getAttribute("aria-describedby"), await tip.getAttribute("id"));
  await page.keyboard.press("Escape");
  await tip.waitFor({ state: "detached" });
});

journey("settings hold at once, in words, numbers, times and colours, and after a reload", { expected: REFUSED, timezoneId: "UTC" }, async (page) => {
  await open(page, "#/settings");
  const choose = async (select, value) => {
    await page.locator(id(select)).click();
    await page.locator(`[data-testid="option"][data-value="${value}"]`).click();
  };
  await choose("settings-language", "de");
  await until(page, () => document.documentElement.lang === "de" && document.querySelector("h1").textContent === "Einstellungen");
  await page.locator(id("settings-numbers-language")).click();
  await until(page, (at) => document.querySelector(at).textContent.includes("1.234.567,8"), id("settings-sample"));
  await page.locator(id("settings-zone")).click();
  await page.keyboard.type("kathmandu");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator("text=UTC+05:45").first().waitFor();
  await page.locator(id("settings-theme-contrast")).click();
  await page.locator(id("settings-density-wall")).click();
  const size = () => page.evaluate(() => parseFloat(getComputedStyle(document.querySelector(".sample .value")).fontSize));
  assert.ok((await size()) >= 28, `a value on the wall has ${await size()} px`);
  await page.reload();
  await page.locator(id("settings")).waitFor();
  const now = await page.evaluate(() => ({ ...document.documentElement.dataset, lang: document.documentElement.lang }));
  assert.deepEqual(now, { theme: "contrast", density: "wall", lang: "de" });
  assert.deepEqual(await texts(page, "h1"), ["Einstellungen"]);
  await page.locator(id("settings-density-desk")).click();
  await page.locator(id("settings-theme-system")).click();
});
