// Who did what, and can it be proven: the trail, signatures, the security posture.
// Needs a node that lets whoever comes over loopback do everything, as `lineshaft demo` does.
import assert from "node:assert/strict";
import { base, journey, open, until } from "./harness.mjs";

const id = (name) => `[data-testid="${name}"]`;
const REFUSED = /status of (401|403|409|422|423)|WebSocket is closed|HTTP Authentication failed|4401|4403/;
const FIRST = "plum carpet windmill nine";
const GOOD = "seven quiet herons landing";
const shown = (page, name) => page.locator(id(name)).first().waitFor();
const said = (page, name) => page.locator(id(name)).first().innerText();

/** A request as the page would make it, with the cookie of its session. */
function ask(page, method, path, body) {
  return page.evaluate(
    async ([url, init]) => {
      const answer = await fetch(url, init);
      return { status: answer.status, body: await answer.json().catch(() => null) };
    },
    [`${base}/api/v1/${path}`, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) }],
  );
}

// Proves: CR 6.1, P11-24.
journey("an entry of the trail says who and what, and this browser computes that it is in the trail", {}, async (page) => {
  await open(page, "#/audit");
  await shown(page, "audit-row");
  assert.match(await said(page, "verify-badge"), /entries/);
  await page.locator(id("audit-table")).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await shown(page, "entry-detail");
  await page.locator(id("prove")).click();
  await shown(page, "checked");
  assert.equal(await page.locator(id("checked")).getAttribute("data-sound"), "true", await said(page, "checked"));
  const entry = JSON.parse(await page.locator(`${id("entry-json")} pre`).innerText());
  assert.match(page.url(), new RegExp(`entry=${entry.seq}$`), "the open entry is in the address");
  await page.keyboard.press("Escape");
  await page.locator(id("entry-detail")).waitFor({ state: "detached" });
});

// Proves: CR 6.1.
journey("a view of the trail is a link, and a search for nothing comes to its end", {}, async (page) => {
  await open(page, "#/audit");
  await shown(page, "audit-row");
  await page.locator(id("audit-action")).selectOption("node");
  await until(page, () => location.hash === "#/audit?action=node");
  await until(page, () => document.querySelectorAll('[data-testid="audit-row"]').length > 0);
  const actions = await page.locator(`${id("audit-row")} .action`).evaluateAll((all) => all.map((one) => one.title));
  assert.ok(actions.every((action) => action.startsWith("node.")), actions.join(", "));
  await page.locator(id("audit-text")).fill("no entry has this in it");
  await until(page, () => /text=no\+entry/.test(location.hash));
  await shown(page, "empty");
  await page.goBack();
  await until(page, () => location.hash === "#/audit");
});

journey("verifying now says that the trail is sound, and its checkpoint can be taken away", {}, async (page) => {
  await open(page, "#/audit");
  await page.locator(id("verify")).click();
  await until(page, () => /just now/.test(document.querySelector('[data-testid="verify-badge"]')?.textContent ?? ""));
  assert.equal(await page.locator(id("verify-badge")).getAttribute("data-outcome"), "sound");
  await page.locator(id("verify-more")).click();
  assert.match(await page.locator(`${id("checkpoint")} pre`).innerText(), /^\S+\/audit\n\d+\n\S{43}=\n/);
});

// Proves: P11-33.
journey("the first signature of a session asks for everything, the next one for the password, and both show their meaning", { expected: REFUSED }, async (page, profile) => {
  await open(page, "#/overview");
  const account = `e2e-sign-${Date.now().toString(36)}`;
  const grants = [{ role: "engineer", under: [""] }];
  const made = await ask(page, "POST", "accounts", { account, full_name: "Journey Signer", password: FIRST, grants, why: "A journey through the page" });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const own = await profile();
  await own.goto(`${base}/#/login`);
  await ask(own, "POST", "session", { account, password: FIRST });
  await ask(own, "POST", "account/password", { old: FIRST, new: GOOD });
  await own.goto(`${base}/#/revisions?id=1`);
  await own.reload();

  const sign = async (meaning, first) => {
    await own.locator(id("sign-open")).click();
    await own.locator(id(`meaning-${meaning}`)).click();
    await shown(own, "statement");
    assert.match(await said(own, "statement"), new RegExp(meaning));
    assert.equal((await own.locator(id("sign-account")).count()) === 1, first, "the account is asked for at the first signing alone");
    if (first) await own.locator(id("sign-account")).fill(account);
    if ((await own.locator(id("sign-code")).count()) === 1) await own.locator(id("sign-code")).fill("123456");
    await own.locator(id("sign-password")).fill(GOOD);
    await own.locator(id("why")).fill("A journey through the page");
    await own.locator(id("sign")).click();
    await shown(own, "signed");
    assert.match(await said(own, "signed"), new RegExp(`Journey Signer \\(${account}\\), .* UTC.*, ${meaning}`));
    await own.keyboard.press("Escape");
  };
  await sign("reviewed", true);
  await sign("responsible", false);
  await until(own, (name) => document.querySelector('[data-testid="signatures"]')?.textContent?.split(`(${name})`).length === 3, account);
});

// Proves: CR 3.3.
journey("the security page says what to do about each finding, and how long certificates live", {}, async (page) => {
  await open(page, "#/security");
  await shown(page, "findings");
  for (const finding of await page.locator(`${id("finding")}:not([data-severity="ok"])`).all()) {
    assert.ok((await finding.innerText()).split("\n").filter((line) => line.trim() !== "").length >= 2, "what, and what to do");
  }
  assert.ok((await page.locator(`${id("listeners")} li`).count()) > 0);
  assert.match(await said(page, "certificates"), /days left|expired|revoked/);
});
