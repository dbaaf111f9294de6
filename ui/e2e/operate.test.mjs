// How the node is: what it stores, what it says and how much of it, what is wrong with it, what it is made of.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { base, id, journey, open, until } from "./harness.mjs";
import { startModbus, startNode } from "./programs.mjs";

const WHY = "What is asked of the meters";
/** Nothing listens there. */
const NO_PORT = 1;
const device = (name, port) => `[${name}]\ndriver = "modbus"\nendpoint = "tcp://127.0.0.1:${port}"\ntags = "../tags/meter.csv"\nperiod = "500ms"\npath = "${name}"\n`;

let node;
let modbus;
before(async () => {
  modbus = await startModbus();
  node = await startNode({
    "devices/good.toml": device("good", modbus.port),
    "devices/lost.toml": device("lost", NO_PORT),
    "tags/meter.csv": "tag,address,type\nspeed,hr:6,i16\n",
  });
});
after(() => Promise.all([node?.end(), modbus?.end()]));

const check = (page, name) => page.locator(`${id("check")}[data-check="${name}"]`);

async function choose(page, select, value) {
  await page.locator(id(select)).click();
  await page.locator(`${id("option")}[data-value="${value}"]`).click();
}

journey("the tabs of the system are places, and each says what it is about", {}, async (page) => {
  await open(page, "#/system");
  for (const [tab, ready] of [["storage", "storage"], ["logs", "log-line"], ["doctor", "doctor-sum"], ["licences", "licences"], ["overview", "shaft"]]) {
    await page.locator(id(`system-tabs-${tab}`)).click();
    await page.locator(id(ready)).first().waitFor();
    await page.waitForURL((url) => url.hash === (tab === "overview" ? "#/system" : `#/system/${tab}`));
  }
});

journey("storage has the same figures as the node, for the shaft, its readers, the history and the disk", {}, async (page) => {
  await open(page, "#/system/storage", node.url);
  const answer = await (await fetch(`${node.url}/api/v1/storage`)).json();
  await page.locator(id("storage-disk")).getByText(answer.disk.folder).waitFor();
  assert.deepEqual((await page.locator(id("reader")).allInnerTexts()).map((text) => text.trim().split(/\s/)[0]).sort(), answer.readers.map((reader) => reader.name).sort());
  for (const part of ["storage-shaft", "storage-historian", "storage-parts"]) assert.match(await page.locator(id(part)).innerText(), /\d/);
});

journey("the log says more for a while, shows until when, and is put back", {}, async (page) => {
  await open(page, "#/system/logs");
  await page.locator(id("log-line")).first().waitFor();
  await page.locator(id("log-levels-open")).click();
  assert.equal(await page.locator(id("levels-target")).inputValue(), "lineshaft_drivers");
  await page.locator(id("why")).fill(WHY);
  await page.locator(id("levels-set")).click();
  await page.locator(id("levels-dialog")).waitFor({ state: "detached" });
  await page.locator(id("log-levels")).getByText(/debug\s+for lineshaft_drivers, \d+ (min|s).* more/).first().waitFor();
  const levels = await (await fetch(`${base}/api/v1/logs/levels`)).json();
  assert.equal(levels.levels[0].target, "lineshaft_drivers");
  assert.ok(levels.levels[0].until_ms > Date.now(), "it falls back by itself");
  await choose(page, "log-level", "debug");
  await page.locator(`${id("log-line")}.debug`).filter({ hasText: "asked" }).first().waitFor();
  await page.locator(id("log-search")).fill("no line of the log says this");
  await page.getByText("No line is like this").waitFor();
  await page.locator(id("log-search")).fill("");
  await page.locator(id("log-line")).first().waitFor();
  await page.locator(id("log-levels-open")).click();
  await page.locator(id("why")).fill("Found");
  await page.locator(id("levels-reset")).click();
  await page.locator(id("log-levels")).getByText("The node says what is at least info.").waitFor();
  await page.goto(`${base}/#/audit?text=${encodeURIComponent(WHY)}`);
  await page.locator(id("audit-row")).first().waitFor();
});

journey("the doctor finds the device that is not reached, says why and what to do, and is content when it is gone", {}, async (page) => {
  await open(page, "#/system/doctor", node.url);
  await page.locator(id("doctor-findings")).getByText("lost").first().waitFor();
  const [finding] = await page.locator(id("check"), { hasText: "lost" }).all();
  const name = await finding.getAttribute("data-check");
  assert.match(await finding.innerText(), /What to do/);
  const { checks } = await (await fetch(`${node.url}/api/v1/doctor`)).json();
  assert.ok(checks.length >= 30, `${checks.length} checks`);
  for (const one of checks.filter(({ outcome }) => outcome === "bad" || outcome === "warn")) assert.ok(one.cause && one.fix, `${one.check} says cause and fix`);
  await page.locator(id("doctor-groups")).locator("summary").first().click();
  const folder = await (await fetch(`${node.url}/api/v1/plant/files`)).json();
  const { sha256 } = folder.files.find(({ path }) => path === "devices/lost.toml");
  const gone = { files: [{ path: "devices/lost.toml", text: null, base: sha256 }], why: "It was sold" };
  const answer = await fetch(`${node.url}/api/v1/plant/change`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(gone) });
  assert.equal(answer.status, 200, await answer.text());
  await page.locator(id("doctor-again")).click();
  await until(page, ([at, text]) => [...document.querySelectorAll(at)].every((one) => !one.textContent.includes(text)), [`${id("check")}[data-check="${name}"]`, "lost"]);
});

journey("the licences are searched, and the bill of materials has them all", {}, async (page) => {
  await open(page, "#/system/licences");
  await page.locator(id("licence-search")).fill("tokio");
  await until(page, (at) => document.querySelectorAll(at).length > 0 && [...document.querySelectorAll(at)].every((row) => /tokio/i.test(row.textContent)), id("licence-row"));
  const [licences, sbom] = await Promise.all(["licences", "sbom"].map(async (path) => (await fetch(`${base}/api/v1/${path}`)).json()));
  assert.ok(licences.length > 100, `${licences.length} licences`);
  assert.equal(sbom.bomFormat, "CycloneDX");
  assert.ok(sbom.components.length > 100);
});
