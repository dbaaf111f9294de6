// The frames of a device while they are kept: asked for page by page, paused, and as text to take along.
import { Problem } from "./api";
import { type Frame, workshop } from "./drivers";
import { formatTimeMs } from "./format";

/** As many as the page keeps; the node keeps fewer. */
export const FRAMES_MOST = 5_000;
const ASK_MS = 700;
const IDLE_MS = 4_000;

/** A frame as a line of text. */
export function lineOf(frame: Frame): string {
  const took = frame.took_ms === null ? "" : `  ${frame.took_ms} ms`;
  return `${formatTimeMs(frame.timestamp_ms)}  ${frame.direction === "sent" ? ">" : "<"}  ${frame.bytes}  ; ${frame.text}${took}`;
}

export class Tracing {
  frames = $state.raw<Frame[]>([]);
  untilMs = $state<number | null>(null);
  dropped = $state(0);
  paused = $state(false);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  private next = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = new AbortController();

  constructor(private readonly device: string) {
    void this.run();
  }

  stop(): void {
    this.abort.abort();
    clearTimeout(this.timer);
  }

  /** Keeps frames for so long from now on; 0 ends it. */
  async keep(seconds: number): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      await workshop.startTrace(this.device, seconds);
      this.paused = false;
      clearTimeout(this.timer);
      void this.run();
    } catch (cause) {
      this.problem = Problem.of(cause);
    }
    this.busy = false;
  }

  clear(): void {
    this.frames = [];
    this.dropped = 0;
  }

  private async run(): Promise<void> {
    try {
      if (!this.paused && !document.hidden) {
        const asked = this.next;
        const page = await workshop.trace(this.device, asked, this.abort.signal);
        this.untilMs = page.until_ms;
        // A device that was configured anew counts from one again.
        if (page.next < asked) {
          this.clear();
          this.next = 0;
        }
        // Two questions at a time have the same frames in their answers.
        const known = this.frames.at(-1)?.n ?? 0;
        const fresh = page.frames.filter((frame) => frame.n >= this.next && frame.n > known);
        if (page.next > this.next) this.dropped += page.dropped;
        this.next = Math.max(this.next, page.next);
        if (fresh.length > 0) this.frames = [...this.frames, ...fresh].slice(-FRAMES_MOST);
        this.problem = null;
      }
    } catch (cause) {
      if (this.abort.signal.aborted) return;
      this.problem = Problem.of(cause);
    }
    clearTimeout(this.timer);
    if (!this.abort.signal.aborted) this.timer = setTimeout(() => void this.run(), this.untilMs === null ? IDLE_MS : ASK_MS);
  }
}
