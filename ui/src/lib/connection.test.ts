import { beforeEach, describe, expect, it } from "vitest";
import type { Sample } from "./api";
import { BACKOFF_MOST_MS, Connection, FORBIDDEN, type LinkState, NOT_KNOWN, type Socket, STALE_AFTER_MS } from "./connection";

class FakeSocket implements Socket {
  sent: unknown[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onclose: ((event?: { code: number }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A world whose time moves only when told to. */
class FakeWorld {
  nowMs = 1_000_000;
  sockets: FakeSocket[] = [];
  timers: { at: number; run: () => void }[] = [];
  open = (): Socket => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };
  now = () => this.nowMs;
  random = () => 1;
  after = (ms: number, run: () => void) => {
    const timer = { at: this.nowMs + ms, run };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((one) => one !== timer));
  };
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    this.nowMs = end;
  }
  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}

let world: FakeWorld;
let states: LinkState[];
let heard: Map<string, Sample>[];
let connection: Connection;
let barred: number[];

beforeEach(() => {
  world = new FakeWorld();
  states = [];
  heard = [];
  barred = [];
  connection = new Connection(world, {
    samples: (samples) => void heard.push(samples),
    state: (state) => void states.push(state),
    heartbeat: () => {},
    refused: () => {},
    barred: (code) => void barred.push(code),
  });
  connection.start();
});

const heartbeat = () => world.socket.say({ type: "heartbeat", timestamp_ms: 0 });

describe("subscriptions", () => {
  it("asks once for a tag that two parts of the screen want", () => {
    world.socket.onopen?.();
    connection.want(["a", "b"]);
    connection.want(["b", "c"]);
    world.pass(100);
    expect(world.socket.sent).toEqual([{ subscribe: ["a", "b", "c"] }]);
  });

  it("lets go only when the last one let go, and not for a moment's absence", () => {
    world.socket.onopen?.();
    connection.want(["a"]);
    connection.want(["a"]);
    world.pass(100);
    connection.drop(["a"]);
    world.pass(5_000);
    connection.drop(["a"]);
    connection.want(["a"]);
    world.pass(5_000);
    expect(world.socket.sent).toHaveLength(1);
    connection.drop(["a"]);
    world.pass(5_000);
    expect(world.socket.sent.at(-1)).toEqual({ unsubscribe: ["a"] });
  });

  it("asks again for everything after a broken line", () => {
    connection.want(["a", "b"]);
    world.socket.onopen?.();
    world.socket.onclose?.();
    world.pass(1_000);
    world.socket.onopen?.();
    expect(world.sockets).toHaveLength(2);
    expect(world.socket.sent).toEqual([{ subscribe: ["a", "b"] }]);
  });

  it("names columns by the ids of this line and ignores those it does not know", () => {
    world.socket.onopen?.();
    world.socket.say({ type: "subscribed", tags: [{ id: 7, tag: "a" }], unknown: ["typo"] });
    world.socket.say({ type: "values", id: [7, 8], timestamp_ms: [1, 1], value: [2.5, 3], quality: ["good", "good"], reason: [null, null] });
    expect([...heard[0]!]).toMatchObject([["typo", { quality: "bad", reason: "unknown-tag" }]]);
    expect([...heard[1]!]).toEqual([["a", { timestamp_ms: 1, value: 2.5, quality: "good", reason: null }]]);
  });

  it("cuts long lists into messages", () => {
    world.socket.onopen?.();
    connection.want(Array.from({ length: 600 }, (_, at) => `tag-${at}`));
    world.pass(100);
    expect(world.socket.sent).toHaveLength(3);
  });
});

describe("signs of life", () => {
  it("is live until the silence is longer than the limit", () => {
    world.socket.onopen?.();
    heartbeat();
    world.pass(STALE_AFTER_MS);
    connection.tick();
    expect(connection.state).toBe("live");
    world.pass(1);
    connection.tick();
    expect(connection.state).toBe("stale");
    heartbeat();
    expect(connection.state).toBe("live");
    expect(states).toEqual(["live", "stale", "live"]);
  });

  it("does not call a line live before it has said anything", () => {
    world.pass(1);
    world.socket.onopen?.();
    connection.tick();
    expect(connection.state).toBe("connecting");
    heartbeat();
    expect(connection.state).toBe("live");
  });

  it("hangs up on a line that stays silent", () => {
    world.pass(1);
    world.socket.onopen?.();
    const dead = world.socket;
    world.pass(10_001);
    connection.tick();
    expect(dead.closed).toBe(true);
    expect(connection.state).toBe("offline");
  });

  it("gives up on a dial that never answers", () => {
    world.pass(10_001);
    expect(connection.state).toBe("offline");
  });

  it("backs off up to the limit and starts over after a heartbeat", () => {
    const waits: number[] = [];
    for (let at = 0; at < 8; at += 1) {
      world.socket.onclose?.();
      waits.push(connection.retryMs! - world.nowMs);
      world.pass(waits.at(-1)!);
    }
    expect(waits.slice(0, 3)).toEqual([500, 1_000, 2_000]);
    expect(waits.at(-1)).toBe(BACKOFF_MOST_MS);
    world.socket.onopen?.();
    heartbeat();
    world.socket.onclose?.();
    expect(connection.retryMs! - world.nowMs).toBe(500);
  });

  it("does not fall over what it cannot read", () => {
    world.socket.onopen?.();
    world.socket.onmessage?.({ data: "not json" });
    world.socket.say({ type: "of a newer node" });
    expect(connection.state).toBe("live");
  });
});

describe("being sent away", () => {
  it.each([NOT_KNOWN, FORBIDDEN])("close code %i is told once and not followed by another attempt", (code) => {
    world.socket.onopen?.();
    world.socket.onclose?.({ code });
    expect(barred).toEqual([code]);
    world.pass(120_000);
    connection.retryNow();
    expect(world.sockets).toHaveLength(1);
  });

  it("what was wanted is asked for again when somebody may listen", () => {
    world.socket.onopen?.();
    connection.want(["a"]);
    world.pass(100);
    world.socket.onclose?.({ code: NOT_KNOWN });
    connection.start();
    world.socket.onopen?.();
    expect(world.sockets).toHaveLength(2);
    expect(world.socket.sent).toEqual([{ subscribe: ["a"] }]);
  });

  it("any other close code is a lost line, and is dialled again", () => {
    world.socket.onopen?.();
    world.socket.onclose?.({ code: 1006 });
    world.pass(1_000);
    expect(world.sockets).toHaveLength(2);
    expect(barred).toEqual([]);
  });
});
