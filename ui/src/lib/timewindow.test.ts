import { expect, it } from "vitest";
import { panned, rangeMs, rangeName, selection, zoomed } from "./timewindow";

it("keeps the time under the pointer where it is", () => {
  expect(zoomed({ start: 0, end: 100_000 }, 25_000, 0.5)).toEqual({ start: 12_500, end: 62_500 });
});

it("does not zoom into nothing", () => {
  const { start, end } = zoomed({ start: 0, end: 1_500 }, 750, 0.001);
  expect(end - start).toBe(1_000);
});

it("pans without changing the span", () => {
  expect(panned({ start: 10, end: 20 }, -5)).toEqual({ start: 5, end: 15 });
});

it("takes a drag in both directions and ignores a slip", () => {
  expect(selection(9_000, 2_000)).toEqual({ start: 2_000, end: 9_000 });
  expect(selection(2_000, 2_900)).toBeNull();
});

it("falls back to the default range for names nobody knows", () => {
  expect(rangeName("2w")).toBe("15m");
  expect(rangeMs("8h")).toBe(28_800_000);
});
