// Photographs the trail, revisions, signatures and security on the mock, which it brings into each state first:
// BASE=http://… OUT=shots node scripts/shots-audit.mjs [name…]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { PASSWORD } from "./mock-identity.mjs";

const base = process.env.BASE ?? "http://127.0.0.1:8080";
const out = process.env.OUT ?? "shots";

const set = (more) => fetch(`${base}/mock`, { method: "POST", body: JSON.stringify({ nobody: "nothing", require_reason: false, four_eyes: false, ...more }) });
const id = (name) => `[data-testid="${name}"]`;
const click = (name) => (page) => page.locator(id(name)).first().click();
const fill = (name, text) => (page) => page.locator(id(name)).first().fill(text);
const pick = (name, value) => (page) => page.locator(id(name)).first().selectOption(value);
const row = (text) => (page) => page.locator(id("audit-row")).filter({ hasText: text }).first().click();
const still = async () => {};
const wait = (ms) => (page) => page.waitForTimeout(ms);
const edit = (from, to) => async (page) => {
  const area = page.locator(id("plant-text"));
  await area.waitFor();
  await area.fill((await area.inputValue()).replaceAll(from, to));
};
const LINE = "#/revisions?view=files&path=devices/line-1.toml";
const sign = [click("sign-open"), click("meaning-reviewed"), fill("sign-account", "ada"), fill("sign-password", PASSWORD), fill("sign-code", "123456")];

/** name: [address, state of the mock, then what] */
const SCREENS = {
  audit: ["#/audit", {}],
  "audit-detail": ["#/audit?action=account.change", {}, row("Changed an account"), click("prove")],
  "audit-write": ["#/audit?action=tag", {}, row("Tried to write")],
  "audit-hostile": ["#/audit?text=onerror", {}, wait(1_500)],
  "audit-filter": ["#/audit?who=jonas&result=refused&range=7d", {}],
  "audit-custom": ["#/audit?start=1700000000000&action=plant", {}, wait(1_200)],
  "audit-empty": ["#/audit?text=zzzz", {}, wait(1_500)],
  "audit-search": ["#/audit?text=zzzzz", {}, still],
  "audit-badge": ["#/audit", {}, click("verify-more")],
  "audit-review": ["#/audit", {}, click("review")],
  "audit-export": ["#/audit", {}, click("export")],
  revisions: ["#/revisions", {}],
  "revisions-12": ["#/revisions?id=12", {}],
  "revisions-6": ["#/revisions?id=6", {}],
  "revisions-compare": ["#/revisions?id=13&to=1", {}],
  "revisions-back": ["#/revisions?id=9", {}, click("roll-back"), wait(600)],
  "revisions-back-why": ["#/revisions?id=9", {}, click("roll-back"), wait(600), click("roll-back-next")],
  "sign-statement": ["#/revisions?id=13", {}, ...sign],
  "sign-refused": ["#/revisions?id=13", {}, click("sign-open"), click("meaning-approved")],
  files: ["#/revisions?view=files", {}],
  "files-edit": [LINE, {}, edit("500ms", "250ms")],
  "files-mistakes": [LINE, {}, edit("period = ", "periode = "), click("check"), wait(500)],
  "files-checked": [LINE, { require_reason: true }, edit("500ms", "250ms"), click("check"), wait(500)],
  "files-apply": [LINE, { require_reason: true }, edit("500ms", "250ms"), click("check"), wait(500), click("apply")],
  proposals: ["#/revisions?view=proposals", {}],
  security: ["#/security", {}],
  "security-issue": ["#/security", {}, click("issue-open")],
  "security-key": ["#/security", {}, click("issue-open"), fill("issue-account", "mes-gateway"), click("issue"), wait(400)],
  "security-revoke": ["#/security", {}, click("revoke")],
  "security-authority": ["#/security", {}, click("authority")],
};
const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(SCREENS);
const widths = (process.env.WIDTHS ?? "1440,820,390").split(",").map(Number);
const themes = (process.env.THEMES ?? "light,dark").split(",");

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
for (const colorScheme of themes) {
  for (const width of widths) {
    for (const name of wanted) {
      const [address, state, ...steps] = SCREENS[name];
      await set(state);
      const context = await browser.newContext({ colorScheme, viewport: { width, height: width < 700 ? 844 : 900 }, timezoneId: "Europe/Amsterdam", hasTouch: width < 700 });
      const page = await context.newPage();
      page.setDefaultTimeout(4_000);
      page.on("dialog", (dialog) => console.log(`${name}: DIALOG ${dialog.message()}`));
      page.on("console", (line) => ["error", "warning"].includes(line.type()) && !/status of 4\d\d/.test(line.text()) && console.log(`${name} ${line.type()}: ${line.text()}`));
      page.on("pageerror", (error) => console.log(`${name} pageerror:`, error.stack));
      await page.goto(`${base}/#/login`);
      await page.evaluate((password) => fetch("/api/v1/session", { method: "POST", body: JSON.stringify({ account: "ada", password, code: "123456" }) }), PASSWORD);
      await page.goto(`${base}/${address}`);
      await page.reload();
      try {
        await page.waitForTimeout(steps.includes(still) ? 250 : 1_000);
        for (const step of steps) await step(page);
      } catch (cause) {
        console.log(`${name} ${width}: ${String(cause).split("\n")[0]}`);
      }
      await page.waitForTimeout(350);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) console.log(`${name} ${width}: ${wide} px too wide`);
      await page.screenshot({ path: `${out}/${name}-${width}-${colorScheme}.png` });
      await context.close();
    }
  }
}
await browser.close();
