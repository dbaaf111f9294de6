// Somebody is given an account, signs in with it, and loses it again. Needs a node that lets whoever comes over
// loopback do everything, as `lineshaft demo` does.
import assert from "node:assert/strict";
import { base, journey, open, until } from "./harness.mjs";

const id = (name) => `[data-testid="${name}"]`;
const REFUSED = /status of (401|403|422|423)|WebSocket is closed|HTTP Authentication failed|4401|4403/;
const GOOD = "plum carpet windmill nine";
const shown = (page, name) => page.locator(id(name)).first().waitFor();

/** Makes an account with the page and answers its name and first password. */
async function make(page, label) {
  const account = `e2e-${label}-${Date.now().toString(36)}`;
  await open(page, "#/people/accounts");
  await page.locator(id("account-add")).click();
  await page.locator(id("new-account")).fill(account);
  await page.locator(id("new-full-name")).fill(`Journey ${label}`);
  await until(page, (name) => document.querySelector(`[data-testid="${name}"]`)?.value !== "", "first-password");
  const password = await page.locator(id("first-password")).inputValue();
  await page.locator(id("why")).fill("A journey through the page");
  await page.locator(id("new-send")).click();
  await shown(page, "account-dialog");
  return { account, password };
}

async function signIn(page, account, password) {
  await page.locator(id("login-account")).fill(account);
  await page.locator(id("login-password")).fill(password);
  await page.keyboard.press("Enter");
}

journey("a first password opens nothing but the choice of an own one, and leads to where one wanted to go", { expected: REFUSED }, async (page, profile) => {
  const { account, password } = await make(page, "first");
  const other = await profile();
  await other.goto(`${base}/#/login?next=%23/devices`);
  await signIn(other, account, "not the password at all");
  await shown(other, "login-wrong");
  await signIn(other, account, password);
  await shown(other, "password-change");
  await other.locator(id("old-password")).fill(password);
  await other.locator(id("new-password")).fill("password1234");
  await other.locator(id("password-send")).click();
  await other.locator(`${id("password-hints")} .tone-bad`).first().waitFor();
  await other.locator(id("new-password")).fill(GOOD);
  await other.locator(id("password-send")).click();
  await shown(other, "devices");
  assert.match(await other.locator(id("account-menu")).innerText(), new RegExp(account));
  assert.equal(await other.locator(id("nav-people")).count(), 0, "a viewer sees no entry for People");
  await other.goto(`${base}/#/people`);
  await shown(other, "denied");
  assert.match(await other.locator(id("denied")).innerText(), /read-accounts/);
});

// Proves: CR 2.5.
journey("a locked page shows the plant and lets nobody touch it until the password", { expected: REFUSED }, async (page, profile) => {
  const { account, password } = await make(page, "lock");
  const other = await profile();
  await other.goto(`${base}/#/login`);
  await signIn(other, account, password);
  await other.locator(id("old-password")).fill(password);
  await other.locator(id("new-password")).fill(GOOD);
  await other.locator(id("password-send")).click();
  await shown(other, "overview");
  await other.locator(id("account-menu")).click();
  await other.locator(id("lock")).click();
  await shown(other, "lock-overlay");
  await other.keyboard.press("Escape");
  await other.keyboard.press("Escape");
  await shown(other, "lock-overlay");
  await other.locator('[data-testid="conn-state"][data-state="live"]').waitFor();
  await other.reload();
  await shown(other, "lock-overlay");
  await other.locator(id("unlock-password")).fill("not the password at all");
  await other.keyboard.press("Enter");
  await shown(other, "unlock-wrong");
  await other.locator(id("unlock-password")).fill(GOOD);
  await other.keyboard.press("Enter");
  await other.locator(id("lock-overlay")).waitFor({ state: "detached" });
});

// Proves: CR 1.3.
journey("a disabled account is out at once, with the login over what it was looking at", { expected: REFUSED }, async (page, profile) => {
  const { account, password } = await make(page, "out");
  const other = await profile();
  await other.goto(`${base}/#/login?next=%23/tags`);
  await signIn(other, account, password);
  await other.locator(id("old-password")).fill(password);
  await other.locator(id("new-password")).fill(GOOD);
  await other.locator(id("password-send")).click();
  await shown(other, "tags");
  await page.locator(id("act-disable")).click();
  const dialog = page.locator(id("reason-dialog"));
  await dialog.locator(id("why")).fill("End of the journey");
  await dialog.locator(id("confirm")).click();
  await dialog.waitFor({ state: "detached" });
  await until(other, (name) => !document.querySelector('[data-testid="account-menu"]')?.textContent.includes(name), account);
  await page.locator(id("act-enable")).waitFor();
});

journey("a token is shown once, and only a ticked box closes it", { expected: REFUSED }, async (page) => {
  await open(page, "#/people/tokens");
  await page.locator(id("token-add")).click();
  const name = `journey-${Date.now().toString(36)}`;
  await page.locator(id("token-name")).fill(name);
  await page.locator(id("why")).fill("A journey through the page");
  await page.locator(id("token-send")).click();
  const secret = await page.locator(id("token-secret")).innerText();
  assert.match(secret, /^ls_[\w-]{20,}$/);
  for (let times = 0; times < 3; times += 1) {
    await page.keyboard.press("Escape");
    await shown(page, "token-secret");
  }
  await page.locator(id("token-kept")).check();
  await page.locator(id("token-done")).click();
  const row = page.locator(id("tokens-row"), { hasText: name });
  await row.locator(id("token-revoke")).click();
  await page.locator(`${id("reason-dialog")} ${id("why")}`).fill("End of the journey");
  await page.locator(id("confirm")).click();
  await row.getByText("revoked").waitFor();
  assert.ok(!(await page.content()).includes(secret), "the secret is nowhere on the page any more");
});

journey("a dialog keeps the focus inside, gives it back, and Escape closes it", { expected: REFUSED }, async (page) => {
  await open(page, "#/people/roles");
  await page.locator(id("role-add")).focus();
  await page.keyboard.press("Enter");
  await shown(page, "role-dialog");
  const inside = () => page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('[role="dialog"]') !== null);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "role-name");
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await inside(), `after ${step + 1} times Tab the focus is behind the dialog`);
  }
  await page.keyboard.press("Escape");
  await page.locator(id("role-dialog")).waitFor({ state: "detached" });
  await until(page, () => document.activeElement?.getAttribute("data-testid") === "role-add");
});
