// The trail, revisions, signatures and security posture of the made-up plant: a real Merkle tree over made-up entries, so
// that proofs can be checked. A development tool, no part of the product.
// BROKEN=1 makes the trail fail its verification, ENTRIES=n makes it longer.
import { createHash, randomBytes } from "node:crypto";
import { mock, PASSWORD, whoIs } from "./mock-identity.mjs";

const DAY = 86_400_000;
const BROKEN = process.env.BROKEN === "1";
const ENTRIES = Number(process.env.ENTRIES ?? 6_000);
/** How many entries one call looks at: a rare word needs several, some of them without an answer. */
const WORK = 1_500;
/** Who asks, set with each request. */
let me = { account: "ada", full_name: "Ada Brandt", secret: PASSWORD, factor: true, session: null };

class Refused {
  constructor(status, code, title, detail, more = {}) {
    Object.assign(this, { status, body: { type: `/errors/${code}`, title, status, detail, code, ...more } });
  }
}

const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const hex = (text) => sha(text).toString("hex");
const random = (seed) => () => ((seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32);

// --- The trail

const P = "acme/rotterdam/packaging/line-1";
const BAD_NAME = '<img src=x onerror="alert(1)">';
const person = (name, account, from) => ({ name, account, road: "http", from, session: hex(name).slice(0, 16) });
const ada = person("ada", 2, "10.4.12.31:51422");
const jonas = person("jonas", 3, "10.4.12.77:49811");
const mira = person("mira", 4, "[fd00:12::41]:50110");
const erp = { name: "token:erp-orders", account: 7, road: "http", from: "10.4.1.9:44120" };
const node = { name: "node", road: "node" };
const local = { name: "local:root", road: "local" };
const disk = { name: "disk", road: "disk" };
const stranger = { name: "anonymous", road: "http", from: "203.0.113.17:60022" };
const evil = { name: BAD_NAME, road: "http", from: "203.0.113.17:60023" };

const KINDS = [
  (r) => ({ who: erp, action: "tag.write", object: `${P}/filler/speed_setpoint`, old: 400 + Math.floor(r() * 20), new: 400 + Math.floor(r() * 40), why: `order ${4_000_000 + Math.floor(r() * 9_999)}`, result: "done" }),
  () => ({ who: ada, action: "session.login", object: "ada", result: "done" }),
  () => ({ who: jonas, action: "session.login", object: "jonas", result: "done", detail: "with a second factor" }),
  () => ({ who: jonas, action: "session.logout", object: "jonas", result: "done" }),
  () => ({ who: stranger, action: "session.login", object: "admin", result: "failed", detail: "wrong account or password" }),
  (r) => ({ who: ada, action: "tag.write", object: `${P}/filler/recipe`, old: "still 0.5 l", new: "sparkling 0.5 l", why: "Change of product, order " + Math.floor(r() * 9_999), result: "done" }),
  () => ({ who: mira, action: "audit.read", object: "trail", result: "done" }),
  () => ({ who: ada, action: "session.lock", object: "ada", result: "done", detail: "nobody was there for 30 minutes" }),
  () => ({ who: ada, action: "session.unlock", object: "ada", result: "done" }),
];

const RARE = [
  { who: local, action: "account.create", object: "ada", new: { full_name: "Ada Brandt", kind: "person", grants: [{ role: "engineer", under: [""] }], enabled: true }, why: "Engineer of the packaging hall", result: "done" },
  { who: local, action: "account.create", object: BAD_NAME, new: { full_name: BAD_NAME, kind: "person", grants: [] }, result: "refused", detail: "LS-AUT-004: a name has letters, digits, `.`, `_` and `-` only" },
  { who: evil, action: "session.login", object: BAD_NAME, result: "failed", detail: "wrong account or password" },
  { who: { ...stranger, name: "anonymous" }, action: "account.lockout", object: "203.0.113.17", result: "done", detail: "20 failures in 15 min; waits until 11:42" },
  { who: ada, action: "plant.change", object: "revision 13", old: { revision: 12 }, new: { revision: 13, files: ["devices/line-1.toml"] }, why: "Filler is read twice a second, as agreed with maintenance", result: "done" },
  { who: disk, action: "plant.refuse", object: "devices/line-1.toml", result: "refused", detail: "LS-CFG-004 devices/line-1.toml:14: unknown field `periode`" },
  { who: jonas, action: "access.denied", object: "change-accounts", result: "refused", detail: "PATCH accounts/jonas needs change-accounts" },
  { who: local, action: "account.change", object: "jonas", old: { full_name: "Jonas Weiß", grants: [{ role: "viewer", under: [""] }], expires_ms: null }, new: { full_name: "Jonas Weiß", grants: [{ role: "operator", under: [P] }], expires_ms: 1_830_297_600_000 }, why: "Runs line 1 from Monday", result: "done" },
  { who: ada, action: "tag.write", object: `${P}/capper/torque_limit`, old: 1.8, new: 2.6, why: "Caps come off", result: "requested" },
  { who: ada, action: "tag.write", object: `${P}/capper/torque_limit`, old: 1.8, new: 2.6, why: "Caps come off", result: "unknown", detail: "the device did not confirm within 5 s; belongs to entry 4711" },
  { who: node, action: "clock.step", object: "system clock", old: "2026-11-20T11:18:31Z", new: "2026-11-20T11:18:12Z", result: "done", detail: "back by 19 s" },
  { who: mira, action: "signature.sign", object: "revision 12", new: { meaning: "approved", digest: hex("12") }, why: "Reviewed with the line's owner", result: "done" },
  { who: node, action: "certificate.renew", object: "edge-1", old: { not_after: "2026-12-24" }, new: { not_after: "2027-12-01" }, result: "done" },
  { who: local, action: "token.create", object: "erp-orders", new: { grants: [{ role: "operator", under: [P] }], expires_ms: 1_795_000_000_000 }, why: "Orders from the ERP", result: "done" },
  { who: node, action: "audit.recovered", object: "trail", result: "done", detail: "1 entry after the last checkpoint was cut; it was never answered" },
];

const lines = [];
const entries = [];
const hashes = [];
let reviewed = null;
let verified = null;

function add(entry, at = Date.now()) {
  const { who, action, object, old, new: now, why, result, detail } = entry;
  const time = `${new Date(at).toISOString().slice(0, -1)}${String(entries.length % 1e6).padStart(6, "0")}Z`;
  const line = JSON.stringify({ seq: entries.length, time, who, action, object, old, new: now, why, result, detail, after: hex(String(entries.length)) });
  lines.push(line);
  entries.push(JSON.parse(line));
  hashes.push(sha(Buffer.from([0]), line));
  return entries.length - 1;
}

function fill() {
  const r = random(4_711);
  let at = Date.now() - 40 * DAY;
  const step = (40 * DAY) / ENTRIES;
  add({ who: node, action: "node.start", object: "edge-1", result: "done", detail: "version 0.1.0" }, at);
  add({ who: local, action: "account.setup", object: "admin", result: "done" }, at + 60_000);
  for (let count = 2; count < ENTRIES; count += 1) {
    at = Math.min(Date.now() - (ENTRIES - count) * 1_000, at + step * (0.2 + 1.6 * r()));
    const rare = count > ENTRIES - 60 ? count % 3 === 0 : count % 97 === 0;
    add(rare ? RARE[Math.floor(count / (count > ENTRIES - 60 ? 3 : 97)) % RARE.length] : KINDS[Math.floor(r() ** 1.6 * KINDS.length)](r), at);
  }
  const said = Date.now() - 9 * 3_600_000;
  verified = BROKEN
    ? { at_ms: said, entries: ENTRIES - 200, outcome: "broken", detail: "entry 4,102 is not the one that was hashed: its bytes were changed (segment 00000002)" }
    : { at_ms: said, entries: ENTRIES - 200, outcome: "sound", detail: null };
  reviewed = { seq: ENTRIES - 14, who: "mira", at_ms: said };
}

const half = (size) => 2 ** Math.floor(Math.log2(size - 1));
const memo = new Map();
function root(from, to) {
  if (to - from === 1) return hashes[from];
  const key = `${from}-${to}`;
  if (!memo.has(key)) memo.set(key, sha(Buffer.from([1]), root(from, from + half(to - from)), root(from + half(to - from), to)));
  return memo.get(key);
}
function neighbours(at, from, to) {
  if (to - from === 1) return [];
  const middle = from + half(to - from);
  return at < middle ? [...neighbours(at, from, middle), root(middle, to)] : [...neighbours(at, middle, to), root(from, middle)];
}
const checkpoint = (size = entries.length) => `edge-1/audit\n${size}\n${root(0, size).toString("base64")}\n\n— edge-1/audit ${sha(`sig ${size}`).toString("base64").slice(0, 6)}${Buffer.concat([sha("a"), sha("b")]).toString("base64")}\n`;

function list(ask) {
  const limit = Number(ask.get("limit") ?? 100);
  const text = (ask.get("text") ?? "").toLowerCase();
  const want = (entry) =>
    (!ask.get("who") || entry.who.name.includes(ask.get("who"))) &&
    (!ask.get("action") || entry.action === ask.get("action") || entry.action.startsWith(`${ask.get("action")}.`)) &&
    (!ask.get("object") || entry.object.includes(ask.get("object"))) &&
    (!ask.get("result") || entry.result === ask.get("result")) &&
    (!ask.get("start") || Date.parse(entry.time) >= Number(ask.get("start"))) &&
    (!ask.get("end") || Date.parse(entry.time) < Number(ask.get("end"))) &&
    (text === "" || lines[entry.seq].toLowerCase().includes(text));
  const found = [];
  let at = Math.min(entries.length, Number(ask.get("after") ?? entries.length)) - 1;
  for (let work = 0; at >= 0 && work < WORK && found.length < limit; at -= 1, work += 1) if (want(entries[at])) found.push(lines[at]);
  return `{"entries":[${found.join(",")}],"next":${at >= 0 ? at + 1 : null},"entries_total":${entries.length}}`;
}

const csv = (from, to) => ["seq,time,who,action,object,result,why", ...entries.slice(from, to).map((one) => [one.seq, one.time, one.who.name, one.action, one.object, one.result, one.why ?? ""].map((text) => `"${String(text).replace(/^([=+\-@])/, "'$1").replaceAll('"', '""')}"`).join(","))].join("\r\n");

// --- The plant folder and its revisions

const FILES = {
  "lineshaft.toml": 'node = "edge-1"\npath = "acme/rotterdam"\n\n[http]\nlisten = "0.0.0.0:8443"\ntls = "auto"\nnames = ["edge-1.plant.example"]\n\n[security]\nrequire_reason = true\nsession_idle = "30m"\n\n[shaft]\nquota = "10GiB"\n',
  "devices/line-1.toml": '# Packaging hall, line 1\n[filler]\ndriver = "modbus"\nendpoint = "tcp://192.168.10.21:502"\npath = "packaging/line-1/filler"\ntags = "tags/filler.csv"\nperiod = "1s"\ntimeout = "800ms"\n\n[capper]\ndriver = "modbus"\nendpoint = "tcp://192.168.10.22:502"\npath = "packaging/line-1/capper"\ntags = "tags/capper.csv"\nperiod = "1s"\n',
  "devices/line-2.toml": '# Packaging hall, line 2\n[labeller]\ndriver = "modbus"\nendpoint = "tcp://192.168.10.31:502"\npath = "packaging/line-2/labeller"\nperiod = "2s"\n',
  "tags/filler.csv": "tag,address,type,unit,description\nspeed,hr:100,f32,1/min,Bottles per minute\npressure,hr:102,f32,bar,Bowl pressure\nlevel,hr:104,f32,%,Bowl level\n",
  "pipeline/derived.toml": '[energy_per_bottle]\nunit = "kW.h"\nformula = "energy / count"\n',
};
const EDITS = [
  ["disk", "disk", null, {}],
  ["ada", "http", "Filler times out on busy mornings", { "devices/line-1.toml": ['timeout = "800ms"', 'timeout = "1s"'] }],
  ["jonas", "http", "Bowl temperature was missing", { "tags/filler.csv": ["level,hr:104", "temperature,hr:106,f32,Cel,Product temperature\nlevel,hr:104"] }],
  ["ada", "http", "Less load on the labeller's old PLC", { "devices/line-2.toml": ['period = "2s"', 'period = "5s"'] }],
  ["local:root", "local", "Quota after the new disk", { "lineshaft.toml": ['quota = "10GiB"', 'quota = "40GiB"'] }],
  ["mira", "http", `Tried a name like ${BAD_NAME} in the description`, { "tags/filler.csv": ["Bowl pressure", `Bowl pressure ${BAD_NAME}`] }],
  ["ada", "http", "Back to a plain description", { "tags/filler.csv": [`Bowl pressure ${BAD_NAME}`, "Bowl pressure"] }],
  ["disk", "disk", null, { "devices/line-1.toml": ["# Packaging hall, line 1", "# Packaging hall, line 1: filler and capper"] }],
  ["jonas", "http", "Formula divided by nothing at the start of the week", { "pipeline/derived.toml": ["energy / count", "if(count > 0, energy / count, null)"] }],
  ["ada", "http", "Capper as fast as the filler", { "devices/line-1.toml": ['tags = "tags/capper.csv"\nperiod = "1s"', 'tags = "tags/capper.csv"\nperiod = "500ms"'] }],
  ["ada", "http", "Names for the certificate", { "lineshaft.toml": ['names = ["edge-1.plant.example"]', 'names = ["edge-1.plant.example", "10.4.12.5"]'] }],
  ["mira", "http", "Sessions lock sooner, as the audit asked", { "lineshaft.toml": ['session_idle = "30m"', 'session_idle = "15m"'] }],
  ["ada", "http", "Filler is read twice a second, as agreed with maintenance", { "devices/line-1.toml": ['tags = "tags/filler.csv"\nperiod = "1s"', 'tags = "tags/filler.csv"\nperiod = "500ms"'] }],
];

const revisions = [];
const signatures = [];
const proposals = [];
const challenges = new Map();
/** Sessions that have signed before. */
const signers = new Set();

function commit(files, who, road, why, time, rolled_back_to = null) {
  const digest = hex(Object.keys(files).sort().map((name) => `${name} ${hex(files[name])}\n`).join(""));
  revisions.push({ id: revisions.length + 1, digest, time_ms: time, who, why, road, rolled_back_to, contents: files });
  return revisions.length;
}

function grow() {
  let files = FILES;
  EDITS.forEach(([who, road, why, edits], at) => {
    files = { ...files };
    for (const [name, [from, to]] of Object.entries(edits)) files[name] = files[name].replace(from, to);
    commit(files, who, road, why, Date.now() - (EDITS.length - at) * 2.7 * DAY);
  });
  const at = revisions[11].time_ms;
  sign("revision", 12, { account: "ada", full_name: "Ada Brandt" }, "authored", "", at + 600_000);
  sign("revision", 12, { account: "mira", full_name: "Mira Okonkwo" }, "approved", "Reviewed with the line's owner", at + 7_200_000);
  sign("revision", 9, { account: "jonas", full_name: BAD_NAME }, "reviewed", "", at - 7 * DAY).valid = false;
  signatures.at(-1).invalid_why = "the record is not the one that was signed: its digest differs";
  const next = { ...files, "devices/line-2.toml": files["devices/line-2.toml"].replace("192.168.10.31", "192.168.10.33") };
  next["devices/press-1.toml"] = '[press-1]\ndriver = "modbus"\nendpoint = "tcp://192.168.10.40:502"\npath = "packaging/line-2/press-1"\n';
  proposals.push({ id: 1, who: "jonas", why: "Labeller moves to its new PLC; first press of line 2", time_ms: Date.now() - 5 * 3_600_000, base: revisions.length, contents: next });
  proposals.push({ id: 2, who: "ada", why: "", time_ms: Date.now() - 600_000, base: revisions.length, contents: { ...files, "lineshaft.toml": files["lineshaft.toml"].replace('quota = "40GiB"', 'quota = "60GiB"') } });
}

function sign(kind, record, who, meaning, why, time_ms = null) {
  const digest = revisions[Number(record) - 1].digest;
  const seq = time_ms === null ? add({ who: ada, action: "signature.sign", object: `${kind} ${record}`, new: { meaning, digest }, why, result: "done" }) : 4_000 + signatures.length;
  const signature = { id: signatures.length + 1, kind, record: String(record), digest, ...who, meaning, time_ms: time_ms ?? Date.now(), why, valid: true, invalid_why: null, seq };
  signatures.push(signature);
  return signature;
}

const KEEP = 3;
/** Unified hunks by the longest common subsequence: quadratic, and the files are small. */
function hunks(old, now) {
  const [a, b] = [old, now].map((text) => (text === null ? [] : text.replace(/\n$/, "").split("\n")));
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) for (let j = b.length - 1; j >= 0; j -= 1) table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const all = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) all.push({ kind: " ", text: a[i], i: i++, j: j++ });
    else if (i < a.length && (j === b.length || table[i + 1][j] >= table[i][j + 1])) all.push({ kind: "-", text: a[i], i: i++, j });
    else all.push({ kind: "+", text: b[j], i, j: j++ });
  }
  const out = [];
  let open = null;
  all.forEach((line, at) => {
    const near = all.slice(Math.max(0, at - KEEP), at + KEEP + 1).some((one) => one.kind !== " ");
    if (!near) return (open = null);
    if (open === null) out.push((open = { old_start: line.i + 1, new_start: line.j + 1, lines: [] }));
    open.lines.push({ kind: line.kind, text: line.text });
  });
  return out;
}

function difference(from, to) {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return {
    files: names.filter((name) => from[name] !== to[name]).map((name) => ({
      path: name, change: from[name] === undefined ? "added" : to[name] === undefined ? "removed" : "changed",
      hunks: hunks(from[name] ?? null, to[name] ?? null),
    })),
  };
}

const newest = () => revisions.at(-1);
const line = ({ contents, ...rest }) => ({ ...rest, files: Object.keys(contents).length });
const refs = (files) => Object.keys(files).sort().map((name) => ({ path: name, sha256: hex(files[name]), bytes: Buffer.byteLength(files[name]) }));
const proposed = ({ contents, ...rest }) => ({ ...rest, difference: difference(newest().contents, contents) });

function revision(id) {
  const found = revisions[Number(id) - 1];
  if (found === undefined) throw new Refused(404, "LS-API-032", "No such revision", `There is no revision ${id}.`);
  return found;
}

function apply(files, why, rolled_back_to = null) {
  if (mock.four_eyes) {
    proposals.push({ id: proposals.length + 3, who: me.account, why, time_ms: Date.now(), base: newest().id, contents: files, rolled_back_to });
    return [202, { proposal: proposals.at(-1).id }];
  }
  const id = commit(files, me.account, "http", why, Date.now(), rolled_back_to);
  add({ who: ada, action: rolled_back_to === null ? "plant.change" : "plant.roll-back", object: `revision ${id}`, old: { revision: id - 1 }, new: { revision: id }, why, result: "done" });
  return [200, { revision: id, difference: difference(revisions[id - 2].contents, files) }];
}

function change(body) {
  const files = { ...newest().contents };
  const mistakes = [];
  for (const { path: name, text, base } of body.files) {
    if ((files[name] === undefined ? null : hex(files[name])) !== base) throw new Refused(409, "LS-API-033", "Changed meanwhile", `${name} was changed after you opened it.`, { remedy: "Read it again and make your change to that." });
    if (text === null) delete files[name];
    else files[name] = text;
    (text ?? "").split("\n").forEach((one, at) => {
      const column = one.indexOf("periode");
      if (column >= 0) mistakes.push({ file: name, line: at + 1, column: column + 1, code: "LS-CFG-004", what: "unknown field `periode`", help: "did you mean `period`?" });
      if (/"\d+"/.test(one)) mistakes.push({ file: name, line: at + 1, column: one.search(/"\d+"/) + 1, code: "LS-CFG-011", what: "a duration needs a unit", help: 'write "500ms" or "2s"' });
    });
  }
  if (mistakes.length > 0) throw new Refused(422, "LS-API-034", "The plant would not start with this", `${mistakes.length} mistakes; nothing was changed.`, { mistakes });
  if (body.check_only) return [200, { difference: difference(newest().contents, files) }];
  return apply(files, body.why);
}

function decide(id, verdict, why) {
  const at = proposals.findIndex((one) => one.id === Number(id));
  if (at < 0) throw new Refused(404, "LS-API-032", "No such proposal", `Proposal ${id} was decided already.`);
  const [found] = proposals.slice(at, at + 1);
  if (verdict === "approve" && found.who === me.account) throw new Refused(409, "LS-API-039", "Another person has to approve", "You proposed this change yourself.");
  proposals.splice(at, 1);
  if (verdict === "reject") return [200, {}];
  return [200, { revision: commit(found.contents, found.who, "http", found.why || why, Date.now()) }];
}

function challenge({ kind, record, meaning }) {
  const { digest, time_ms, who } = revision(record);
  const id = randomBytes(12).toString("hex");
  if (signatures.some((one) => one.kind === kind && one.record === String(record) && one.account === me.account && one.meaning === meaning)) throw new Refused(409, "LS-API-035", "You have signed this already", `You signed ${kind} ${record} as ${meaning}.`);
  if (meaning === "approved" && who === me.account) throw new Refused(409, "LS-API-035", "Another person has to approve", `You made ${kind} ${record} yourself.`);
  challenges.set(id, { kind, record, meaning });
  return {
    challenge: id, digest, needs: signers.has(me.session) ? ["password"] : ["account", "password", ...(me.factor ? ["code"] : [])],
    statement: `I, ${me.full_name} (${me.account}), sign revision ${record} of the plant of node edge-1,\napplied ${new Date(time_ms).toISOString()} by ${who},\nwith the digest ${digest}.\nMeaning of my signature: ${meaning}.\n\nMy electronic signature binds me as my handwritten one does.`,
  };
}

function signed({ challenge: id, account, password, code, why }) {
  const asked = challenges.get(id);
  if (asked === undefined) throw new Refused(409, "LS-API-035", "Too late", "This statement was signed already or is older than five minutes.", { remedy: "Close this and begin again." });
  const first = !signers.has(me.session);
  if (first && me.factor && code !== "123456") throw new Refused(401, "LS-API-026", "Second factor needed", "The code is not right.");
  if (password !== me.secret || (first && account !== me.account)) throw new Refused(401, "LS-API-025", "Wrong account or password", "What you typed does not belong together.");
  challenges.delete(id);
  signers.add(me.session);
  return sign(asked.kind, asked.record, { account: me.account, full_name: me.full_name }, asked.meaning, why);
}

// --- Security

const certificate = (purpose, subject, names, from, to, more = {}) => ({
  purpose, subject, names, not_before_ms: Date.now() + from * DAY, not_after_ms: Date.now() + to * DAY, fingerprint: hex(`${subject}${to}${certificates?.length ?? 0}`),
  issuer: "Lineshaft authority of edge-1", key: "ECDSA P-256", revoked: false, source: "own", ...more,
});
const certificates = [];
certificates.push(
  certificate("authority", "Lineshaft authority of edge-1", [], -120, 3_530),
  certificate("server", "edge-1", ["edge-1", "edge-1.plant.example", "10.4.12.5"], -120, 277),
  certificate("client", "mes-gateway", [], -340, 25),
  certificate("client", "historian-copy", [], -360, 5),
  certificate("client", "old-laptop", [], -400, -35),
  certificate("client", "test-bench", [], -30, 335, { revoked: true }),
);

function posture() {
  return {
    listeners: [
      { address: "0.0.0.0:8443", road: "http", tls: true, reach: "network" },
      { address: "127.0.0.1:8080", road: "http", tls: false, reach: "loopback" },
      { address: "data/control.sock", road: "local", tls: false, reach: "loopback" },
    ],
    findings: [
      { severity: "ok", code: "LS-SEC-001", what: "Everything that is reachable over the network speaks TLS 1.2 or newer.", remedy: null },
      { severity: "warn", code: "LS-SEC-006", what: "2 accounts with the role engineer have no second factor.", remedy: "Add `second_factor = [\"engineer\", \"admin\"]` to [security], or ask ada and jonas to add one under Account." },
      { severity: "bad", code: "LS-SEC-004", what: "Whoever reaches the node over the network gets in as viewer without saying who he is.", remedy: "Remove `anonymous` from [security], or keep it and accept what is listed under insecure by choice." },
      { severity: "warn", code: "LS-SEC-009", what: "The certificate of the client historian-copy expires in 5 days.", remedy: "Issue a new one below and put it on that machine." },
      { severity: "ok", code: "LS-SEC-002", what: "The audit trail writes and was verified within the last day.", remedy: null },
      { severity: "ok", code: "LS-SEC-003", what: "Keys are readable by the node's own account only.", remedy: null },
    ],
    certificates, insecure: ["anonymous-over-network"],
    accounts: { people: 11, machines: 3, enabled: 12, without_second_factor: 2, locked: 1, expired: 0, unused_90_days: 2, password_due: 1, with_role_admin: 2 },
  };
}

const PEM = (word) => `-----BEGIN ${word}-----\n${Buffer.concat(Array.from({ length: 8 }, (_, at) => sha(`${word}${at}`))).toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END ${word}-----\n`;

function issue({ account, days }) {
  certificates.push(certificate("client", account, [], 0, days));
  return { certificate: PEM("CERTIFICATE"), key: PEM("PRIVATE KEY"), chain: PEM("CERTIFICATE") };
}

function revoke(fingerprint) {
  const found = certificates.find((one) => one.fingerprint === fingerprint);
  if (found === undefined) throw new Refused(404, "LS-API-032", "No such certificate", `There is no certificate ${fingerprint}.`);
  found.revoked = true;
  return {};
}

// --- Routes

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const text = (body, name) => ({ text: body, name });

async function read(path, ask) {
  const [, id] = /^\/revisions\/(\d+)/.exec(path) ?? [];
  if (path === "/audit") return await pause(120), text(list(ask));
  if (path === "/audit/status") return { entries: entries.length, bytes: 3_418_112, state: "writing", error: null, checkpoint: checkpoint(), key: "edge-1/audit+3f2a91cc+AVf7m0p8l2bB0mVJwq1QfPjVrFh7o2pY0kq9sVJ7yQ1u", oldest: 0, verified, reviewed };
  if (path === "/audit/checkpoint") return text(checkpoint());
  if (path === "/audit/proof") {
    const [seq, size] = [Number(ask.get("seq")), Number(ask.get("size") ?? entries.length)];
    return text(`c2sp.org/tlog-proof@v1\nindex ${seq}\n${neighbours(seq, 0, size).map((hash) => hash.toString("base64")).join("\n")}\n\n${checkpoint(size)}`);
  }
  if (path === "/audit/export") return ask.get("format") === "csv" ? text(csv(0, entries.length), "audit.csv") : text(`${checkpoint()}\n${lines.join("\n")}\n`, "audit.proof.txt");
  if (path === "/revisions") {
    const after = Number(ask.get("after") ?? revisions.length + 1), limit = Number(ask.get("limit") ?? 50);
    const page = revisions.filter((one) => one.id < after).reverse().slice(0, limit);
    return { revisions: page.map(line), next: page.length > 0 && page.at(-1).id > 1 ? page.at(-1).id : null };
  }
  if (id !== undefined && path.endsWith("/difference")) return difference(revisions[(ask.get("to") ? Number(ask.get("to")) : Number(id) - 1) - 1]?.contents ?? {}, revision(id).contents);
  if (id !== undefined) return { ...line(revision(id)), file_list: refs(revision(id).contents), signatures: signatures.filter((one) => one.record === id) };
  if (path === "/plant/files") return { files: refs(newest().contents), revision: newest().id };
  if (path === "/plant/file") {
    const name = ask.get("path");
    if (newest().contents[name] === undefined) throw new Refused(404, "LS-API-032", "No such file", `There is no ${name} in the plant folder.`);
    return { path: name, text: newest().contents[name], sha256: hex(newest().contents[name]) };
  }
  if (path === "/proposals") return { proposals: proposals.map(proposed) };
  if (path === "/signatures") return { signatures: signatures.filter((one) => one.kind === ask.get("kind") && one.record === ask.get("id")) };
  if (path === "/security") return posture();
  if (path === "/certificates") return { certificates };
  if (path === "/certificates/authority") return text(PEM("CERTIFICATE"));
}

async function act(path, body) {
  const [, kind, id, verb] = /^\/(revisions|proposals|certificates)\/([0-9a-f]+)\/([a-z-]+)$/.exec(path) ?? [];
  if (path === "/audit/verify") {
    await pause(900);
    verified = { ...verified, at_ms: Date.now(), entries: entries.length };
    add({ who: ada, action: "audit.verify", object: "trail", result: "done" });
    return [200, verified];
  }
  if (path === "/audit/review") {
    reviewed = { seq: body.seq, who: me.account, at_ms: Date.now() };
    add({ who: ada, action: "audit.review", object: `entry ${body.seq}`, why: body.why, result: "done" });
    return [200, reviewed];
  }
  if (path === "/plant/change") return change(body);
  if (path === "/signatures/challenge") return [200, challenge(body)];
  if (path === "/signatures") return [200, signed(body)];
  if (path === "/certificates") return [200, issue(body)];
  if (path === "/certificates/renew") return Object.assign(certificates[1], { not_before_ms: Date.now(), not_after_ms: Date.now() + 397 * DAY }), [200, certificates[1]];
  if (kind === "revisions" && verb === "roll-back") return apply(revision(id).contents, body.why, Number(id));
  if (kind === "proposals") return decide(id, verb, body.why);
  if (kind === "certificates" && verb === "revoke") return [200, revoke(id)];
}

fill();
grow();

const MINE = /^\/(audit|revisions|plant|proposals|signatures|certificates|security)(\/|$)/;

/** Answers the requests that are about the trail, revisions and security; false for all others. */
export async function auditRoutes(request, response, url) {
  const path = url.pathname.replace("/api/v1", "");
  if (!url.pathname.startsWith("/api/v1/") || !MINE.test(path)) return false;
  const send = (status, body, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  const who = whoIs(request);
  me = { account: who.name, full_name: who.account?.full_name ?? "", secret: who.account?.secret ?? PASSWORD, factor: who.account?.factor ?? false, session: who.session?.id };
  try {
    let sent = "";
    for await (const part of request) sent += part;
    const [status, body] = request.method === "GET" ? [200, await read(path, url.searchParams)] : ((await act(path, JSON.parse(sent || "{}"))) ?? []);
    if (body === undefined) throw new Refused(404, "LS-API-404", "No such address", `There is no ${request.method} ${path}.`);
    if (body.text === undefined || body.sha256 !== undefined) return send(status, JSON.stringify(body)), true;
    const plain = path !== "/audit";
    send(status, body.text, plain ? { "content-type": "text/plain; charset=utf-8", ...(body.name ? { "content-disposition": `attachment; filename="${body.name}"` } : {}) } : {});
  } catch (refusal) {
    const body = refusal instanceof Refused ? refusal.body : { title: "Mock failed", status: 500, detail: String(refusal.stack) };
    send(body.status, JSON.stringify(body), { "content-type": "application/problem+json" });
  }
  return true;
}
