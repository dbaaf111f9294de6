// From a blank plant to a running one: a Modbus device of pymodbus is found, read, drawn and kept, changed, switched off
// and on, looked at byte by byte, and removed, on the page alone.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { id, journey, open, until } from "./harness.mjs";
import { startModbus, startNode } from "./programs.mjs";

/** How many clicks and filled fields, and how long, from a blank plant to a curve that is kept. */
const ACTIONS_MOST = 6;
const FIRST_CURVE_MS_MOST = 60_000;
/** Nothing listens there: the port of a socket that was closed again is as good as free, this one is reserved. */
const NO_PORT = 1;
/** A unit of the Modbus device that its gateway does not reach. */
const UNIT_UNREACHED = "6";
/**
 * A browser calls every refused request an error. That the node refuses a wrong row is looked for; and a question whether a
 * change would do, asked before it was applied, may come to the node after it (409).
 */
const REFUSED = /status of (409|422)/;

let node;
let modbus;
before(async () => {
  [node, modbus] = await Promise.all([startNode(), startModbus()]);
});
after(() => Promise.all([node?.end(), modbus?.end()]));

const cell = (row, column) => `${id("sheet-row")} [data-row="${row}"][data-column="${column}"]`;
const named = (device) => `${id("device-page")}[data-device="${device}"]`;

/** Waits until the historian has samples of a tag. */
function kept(page, tag) {
  return until(page, async (tag) => {
    const answer = await fetch(`/api/v1/history?${new URLSearchParams({ tag, mode: "raw", start: Date.now() - 600_000, end: Date.now() + 60_000 })}`);
    const { series } = await answer.json();
    return series[0].timestamp_ms.length > 0;
  }, tag);
}

/** Applies what is open with a reason, and waits until it is in force. */
async function apply(page, why) {
  await page.locator(`${id("review-dialog")} ${id("difference")}`).waitFor();
  await page.locator(id("why")).fill(why);
  await page.locator(id("apply")).click();
  await page.locator(id("applied")).waitFor();
}

journey("a blank plant has a device that is drawn and kept after a few clicks", { expected: REFUSED }, async (page) => {
  let actions = 0;
  const click = async (selector) => ((actions += 1), await page.locator(selector).first().click());
  const fill = async (selector, text) => ((actions += 1), await page.locator(selector).fill(text));
  await open(page, "#/overview", node.url);
  await page.locator(id("first-device")).waitFor();
  const begun = performance.now();
  await click(id("first-device"));
  await fill(id("endpoint-host"), `127.0.0.1:${modbus.port}`);
  await click(id("find-tags"));
  await page.locator(`${id("import-review")}:enabled`).waitFor();
  await click(id("import-review"));
  await click(id("apply"));
  await click(id("open-trend"));
  await page.locator(`${id("trend-canvas")}[data-loading="false"]`).waitFor();
  await until(page, (selector) => Number(document.querySelector(selector).dataset.samples) > 1, id("trend-canvas"));
  const tag = await page.locator(id("pen")).first().getAttribute("data-tag");
  await kept(page, tag);
  const took = performance.now() - begun;
  console.log(`a real device trending and stored from a blank plant: ${actions} actions, ${(took / 1_000).toFixed(1)} s`);
  assert.ok(actions <= ACTIONS_MOST, `${actions} actions`);
  assert.ok(took <= FIRST_CURVE_MS_MOST, `${took} ms`);
});

/** A device as the plant folder has it, written past the page. */
async function written(name, port, rows, unit = "1") {
  const files = [
    { path: `devices/${name}.toml`, base: null, text: `[${name}]\ndriver = "modbus"\nendpoint = "tcp://127.0.0.1:${port}"\ntags = "../tags/${name}.csv"\nperiod = "500ms"\n[${name}.settings]\nunit = ${unit}\n` },
    { path: `tags/${name}.csv`, base: null, text: `tag,address,type,unit,access,description\n${rows}\n` },
  ];
  const answer = await fetch(`${node.url}/api/v1/plant/change`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ files, why: "A journey through the page" }) });
  assert.equal(answer.status, 200, await answer.text());
}

journey("a test of the connection says step by step what is wrong and what to do, until it is right", { expected: REFUSED }, async (page) => {
  await open(page, "#/devices/new", node.url);
  const step = (name, outcome) => page.locator(`${id("test-step")}[data-step="${name}"][data-outcome="${outcome}"]`);
  const tried = (ok) => page.locator(`${id("test-answer")}[data-ok="${ok}"]:not(.old)`).waitFor();
  await page.locator(id("endpoint-host")).fill("127.0.0.1");
  await page.locator(id("endpoint-port")).fill(String(NO_PORT));
  await page.locator(id("test-run")).click();
  await tried(false);
  const refused = await step("connect", "failed").innerText();
  assert.match(refused, /LS-DRV-\d+/);
  assert.match(refused, /nothing listens/i);
  await page.locator(id("endpoint-port")).fill(String(modbus.port));
  await page.locator(id("field-unit")).fill(UNIT_UNREACHED);
  await page.locator(id("test-run")).click();
  await step("connect", "ok").waitFor();
  await tried(false);
  const unreached = await page.locator(`${id("test-step")}[data-outcome="failed"]`).last().innerText();
  assert.match(unreached, /unit/i);
  assert.match(unreached, /LS-DRV-\d+/);
  await page.locator(id("field-unit")).fill("1");
  await page.locator(id("test-run")).click();
  await tried(true);
  await page.locator(id("work-cancel")).click();
  await page.locator(id("devices")).waitFor();
  assert.equal(await page.locator(id("draft")).count(), 0);
});

journey("rows of a spreadsheet become the tags of a new device, and their values move", { expected: REFUSED }, async (page) => {
  await open(page, "#/devices/new", node.url);
  await page.locator(id("endpoint-host")).fill(`127.0.0.1:${modbus.port}`);
  await page.locator(id("field-name")).fill("pasted");
  await page.locator(id("import-file")).click();
  await page.locator(id("import-source-paste")).click();
  await page.locator(id("import-text")).fill("Name\tRegister\tData type\tEinheit\nlevel\thr:79\tf32\tm\nsteps\thr:6\ti16\t\nrun\tco:3000\tbool\t\n");
  await until(page, (at) => document.querySelectorAll(`${at} tbody tr`).length === 3, id("import-preview"));
  assert.match(await page.locator(`${id("import-preview")} tbody tr`).first().innerText(), /level\s+hr:79\s+f32/);
  await page.locator(id("import-add")).click();
  await page.locator(cell(0, "tag")).waitFor();
  assert.deepEqual(await page.locator(`${id("sheet-row")} [data-column="tag"]`).allInnerTexts().then((all) => all.slice(0, 3)), ["level", "steps", "run"]);
  await page.locator(id("test-run")).click();
  await page.locator(`${id("test-answer")}[data-ok="true"] td`).getByText(/^32\s?767$/).waitFor();
  await page.locator(id("work-review")).click();
  const difference = page.locator(`${id("review-dialog")} ${id("difference")}`);
  await difference.getByText("level,hr:79,f32").waitFor();
  await apply(page, "A meter of the new line");
  await page.locator(named("pasted")).waitFor();
  await page.locator(`${id("applied-state")}.tone-calm`).waitFor();
  await page.locator(id("see-values")).click();
  await page.locator(`${id("tag-row")}[data-tag$="/level"] ${id("tag-value")}`).getByText("123.4").waitFor();
  await kept(page, "acme/site/pasted/level");
});

journey("a row is changed in place: a mistake is shown at its cell, and what is right becomes a revision", { expected: REFUSED }, async (page) => {
  await written("edited", modbus.port, "speed,hr:6,i16,1/min,read,\nlevel,hr:79,f32,m,read,");
  await open(page, "#/devices/edited/tags", node.url);
  const write = async (at, text) => {
    await page.locator(at).dblclick();
    await page.locator(id("sheet-input")).fill(text);
    await page.keyboard.press("Enter");
  };
  await write(cell(0, "address"), "hr:99999");
  await page.locator(`${cell(0, "address")}[aria-invalid="true"]`).waitFor();
  await page.locator(cell(0, "address")).click();
  assert.match(await page.locator(id("cell-mistake")).innerText(), /99999/);
  await page.locator(id("undo")).click();
  await until(page, (at) => document.querySelector(at).innerText === "hr:6" && document.querySelector(`${at}[aria-invalid]`) === null, cell(0, "address"));
  await write(cell(0, "description"), "Speed of the spindle");
  await page.locator(id("work-review")).click();
  await apply(page, "Says what it is");
  await page.locator(id("work-bar")).waitFor({ state: "detached" });
  await page.goto(`${node.url}/#/revisions`);
  await page.getByText("Says what it is").first().waitFor();
  await page.goto(`${node.url}/#/tags?search=spindle`);
  await page.locator(`${id("tag-row")}[data-tag$="edited/speed"]`).waitFor();
});

journey("a device is switched off, on again, and removed with its tag table", { expected: REFUSED }, async (page) => {
  await written("spare", modbus.port, "speed,hr:6,i16,,read,");
  await open(page, "#/devices/spare", node.url);
  const state = (name) => page.locator(`${named("spare")} ${id("device-state")}[data-state="${name}"]`).waitFor();
  const act = async (which, why) => {
    await page.locator(id("device-menu")).click();
    await page.locator(id(`act-${which}`)).click();
    await apply(page, why);
  };
  await state("online");
  await act("disable", "The line is being rebuilt");
  await state("disabled");
  await act("enable", "The line is back");
  await state("online");
  await act("remove", "Sold");
  await page.locator(id("devices")).waitFor();
  await page.locator(`${id("device-row")}[data-device="spare"]`).waitFor({ state: "detached" });
  const folder = await (await fetch(`${node.url}/api/v1/plant/files`)).json();
  assert.deepEqual(folder.files.map((file) => file.path).filter((path) => path.includes("spare")), []);
});

journey("what goes over the line of a device is shown frame by frame", { expected: REFUSED }, async (page) => {
  await written("traced", modbus.port, "speed,hr:6,i16,,read,");
  await open(page, "#/devices/traced/diagnostics", node.url);
  await page.locator(id("trace-1")).click();
  const frame = (way) => page.locator(`${id("frame")}.${way}`).first();
  await frame("sent").waitFor();
  await frame("received").waitFor();
  assert.match(await frame("sent").innerText(), /read holding register 6, unit 1/);
  await page.locator(id("trace-filter")).fill("no frame says this");
  await page.getByText("No frame matches.").waitFor();
  await page.locator(id("trace-stop")).click();
  await page.locator(id("trace-1")).waitFor();
});
