// Every screen, light and dark, on a phone, a tablet and a desk: nothing that WCAG 2.2 AA forbids and nothing that does not
// fit; and what comes over a screen, on a desk and on a phone. Needs a node that lets whoever comes over loopback do everything.
import assert from "node:assert/strict";
import { before } from "node:test";
import { violations } from "./axe.mjs";
import { base, journey } from "./harness.mjs";
import { OVER, SCREENS } from "./screens.mjs";

const WIDTHS = [
  [390, 844],
  [1024, 768],
  [1440, 900],
];
const THEMES = ["light", "dark"];
/** A browser calls every refused request an error; the login's question who one is may be one. */
const REFUSED = /status of (401|403|404|422)/;
const READY_MS = 10_000;
const [FIRST, PASSWORD] = ["plum carpet windmill nine", "seven quiet herons landing"];
const account = `e2e-screens-${Date.now().toString(36)}`;

const post = (path, body, headers = {}) => fetch(`${base}/api/v1/${path}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

before(async () => {
  const made = await post("accounts", { account, full_name: "Screen Reader", password: FIRST, grants: [{ role: "admin", under: [""] }], why: "The screens of the page" });
  assert.equal(made.status, 200, await made.text());
  const session = await post("session", { account, password: FIRST });
  const cookie = session.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  const changed = await post("account/password", { old: FIRST, new: PASSWORD }, { cookie });
  assert.equal(changed.status, 200, await changed.text());
});

async function signIn(page) {
  const status = await page.evaluate(async (body) => (await fetch("/api/v1/session", { method: "POST", headers: { "content-type": "application/json" }, body })).status, JSON.stringify({ account, password: PASSWORD }));
  assert.equal(status, 200);
}

async function show(page, { hash, ready, signedIn = false }) {
  if (signedIn) await signIn(page);
  await page.goto(`${base}/${typeof hash === "string" ? hash : await hash()}`);
  if (signedIn) await page.reload();
  await page.locator(ready).first().waitFor({ timeout: READY_MS });
}

/** What is wrong with what is shown now. */
async function faults(page, name) {
  const wide = await page.evaluate(() => {
    const main = document.getElementById("content");
    return Math.max(document.documentElement.scrollWidth - innerWidth, main === null ? 0 : main.scrollWidth - main.clientWidth);
  });
  const found = await violations(page);
  return [...(wide > 0 ? [`${name}: ${wide} px wider than the screen`] : []), ...found.map((line) => `${name}: ${line}`)];
}

/** What does not even come up is one line too, so that one run tells all. */
const said = (name, error) => `${name}: ${error.message.split("\n")[0]}`;

for (const theme of THEMES) {
  for (const [width, height] of WIDTHS) {
    const options = { expected: REFUSED, viewport: { width, height }, colorScheme: theme, hasTouch: width < 1000 };
    journey(`every screen is accessible and fits, ${theme}, ${width} wide`, options, async (page) => {
      const wrong = [];
      for (const screen of SCREENS) {
        try {
          await show(page, screen);
          wrong.push(...(await faults(page, screen.name)));
        } catch (error) {
          wrong.push(said(screen.name, error));
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
}

for (const [theme, width, height] of [["light", 1440, 900], ["dark", 390, 844]]) {
  const options = { expected: REFUSED, viewport: { width, height }, colorScheme: theme, hasTouch: width < 1000 };
  journey(`what comes over a screen is accessible and fits, ${theme}, ${width} wide`, options, async (page) => {
    const wrong = [];
    for (const { name, on, steps, ready } of OVER) {
      const screen = SCREENS.find((one) => one.name === on);
      if (screen === undefined) continue;
      try {
        await page.goto("about:blank");
        await show(page, screen);
        for (const step of steps) await step(page);
        await page.locator(ready).first().waitFor({ timeout: READY_MS });
        wrong.push(...(await faults(page, name)));
      } catch (error) {
        wrong.push(said(name, error));
      }
    }
    assert.deepEqual(wrong, []);
  });
}
