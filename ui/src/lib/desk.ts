// What people put beside the values, and what the node counts over them: annotations, saved trends, statistics, limits.
import { BASE, get, Problem, query, send, type Value } from "./api";
import { parent } from "./format";

export interface Annotation {
  id: number;
  path: string | null;
  tags: string[];
  start_ms: number;
  end_ms: number | null;
  text: string;
  by: string;
  made_ms: number;
  changed_ms: number | null;
  withdrawn: { by: string; at_ms: number; why: string } | null;
}

/** A saved trend as lists have it. */
export interface SavedTrendHead {
  id: number;
  name: string;
  by: string;
  shared: boolean;
  made_ms: number;
  changed_ms: number | null;
  /** How many pens are in it; null where it has no list of them. */
  pens: number | null;
}

export interface SavedTrend extends SavedTrendHead {
  trend: unknown;
}

export interface Moment {
  timestamp_ms: number;
  value: Value;
}

export interface Statistics {
  tag: string;
  unit: string | null;
  count: number;
  good_ms: number;
  uncertain_ms: number;
  bad_ms: number;
  unknown_ms: number;
  minimum: Moment | null;
  maximum: Moment | null;
  first: Moment | null;
  last: Moment | null;
  average: number | null;
  stddev: number | null;
  transitions: number | null;
}

export interface Limits {
  low_low: number | null;
  low: number | null;
  high: number | null;
  high_high: number | null;
}

/** The contract's limit of one question. */
export const STATISTICS_TAGS_MAX = 32;
const ANNOTATIONS_MAX = 500;

export type ExportMode = "raw" | "plot" | "average" | "minimum" | "maximum";

/** A node of an earlier version has no such route: that is no mistake of anybody. */
export function isMissing(problem: Problem): boolean {
  return problem.status === 404 || problem.status === 405 || problem.status === 501;
}

/** Of a 404 that is not about the route the node says what is gone: a tag, a trend. */
const NO_SUCH_PATH = "LS-API-003";

/** The node does not know the question itself. */
export function isNoRoute(problem: Problem): boolean {
  return isMissing(problem) && (problem.status !== 404 || problem.code === null || problem.code === NO_SUCH_PATH);
}

export const desk = {
  async annotations(ask: { tags: string[]; start: number; end: number; withdrawn: boolean }, signal?: AbortSignal): Promise<Annotation[]> {
    const page = await get<{ annotations: Annotation[] }>(
      "annotations",
      { tag: ask.tags, start: Math.round(ask.start), end: Math.round(ask.end), withdrawn: ask.withdrawn ? "include" : null, order: "newest", limit: ANNOTATIONS_MAX },
      signal,
    );
    return page.annotations;
  },
  annotate: (made: { tags?: string[]; path?: string; start_ms: number; end_ms?: number; text: string }) => send<Annotation>("POST", "annotations", made),
  reword: (id: number, text: string) => send<Annotation>("PATCH", `annotations/${id}`, { text }),
  withdraw: (id: number, why: string) => send<unknown>("DELETE", `annotations/${id}${query({ why })}`),

  trends: (signal?: AbortSignal) => get<SavedTrendHead[]>("trends", {}, signal),
  trend: (id: number, signal?: AbortSignal) => get<SavedTrend>(`trends/${id}`, {}, signal),
  keep: (made: { name: string; shared: boolean; trend: unknown }) => send<SavedTrend>("POST", "trends", made),
  change: (id: number, made: { name: string; shared: boolean; trend: unknown }) => send<SavedTrend>("PUT", `trends/${id}`, made),
  discard: (id: number) => send<unknown>("DELETE", `trends/${id}`),

  statistics(ask: { tags: string[]; start: number; end: number }, signal?: AbortSignal): Promise<Statistics[]> {
    return get("history/statistics", { tag: ask.tags, start: Math.round(ask.start), end: Math.round(ask.end) }, signal);
  },

  exportLink(ask: { tags: string[]; start: number; end: number; mode: ExportMode; interval?: string; points?: number }): string {
    const { tags, start, end, ...rest } = ask;
    return `${BASE}history/export${query({ tag: tags, start: Math.round(start), end: Math.round(end), form: "csv", ...rest })}`;
  },

  /** The machine of a tag; null when the node does not know of assets. */
  async asset(tag: string, signal?: AbortSignal): Promise<unknown> {
    try {
      return await get<unknown>("assets", { under: parent(tag) }, signal);
    } catch {
      return null;
    }
  },

  /** Limits that the asset model gives to a tag; null when it has none, or the node does not know of assets. */
  async limits(tag: string, signal?: AbortSignal): Promise<Limits | null> {
    return findLimits(await desk.asset(tag, signal), tag);
  },
};

/** Words for the numbers of a state, where the asset model has them: `{"6": "Running"}`. */
export function findWords(answer: unknown, tag: string): Record<string, string> | null {
  const it = answer as { state?: { tag?: string } | null; states?: { words?: Record<string, string> } | null } | null;
  return it?.state?.tag === tag ? (it.states?.words ?? null) : null;
}

/** Wherever in the answer the member is: the shape above it is the business of the overview. */
export function findLimits(answer: unknown, tag: string): Limits | null {
  if (Array.isArray(answer)) {
    for (const one of answer) {
      const found = findLimits(one, tag);
      if (found !== null) return found;
    }
    return null;
  }
  if (typeof answer !== "object" || answer === null) return null;
  const it = answer as Record<string, unknown>;
  if (it.tag === tag) {
    const said = (typeof it.limits === "object" && it.limits !== null ? it.limits : it) as Record<string, unknown>;
    const end = (name: string) => (typeof said[name] === "number" ? said[name] : null);
    const limits = { low_low: end("low_low"), low: end("low"), high: end("high"), high_high: end("high_high") };
    return Object.values(limits).some((one) => one !== null) ? limits : null;
  }
  return findLimits(Object.values(it).filter(Array.isArray), tag);
}
