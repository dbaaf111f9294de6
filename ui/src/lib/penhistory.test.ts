import { afterEach, expect, it, vi } from "vitest";
import { api, Problem, type Series } from "./api";
import { askHistory, dealt } from "./penhistory";

afterEach(() => vi.restoreAllMocks());

const series = (tag: string): Series => ({ tag, unit: null, timestamp_ms: [], value: [], quality: [], reason: [] });

it("deals tags out evenly, and never too many to one", () => {
  expect(dealt(["a", "b", "c", "d"], 3, 25)).toEqual([["a", "d"], ["b"], ["c"]]);
  expect(dealt(["a"], 3, 25)).toEqual([["a"]]);
  expect(dealt(Array.from({ length: 50 }, (_, at) => String(at)), 3, 10).every((hand) => hand.length <= 10)).toBe(true);
});

it("gives answers on as they come, and one unknown pen takes no other down", async () => {
  vi.spyOn(api, "history").mockImplementation(({ tags }) => {
    if (tags.includes("gone")) return Promise.reject(new Problem({ status: 404, title: "", detail: "" }));
    return Promise.resolve({ series: tags.map(series), next: null });
  });
  const taken: string[] = [];
  const failed: string[] = [];
  const ask = { window: { start: 0, end: 1 }, points: 10, signal: new AbortController().signal };
  await askHistory({ ...ask, tags: ["a", "b", "c", "gone", "d"], take: (some) => taken.push(...some.map(({ tag }) => tag)), fail: (tag) => failed.push(tag) });
  expect(taken.toSorted()).toEqual(["a", "b", "c", "d"]);
  expect(failed).toEqual(["gone"]);
});

it("takes nothing that comes after it was called off", async () => {
  const abort = new AbortController();
  vi.spyOn(api, "history").mockImplementation(({ tags }) => {
    abort.abort();
    return Promise.resolve({ series: tags.map(series), next: null });
  });
  const taken: unknown[] = [];
  await askHistory({ tags: ["a"], window: { start: 0, end: 1 }, points: 10, signal: abort.signal, take: (some) => taken.push(some), fail: () => {} });
  expect(taken).toEqual([]);
});
