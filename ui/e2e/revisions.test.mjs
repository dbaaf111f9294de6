// The plant folder changes and goes back: on the page of its revisions, and where the change was made.
// Needs a node that lets whoever comes over loopback do everything, as `lineshaft demo` does.
import assert from "node:assert/strict";
import { base, id, journey, open, until } from "./harness.mjs";

const REFUSED = /status of (409|422)/;
const shown = (page, name) => page.locator(id(name)).first().waitFor();
const said = (page, name) => page.locator(id(name)).first().innerText();

journey("a mistake is shown at its line, a change gets its reason, and rolling back is a change too", { expected: REFUSED }, async (page) => {
  const note = `journey ${Date.now().toString(36)}`;
  await open(page, "#/revisions?view=files&path=lineshaft.toml");
  await shown(page, "plant-text");
  const before = await page.locator(id("plant-text")).inputValue();
  await page.locator(id("plant-text")).fill(`periode = 1\n${before}`);
  await page.locator(id("check")).click();
  await shown(page, "mistakes");
  assert.match(await said(page, "mistakes"), /lineshaft\.toml:1/);
  await page.locator(`${id("mistakes")} button`).first().click();
  assert.ok(await page.locator(id("plant-text")).evaluate((area) => document.activeElement === area && area.selectionStart < 12), "the cursor is at the mistake");

  await page.locator(id("plant-text")).fill(`# ${note}\n${before}`);
  await page.locator(id("check")).click();
  await shown(page, "difference");
  await page.locator(id("apply")).click();
  await page.locator(id("why")).fill(note);
  await page.locator(id("confirm")).click();
  await shown(page, "told");
  const revision = Number(/[?&]id=(\d+)/.exec(page.url())?.[1]);
  assert.ok(revision > 1, page.url());
  await until(page, (text) => document.querySelector('[data-testid="revision-detail"]')?.textContent?.includes(text), note);

  await page.goto(`${base}/#/revisions?id=${revision - 1}`);
  await page.locator(id("roll-back")).click();
  await page.locator(id("roll-back-preview")).locator(id("difference")).waitFor();
  await page.locator(id("roll-back-next")).click();
  await page.locator(id("why")).fill(`${note}, back`);
  await page.locator(id("confirm")).click();
  await until(page, (id) => location.hash === `#/revisions?id=${id}`, revision + 1);
  await page.goto(`${base}/#/audit?object=revision&action=plant.roll-back`);
  await until(page, (text) => document.querySelector('[data-testid="audit-row"]')?.textContent?.includes(text), `${note}, back`);
});

journey("a change of a device is taken back right where it was made", { expected: REFUSED }, async (page) => {
  await open(page, "#/devices");
  const name = await page.locator(id("device-row")).first().getAttribute("data-device");
  const note = `journey ${Date.now().toString(36)}`;
  await open(page, `#/devices/${name}/settings`);
  await page.locator(`${id("more-reading")} summary`).click();
  const period = page.locator(id("field-period"));
  const before = await period.inputValue();
  await period.fill("7s");
  await page.locator(id("work-review")).click();
  await page.locator(id("difference")).getByText('"7s"').waitFor();
  await page.locator(id("why")).fill(note);
  await page.locator(id("apply")).click();
  await page.locator(id("applied")).getByText(`${name} is changed.`).waitFor();
  await page.locator(id("undo-applied")).click();
  await page.locator(id("applied")).getByText(`The change of ${name} is taken back.`).waitFor();
  await until(page, ([at, text]) => document.querySelector(at)?.value === text, [id("field-period"), before]);
  await page.goto(`${base}/#/audit?text=${encodeURIComponent(note)}`);
  await page.locator(id("audit-row")).first().waitFor();
});
