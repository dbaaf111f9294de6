// Fakes of the workshop: drivers with their schemas, configured devices, tests, scans and traces. A development tool.
import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const schema = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../../schemas/config.schema.json"), "utf8"));
const [shared, , own] = schema.properties["devices/*.toml"].additionalProperties.allOf;
const withDefs = (one) => ({ $defs: schema.$defs, ...one });

const DRIVERS = [
  {
    driver: "modbus", title: "Modbus", browse: "scan",
    endpoints: [
      { scheme: "tcp", example: "tcp://192.168.0.17:502", about: "Modbus TCP" },
      { scheme: "serial", example: "serial:///dev/ttyS0?baud=19200&parity=even", about: "Modbus RTU on a serial line" },
      { scheme: "rtu+tcp", example: "rtu+tcp://192.168.0.20:4001", about: "Modbus RTU through a serial gateway" },
    ],
    settings: withDefs(own.then.properties.settings), device: withDefs(shared),
    types: ["bool", "i16", "u16", "i32", "u32", "f32", "f32:CDAB", "i64", "u64", "f64", "text(20)"],
    address: { examples: ["hr:100", "ir:0", "co:3", "hr:10.3", "40001"], about: "Table and number from 0; classic numbers count from 1." },
  },
];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const traces = new Map();

/** Enough of TOML for the files of the made-up plant. */
export function devicesOf(files) {
  const out = [];
  for (const [file, text] of Object.entries(files)) {
    if (!/^devices\/.*\.toml$/.test(file)) continue;
    let table = null;
    for (const line of text.split("\n")) {
      const head = /^\s*\[([\w-]+)(\.settings)?\]/.exec(line);
      const pair = /^\s*([\w-]+)\s*=\s*(.+?)\s*$/.exec(line);
      if (head !== null && head[2] === undefined) out.push({ device: head[1], file, table: (table = {}), tags_file: null, writable: true, enabled: true });
      else if (head !== null) table = out.at(-1).table.settings = {};
      else if (pair !== null && table !== null) table[pair[1]] = JSON.parse(pair[2]);
    }
  }
  for (const one of out) {
    if (one.table.tags !== undefined) one.tags_file = posix.join(one.table.tags.startsWith(".") ? posix.dirname(one.file) : "", one.table.tags);
    one.enabled = one.table.enabled !== false;
  }
  return out;
}

/** Keys set and removed, line by line. */
function edited(text, { set = [], remove = [] }) {
  let lines = text.split("\n");
  const section = (key) => (key.length === 3 ? `[${key[0]}.${key[1]}]` : `[${key[0]}]`);
  const reach = (head) => {
    const from = lines.findIndex((line) => line.trim() === head);
    const next = lines.findIndex((line, at) => at > from && /^\s*\[/.test(line));
    return [from, next < 0 ? lines.length : next];
  };
  for (const key of remove) {
    if (key.length === 1) {
      let gone = false;
      lines = lines.filter((line) => {
        const head = /^\s*\[([\w-]+)/.exec(line);
        if (head !== null) gone = head[1] === key[0];
        return !gone;
      });
      continue;
    }
    const [from, to] = reach(section(key));
    lines = lines.filter((line, at) => at < from || at >= to || line.split("=")[0].trim() !== key.at(-1));
  }
  for (const { key, value } of set) {
    let [from, to] = reach(section(key));
    if (from < 0) {
      lines.push("", section(key));
      [from, to] = [lines.length - 1, lines.length];
    }
    const line = `${key.at(-1)} = ${JSON.stringify(value)}`;
    const at = lines.findIndex((one, number) => number > from && number < to && one.split("=")[0].trim() === key.at(-1));
    if (at >= 0) lines[at] = line;
    else {
      let end = to;
      while (end > from + 1 && lines[end - 1].trim() === "") end -= 1;
      lines.splice(end, 0, line);
    }
  }
  return lines.join("\n");
}

const STEPS = [["settings", "the settings are right"], ["name", "{host} is an address"], ["connect", "connected to {host}"], ["answer", "unit {unit} answers"], ["read", "read {tags} tags"]];

async function test({ device, tags }) {
  await pause(700);
  const host = device.endpoint?.split("://")[1] ?? "?";
  const fails = host.startsWith("nowhere") ? "name" : host.includes(".99") ? "connect" : device.settings?.unit > 100 ? "answer" : null;
  const failure = {
    name: ["there is no host nowhere", "LS-DRV-011", "Check the spelling, or write the address in numbers. This node asks the name server of its own machine."],
    connect: [`${host} refused the connection`, "LS-DRV-012", "The host is there and nothing listens on this port. Modbus devices usually listen on 502; look whether Modbus TCP is switched on in the device."],
    answer: [`unit ${device.settings?.unit} did not answer in 1 s`, "LS-DRV-014", "The line is open and this unit is silent. Try unit 1, or let the scan look for units."],
  };
  let dead = false;
  const steps = STEPS.map(([step, what]) => {
    if (dead) return { step, outcome: "skipped", took_ms: 0, what: "", code: null, remedy: null };
    dead = step === fails;
    if (dead) return { step, outcome: "failed", took_ms: 412.3, what: failure[step][0], code: failure[step][1], remedy: failure[step][2] };
    return { step, outcome: "ok", took_ms: step === "connect" ? 1.8 : 0.4, what: what.replace("{host}", host).replace("{unit}", device.settings?.unit ?? 1).replace("{tags}", tags.length), code: null, remedy: null };
  });
  const values = fails === null ? tags.map((tag, at) => (tag.address === "hr:999" ? { name: tag.name, address: tag.address, value: null, quality: "bad", reason: "not-configured", what: "illegal data address: off by one?" } : { name: tag.name, address: tag.address, value: tag.type === "bool" ? at % 2 === 0 : 17.25 + at * 3, quality: "good", reason: null, what: null })) : [];
  return { ok: fails === null, took_ms: 703.2, steps, values, mistakes: [], frames: [] };
}

const ALL = [
  ...Array.from({ length: 12 }, (_, at) => ({ name: `hr_${100 + at}`, address: `hr:${100 + at}`, type: "u16", description: at % 4 === 0 ? "with the next one 21.5 as f32" : "", value: at % 3 === 0 ? 16_812 + at : 0, quality: "good", guesses: at % 4 === 0 ? [{ type: "f32", value: 21.5 }, { type: "i16", value: 16_812 }] : [], settings: null })),
  ...Array.from({ length: 400 }, (_, at) => ({ name: `ir_${at}`, address: `ir:${at}`, type: "u16", description: "", value: at % 9 === 0 ? at * 3 : 0, quality: "good", guesses: [], settings: null })),
  ...Array.from({ length: 16 }, (_, at) => ({ name: `co_${at}`, address: `co:${at}`, type: "bool", description: "", value: at % 2 === 0, quality: "good", guesses: [], settings: null })),
];

async function browse({ device, options, after, limit }) {
  await pause(500);
  if (options?.units !== undefined) return { found: [1, 3, 17].map((unit) => ({ name: `unit_${unit}`, address: `unit ${unit}`, type: "unit", description: "answers", value: null, quality: "good", guesses: [], settings: { unit } })), next: null, done: 1, note: "" };
  const small = device.endpoint?.includes("small") || device.endpoint?.includes("127.0.0.1");
  const all = small ? ALL.slice(0, 12) : ALL;
  const from = Number(after ?? 0), size = Math.min(limit ?? 200, 60);
  return { found: all.slice(from, from + size), next: from + size < all.length ? String(from + size) : null, done: Math.min(1, (from + size) / all.length), note: from === 0 ? "" : "many registers answer zero: this device answers for registers it does not have" };
}

function trace(device, after) {
  const one = traces.get(device) ?? { until: null, begun: 0, n: 0 };
  const until = one.until !== null && one.until > Date.now() ? one.until : null;
  const end = Math.floor((Math.min(Date.now(), one.until ?? 0) - one.begun) / 250);
  const frames = [];
  for (let n = Math.max(1, after); n <= end * 2 && frames.length < 400; n += 1) {
    const at = one.begun + Math.floor((n - 1) / 2) * 250, sent = n % 2 === 1;
    const no = (n >> 1) % 256;
    frames.push(sent
      ? { n, timestamp_ms: at, direction: "sent", bytes: `00 ${no.toString(16).padStart(2, "0")} 00 00 00 06 01 03 00 64 00 0a`, text: "read 10 holding registers from 100, unit 1", took_ms: null }
      : { n, timestamp_ms: at + 1.4, direction: "received", bytes: `00 ${no.toString(16).padStart(2, "0")} 00 00 00 17 01 03 14 41 ac 00 00 00 00 00 11 00 22 00 00 00 00 00 00 00 00 00 00`, text: "10 holding registers, unit 1", took_ms: 1.4 });
  }
  return { until_ms: until, frames, next: frames.length === 0 ? Math.max(1, after) : frames.at(-1).n + 1, dropped: 0 };
}

/** Answers what is about the workshop; false for all others. `plant(path, init)` asks the rest of the mock. */
export async function deviceRoutes(request, response, url, plant) {
  const path = url.pathname.replace("/api/v1", "");
  const [, device] = /^\/devices\/([^/]+)\/trace$/.exec(path) ?? [];
  const change = path === "/plant/change" && request.headers["x-mock"] === undefined;
  if (!["/drivers", "/plant/devices", "/devices/test", "/devices/browse"].includes(path) && device === undefined && !change) return false;
  let text = "";
  for await (const part of request) text += part;
  const body = JSON.parse(text || "{}");
  const say = (status, answer) => response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" }).end(typeof answer === "string" ? answer : JSON.stringify(answer));
  const file = async (name) => (await plant(`plant/file?path=${encodeURIComponent(name)}`)).json();
  if (change) {
    const files = [...(body.files ?? [])];
    for (const edit of body.edits ?? []) {
      const now = await file(edit.path);
      files.push({ path: edit.path, text: edited(now.text, edit), base: edit.base ?? now.sha256 });
    }
    const answer = await plant("plant/change", { method: "POST", body: JSON.stringify({ ...body, files, edits: [] }) });
    return say(answer.status, await answer.text()), true;
  }
  if (path === "/drivers") return say(200, DRIVERS), true;
  if (path === "/devices/test") return say(200, await test(body)), true;
  if (path === "/devices/browse") return say(200, await browse(body)), true;
  if (path === "/plant/devices") {
    const { files } = await (await plant("plant/files")).json();
    const wanted = files.filter((one) => one.path.startsWith("devices/"));
    const texts = await Promise.all(wanted.map(async (one) => [one.path, (await file(one.path)).text]));
    return say(200, devicesOf(Object.fromEntries(texts))), true;
  }
  const name = decodeURIComponent(device);
  if (request.method === "POST") traces.set(name, { begun: Date.now(), until: body.seconds > 0 ? Date.now() + body.seconds * 1_000 : Date.now() });
  return say(200, trace(name, Number(url.searchParams.get("after") ?? 0))), true;
}
