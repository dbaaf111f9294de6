// A request that is repeated while somebody looks at its answer. A failed repeat keeps the last
// answer and says so: an operator is better served by old values marked old than by none.
import { Problem } from "./api";
import { live } from "./live.svelte";

const REMEMBERED_MAX = 300;
const remembered = new Map<string, unknown>();

/** Answers were given to a person; the next one asks for his own. */
export function forgetAnswers(): void {
  remembered.clear();
}

const running = new Set<Polled<unknown>>();

/** Whoever was refused asks again at once: the session that was locked, or somebody else's, is open now. */
export function askAgain(): void {
  for (const poll of running) if (poll.problem !== null) poll.again();
}

export class Polled<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(true);
  /** When `value` was received, 0 for never. */
  at = $state(0);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();
  private stopped = false;

  /** `key` brings the last answer back at once when the same screen is opened again. */
  constructor(
    private readonly ask: (signal: AbortSignal) => Promise<T>,
    private readonly everyMs: number,
    private readonly key: string | null = null,
    /** Whether asking makes sense just now: it does not while nobody is signed in who might. */
    private readonly may: () => boolean = () => true,
  ) {
    if (key !== null && remembered.has(key)) {
      this.value = remembered.get(key) as T;
      this.loading = false;
    }
    running.add(this as Polled<unknown>);
    void this.run();
  }

  stop(): void {
    running.delete(this as Polled<unknown>);
    this.stopped = true;
    clearTimeout(this.timer);
    this.abort.abort();
  }

  /** Throws the answer away: it was given to somebody else. */
  forget(): void {
    this.value = null;
    this.problem = null;
    this.loading = true;
    this.at = 0;
  }

  again(): void {
    clearTimeout(this.timer);
    this.abort.abort();
    this.abort = new AbortController();
    void this.run();
  }

  private async run(): Promise<void> {
    const signal = this.abort.signal;
    try {
      // A hidden tab does not load the node; it catches up when it is looked at.
      if (this.may() && (!document.hidden || this.value === null)) {
        const value = await this.ask(signal);
        if (signal.aborted) return;
        this.value = value;
        this.problem = null;
        this.at = Date.now();
        this.remember(value);
      }
    } catch (cause) {
      if (signal.aborted) return;
      const problem = Problem.of(cause);
      // A locked session covers the page anyway: what was there stays below.
      if (problem.status !== 423 || this.value === null) this.problem = problem;
    }
    this.loading = false;
    const wait = this.everyMs * (live.state === "offline" ? 2 : 1);
    if (!this.stopped) this.timer = setTimeout(() => void this.run(), wait);
  }

  private remember(value: T): void {
    if (this.key === null) return;
    remembered.delete(this.key);
    remembered.set(this.key, value);
    const oldest = remembered.keys().next();
    if (remembered.size > REMEMBERED_MAX && !oldest.done) remembered.delete(oldest.value);
  }
}
