// What the node counts over the visible range, asked when the hand rests. An older node has no such route: then the
// least and the most come from what is drawn, which is exact, and the rest stays unknown.
import { Problem } from "./api";
import { desk, isNoRoute, type Statistics, STATISTICS_TAGS_MAX } from "./desk";
import type { Window } from "./timewindow";

const SETTLE_MS = 350;

export class RangeStatistics {
  rows = $state.raw<ReadonlyMap<string, Statistics>>(new Map());
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** The node does not know the question. */
  missing = $state(false);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort: AbortController | null = null;
  private asked = "";

  /** Asks soon; what was asked before and is not answered is dropped. */
  ask(tags: readonly string[], window: Window): void {
    if (this.missing || tags.length === 0) return;
    const key = `${tags.join("\n")} ${Math.round(window.start)} ${Math.round(window.end)}`;
    if (key === this.asked) return;
    this.asked = key;
    this.stop();
    this.loading = true;
    this.timer = setTimeout(() => void this.load([...tags], window), SETTLE_MS);
  }

  again(): void {
    this.asked = "";
    this.problem = null;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  private async load(tags: string[], window: Window): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    const rows = new Map<string, Statistics>();
    try {
      for (let at = 0; at < tags.length; at += STATISTICS_TAGS_MAX) {
        const some = await desk.statistics({ tags: tags.slice(at, at + STATISTICS_TAGS_MAX), ...window }, abort.signal);
        for (const one of some) rows.set(one.tag, one);
      }
      if (abort.signal.aborted) return;
      this.rows = rows;
      this.problem = null;
    } catch (cause) {
      if (abort.signal.aborted) return;
      const problem = Problem.of(cause);
      if (isNoRoute(problem) && rows.size === 0) this.missing = true;
      else this.problem = problem;
      this.rows = rows;
    }
    this.loading = false;
  }
}
