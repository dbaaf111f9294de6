// The audit trail as the page knows it: shapes, questions, and what an action is called in plain words.
// Not here: the endless list (auditlist.svelte.ts), the arithmetic of proofs (proof.ts).
import { BASE, get, getText, query, send } from "./api";
import type { Look } from "./quality";
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

// --- What was done, in plain words

/** `done` is said of what happened, `tried` of what was refused, failed or is not known. */
interface Words {
  done: string;
  tried: string;
}

const words = (done: string, tried: string): Words => ({ done, tried });

const ACTIONS: Readonly<Record<string, Words>> = {
  "node.start": words("Started the node", "Tried to start the node"),
  "node.stop": words("Stopped the node", "Tried to stop the node"),
  "clock.step": words("The system clock was set", "The system clock was set"),
  "audit.recovered": words("The trail was repaired after a crash", "The trail was found damaged"),
  "audit.read": words("Read the audit trail", "Tried to read the audit trail"),
  "audit.export": words("Took a copy of the audit trail", "Tried to take a copy of the audit trail"),
  "audit.verify": words("Had the audit trail verified", "Tried to have the audit trail verified"),
  "audit.review": words("Reviewed the audit trail", "Tried to mark the audit trail as reviewed"),
  "session.login": words("Logged in", "Tried to log in"),
  "session.logout": words("Logged out", "Tried to log out"),
  "session.lock": words("The session was locked", "Tried to lock the session"),
  "session.unlock": words("Unlocked the session", "Tried to unlock the session"),
  "session.end": words("Ended a session", "Tried to end a session"),
  "account.lockout": words("Locked out after too many failures", "Locked out after too many failures"),
  "account.unlock": words("Lifted a lockout", "Tried to lift a lockout"),
  "access.denied": words("Asked for something not allowed", "Asked for something not allowed"),
  "account.setup": words("Set up the first account", "Tried to set up the first account"),
  "account.create": words("Created an account", "Tried to create an account"),
  "account.change": words("Changed an account", "Tried to change an account"),
  "account.disable": words("Disabled an account", "Tried to disable an account"),
  "account.enable": words("Enabled an account", "Tried to enable an account"),
  "account.password-change": words("Changed the own password", "Tried to change the own password"),
  "account.password-reset": words("Reset somebody's password", "Tried to reset somebody's password"),
  "account.factor-add": words("Added a second factor", "Tried to add a second factor"),
  "account.factor-remove": words("Removed a second factor", "Tried to remove a second factor"),
  "role.create": words("Created a role", "Tried to create a role"),
  "role.change": words("Changed a role", "Tried to change a role"),
  "role.delete": words("Deleted a role", "Tried to delete a role"),
  "token.create": words("Created a token", "Tried to create a token"),
  "token.revoke": words("Revoked a token", "Tried to revoke a token"),
  "certificate.add": words("Added a certificate", "Tried to add a certificate"),
  "certificate.renew": words("Renewed the node's certificate", "Tried to renew the node's certificate"),
  "certificate.revoke": words("Revoked a certificate", "Tried to revoke a certificate"),
  "tag.write": words("Wrote a value", "Tried to write a value"),
  "plant.change": words("Changed the plant", "Tried to change the plant"),
  "plant.refuse": words("Proposed plant files with mistakes", "Tried to change the plant"),
  "plant.roll-back": words("Rolled the plant back", "Tried to roll the plant back"),
  "plant.propose": words("Proposed a change of the plant", "Tried to propose a change of the plant"),
  "plant.approve": words("Approved a change of the plant", "Tried to approve a change of the plant"),
  "plant.reject": words("Rejected a change of the plant", "Tried to reject a change of the plant"),
  "signature.sign": words("Signed a record", "Tried to sign a record"),
  "export.take": words("Took an export", "Tried to take an export"),
};

const CATEGORIES: Readonly<Record<string, string>> = {
  node: "Node",
  clock: "Clock",
  audit: "Audit trail",
  session: "Sessions",
  account: "Accounts",
  access: "Access",
  role: "Roles",
  token: "Tokens",
  certificate: "Certificates",
  tag: "Values",
  plant: "Plant",
  signature: "Signatures",
  export: "Exports",
};

/** What happened as a sentence without its subject. A word nobody knows is shown as it is. */
export function sentence(entry: Pick<Entry, "action" | "result">): string {
  const known = ACTIONS[entry.action];
  if (known === undefined) return entry.action;
  if (entry.result === "requested") return `${known.tried.replace(/^Tried to (.)/, (_, first: string) => `About to ${first}`)}`;
  return entry.result === "done" ? known.done : known.tried;
}

export interface ActionGroup {
  category: string;
  word: string;
  actions: { action: string; word: string }[];
}

/** Categories with their actions, for choosing from. */
export const ACTION_GROUPS: readonly ActionGroup[] = Object.entries(CATEGORIES).map(([category, word]) => ({
  category,
  word,
  actions: Object.entries(ACTIONS)
    .filter(([action]) => action.startsWith(`${category}.`))
    .map(([action, said]) => ({ action, word: said.done })),
}));

const OUTCOMES: Readonly<Record<Outcome, Look>> = {
  done: { shape: "dot", tone: "calm", word: "Done" },
  requested: { shape: "half", tone: "off", word: "Requested" },
  refused: { shape: "triangle", tone: "warn", word: "Refused" },
  failed: { shape: "cross", tone: "bad", word: "Failed" },
  unknown: { shape: "ring", tone: "warn", word: "Unknown" },
};

export const OUTCOME_WORDS = Object.entries(OUTCOMES).map(([outcome, look]) => ({ outcome, word: look.word }));

export function lookOfOutcome(outcome: string): Look {
  return OUTCOMES[outcome as Outcome] ?? { shape: "ring", tone: "warn", word: outcome };
}

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

const ROADS: Readonly<Record<string, string>> = {
  http: "over the network (HTTP)",
  local: "on the machine itself (command line)",
  disk: "by editing files on disk",
  node: "by the node itself",
};

export function roadWords(road: string): string {
  return ROADS[road] ?? road;
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

export const AUDIT_RANGES: readonly { name: string; word: string; ms: number }[] = [
  { name: "1h", word: "Last hour", ms: 3_600_000 },
  { name: "8h", word: "Last 8 hours", ms: 28_800_000 },
  { name: "1d", word: "Last day", ms: 86_400_000 },
  { name: "7d", word: "Last 7 days", ms: 604_800_000 },
  { name: "30d", word: "Last 30 days", ms: 2_592_000_000 },
  { name: "1y", word: "Last year", ms: 31_536_000_000 },
];

const TEXTS = ["who", "action", "object", "result", "text"] as const;

function time(text: string | null): number | null {
  const ms = text === null || text === "" ? NaN : Number(text);
  return Number.isFinite(ms) ? ms : null;
}

export function parseFilter(params: URLSearchParams): Filter {
  const filter: Filter = { ...NO_FILTER, start: time(params.get("start")), end: time(params.get("end")) };
  for (const key of TEXTS) filter[key] = (params.get(key) ?? "").trim();
  const range = params.get("range") ?? "";
  if (filter.start === null && filter.end === null && AUDIT_RANGES.some((one) => one.name === range)) filter.range = range;
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
  const range = AUDIT_RANGES.find((one) => one.name === filter.range);
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
