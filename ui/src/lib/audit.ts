// The audit trail as the page knows it: shapes, questions, and what an action is called in plain words.
// Not here: the endless list (auditlist.svelte.ts), the arithmetic of proofs (proof.ts).
import { BASE, get, getText, query, send } from "./api";
import { t, worded } from "./language.svelte";
import { revisionsLink } from "./revisions";
import { tagsLink } from "./route";

export type Road = "http" | "local" | "disk" | "node";
export type Outcome = "requested" | "done" | "refused" | "failed" | "unknown";

export interface Actor {
  name: string;
  account?: number;
  road: Road;
  from?: string;
  session?: string;
}

/** One entry, and `line`: the very letters that the trail hashed. */
export interface Entry {
  seq: number;
  /** RFC 3339 with nanoseconds, UTC. */
  time: string;
  who: Actor;
  action: string;
  object: string;
  old?: unknown;
  new?: unknown;
  why?: string;
  result: Outcome;
  detail?: string;
  after?: string;
  line: string;
}

export interface AuditPage {
  entries: Entry[];
  /** Where the search goes on; an empty page with a `next` is a search that is not over yet. */
  next: number | null;
  entries_total: number;
}

export interface Verified {
  at_ms: number;
  entries: number;
  outcome: "sound" | "broken";
  detail: string | null;
}

export interface TrailStatus {
  entries: number;
  bytes: number;
  /** `writing`, `full` or `stopped`. */
  state: string;
  error: string | null;
  checkpoint: string;
  key: string;
  /** Number of the oldest entry that is kept on this node. */
  oldest: number;
  verified: Verified | null;
  reviewed: { seq: number; who: string; at_ms: number } | null;
}

// --- Where things are

const TAIL_PARTS = 2;

/** A path cut where it may be cut on the screen: its end is what tells one tag from another. */
export function endOf(object: string): { head: string; tail: string } {
  const parts = object.split("/");
  if (parts.length <= TAIL_PARTS) return { head: "", tail: object };
  return { head: parts.slice(0, -TAIL_PARTS).join("/"), tail: `/${parts.slice(-TAIL_PARTS).join("/")}` };
}

/** Where the thing itself can be looked at, or null. */
export function placeOf({ action, object }: Pick<Entry, "action" | "object">): string | null {
  const revision = /^revision (\d+)$/.exec(object)?.[1];
  if (revision !== undefined) return revisionsLink({ id: Number(revision) });
  return action.startsWith("tag.") && object !== "" ? tagsLink({ tag: object }) : null;
}

// --- Filters, and the address that keeps them

export interface Filter {
  who: string;
  /** An action or a whole category; "" for all. */
  action: string;
  object: string;
  result: string;
  text: string;
  /** Name of a range that ends now, "" for none. */
  range: string;
  start: number | null;
  end: number | null;
}

export const NO_FILTER: Readonly<Filter> = { who: "", action: "", object: "", result: "", text: "", range: "", start: null, end: null };

const RANGES: readonly { name: string; ms: number }[] = [
  { name: "1h", ms: 3_600_000 },
  { name: "8h", ms: 28_800_000 },
  { name: "1d", ms: 86_400_000 },
  { name: "7d", ms: 604_800_000 },
  { name: "30d", ms: 2_592_000_000 },
  { name: "1y", ms: 31_536_000_000 },
];

const RANGE_WORDS = worded((): Readonly<Record<string, string>> => ({
  "1h": t("Last hour"),
  "8h": t("Last 8 hours"),
  "1d": t("Last day"),
  "7d": t("Last 7 days"),
  "30d": t("Last 30 days"),
  "1y": t("Last year"),
}));

/** Ranges that end now, for choosing from. */
export function auditRanges(): { name: string; word: string }[] {
  return RANGES.map(({ name }) => ({ name, word: RANGE_WORDS()[name] ?? name }));
}

const TEXTS = ["who", "action", "object", "result", "text"] as const;

function time(text: string | null): number | null {
  const ms = text === null || text === "" ? NaN : Number(text);
  return Number.isFinite(ms) ? ms : null;
}

export function parseFilter(params: URLSearchParams): Filter {
  const filter: Filter = { ...NO_FILTER, start: time(params.get("start")), end: time(params.get("end")) };
  for (const key of TEXTS) filter[key] = (params.get(key) ?? "").trim();
  const range = params.get("range") ?? "";
  if (filter.start === null && filter.end === null && RANGES.some((one) => one.name === range)) filter.range = range;
  return filter;
}

/** The address of a view: who gets the link sees the same. */
export function auditLink(filter: Filter, entry: number | null = null): string {
  const params = new URLSearchParams();
  for (const key of TEXTS) if (filter[key] !== "") params.set(key, filter[key]);
  if (filter.start !== null) params.set("start", String(filter.start));
  if (filter.end !== null) params.set("end", String(filter.end));
  if (filter.range !== "" && filter.start === null && filter.end === null) params.set("range", filter.range);
  if (entry !== null) params.set("entry", String(entry));
  const text = params.toString().replaceAll("%2F", "/");
  return text === "" ? "#/audit" : `#/audit?${text}`;
}

export function isFiltered(filter: Filter): boolean {
  return auditLink(filter) !== "#/audit";
}

/** When the range of a filter begins and ends; a named range ends now, whenever that is. */
export function timesOf(filter: Filter, now: number): { start: number | null; end: number | null } {
  const range = RANGES.find((one) => one.name === filter.range);
  if (range !== undefined) return { start: now - range.ms, end: null };
  return { start: filter.start, end: filter.end };
}

// --- Requests

/**
 * The elements of the array `name` in a JSON object, letter by letter: a hash is over letters, and what JSON.parse makes
 * of them cannot be turned back (1.0, spaces, the order of members).
 */
export function elementsOf(text: string, name: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let key = "";
  let inside = false;
  let from = -1;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]!;
    if (letter === '"') {
      const start = at;
      for (at += 1; at < text.length && text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
      if (depth === 1) key = text.slice(start + 1, at);
      if (inside && depth === 2 && from < 0) from = start;
    } else if (letter === "{" || letter === "[") {
      if (inside && depth === 2 && from < 0) from = at;
      if (depth === 1 && letter === "[" && key === name) inside = true;
      depth += 1;
    } else if (letter === "}" || letter === "]" || letter === ",") {
      if (inside && depth === 2 && from >= 0) {
        out.push(text.slice(from, at).trimEnd());
        from = -1;
      }
      if (letter === ",") continue;
      depth -= 1;
      if (inside && depth === 1) return out;
      // The closing bracket belongs to the element it closes.
      if (inside && depth === 2 && from >= 0) {
        out.push(text.slice(from, at + 1));
        from = -1;
      }
    } else if (inside && depth === 2 && from < 0 && !/\s/.test(letter)) {
      from = at;
    }
  }
  return out;
}

export function parsePage(text: string): AuditPage {
  const page = JSON.parse(text) as AuditPage;
  const lines = elementsOf(text, "entries");
  page.entries = page.entries.map((entry, at) => ({ ...entry, line: lines[at] ?? JSON.stringify(entry) }));
  return page;
}

export interface AuditAsk {
  filter: Filter;
  now: number;
  limit: number;
  after: number | null;
}

export const auditApi = {
  async page({ filter, now, limit, after }: AuditAsk, signal?: AbortSignal): Promise<AuditPage> {
    const { who, action, object, result, text } = filter;
    const times = timesOf(filter, now);
    return parsePage(await getText("audit", { order: "newest", limit, after, who, action, object, result, text, ...times }, signal));
  },

  /** One entry by its number, or null when this node does not keep it. */
  async entry(seq: number, signal?: AbortSignal): Promise<Entry | null> {
    const page = parsePage(await getText("audit", { order: "newest", limit: 1, after: seq + 1 }, signal));
    return page.entries.find((entry) => entry.seq === seq) ?? null;
  },

  status(signal?: AbortSignal): Promise<TrailStatus> {
    return get("audit/status", {}, signal);
  },

  async verify(): Promise<Verified> {
    const answer = await send<Verified & { verified?: Verified }>("POST", "audit/verify");
    return answer.verified ?? answer;
  },

  review(seq: number, why: string): Promise<unknown> {
    return send("POST", "audit/review", { seq, why });
  },

  proof(seq: number, size: number | null, signal?: AbortSignal): Promise<string> {
    return getText("audit/proof", { seq, size }, signal);
  },
};

/** Where the browser gets the file from; the node sends it piece by piece, so it may be large. */
export function exportLink(ask: { start: number | null; end: number | null; format: "proof" | "csv" }): string {
  return `${BASE}audit/export${query({ start: ask.start, end: ask.end, format: ask.format === "csv" ? "csv" : null })}`;
}
