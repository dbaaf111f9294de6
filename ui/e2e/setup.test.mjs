// The first minutes of a node that knows nobody: its link makes one administrator, once.
// Needs LINESHAFT_SETUP, the link that `lineshaft run` printed for a fresh data folder.
import assert from "node:assert/strict";
import { journey, until } from "./harness.mjs";

const link = process.env.LINESHAFT_SETUP;
assert.ok(link, "LINESHAFT_SETUP must be the setup link of a fresh node");
const id = (name) => `[data-testid="${name}"]`;
const PASSWORD = "nine lanterns by the quay";
const REFUSED = /status of (401|403|422)|WebSocket|HTTP Authentication failed/;

// Proves: A04, CR 1.5.
journey("the link of a fresh node leads to an administrator in three steps, and only once", { expected: REFUSED }, async (page, profile) => {
  await page.goto(new URL("/", link).href);
  await page.locator("text=/link/i").first().waitFor();
  await page.goto(link);
  await page.locator(`${id("setup-who")} input`).first().fill("Anna Berg");
  await until(page, (name) => document.querySelectorAll(`[data-testid="${name}"] input`)[1]?.value === "anna", "setup-who");
  await page.locator(id("setup-next")).click();
  await page.locator(id("setup-new-password")).fill("anna1234");
  await page.locator(id("setup-finish")).click();
  await page.locator(`${id("password-hints")} .tone-bad`).first().waitFor();
  await page.locator(id("setup-new-password")).fill(PASSWORD);
  await page.locator(id("setup-finish")).click();
  await page.locator(id("setup-done")).waitFor();
  await page.goto(new URL("/#/people/accounts", link).href);
  await page.locator("text=Anna Berg").first().waitFor();

  const other = await profile();
  await other.goto(link);
  await other.locator(`${id("setup-login")}, ${id("login")}`).first().waitFor();
});
