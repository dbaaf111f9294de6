// Photographs the screens of identity on the mock, which it brings into each state first:
// BASE=http://… OUT=shots node scripts/shots-people.mjs [name…]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { PASSWORD } from "./mock-identity.mjs";

const base = process.env.BASE ?? "http://127.0.0.1:8080";
const out = process.env.OUT ?? "shots";
const P = "acme/rotterdam/packaging";

const set = (more) => fetch(`${base}/mock`, { method: "POST", body: JSON.stringify({ fresh: true, nobody: "nothing", require_reason: false, idle_ms: 1_800_000, ...more }) });
const id = (name) => `[data-testid="${name}"]`;
const as = (account, code) => async (page) => {
  await page.evaluate(([account, password, code]) => fetch("/api/v1/session", { method: "POST", body: JSON.stringify({ account, password, code }) }), [account, PASSWORD, code]);
};
const ada = as("ada", "123456");
const click = (name) => (page) => page.locator(id(name)).first().click();
const fill = (name, text) => (page) => page.locator(id(name)).first().fill(text);

/** name: [address, state of the mock, who signs in, then what] */
const SCREENS = {
  login: ["#/tags", {}],
  "login-wrong": ["#/tags", {}, null, fill("login-account", "ada"), fill("login-password", "no idea at all"), click("login-send")],
  "login-code": ["#/tags", {}, null, fill("login-account", "ada"), fill("login-password", PASSWORD), click("login-send")],
  "setup-who": ["#/setup?secret=first", { nobody: "setup" }, null, fill("setup-name", "Ada Brandt")],
  "setup-password": ["#/setup?secret=first", { nobody: "setup" }, null, fill("setup-name", "Ada Brandt"), click("setup-next"), fill("setup-new-password", "lineshaft12"), click("setup-finish")],
  "setup-done": ["#/setup?secret=first", { nobody: "setup" }, null, fill("setup-name", "Ada Brandt"), click("setup-next"), fill("setup-new-password", "plum carpet windmill"), click("setup-finish")],
  "setup-nolink": ["#/overview", { nobody: "setup" }],
  "setup-stale": ["#/setup?secret=old", { nobody: "setup" }, null, fill("setup-name", "Ada Brandt"), click("setup-next"), fill("setup-new-password", "plum carpet windmill"), click("setup-finish")],
  "setup-over": ["#/setup?secret=old", {}],
  "due-password": ["#/overview", {}, as("lena")],
  "due-factor": ["#/overview", {}, as("due")],
  "due-factor-scan": ["#/overview", {}, as("due"), fill("factor-password", PASSWORD), click("factor-ask")],
  visitor: ["#/overview", { nobody: "visitor" }, null, click("account-menu")],
  anonymous: ["#/people", { nobody: "viewer" }],
  denied: ["#/audit", {}, as("oskar")],
  menu: ["#/overview", {}, ada, click("account-menu")],
  locked: [`#/overview/${P}`, {}, ada, click("account-menu"), click("lock")],
  "idle-banner": ["#/overview", { idle_ms: 14_000 }, ada, (page) => page.waitForTimeout(9_000)],
  account: ["#/account", {}, ada],
  "account-password": ["#/account", {}, ada, click("change-password"), fill("new-password", "abcd")],
  "account-factor": ["#/account", {}, as("jonas"), click("factor-on"), fill("factor-password", PASSWORD), click("factor-ask")],
  "account-codes": ["#/account", {}, as("jonas"), click("factor-on"), fill("factor-password", PASSWORD), click("factor-ask"), fill("factor-code", "123456"), click("factor-prove")],
  people: ["#/people/accounts", {}, ada],
  "people-empty": ["#/people/accounts", {}, ada, fill("account-search", "zzz")],
  "people-add": ["#/people/accounts?add", { require_reason: true }, ada],
  "people-edit": ["#/people/accounts?account=oskar", {}, ada],
  "people-locked": ["#/people/accounts?account=pieter", {}, ada],
  "people-disable": ["#/people/accounts?account=mira", { require_reason: true }, ada, click("act-disable")],
  "people-reset": ["#/people/accounts?account=mira", {}, ada, click("act-reset")],
  "people-paths": ["#/people/accounts?account=lena", {}, ada, click("path-limit")],
  roles: ["#/people/roles", {}, ada],
  "role-new": ["#/people/roles", {}, ada, click("role-add")],
  tokens: ["#/people/tokens", {}, ada],
  "token-new": ["#/people/tokens", {}, ada, click("token-add")],
  "token-secret": ["#/people/tokens", {}, ada, click("token-add"), fill("token-name", "line-report"), click("token-send")],
  sessions: ["#/people/sessions", {}, ada],
  "nav-more": ["#/overview", {}, ada, (page) => page.viewportSize().width < 700 && page.locator(id("nav-more")).click()],
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
      const [hash, state, signIn, ...steps] = SCREENS[name];
      await set(state);
      const context = await browser.newContext({ colorScheme, viewport: { width, height: width < 700 ? 844 : width < 1000 ? 1180 : 900 } });
      const page = await context.newPage();
      page.setDefaultTimeout(5_000);
      page.on("console", (line) => ["error", "warning"].includes(line.type()) && !/status of 40[13]|status of 42/.test(line.text()) && console.log(`${name} ${line.type()}: ${line.text()}`));
      page.on("pageerror", (error) => console.log(`${name} pageerror:`, error.stack));
      try {
        await page.goto(`${base}/${hash}`);
        if (signIn) {
          await signIn(page);
          await page.reload();
        }
        await page.waitForTimeout(400);
        for (const step of steps) await step(page);
        await page.waitForTimeout(Number(process.env.WAIT ?? 500));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) console.log(`${name} ${width}: ${wide} px too wide`);
      } catch (cause) {
        console.log(`${name} ${width} ${colorScheme}: ${String(cause).split("\n")[0]}`);
      }
      await page.screenshot({ path: `${out}/${name}-${width}-${colorScheme}.png` });
      await context.close();
    }
  }
}
await browser.close();
