// Fakes of what a trend asks for beside values: annotations, saved trends, statistics, export. A development tool.
import { must, Refusal, TextAnswer } from "./mock-identity.mjs";
import { plot, sampleAt } from "./mock-plant.mjs";

const MINUTE = 60_000;
const name = (who) => who.account ?? "visitor";

let next = 4;
let annotations = null;
const trends = new Map();

/** Two that are there from the start, so that a chart has something to show. */
function begin(tags) {
  const speed = tags.find((tag) => tag.tag.endsWith("filler/speed"))?.tag ?? tags[0].tag;
  const at = Date.now();
  annotations = [
    { id: 1, path: null, tags: [speed], start_ms: at - 6 * MINUTE, end_ms: null, text: "Changed to the 1.5 l format", by: "anna", made_ms: at - 5 * MINUTE, changed_ms: null, withdrawn: null },
    { id: 2, path: speed.split("/").slice(0, -2).join("/"), tags: [], start_ms: at - 11 * MINUTE, end_ms: at - 9 * MINUTE, text: "Shift handover: line stood for cleaning", by: "bert", made_ms: at - 9 * MINUTE, changed_ms: null, withdrawn: null },
    { id: 3, path: null, tags: [speed], start_ms: at - 3 * MINUTE, end_ms: null, text: "Wrong tag", by: "anna", made_ms: at - 2 * MINUTE, changed_ms: null, withdrawn: { by: "anna", at_ms: at - MINUTE, why: "meant the capper" } },
  ];
  trends.set(1, { id: 1, name: "Line 1 speeds", by: "anna", shared: true, made_ms: at - 86_400_000, changed_ms: null, trend: { pens: tags.filter((tag) => tag.tag.includes("line-1") && tag.tag.endsWith("/speed")).map(({ tag }) => ({ tag })), range: "1h", scales: "lanes" } });
}

function covers(one, tag) {
  return one.tags.includes(tag) || (one.path !== null && (one.path === "" || tag === one.path || tag.startsWith(`${one.path}/`)));
}

function statistics(tag, start, end, offline) {
  const { timestamp_ms: t, value: v, quality: q } = plot(tag, start, end, 4_000, offline);
  const good = v.filter((one, at) => q[at] === "good" && typeof one === "number");
  const moment = (at) => (at < 0 || at >= t.length ? null : { timestamp_ms: t[at], value: v[at] });
  const average = good.length === 0 ? null : good.reduce((sum, one) => sum + one, 0) / good.length;
  const spent = { good: 0, uncertain: 0, bad: 0 };
  t.forEach((from, at) => (spent[q[at]] += (t[at + 1] ?? Math.min(end, Date.now())) - from));
  return {
    tag: tag.tag, unit: tag.unit, count: t.length, good_ms: spent.good, uncertain_ms: spent.uncertain, bad_ms: spent.bad,
    unknown_ms: Math.max(0, end - start - spent.good - spent.uncertain - spent.bad),
    minimum: good.length === 0 ? null : moment(v.indexOf(Math.min(...good))), maximum: good.length === 0 ? null : moment(v.indexOf(Math.max(...good))),
    first: moment(0), last: moment(t.length - 1), average,
    stddev: average === null ? null : Math.sqrt(good.reduce((sum, one) => sum + (one - average) ** 2, 0) / good.length),
    transitions: tag.type === "bool" || tag.type === "text" ? v.filter((one, at) => at > 0 && one !== v[at - 1]).length : null,
  };
}

function exported(tags, start, end, offline) {
  const lines = ["timestamp,tag,value,unit,quality,reason"];
  for (const tag of tags) {
    for (let t = start - (start % 1_000) + 1_000; t < Math.min(end, Date.now()) && lines.length < 50_000; t += 1_000) {
      const { value, quality, reason } = sampleAt(tag, t, offline);
      lines.push([new Date(t).toISOString(), tag.tag, value ?? "", tag.unit ?? "", quality, reason ?? ""].join(","));
    }
  }
  return new TextAnswer(lines.join("\r\n"), "text/csv", "history.csv");
}

function noted(method, id, body, ask, who, tags) {
  annotations ?? begin(tags);
  if (method === "GET") {
    must(who, "read-plant");
    const [start, end] = [Number(ask.get("start") ?? 0), Number(ask.get("end") ?? Infinity)];
    const found = annotations.filter((one) => one.start_ms < end && (one.end_ms ?? one.start_ms) >= start && (one.withdrawn === null || ask.get("withdrawn") === "include") && ask.getAll("tag").some((tag) => covers(one, tag)));
    return { annotations: found, next: null };
  }
  must(who, "annotate");
  if (method === "POST") {
    if (!body.text) throw new Refusal(400, "LS-API-050", "an annotation needs a text", { field: "text" });
    const made = { id: next++, path: body.path ?? null, tags: body.tags ?? [], start_ms: body.start_ms, end_ms: body.end_ms ?? null, text: body.text, by: name(who), made_ms: Date.now(), changed_ms: null, withdrawn: null };
    annotations.push(made);
    return made;
  }
  const one = annotations.find((each) => each.id === id);
  if (one === undefined) throw new Refusal(404, "LS-API-051", `there is no annotation ${id}`);
  if (method === "PATCH") return Object.assign(one, { text: body.text, changed_ms: Date.now() });
  return Object.assign(one, { withdrawn: { by: name(who), at_ms: Date.now(), why: ask.get("why") ?? "" } });
}

function kept(method, id, body, who, tags) {
  annotations ?? begin(tags);
  if (method === "GET") {
    const seen = [...trends.values()].filter((one) => one.shared || one.by === name(who)).map((one) => ({ ...one, pens: one.trend.pens?.length ?? null }));
    if (Number.isNaN(id)) return seen.map(({ trend: _, ...head }) => head);
    const found = seen.find((one) => one.id === id);
    if (found === undefined) throw new Refusal(404, "LS-API-032", `there is no trend ${id}`);
    return found;
  }
  must(who, "annotate");
  if (method === "DELETE") return { deleted: trends.delete(id) };
  const made = { id: method === "POST" ? next++ : id, name: body.name, shared: body.shared, trend: body.trend, by: name(who), made_ms: trends.get(id)?.made_ms ?? Date.now(), changed_ms: method === "PUT" ? Date.now() : null };
  trends.set(made.id, made);
  return made;
}

/** The answer to a request of a trend, or undefined for all others. */
export function trendRoutes(method, path, body, ask, who, { find, tags, offline }) {
  const [, area, rest] = path.split("/");
  if (area === "annotations") return noted(method, Number(rest), body, ask, who, tags);
  if (area === "trends") return kept(method, Number(rest), body, who, tags);
  if (area !== "history" || rest === undefined) return undefined;
  must(who, "read-plant");
  const [start, end] = [Number(ask.get("start")), Number(ask.get("end"))];
  const asked = ask.getAll("tag").map(find);
  if (rest === "statistics") return asked.map((tag) => statistics(tag, start, end, offline));
  return rest === "export" ? exported(asked, start, end, offline) : undefined;
}
