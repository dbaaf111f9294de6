import { expect, it } from "vitest";
import type { Quality, Value } from "./api";
import { append, type Columns, doubtful, drawnAt, emptyColumns, extent, indexAt, mergeTail, plotted, stretches, trim } from "./series";

/** "0 20, 5 -, 9 21": time and value, - for bad. */
function columns(text: string): Columns {
  const out = emptyColumns();
  for (const part of text.split(", ")) {
    const [t, v] = part.split(" ");
    const bad = v === "-";
    append(out, { timestamp_ms: Number(t), value: bad ? null : Number(v), quality: bad ? "bad" : "good", reason: bad ? "comm" : null });
  }
  return out;
}

it("finds the sample that holds at a time", () => {
  expect(indexAt([10, 20, 30], 9)).toBe(-1);
  expect(indexAt([10, 20, 30], 10)).toBe(0);
  expect(indexAt([10, 20, 30], 29)).toBe(1);
  expect(indexAt([10, 20, 30], 99)).toBe(2);
});

it("puts late samples in their place and lets a repeated time replace", () => {
  expect(columns("0 1, 10 2, 5 3, 10 4")).toMatchObject({ t: [0, 5, 10], v: [1, 3, 4] });
});

it("keeps the one sample that holds into the window", () => {
  const one = columns("0 1, 10 2, 20 3");
  trim(one, 15);
  expect(one.t).toEqual([10, 20]);
  trim(one, 5);
  expect(one.t).toEqual([10, 20]);
});

it("draws from edge to edge: on the line, or what holds", () => {
  const one = columns("0 10, 10 20, 20 -, 30 5");
  expect(drawnAt(one, 5, false)).toBe(15);
  expect(drawnAt(one, 5, true)).toBe(10);
  expect(drawnAt(one, 15, false)).toBeNull();
  expect(drawnAt(one, 15, true)).toBe(20);
  expect(drawnAt(one, 99, false)).toBe(5);
  expect(drawnAt(one, -1, true)).toBeNull();
  expect(extent(one, 5, 8)).toEqual({ least: 15, most: 18 });
  expect(extent(one, 5, 8, true)).toEqual({ least: 10, most: 10 });
});

it("keeps what was heard while history was on its way", () => {
  const history = columns("0 1, 10 2");
  const tail = columns("5 9, 10 2, 12 3");
  expect(mergeTail(history, tail)).toMatchObject({ t: [0, 10, 12], v: [1, 2, 3] });
  expect(mergeTail(emptyColumns(), tail).t).toEqual([5, 10, 12]);
});

it.each<[Value, Quality, number | null]>([
  [21.5, "good", 21.5],
  [21.5, "uncertain", 21.5],
  [21.5, "bad", null],
  [true, "good", 1],
  ["held", "good", null],
  [null, "good", null],
])("draws %s of quality %s as %s", (value, quality, drawn) => {
  expect(plotted(value, quality)).toBe(drawn);
});

it("shades from the bad sample to the next good one, or to now", () => {
  const one = columns("0 1, 10 -, 12 -, 20 2, 30 -");
  expect(doubtful(one, 0, 100, 40).map(({ from, to }) => [from, to])).toEqual([
    [10, 20],
    [30, 40],
  ]);
});

it("shades what began before the window", () => {
  expect(doubtful(columns("0 -"), 50, 100, 100).map(({ from, to }) => [from, to])).toEqual([[50, 100]]);
});

it("joins equal neighbours of a lane", () => {
  const one = columns("0 1, 5 1, 10 0, 15 1");
  expect(stretches(one, 0, 20, 18).map(({ from, to, value }) => [from, to, value])).toEqual([
    [0, 10, 1],
    [10, 15, 0],
    [15, 18, 1],
  ]);
});

it("measures the window only, and nothing when nothing is drawn", () => {
  const one = columns("0 99, 10 1, 20 3, 30 -");
  expect(extent(one, 10, 30)).toEqual({ least: 1, most: 3 });
  expect(extent(columns("0 -"), 0, 10)).toBeNull();
});
