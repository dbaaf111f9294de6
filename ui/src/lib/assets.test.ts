import { expect, it } from "vitest";
import { type Asset, inOrder, normalSpan, place, type Point, scaleOf, standing, watched } from "./assets";

it("says where a value stands; at a limit is still inside", () => {
  const limits = { low_low: 1, low: 2, high: 8, high_high: 9 };
  const said = [0.9, 1, 1.9, 2, 5, 8, 8.1, 9, 9.1].map((value) => standing(value, limits));
  expect(said).toEqual(["low-low", "low", "low", "normal", "normal", "normal", "high", "high", "high-high"]);
  expect(standing(null, limits)).toBe("unknown");
  expect(standing("on", limits)).toBe("unknown");
  expect(standing(99, null)).toBe("normal");
});

it("makes a scale of the limits with room beyond them", () => {
  expect(scaleOf({ low: 10, high: 20, from: 0, to: 30 })).toEqual({ from: 0, to: 30 });
  const scale = scaleOf({ low: 50, high: 100 })!;
  expect([scale.from, scale.to]).toEqual([41, 109]);
  // Not below nothing for what is never negative.
  expect(scaleOf({ low: 1, high: 100 })!.from).toBe(0);
  expect(scaleOf({ low: -10, high: 10 })!.from).toBeCloseTo(-13.6);
  expect(scaleOf({ high: 90 })!.to).toBeCloseTo(106.2);
  expect(scaleOf({ high: 0 })).not.toBeNull();
  expect(scaleOf({})).toBeNull();
  expect(scaleOf(null)).toBeNull();
  expect(scaleOf({ from: 5, to: 5 })).toBeNull();
});

it("puts what is beyond the scale at its end", () => {
  const scale = { from: 0, to: 10 };
  expect([-5, 0, 2.5, 10, 99].map((value) => place(value, scale))).toEqual([0, 0, 0.25, 1, 1]);
  expect(normalSpan({ low: 2, high_high: 9 }, scale)).toEqual([0.2, 0.9]);
});

const asset = (path: string, more: Partial<Asset> = {}): Asset => ({
  path, name: path, title: null, level: "machine", type: null, type_title: null, inferred: true, leaf: true,
  state: null, states: null, values: [], abnormal: 0, tags: 1, bad: 0, uncertain: 0, ...more,
});

it("keeps everything at its place while it can be taken in, and puts trouble first when it cannot", () => {
  const all = [asset("a"), asset("b", { uncertain: 1 }), asset("c", { abnormal: 1 }), asset("d", { bad: 3 })];
  expect(inOrder(all, 4).map(({ path }) => path)).toEqual(["a", "b", "c", "d"]);
  expect(inOrder(all, 3).map(({ path }) => path)).toEqual(["c", "d", "b", "a"]);
});

it("watches each tag of a screen once, set-points too", () => {
  const point = (tag: string, setpoint: string | null = null) => ({ tag, setpoint }) as Point;
  const line = asset("line", { values: [point("rate")], children: [asset("m", { state: point("run"), values: [point("speed", "speed_sp"), point("rate")] })] });
  expect(watched([line])).toEqual(["rate", "run", "speed", "speed_sp"]);
});
