// The manual, its search and its help beside a screen, in both languages; and the licences.
import assert from "node:assert/strict";
import { base, id, journey, open } from "./harness.mjs";

/** Every screen with the title that its help has. */
const HELPED = ["overview", "tags", "trend", "devices", "devices/new", "system", "system/storage", "system/logs", "system/doctor", "system/licences", "people/accounts", "audit", "revisions", "security", "settings", "manual"];

journey("the manual is searched, read and leafed through", {}, async (page) => {
  await open(page, "#/manual");
  await page.locator(id("manual-search")).fill("seal_aft");
  const first = page.locator(id("manual-hit")).first();
  await first.waitFor();
  await page.locator(id("manual-search")).press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator(`${id("manual-page")}[data-page]`).waitFor();
  const shown = page.locator(`${id("manual-page")} h1`);
  await shown.waitFor();
  // The heading that was found is in sight.
  await page.waitForFunction(() => {
    const at = new URLSearchParams(location.hash.split("?")[1]).get("at");
    if (at === null) return true;
    const place = document.querySelector(`.prose [id="${at}"]`)?.getBoundingClientRect();
    return place !== undefined && place.top >= 0 && place.top < innerHeight;
  });
  await open(page, "#/manual/first-steps");
  const next = page.locator(id("manual-next"));
  await next.waitFor();
  const title = (await next.innerText()).split("\n").at(-1);
  await page.locator(`${id("manual-page")} h1`).click();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
});

journey("the code of an error leads to its page", { expected: /404/ }, async (page) => {
  await open(page, "#/manual/LS-CFG-004");
  await page.getByRole("heading", { level: 1, name: /^LS-CFG-004: / }).waitFor();
  await open(page, "#/manual/no-such-page");
  await page.locator(id("empty")).waitFor();
});

journey("who reads German gets German, and is told where there is none", { locale: "de-DE" }, async (page) => {
  await open(page, "#/manual/plant-folder");
  await page.getByRole("heading", { level: 1, name: "Der Anlagenordner" }).waitFor();
  assert.equal(await page.locator(id("untranslated")).count(), 0);
  await open(page, "#/manual/http");
  await page.locator(id("untranslated")).waitFor();
  await open(page, "#/manual?q=geraete");
  assert.match(await page.locator(id("manual-hit")).first().innerText(), /Geräte/);
});

journey("F1 opens the help of a screen beside it, and a link in it goes on there", {}, async (page) => {
  await open(page, "#/devices");
  await page.keyboard.press("F1");
  const help = page.locator(id("help"));
  await help.locator(".prose h2").first().waitFor();
  await help.locator(".prose a").first().click();
  await page.locator(id("help-back")).waitFor();
  assert.equal(new URL(page.url()).hash, "#/devices");
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
});

journey("every screen has help of its own, in English and in German", {}, async (page, profile) => {
  const titles = async (page) => {
    const seen = [];
    for (const hash of HELPED) {
      await open(page, `#/${hash}`);
      await page.locator("main h1").first().waitFor();
      await page.locator(id("open-help")).click();
      await page.locator(`${id("help")} .prose h2`).first().waitFor({ timeout: 5_000 }).catch(() => assert.fail(`no help for ${hash}`));
      assert.equal(await page.locator(`${id("help")} .note`).count(), 0, `the help for ${hash} is not in the language of the page`);
      seen.push(await page.locator(id("help")).getByRole("heading", { level: 2 }).first().innerText());
      await page.keyboard.press("Escape");
      await page.locator(id("help")).waitFor({ state: "detached" });
    }
    return seen;
  };
  const english = await titles(page);
  assert.equal(new Set(english).size, HELPED.length, english.join(", "));
  const german = await titles(await profile({ locale: "de-DE" }));
  assert.equal(new Set(german).size, HELPED.length, german.join(", "));
  const same = english.filter((title, at) => title === german[at]);
  assert.ok(same.length < 6, `these read the same in both languages: ${same}`);
});

journey("? opens the help, and the palette finds what stands in the manual", {}, async (page) => {
  await open(page, "#/tags");
  await page.keyboard.press("?");
  await page.locator(`${id("help")} .prose h2`).first().waitFor();
  await page.keyboard.press("Escape");
  await page.locator(id("help")).waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("word order of registers");
  const hit = page.locator(`${id("palette-entry")}[data-id^="manual:"]`).first();
  await hit.waitFor();
  await hit.click();
  await page.locator(`${id("manual-page")} h1`).waitFor();
  await page.waitForURL((url) => url.hash.startsWith("#/manual/"));
});

journey("the licences are listed and the bill of materials is there to take along", {}, async (page) => {
  await open(page, "#/system/licences");
  await page.locator(id("licence-search")).fill("svelte");
  await page.locator(`${id("licence-row")}`).first().waitFor();
  const names = await page.locator(`${id("licence-row")} .name`).allInnerTexts();
  assert.ok(names.includes("svelte"), names.join());
  const sbom = await (await fetch(`${base}/api/v1/sbom`)).json();
  assert.equal(sbom.bomFormat, "CycloneDX");
});
