import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LogTail } from "./logtail.svelte";
import { type LogAsk, type LogLine, type LogPage, operateApi } from "./operate";

/** A node with lines 1 to `last`. */
let last = 0;
let asked: LogAsk[] = [];
const line = (n: number): LogLine => ({ n, timestamp_ms: n, level: "info", target: "lineshaft", message: `line ${n}`, fields: {} });

function answer({ before, after, limit = 500 }: LogAsk): LogPage {
  const end = before === undefined ? last : before - 1;
  const from = after === undefined ? Math.max(1, end - limit + 1) : after + 1;
  const to = Math.min(end, from + limit - 1);
  return { lines: Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => line(from + at)), next: to, first_n: 1, dropped: 0 };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { hidden: false });
  asked = [];
  vi.spyOn(operateApi, "logs").mockImplementation((ask) => {
    asked.push(ask);
    return Promise.resolve(answer(ask));
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const ends = (tail: LogTail) => [tail.lines[0]?.n, tail.lines.at(-1)?.n];

it("follows no more once newer lines fell off, and follows again from the end", async () => {
  last = 5_000;
  const tail = new LogTail();
  tail.follow({ level: "", target: "", search: "" });
  await vi.advanceTimersByTimeAsync(0);
  for (let page = 0; page < 3; page += 1) await tail.before();
  expect(ends(tail)).toEqual([3_001, 5_000]);
  expect([tail.paused, tail.away]).toEqual([false, false]);

  await tail.before();
  expect(ends(tail)).toEqual([2_501, 4_500]);
  expect([tail.paused, tail.away]).toEqual([true, true]);

  last = 5_040;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked.at(-1)).toMatchObject({ after: 5_000, limit: 1 });
  expect(tail.waiting).toBe(true);
  expect(ends(tail)).toEqual([2_501, 4_500]);

  tail.pause(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(ends(tail)).toEqual([4_541, 5_040]);
  expect([tail.paused, tail.away, tail.waiting]).toEqual([false, false, false]);
  tail.stop();
});

it("goes on without a hole after a pause", async () => {
  last = 10;
  const tail = new LogTail();
  tail.follow({ level: "", target: "", search: "" });
  await vi.advanceTimersByTimeAsync(0);
  tail.pause(true);
  last = 700;
  await vi.advanceTimersByTimeAsync(4_000);
  expect(tail.lines.length).toBe(10);
  tail.pause(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(tail.lines.map((one) => one.n)).toEqual(Array.from({ length: 700 }, (_, at) => at + 1));
  expect(tail.missed).toBe(0);
  tail.stop();
});
