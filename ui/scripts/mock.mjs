// Serves dist and fakes the HTTP and WebSocket contract with a made-up plant, for looking at the
// page while developing it: PORT=8080 EXTRA=10000 node scripts/mock.mjs (DIST=… for another build)
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { assetAnswer } from "./mock-assets.mjs";
import { auditRoutes } from "./mock-audit.mjs";
import { deviceRoutes } from "./mock-devices.mjs";
import { identityRoutes, mock, must, Refusal, startOver, TextAnswer, whoIs } from "./mock-identity.mjs";
import { operateRoutes } from "./mock-operate.mjs";
import { buildPlant, plot, ROOT, sampleAt, write } from "./mock-plant.mjs";
import { settingsRoutes } from "./mock-settings.mjs";
import { trendRoutes } from "./mock-trend.mjs";

const dist = process.env.DIST ?? join(dirname(fileURLToPath(import.meta.url)), "../dist");
const port = Number(process.env.PORT ?? 8080);
const started = Date.now() - 3 * 3_600_000;
const offline = Date.now();
const { tags, devices } = buildPlant(Number(process.env.EXTRA ?? 0));
const byPath = new Map(tags.map((tag) => [tag.tag, tag]));
const ids = new Map(tags.map((tag, at) => [tag.tag, at + 1]));
// Set by POST /mock {"mute":true}: no heartbeats, to see what a dead line looks like. The other members are those of
// `mock` in mock-identity.mjs: who one is without a session, and the policy.
let muted = false;

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json" };
const POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const last = (tag) => sampleAt(tag, Date.now(), offline);
const under = (prefix) => (prefix === "" ? tags : tags.filter((tag) => tag.tag === prefix || tag.tag.startsWith(`${prefix}/`)));
/** Whether a tag counts for who asks below `prefix`. */
const counts = (tag, prefix, diagnostics) => diagnostics !== "exclude" || !`/${tag.tag.slice(prefix.length)}`.replace("//", "/").includes("/_");
const record = ({ f, seed, ...tag }) => ({ ...tag, ...last(byPath.get(tag.tag)) });

function listTags(ask) {
  const search = (ask.get("search") ?? "").toLowerCase();
  const limit = Number(ask.get("limit") ?? 500);
  if (!(limit >= 1 && limit <= 10_000)) throw new Refusal(400, "LS-API-002", `limit is ${limit}, must be 1 to 10,000`, { field: "limit" });
  const prefix = ask.get("under") ?? "";
  const all = under(prefix).filter((tag) => counts(tag, prefix, ask.get("diagnostics"))).filter((tag) =>
    search === "" || tag.tag.toLowerCase().includes(search) || tag.description.toLowerCase().includes(search));
  const after = ask.get("after");
  const from = after === null ? 0 : all.findIndex((tag) => tag.tag === after) + 1;
  const page = all.slice(from, from + limit);
  return { tags: page.map(record), total: all.length, next: from + limit < all.length ? page.at(-1).tag : null };
}

function tree(path, levels, diagnostics) {
  const children = new Map();
  const depth = path === "" ? 0 : path.split("/").length;
  for (const tag of under(path).filter((one) => counts(one, path, diagnostics))) {
    const parts = tag.tag.split("/");
    if (parts.length <= depth) continue;
    const name = parts[depth];
    const child = children.get(name) ?? { name, path: parts.slice(0, depth + 1).join("/"), folder: false, tags: 0, bad: 0, uncertain: 0 };
    children.set(name, child);
    child.folder ||= parts.length > depth + 1;
    child.tags += 1;
    const { quality } = last(tag);
    if (quality !== "good") child[quality] += 1;
  }
  if (path !== "" && children.size === 0 && !byPath.has(path)) {
    throw new Refusal(404, "LS-API-004", `there is nothing under ${path}`, { field: "under", remedy: "Check the spelling, or start at the top of the tree." });
  }
  for (const child of levels > 1 ? children.values() : []) {
    if (child.folder) child.children = tree(child.path, levels - 1, diagnostics).children;
  }
  return { path, children: [...children.values()] };
}

function history(ask) {
  const start = Number(ask.get("start")), end = Number(ask.get("end"));
  if (!(start < end)) throw new Refusal(400, "LS-API-003", "start must be before end", { field: "start" });
  const points = ask.get("mode") === "raw" ? Math.ceil((end - start) / 1_000) : Number(ask.get("points") ?? 1000);
  return { series: ask.getAll("tag").map((name) => plot(find(name), start, end, points, offline)), next: null };
}

function find(name) {
  const tag = byPath.get(name);
  if (tag === undefined) throw new Refusal(404, "LS-API-001", `there is no tag ${name}`, { field: "tag", remedy: "List the tags with GET /api/v1/tags." });
  return tag;
}

function listDevices() {
  return devices.map(({ device, path, kind }, at) => {
    const down = path.endsWith("line-2/labeller");
    const own = under(path);
    const bad = own.filter((tag) => last(tag).quality === "bad").length;
    const state = down ? "offline" : bad > 0 ? "degraded" : device === "boiler" ? "connecting" : at === 4 ? "disabled" : "online";
    const up = (Date.now() - started) / 1000;
    return {
      device, path, state, driver: at % 3 === 0 ? "s7" : at % 3 === 1 ? "modbus" : "opcua",
      endpoint: at % 3 === 2 ? `opc.tcp://192.168.10.${20 + at}:4840` : `tcp://192.168.10.${20 + at}:${at % 3 ? 502 : 102}`,
      since_ms: down ? offline - 420_000 : started + at * 700, tags: own.length, tags_bad: bad,
      last_error: down
        ? { code: "LS-DRV-002", text: `tcp://192.168.10.${20 + at}:502 did not answer in 1s`, timestamp_ms: Date.now() - 4_000 }
        : bad > 0 ? { code: "LS-DRV-011", text: "hr:412 answered illegal data address", timestamp_ms: offline } : null,
      next_attempt_ms: down ? Date.now() + 15_000 - (Date.now() % 15_000) : null,
      counters: { requests: Math.floor(up * 4), errors: down ? 86 : at % 5, samples: Math.floor(up * own.length), skipped_cycles: at % 4, reconnects: down ? 12 : 1, writes: at % 3, round_trip_ms_p50: 1.2 + at / 10, round_trip_ms_p99: 4 + at, kind },
    };
  });
}

function status() {
  const n = Math.floor(((Date.now() - started) / 1000) * tags.length);
  return {
    node: "edge-1", path: ROOT, version: "0.1.0", started_ms: started, now_ms: Date.now(), tags: tags.length,
    samples_total: n, samples_lost: 0, clock_steps: 0, samples_per_second: tags.length * 0.91,
    shaft: { bytes: 734_003_200, quota_bytes: 10_737_418_240, segments: 11, first_offset: 0, next_offset: n, committed_offset: n,
      oldest_ms: started, state: "writing", error: null, gaps: 0, lost_records: 0, torn_bytes: 0, damaged_records: 0,
      readers: [{ name: "historian", offset: n - 900, lag_bytes: 65_536 }, { name: "site-uplink", offset: n - 41_000, lag_bytes: 188_743_680 }] },
    historian: { segments: 42, bytes: 524_288_000, samples_sealed: n, samples_hot: 900, oldest_ms: started - 40 * 86_400_000 },
    revision: { id: 3, applied_ms: started + 60_000, error: [
      "LS-CFG-004 devices/line-1.toml:14: unknown field `periode`, did you mean `period`?",
      "LS-CFG-021 tags/filler.csv:7: type `f33` is not known"].join("\n") },
  };
}

/** What each of our own addresses needs; those of the trail and of revisions have their own below. */
const NEEDS = { tags: "read-plant", assets: "read-plant", tree: "read-plant", values: "read-plant", history: "read-plant", write: "write-plant", devices: "read-node", status: "read-node" };
const NEEDS_OF_OTHERS = { audit: "read-audit", revisions: "read-config", plant: "read-config", proposals: "read-config", signatures: "read-config", certificates: "read-accounts", security: "read-accounts" };

async function post(path, ask) {
  if (path === "/mock") {
    const { mute = muted, fresh = false, ...rest } = ask;
    muted = mute;
    if (fresh) startOver();
    return Object.assign(mock, rest);
  }
  if (mock.require_reason && !ask.why) throw new Refusal(422, "LS-API-031", "a reason is required", { field: "why" });
  const tag = find(ask.tag);
  if (tag.access !== "read-write") throw new Refusal(403, "LS-API-010", `${tag.tag} is read-only`);
  await new Promise((done) => setTimeout(done, 350));
  if (typeof ask.value === "number" && ask.value > 500) throw new Refusal(409, "LS-CMD-003", `the device refused ${ask.value}: above its limit of 500`, { remedy: "Ask for 500 or less." });
  if (ask.value === 499) throw new Refusal(504, "LS-CMD-004", "the device did not confirm within 5 s; it may or may not have taken the value", { remedy: "Look at the value read back before writing again." });
  write(tag.tag, ask.value);
  return { outcome: "done", value: ask.value, id: `c-${Date.now()}` };
}

async function answer(request, url) {
  const path = url.pathname.replace("/api/v1", "");
  const who = whoIs(request);
  let text = "";
  for await (const part of request) text += part;
  const body = JSON.parse(text || "{}");
  const settings = settingsRoutes(request.method, path, body, who);
  if (settings !== undefined) return settings;
  const people = identityRoutes(request.method, path, body, who, request);
  if (people !== undefined) return people;
  const trend = trendRoutes(request.method, path, body, url.searchParams, who, { find, tags, offline });
  if (trend !== undefined) return trend;
  const needed = NEEDS[path.slice(1)];
  if (needed !== undefined) must(who, needed);
  if (/^\/(doctor|logs|storage)/.test(path)) must(who, request.method === "PUT" ? "operate-node" : "read-node");
  const operated = operateRoutes(request.method, path.slice(1), url.searchParams, body);
  if (operated !== undefined) return operated;
  if (request.method === "POST") return post(path, body);
  switch (path) {
    case "/tags": return listTags(url.searchParams);
    case "/tree": return tree(url.searchParams.get("under") ?? "", Number(url.searchParams.get("depth") ?? 1), url.searchParams.get("diagnostics"));
    case "/assets": return assetAnswer(url.searchParams, { tree, under, show: record });
    case "/values": return url.searchParams.getAll("tag").map((name) => ({ tag: name, unit: find(name).unit, ...last(find(name)) }));
    case "/history": return history(url.searchParams);
    case "/devices": return listDevices();
    case "/status": return status();
    default: throw new Refusal(404, "LS-API-404", `there is no ${path}`);
  }
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock");
  const other = NEEDS_OF_OTHERS[url.pathname.split("/")[3]];
  const allowed = other === undefined || whoIs(request).permissions.some((rule) => rule.permission === other);
  const itself = (path, init) => fetch(`http://127.0.0.1:${server.address().port}/api/v1/${path}`, { ...init, headers: { cookie: request.headers.cookie ?? "", "x-mock": "1" } });
  if (await deviceRoutes(request, response, url, itself)) return;
  if (allowed && (await auditRoutes(request, response, url))) return;
  if (url.pathname.startsWith("/api/v1/") || url.pathname === "/mock") {
    try {
      if (!allowed) must(whoIs(request), other);
      const said = await answer(request, url);
      const { answer: inner, cookie } = said.cookie === undefined ? { answer: said } : said;
      const headers = cookie === undefined ? {} : { "set-cookie": `lineshaft_session=${cookie}; HttpOnly; SameSite=Strict; Path=/${cookie === "" ? "; Max-Age=0" : ""}` };
      if (inner instanceof TextAnswer) {
        response.writeHead(200, { "content-type": inner.type, ...(inner.name ? { "content-disposition": `attachment; filename="${inner.name}"` } : {}) }).end(inner.text);
      } else {
        response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(inner));
      }
    } catch (refusal) {
      const body = refusal instanceof Refusal ? refusal.body : { title: "Mock failed", status: 500, detail: String(refusal) };
      response.writeHead(body.status, { "content-type": "application/problem+json" }).end(JSON.stringify(body));
    }
    return;
  }
  const path = join(dist, normalize(url.pathname === "/" ? "/index.html" : url.pathname));
  if (!path.startsWith(dist) || !existsSync(path) || statSync(path).isDirectory()) {
    response.writeHead(404).end("not found");
    return;
  }
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-security-policy": POLICY });
  createReadStream(path).pipe(response);
});

const sockets = new WebSocketServer({ server, path: "/api/v1/live" });
sockets.on("connection", (socket, request) => {
  const ask = () => whoIs({ headers: { ...request.headers, "lineshaft-background": "1" } });
  const { name } = ask();
  const mayListen = () => {
    const who = ask();
    if (who.name === name && who.permissions.some((rule) => rule.permission === "read-plant")) return true;
    socket.close(who.account === null ? 4401 : 4403);
    return false;
  };
  if (!mayListen()) return;
  const wanted = new Map();
  const send = (message) => socket.send(JSON.stringify(message));
  const values = (some) => {
    if (some.length === 0) return;
    const out = { type: "values", id: [], timestamp_ms: [], value: [], quality: [], reason: [] };
    for (const [tag, sample] of some) {
      out.id.push(ids.get(tag));
      for (const key of ["timestamp_ms", "value", "quality", "reason"]) out[key].push(sample[key]);
    }
    send(out);
  };
  socket.on("message", (data) => {
    const ask = JSON.parse(String(data));
    if (ask.subscribe) {
      const known = ask.subscribe.filter((tag) => byPath.has(tag));
      send({ type: "subscribed", unknown: ask.subscribe.filter((tag) => !byPath.has(tag)),
        tags: known.map((tag) => ({ id: ids.get(tag), tag, type: byPath.get(tag).type, unit: byPath.get(tag).unit })) });
      values(known.map((tag) => [tag, last(byPath.get(tag))]));
      known.forEach((tag) => wanted.set(tag, last(byPath.get(tag)).timestamp_ms));
    }
    if (ask.unsubscribe) {
      send({ type: "unsubscribed", ids: ask.unsubscribe.filter((tag) => wanted.delete(tag)).map((tag) => ids.get(tag)) });
    }
  });
  const pulse = setInterval(() => {
    if (muted || !mayListen()) return;
    const news = [];
    for (const [tag, before] of wanted) {
      const sample = last(byPath.get(tag));
      if (sample.timestamp_ms !== before) news.push([tag, sample]), wanted.set(tag, sample.timestamp_ms);
    }
    values(news);
  }, 200);
  const beat = setInterval(() => muted || send({ type: "heartbeat", timestamp_ms: Date.now() }), 1000);
  socket.on("close", () => (clearInterval(pulse), clearInterval(beat)));
});

server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
