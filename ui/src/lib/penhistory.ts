// Asks the node for what the pens draw: several requests side by side, given on as they come, dropped when out of date.
import { api, Problem, type Series } from "./api";
import { isMissing } from "./desk";
import type { Window } from "./timewindow";

/**
 * The node answers four questions at a time: one turn stays for others. Side by side because each is one thread there:
 * 8 pens of a year take 420 ms in one request and 210 ms in three on two cores.
 */
const SIDE_BY_SIDE = 3;
/** The contract allows 50; half of it keeps each answer quick. */
const TAGS_PER_REQUEST = 25;

export interface HistoryAsk {
  tags: readonly string[];
  window: Window;
  points: number;
  signal: AbortSignal;
  take: (series: Series[]) => void;
  /** One pen that cannot be had, while the others can. */
  fail: (tag: string, problem: Problem) => void;
}

/** Tags dealt out like cards, so that each request has about the same to do. */
export function dealt(tags: readonly string[], hands: number, most: number): string[][] {
  const count = Math.max(Math.min(hands, tags.length), Math.ceil(tags.length / most));
  const out: string[][] = Array.from({ length: count }, () => []);
  tags.forEach((tag, at) => out[at % count]!.push(tag));
  return out;
}

/** Rejects with the first problem that concerns all; the abort of `signal` rejects too. */
export async function askHistory(ask: HistoryAsk): Promise<void> {
  const waiting = dealt(ask.tags, SIDE_BY_SIDE, TAGS_PER_REQUEST);
  const work = async (): Promise<void> => {
    for (let tags = waiting.shift(); tags !== undefined; tags = waiting.shift()) await one(tags, ask, waiting);
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, waiting.length) }, work));
}

async function one(tags: string[], ask: HistoryAsk, waiting: string[][]): Promise<void> {
  const { window, points, signal } = ask;
  try {
    const page = await api.history({ tags, ...window, bounds: true, mode: "plot", points }, signal);
    if (!signal.aborted) ask.take(page.series);
  } catch (cause) {
    const problem = Problem.of(cause);
    if (signal.aborted || !isMissing(problem)) throw cause;
    // One unknown pen refuses the whole request; it must not take the others down with it.
    if (tags.length === 1) ask.fail(tags[0]!, problem);
    else waiting.push(...tags.map((tag) => [tag]));
  }
}
