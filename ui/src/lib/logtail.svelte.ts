// The end of the log, followed: what comes is added, what is too much falls off the other end. Whoever goes further back
// than the page keeps follows no more, and begins at the end again when he wants to.
import { Problem } from "./api";
import { type Level, type LogAsk, type LogLine, operateApi } from "./operate";

/** Lines on the screen; the node keeps more, and "Earlier" asks for them. */
const LINES_MAX = 2_000;
const PAGE = 500;
const LOOK_MS = 2_000;

export interface LogFilter {
  level: Level | "";
  target: string;
  search: string;
}

export class LogTail {
  lines = $state.raw<LogLine[]>([]);
  problem = $state.raw<Problem | null>(null);
  /** Until the first answer to this filter. */
  loading = $state(true);
  paused = $state(false);
  /** Newer lines fell off while somebody went back: what is shown ends before the end. */
  away = $state(false);
  /** Lines came while it was paused. */
  waiting = $state(false);
  /** Lines that had to go on the node before anybody here saw them. */
  missed = $state(0);
  /** Whether the node has lines before the first one here. */
  earlier = $state(false);

  private filter: LogFilter = { level: "", target: "", search: "" };
  private next = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();

  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  /** Begins anew with another filter. */
  follow(filter: LogFilter): void {
    this.filter = filter;
    this.stop();
    this.abort = new AbortController();
    this.loading = true;
    this.missed = 0;
    this.waiting = false;
    if (this.away) this.away = this.paused = false;
    void this.run(async (signal) => {
      const page = await operateApi.logs({ ...this.ask(), limit: PAGE }, signal);
      this.lines = page.lines;
      this.next = page.next;
      this.earlier = page.lines.length === PAGE && (page.lines[0]?.n ?? 0) > page.first_n;
    });
  }

  pause(paused: boolean): void {
    this.paused = paused;
    if (paused) return;
    this.waiting = false;
    if (this.away) this.follow(this.filter);
    else this.look();
  }

  /** Looks now instead of in two seconds. */
  look(): void {
    clearTimeout(this.timer);
    void this.run((signal) => this.add(signal));
  }

  /** Lines before the first one here. */
  async before(): Promise<void> {
    const first = this.lines[0];
    if (first === undefined) return;
    const { signal } = this.abort;
    if (this.lines.length + PAGE > LINES_MAX) this.paused = true;
    try {
      const page = await operateApi.logs({ ...this.ask(), before: first.n, limit: PAGE }, signal);
      if (signal.aborted) return;
      const all = [...page.lines, ...this.lines];
      if (all.length > LINES_MAX) this.away = true;
      this.lines = all.slice(0, LINES_MAX);
      this.earlier = page.lines.length === PAGE && (page.lines[0]?.n ?? 0) > page.first_n;
    } catch (cause) {
      if (!signal.aborted) this.problem = Problem.of(cause);
    }
  }

  private ask(): LogAsk {
    const { level, target, search } = this.filter;
    return { level, target, search };
  }

  private async add(signal: AbortSignal): Promise<void> {
    if (document.hidden) return;
    const page = await operateApi.logs({ ...this.ask(), after: this.next, limit: this.paused ? 1 : PAGE }, signal);
    if (signal.aborted) return;
    // A node that was started anew counts from one again.
    const anew = page.next < this.next;
    if (this.paused) {
      this.waiting ||= anew || page.lines.length > 0;
      return;
    }
    if (anew) return this.follow(this.filter);
    if (page.first_n > this.next + 1) this.missed += page.first_n - this.next - 1;
    this.next = page.next;
    if (page.lines.length === 0) return;
    const all = [...this.lines, ...page.lines];
    if (all.length > LINES_MAX) this.earlier = true;
    this.lines = all.slice(-LINES_MAX);
    if (page.lines.length === PAGE) await this.add(signal);
  }

  private async run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.abort;
    try {
      await work(signal);
      if (signal.aborted) return;
      this.problem = null;
      this.loading = false;
    } catch (cause) {
      if (signal.aborted) return;
      this.problem = Problem.of(cause);
      this.loading = false;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), LOOK_MS);
  }
}
