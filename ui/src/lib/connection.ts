// One WebSocket for the whole tab: who wants which tag, is the line alive, and how to come back.
// Contract: docs/manual/src/http.md "Live values". No DOM and no framework here; the clock, the
// socket and the randomness come from outside, so that tests are quick and exact.
import type { Quality, Sample, Value } from "./api";

/** Silence longer than this and what is shown may be wrong: heartbeats come every second. */
export const STALE_AFTER_MS = 3_000;
/** Silence longer than this is a dead line that TCP has not noticed: hang up and dial again. */
export const HANG_UP_AFTER_MS = 10_000;
export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_MOST_MS = 15_000;
/** Scrolling wants and drops rows within moments: say so to the node only when it settles. */
const SUBSCRIBE_AFTER_MS = 60;
const UNSUBSCRIBE_AFTER_MS = 2_000;
/** Tags in one message, so that a frame stays well under 64 KiB with long paths. */
const TAGS_PER_MESSAGE = 250;
/** The node closes with these when it no longer knows who listens, and when it may not be listened to. */
export const NOT_KNOWN = 4401;
export const FORBIDDEN = 4403;

export type LinkState = "connecting" | "live" | "stale" | "offline";

export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onclose: ((event?: { code: number }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
}

export interface World {
  open(): Socket;
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
}

export interface Ears {
  samples(samples: Map<string, Sample>): void;
  state(state: LinkState): void;
  heartbeat(nodeMs: number, heardMs: number): void;
  refused(code: string, detail: string): void;
  /** Hung up for good: no attempt follows before `start` is called again. */
  barred(code: number): void;
}

interface Values {
  id: number[];
  timestamp_ms: (number | null)[];
  value: Value[];
  quality: Quality[];
  reason: (string | null)[];
}

type Message =
  | { type: "subscribed"; tags: { id: number; tag: string }[]; unknown?: string[] }
  | { type: "unsubscribed"; ids: number[] }
  | ({ type: "values" } & Values)
  | { type: "heartbeat"; timestamp_ms: number }
  | { type: "error"; code: string; detail: string };

export class Connection {
  state: LinkState = "connecting";
  /** When anything was last heard, in our own clock. */
  heardMs: number;
  /** When the next attempt is due; null while a line is up or being dialled. */
  retryMs: number | null = null;

  private socket: Socket | null = null;
  private up = false;
  private stopped = true;
  private openedMs = 0;
  private failures = 0;
  private readonly wanted = new Map<string, number>();
  private readonly asked = new Set<string>();
  private readonly names = new Map<number, string>();
  private readonly ids = new Map<string, number>();
  private cancelRetry: (() => void) | null = null;
  private cancelAsk: (() => void) | null = null;
  private cancelDrop: (() => void) | null = null;

  constructor(
    private readonly world: World,
    private readonly ears: Ears,
  ) {
    this.heardMs = world.now();
  }

  start(): void {
    this.stopped = false;
    if (this.socket === null) this.dial();
  }

  /** Hangs up and stays so until `start`. What is wanted is remembered and asked for then. */
  stop(): void {
    this.hangUp();
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.retryMs = null;
    this.failures = 0;
    this.stopped = true;
    this.become("connecting");
  }

  /** The network came back or the tab was opened again: no reason to wait out the backoff. */
  retryNow(): void {
    if (this.socket === null && !this.stopped) this.dial();
  }

  /** Call a few times a second: silence is noticed by looking, not by an event. */
  tick(): void {
    if (!this.up) return;
    // An open line that has said nothing yet proves nothing: the state stays what it was.
    if (this.heardMs < this.openedMs) {
      if (this.world.now() - this.openedMs > HANG_UP_AFTER_MS) this.lost();
      return;
    }
    const silence = this.world.now() - this.heardMs;
    if (silence > HANG_UP_AFTER_MS) this.lost();
    else this.become(silence > STALE_AFTER_MS ? "stale" : "live");
  }

  want(tags: readonly string[]): void {
    for (const tag of tags) this.wanted.set(tag, (this.wanted.get(tag) ?? 0) + 1);
    this.cancelAsk ??= this.world.after(SUBSCRIBE_AFTER_MS, () => this.ask());
  }

  drop(tags: readonly string[]): void {
    for (const tag of tags) {
      const count = (this.wanted.get(tag) ?? 0) - 1;
      if (count > 0) this.wanted.set(tag, count);
      else this.wanted.delete(tag);
    }
    this.cancelDrop ??= this.world.after(UNSUBSCRIBE_AFTER_MS, () => this.unask());
  }

  get subscribed(): number {
    return this.asked.size;
  }

  private become(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    this.ears.state(state);
  }

  private dial(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.retryMs = null;
    const socket = this.world.open();
    this.socket = socket;
    // A dial that neither opens nor fails is a silent firewall.
    const giveUp = this.world.after(HANG_UP_AFTER_MS, () => {
      if (this.socket === socket && !this.up) this.lost();
    });
    socket.onopen = () => {
      giveUp();
      if (this.socket !== socket) return;
      this.up = true;
      this.openedMs = this.world.now();
      this.ask();
    };
    socket.onclose = (event) => {
      giveUp();
      if (this.socket !== socket) return;
      if (event?.code === NOT_KNOWN || event?.code === FORBIDDEN) {
        this.stop();
        this.ears.barred(event.code);
      } else {
        this.lost();
      }
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket || typeof event.data !== "string") return;
      this.heardMs = this.world.now();
      this.hear(event.data);
    };
  }

  private hangUp(): void {
    const socket = this.socket;
    this.socket = null;
    this.up = false;
    this.asked.clear();
    this.names.clear();
    this.ids.clear();
    if (socket !== null) {
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
    }
  }

  private lost(): void {
    this.hangUp();
    const most = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    // Jitter over the upper half: a hundred pages must not come back in the same millisecond.
    const wait = most / 2 + (most / 2) * this.world.random();
    this.retryMs = this.world.now() + wait;
    this.cancelRetry = this.world.after(wait, () => this.dial());
    this.become("offline");
  }

  private hear(text: string): void {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return; // not ours to repair; silence will show if the node keeps this up
    }
    switch (message.type) {
      case "values":
        this.deliver(message);
        break;
      case "heartbeat":
        // A line counts as good after its first heartbeat: a proxy may accept and then hang up.
        this.failures = 0;
        this.ears.heartbeat(message.timestamp_ms, this.heardMs);
        break;
      case "subscribed":
        for (const { id, tag } of message.tags) {
          this.names.set(id, tag);
          this.ids.set(tag, id);
        }
        this.unknown(message.unknown ?? []);
        break;
      case "unsubscribed":
        for (const id of message.ids) {
          const tag = this.names.get(id);
          this.names.delete(id);
          if (tag !== undefined && this.ids.get(tag) === id) this.ids.delete(tag);
        }
        break;
      case "error":
        this.ears.refused(message.code, message.detail);
        break;
    }
    this.tick();
  }

  private deliver(columns: Values): void {
    const out = new Map<string, Sample>();
    columns.id.forEach((id, row) => {
      const tag = this.names.get(id);
      if (tag === undefined) return; // still under way when we unsubscribed
      out.set(tag, {
        timestamp_ms: columns.timestamp_ms[row] ?? null,
        value: columns.value[row] ?? null,
        quality: columns.quality[row] ?? "bad",
        reason: columns.reason[row] ?? null,
      });
    });
    if (out.size > 0) this.ears.samples(out);
  }

  private unknown(tags: string[]): void {
    if (tags.length === 0) return;
    const gone = { timestamp_ms: null, value: null, quality: "bad", reason: "unknown-tag" } as const;
    this.ears.samples(new Map(tags.map((tag) => [tag, gone])));
  }

  private ask(): void {
    this.cancelAsk?.();
    this.cancelAsk = null;
    const fresh = [...this.wanted.keys()].filter((tag) => !this.asked.has(tag));
    this.say("subscribe", fresh, (tag) => this.asked.add(tag));
  }

  private unask(): void {
    this.cancelDrop = null;
    const done = [...this.asked].filter((tag) => !this.wanted.has(tag));
    this.say("unsubscribe", done, (tag) => this.asked.delete(tag));
  }

  private say(verb: string, tags: string[], note: (tag: string) => void): void {
    if (!this.up || this.socket === null) return; // everything wanted is asked for when it opens
    for (let at = 0; at < tags.length; at += TAGS_PER_MESSAGE) {
      const some = tags.slice(at, at + TAGS_PER_MESSAGE);
      this.socket.send(JSON.stringify({ [verb]: some }));
      some.forEach(note);
    }
  }
}
