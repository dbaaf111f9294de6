// Last values of the tags on the screen, one reactive cell per tag, written once per frame.
import type { Sample } from "./api";
import { Connection, type LinkState, type Socket } from "./connection";
import { session } from "./session.svelte";

/** The last value of one tag. `sample` is null until the node has said anything. */
export class Cell {
  sample = $state.raw<Sample | null>(null);
  watchers = 0;
}

type Listener = (tag: string, sample: Sample) => void;

/** Cells kept although nobody looks: going back to a screen shows its last values at once. */
const IDLE_CELLS_MAX = 5_000;
const TICK_MS = 250;
const ASK_AFTER_MS = 1_000;

class Live {
  state = $state<LinkState>("connecting");
  /** Our clock, four times a second: ages, silences and countdowns are drawn from it. */
  now = $state(Date.now());
  /** Last time anything was heard. */
  heardMs = $state(Date.now());
  retryMs = $state<number | null>(null);
  refusal = $state<string | null>(null);
  /** Node clock minus ours; the smallest delay of the last heartbeats is the best estimate. */
  private skewMs = $state(0);
  private skews: number[] = [];

  private readonly cells = new Map<string, Cell>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly pending = new Map<string, Sample>();
  private frame = 0;
  private readonly connection: Connection;

  constructor() {
    this.connection = new Connection(
      {
        open: openSocket,
        now: () => Date.now(),
        random: Math.random,
        after: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      },
      {
        samples: (samples) => this.receive(samples),
        state: (state) => {
          this.state = state;
          this.retryMs = this.connection.retryMs;
        },
        heartbeat: (nodeMs, heardMs) => this.hearClock(nodeMs - heardMs),
        refused: (code, detail) => (this.refusal = `${code}: ${detail}`),
        // Who we are decides whether to listen again; in no hurry, or two who disagree would shout at each other.
        barred: () => void setTimeout(() => void session.ask(), ASK_AFTER_MS),
      },
    );
  }

  /** Listens from now on; to be called when somebody may. */
  listen(): void {
    this.connection.start();
  }

  /** Hangs up, and forgets what was heard: the next who sits down may not be allowed to see it. */
  deafen(): void {
    this.connection.stop();
    this.pending.clear();
    this.refusal = null;
    for (const cell of this.cells.values()) cell.sample = null;
  }

  /** Clocks and the network's own events; once. */
  start(): void {
    setInterval(() => this.tick(), TICK_MS);
    addEventListener("online", () => this.connection.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.connection.retryNow();
    });
  }

  retryNow(): void {
    this.connection.retryNow();
    this.retryMs = this.connection.retryMs;
  }

  /** The node's time: sample ages compare its clock with itself, not with this desk's. */
  get nodeNow(): number {
    return this.now + this.skewMs;
  }

  /** Up to when something is known, in the node's time: nothing is after the line went silent. */
  get knownMs(): number {
    return this.fresh ? this.nodeNow : this.heardMs + this.skewMs;
  }

  get fresh(): boolean {
    return this.state === "live";
  }

  /** Take the cell in one $derived and read its sample in another: a derived value does not watch
   *  state that was born inside itself, and the first look at a tag bears its cell. */
  cell(tag: string): Cell {
    let cell = this.cells.get(tag);
    if (cell === undefined) {
      cell = new Cell();
      this.cells.set(tag, cell);
    }
    return cell;
  }

  /** What a list or a search has just told about a tag, unless something newer is known. */
  seed(tag: string, sample: Sample): void {
    const cell = this.cell(tag);
    const known = cell.sample?.timestamp_ms ?? -1;
    if (cell.sample === null || (sample.timestamp_ms ?? -1) > known) cell.sample = sample;
  }

  /** Subscribes until the returned function is called. Many may watch the same tag. */
  watch(tags: readonly string[], listener?: Listener): () => void {
    const mine = [...new Set(tags)];
    for (const tag of mine) {
      this.cell(tag).watchers += 1;
      if (listener !== undefined) {
        const set = this.listeners.get(tag) ?? new Set();
        this.listeners.set(tag, set.add(listener));
      }
    }
    this.connection.want(mine);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      for (const tag of mine) {
        this.cell(tag).watchers -= 1;
        if (listener === undefined) continue;
        const set = this.listeners.get(tag);
        set?.delete(listener);
        if (set?.size === 0) this.listeners.delete(tag);
      }
      this.connection.drop(mine);
      this.forgetIdle();
    };
  }

  private receive(samples: Map<string, Sample>): void {
    for (const [tag, sample] of samples) {
      this.pending.set(tag, sample);
      // Trends need every sample, not only the last one of a frame.
      this.listeners.get(tag)?.forEach((listener) => listener(tag, sample));
    }
    this.frame ||= requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    for (const [tag, sample] of this.pending) this.cell(tag).sample = sample;
    this.pending.clear();
  }

  private tick(): void {
    this.now = Date.now();
    this.connection.tick();
    this.heardMs = this.connection.heardMs;
    this.retryMs = this.connection.retryMs;
  }

  private hearClock(skew: number): void {
    this.skews = [...this.skews.slice(-9), skew];
    const best = Math.max(...this.skews);
    // Small jitter of the network would make every age tick unevenly.
    if (Math.abs(best - this.skewMs) > 50) this.skewMs = best;
  }

  private forgetIdle(): void {
    if (this.cells.size <= IDLE_CELLS_MAX) return;
    for (const [tag, cell] of this.cells) {
      if (cell.watchers === 0) this.cells.delete(tag);
    }
  }
}

function openSocket(): Socket {
  const address = new URL("/api/v1/live", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address) as unknown as Socket;
}

export const live = new Live();
