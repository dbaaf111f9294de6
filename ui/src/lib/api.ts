// The HTTP half of the contract (docs/manual/src/http.md): shapes, and one function per request.
// Not here: live values (connection.ts), who is who (identity.ts).
import { activity } from "./activity";
import { t } from "./language.svelte";

export type Quality = "good" | "uncertain" | "bad";
export type Value = number | boolean | string | null;

export interface Sample {
  timestamp_ms: number | null;
  value: Value;
  quality: Quality;
  reason: string | null;
}

export interface Tag extends Sample {
  tag: string;
  device: string | null;
  type: string;
  unit: string | null;
  description: string | null;
  access: "read" | "write" | "read-write";
  step: boolean;
}

export interface TagPage {
  tags: Tag[];
  total: number;
  next: string | null;
}

export interface TreeNode {
  name: string;
  path: string;
  folder: boolean;
  tags: number;
  bad: number;
  uncertain: number;
  /** Absent where it was not asked for, and where the answer would have become too large. */
  children?: TreeNode[];
}

/** Whether what devices tell about themselves counts: everything below a segment that starts with `_`. */
export type Diagnostics = "include" | "exclude";

export interface TreeLevel {
  path: string;
  children: TreeNode[];
}

export interface Series {
  tag: string;
  unit: string | null;
  timestamp_ms: number[];
  value: Value[];
  quality: Quality[];
  reason: (string | null)[];
}

export interface HistoryPage {
  series: Series[];
  next: string | null;
}

export type HistoryQuery = {
  tags: string[];
  start: number;
  end: number;
  /** Also the last sample before `start` and the first at or after `end`. */
  bounds?: boolean;
} & ({ mode: "plot"; points: number } | { mode: "raw"; limit: number; after?: string });

export interface WriteDone {
  outcome: string;
  value: Value;
  id: string;
}

export type DeviceState = "online" | "connecting" | "degraded" | "offline" | "disabled";

export interface Device {
  device: string;
  driver: string;
  endpoint: string;
  path: string;
  state: DeviceState;
  since_ms: number | null;
  tags: number;
  tags_bad: number;
  last_error: { code: string; text: string; timestamp_ms: number } | null;
  next_attempt_ms: number | null;
  counters: {
    requests: number;
    errors: number;
    samples: number;
    skipped_cycles: number;
    reconnects: number;
    writes: number;
    round_trip_ms_p50: number | null;
    round_trip_ms_p99: number | null;
  };
}

export interface Status {
  node: string;
  path: string;
  version: string;
  started_ms: number;
  now_ms: number;
  tags: number;
  samples_total: number;
  samples_lost: number;
  clock_steps: number;
  samples_per_second: number;
  shaft: {
    bytes: number;
    quota_bytes: number;
    segments: number;
    first_offset: number;
    next_offset: number;
    committed_offset: number;
    oldest_ms: number | null;
    /** `writing`, `full` or `stopped`. */
    state: string;
    error: string | null;
    gaps: number;
    lost_records: number;
    torn_bytes: number;
    damaged_records: number;
    readers: { name: string; offset: number; lag_bytes: number }[];
  };
  historian: {
    segments: number;
    bytes: number;
    samples_sealed: number;
    samples_hot: number;
    oldest_ms: number | null;
    /** Why the last seal failed; null or absent when it did not. */
    error?: string | null;
  };
  revision: { id: number; applied_ms: number; error: string | null };
}

/** Why a request did not give what was asked for; mirrors application/problem+json. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: string | null;
  readonly field: string | null;
  readonly remedy: string | null;
  /** The whole answer: some refusals carry more than all have, mistakes with their lines for instance. */
  readonly said: Readonly<Record<string, unknown>>;

  constructor(from: {
    status: number;
    title: string;
    detail: string;
    code?: string | null;
    field?: string | null;
    remedy?: string | null;
    said?: Record<string, unknown>;
  }) {
    super(from.detail);
    this.status = from.status;
    this.title = from.title;
    this.detail = from.detail;
    this.code = from.code ?? null;
    this.field = from.field ?? null;
    this.remedy = from.remedy ?? null;
    this.said = from.said ?? {};
  }

  /** A member that is a list of texts, such as the reasons why a password is refused. */
  list(member: string): string[] {
    const list = this.said[member];
    return Array.isArray(list) ? list.filter((one): one is string => typeof one === "string") : [];
  }

  static of(cause: unknown): Problem {
    if (cause instanceof Problem) return cause;
    return new Problem({ status: 0, title: t("Something went wrong in the page"), detail: String(cause) });
  }
}

export const BASE = "/api/v1/";
/** Longer than the node's own limit for a write, so that its answer wins over ours. */
const TIMEOUT_MS = 30_000;

type Params = Record<string, string | number | boolean | string[] | undefined | null>;

export function query(params: Params): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === null || value === "") continue;
    if (Array.isArray(value)) value.forEach((one) => out.append(key, one));
    else out.append(key, String(value));
  }
  const text = out.toString();
  return text === "" ? "" : `?${text}`;
}

let refused: (problem: Problem, path: string) => void = () => {};

/** Who wants to know that the node did not take who we are: 401, 403 and 423 of any request. */
export function whenRefused(listener: (problem: Problem, path: string) => void): void {
  refused = listener;
}

interface Answer {
  text: string;
  /** Null when the text is not JSON. */
  body: unknown;
}

async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const joint = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const headers = new Headers(init.headers);
  // Requests that no hand caused must not keep a session awake that nobody sits before.
  if ((init.method ?? "GET") === "GET" && activity.background(Date.now())) headers.set("lineshaft-background", "1");
  let response: Response;
  try {
    response = await fetch(BASE + path, { ...init, headers, signal: joint });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new Problem({
      status: 0,
      title: limit.aborted ? t("The node did not answer in time") : t("The node cannot be reached"),
      detail: t("No answer to {path} from {host}.", { path: path.split("?")[0] ?? path, host: location.host }),
      remedy: t("Check that Lineshaft is running and that the network between here and the node is up. This page tries again by itself."),
    });
  }
  const text = await response.text();
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: a proxy's error page, most likely. The status below says enough.
  }
  if (response.ok) return { text, body };
  const said = (body ?? {}) as Record<string, unknown>;
  const word = (key: string) => (typeof said[key] === "string" ? (said[key] as string) : null);
  const problem = new Problem({
    status: response.status,
    title: word("title") ?? t("The node answered {status}", { status: response.status }),
    detail: word("detail") ?? `${path.split("?")[0]} answered ${response.status} ${response.statusText}`.trim(),
    code: word("code"),
    field: word("field"),
    remedy: word("remedy"),
    said,
  });
  if ([401, 403, 423].includes(response.status)) refused(problem, path);
  throw problem;
}

async function request<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const { body } = await ask(path, init, signal);
  if (body !== null) return body as T;
  throw new Problem({
    status: 0,
    title: t("The answer could not be read"),
    detail: t("{path} answered with something other than JSON.", { path: path.split("?")[0] ?? path }),
  });
}

/** An answer letter by letter, where the exact bytes count: entries of the trail, proofs, certificates. */
export async function getText(path: string, params: Params, signal?: AbortSignal): Promise<string> {
  return (await ask(path + query(params), { headers: { accept: "application/json, text/plain" } }, signal)).text;
}

/** A request that changes something: POST, PUT, PATCH or DELETE with a JSON body. */
export function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  return request<T>(path, { method, headers, body: JSON.stringify(body) }, signal);
}

export function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return request<T>(path + query(params), { headers: { accept: "application/json" } }, signal);
}

export const api = {
  tags(
    ask: { under?: string; search?: string; diagnostics?: Diagnostics; limit?: number; after?: string | null },
    signal?: AbortSignal,
  ): Promise<TagPage> {
    return get("tags", ask, signal);
  },

  tree(ask: { under: string; depth?: number; diagnostics?: Diagnostics }, signal?: AbortSignal): Promise<TreeLevel> {
    return get("tree", ask, signal);
  },

  history(ask: HistoryQuery, signal?: AbortSignal): Promise<HistoryPage> {
    const { tags, start, end, ...rest } = ask;
    const times = { start: Math.round(start), end: Math.round(end) };
    return get("history", { tag: tags, ...times, ...rest }, signal);
  },

  devices(signal?: AbortSignal): Promise<Device[]> {
    return get("devices", {}, signal);
  },

  status(signal?: AbortSignal): Promise<Status> {
    return get("status", {}, signal);
  },

  write(tag: string, value: Value, why: string): Promise<WriteDone> {
    return send("POST", "write", { tag, value, why });
  },
};

/** The whole record of one tag. A tag is the first of those at its path and below. */
export async function findTag(path: string, signal?: AbortSignal): Promise<Tag> {
  const page = await api.tags({ under: path, limit: 1 }, signal);
  const found = page.tags[0];
  if (found?.tag === path) return found;
  throw new Problem({
    status: 404,
    title: t("No such tag"),
    detail: t("There is no tag {path} on this node.", { path }),
    remedy: t("It may have been renamed or removed. Search for it under Tags."),
  });
}
