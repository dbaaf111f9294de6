// A request that is repeated while somebody looks at its answer. A failed repeat keeps the last
// answer and says so: an operator is better served by old values marked old than by none.
import { Problem } from "./api";
import { live } from "./live.svelte";

const REMEMBERED_MAX = 300;
const remembered = new Map<string, unknown>();

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
  ) {
    if (key !== null && remembered.has(key)) {
      this.value = remembered.get(key) as T;
      this.loading = false;
    }
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.abort.abort();
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
      if (!document.hidden || this.value === null) {
        const value = await this.ask(signal);
        if (signal.aborted) return;
        this.value = value;
        this.problem = null;
        this.at = Date.now();
        this.remember(value);
      }
    } catch (cause) {
      if (signal.aborted) return;
      this.problem = Problem.of(cause);
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
