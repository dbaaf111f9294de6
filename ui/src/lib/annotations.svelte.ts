// The annotations of a stretch and of some tags, and what one may do with them.
import { Problem } from "./api";
import { type Annotation, desk, isMissing } from "./desk";
import { isMine } from "./mine";
import { session } from "./session.svelte";
import type { Window } from "./timewindow";

const SETTLE_MS = 250;
/** Somebody else may have written one. */
const AGAIN_MS = 30_000;
/** A window that moves by less than this share of itself has the same annotations. */
const MOVED = 0.1;

/** A node that does not know the question is not asked again until the page is loaded anew. */
let unknown = false;

export class Annotations {
  list = $state.raw<Annotation[]>([]);
  problem = $state.raw<Problem | null>(null);
  missing = $state(unknown);
  loading = $state(false);
  withdrawn = $state(false);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort: AbortController | null = null;
  private last: { tags: string; window: Window; withdrawn: boolean; at: number } | null = null;
  private wanted: { tags: string[]; window: Window } | null = null;

  /** Asks soon when what is known does not cover it. */
  ask(tags: readonly string[], window: Window): void {
    this.wanted = { tags: [...tags], window };
    if (tags.length === 0) this.list = [];
    if (this.missing || tags.length === 0) return;
    const key = tags.join("\n");
    const { last } = this;
    const span = window.end - window.start;
    const near = (one: number, other: number) => Math.abs(one - other) <= span * MOVED;
    const covered =
      last !== null && last.tags === key && last.withdrawn === this.withdrawn && Date.now() - last.at < AGAIN_MS && near(last.window.start, window.start) && near(last.window.end, window.end);
    if (covered) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), SETTLE_MS);
  }

  again(): void {
    this.last = null;
    void this.load();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  private async load(): Promise<void> {
    const { wanted } = this;
    if (wanted === null) return;
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.loading = true;
    const span = wanted.window.end - wanted.window.start;
    try {
      // A little more than is seen, so that a small pan shows what is there.
      const ask = { tags: wanted.tags, start: wanted.window.start - span * MOVED, end: wanted.window.end + span * MOVED, withdrawn: this.withdrawn };
      const list = await desk.annotations(ask, abort.signal);
      if (abort.signal.aborted) return;
      this.list = list.toSorted((one, other) => one.start_ms - other.start_ms);
      this.problem = null;
      this.last = { tags: wanted.tags.join("\n"), window: wanted.window, withdrawn: this.withdrawn, at: Date.now() };
    } catch (cause) {
      if (abort.signal.aborted) return;
      const problem = Problem.of(cause);
      if (isMissing(problem)) this.missing = unknown = true;
      else this.problem = problem;
    }
    this.loading = false;
  }

  async add(made: Parameters<typeof desk.annotate>[0]): Promise<void> {
    await desk.annotate(made);
    this.again();
  }

  async reword(id: number, text: string): Promise<void> {
    await desk.reword(id, text);
    this.again();
  }

  async withdraw(id: number, why: string): Promise<void> {
    await desk.withdraw(id, why);
    this.again();
  }

  /** One's own may be reworded. */
  isOwn(annotation: Annotation): boolean {
    return isMine(annotation.by);
  }

  mayWithdraw(annotation: Annotation): boolean {
    return annotation.withdrawn === null && (this.isOwn(annotation) || session.may("change-config"));
  }
}
