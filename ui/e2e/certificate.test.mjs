// A node with a certificate that somebody brought along, in a file, and that is not good: the page says what is wrong and what to
// do about it, and when that is done it says so no more.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before } from "node:test";
import { hostname } from "node:os";
import { join } from "node:path";
import { id, journey, open } from "./harness.mjs";
import { nodeFolder, startNode } from "./programs.mjs";

const NAME = "plant.example";
const PASSWORD = "nine lanterns by the quay";
/** Without a session the node says 401; browsers call that an error, and that nobody trusts the node's certificate here. */
const REFUSED = /status of (401|403|409)|WebSocket|HTTP Authentication failed|SSL certificate error/;
const SECURE = { ignoreHTTPSErrors: true, expected: REFUSED };

/** A certificate for `names`, made by nobody in particular, in the place that the plant folder names. */
function certificate(folder, names, days) {
  const [key, cert] = [join(folder, "node.key"), join(folder, "node.pem")];
  const subject = ["-subj", `/CN=${names[0]}`, "-addext", `subjectAltName=IP:127.0.0.1,${names.map((name) => `DNS:${name}`)}`, "-addext", "basicConstraints=critical,CA:FALSE"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", String(days), ...subject], { stdio: "ignore" });
}

let node;
before(async () => {
  const folder = nodeFolder();
  certificate(folder, ["other.example"], 5);
  const plant = `[node]
name = "north"
path = "acme/north"
[http]
listen = "127.0.0.1:0"
tls = "on"
names = ["${NAME}"]
certificate = "file:${join(folder, "node.pem")}"
key = "file:${join(folder, "node.key")}"
`;
  node = await startNode({ "lineshaft.toml": plant }, { folder, fresh: true });
});
after(() => node?.end());

/** The first administrator of the node; the browser's session is his. */
async function setUp(page) {
  await page.goto(node.setup);
  await page.locator(`${id("setup-who")} input`).first().fill("Anna Berg");
  await page.locator(id("setup-next")).click();
  await page.locator(id("setup-new-password")).fill(PASSWORD);
  await page.locator(id("setup-finish")).click();
  await page.locator(id("setup-done")).waitFor();
}

const WRONG = /is not for|ends within/;
const finding = (page, text) => page.locator(`${id("finding")}:not([data-severity="ok"])`, { hasText: text });
const check = (page) => page.locator(`${id("check")}[data-check="certificates"]`);

journey("a certificate that ends soon and has the wrong name is said with what to do, and a good one takes the finding away", SECURE, async (page) => {
  await setUp(page);
  await open(page, "#/security", node.url);
  await finding(page, `is not for ${NAME}`).waitFor();
  await finding(page, "ends within 7 days").waitFor();
  for (const one of await finding(page, WRONG).all()) {
    assert.ok((await one.locator(".remedy").innerText()).length > 20, "what to do");
    assert.match(await one.locator("> code").innerText(), /^LS-TLS-\d+$/);
  }
  const row = page.locator(id("certificates")).getByText("from a file");
  await row.waitFor();

  await open(page, "#/system/doctor", node.url);
  await check(page).waitFor();
  assert.notEqual(await check(page).getAttribute("data-outcome"), "ok");
  const said = await check(page).innerText();
  assert.match(said, /What to do/);
  assert.match(said, /LS-TLS-\d+/);

  certificate(node.folder, [NAME, hostname()], 300);
  await open(page, "#/security", node.url);
  await page.locator(id("reread")).click();
  await page.locator(`${id("reread-dialog")} ${id("why")}`).fill("A new one from the works");
  await page.locator(id("confirm")).click();
  await finding(page, WRONG).first().waitFor({ state: "detached" });
  await page.locator(id("certificates")).getByText("299 days left").waitFor();

  await open(page, "#/system/doctor", node.url);
  await page.locator(id("doctor-sum")).waitFor();
  assert.equal(await check(page).count(), 0, "the doctor has nothing against the certificates");
  await open(page, "#/audit?action=certificate", node.url);
  await page.locator(id("audit-row")).first().waitFor();
});

journey("a certificate that cannot be used is not used: the node goes on with the one before and says why", SECURE, async (page) => {
  await page.goto(`${node.url}/#/login`);
  await page.locator(id("login-account")).fill("anna");
  await page.locator(id("login-password")).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator(id("overview")).waitFor();
  execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", join(node.folder, "node.key")]);
  await open(page, "#/security", node.url);
  await page.locator(id("reread")).click();
  await page.locator(id("why")).fill("The wrong key, by mistake");
  await page.locator(id("confirm")).click();
  await page.locator(id("reread-dialog")).getByText(/LS-TLS-\d+/).first().waitFor();
  await page.keyboard.press("Escape");
  await page.locator(id("reread-dialog")).waitFor({ state: "detached" });
  await page.reload();
  await finding(page, "node.key").or(finding(page, "node.pem")).first().waitFor();
});
