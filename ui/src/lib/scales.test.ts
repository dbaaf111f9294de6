import { expect, it } from "vitest";
import { type Scaled, scalesOf, zoomedValues } from "./scales";
import { append, emptyColumns } from "./series";

const window = { start: 0, end: 100 };

function pen(tag: string, unit: string, values: number[], more: Partial<Scaled> = {}): Scaled {
  const columns = emptyColumns();
  values.forEach((value, at) => append(columns, { timestamp_ms: at * 10, value, quality: "good", reason: null }));
  return { tag, unit, own: false, least: null, most: null, useLimits: false, limits: null, columns, ghost: emptyColumns(), isStep: false, ...more };
}

const told = (scales: ReturnType<typeof scalesOf>) => scales.map(({ key, pens, row }) => `${key} ${pens.map(({ tag }) => tag).join("+")} row ${row}`);

it("shares a scale by unit, but for who wants his own", () => {
  const pens = [pen("a", "bar", [1]), pen("b", "Cel", [2]), pen("c", "bar", [3]), pen("d", "bar", [4], { own: true })];
  expect(told(scalesOf(pens, "unit", window))).toEqual(["unit:bar a+c row 0", "unit:Cel b row 0", "pen:d d row 0"]);
  expect(told(scalesOf(pens, "lanes", window))).toEqual(["pen:a a row 0", "pen:b b row 1", "pen:c c row 2", "pen:d d row 3"]);
});

it("leaves some room above and below", () => {
  expect(scalesOf([pen("a", "", [0, 100])], "unit", window)[0]).toMatchObject({ least: -8, most: 108 });
  expect(scalesOf([pen("a", "", [50, 50])], "unit", window)[0]).toMatchObject({ least: 49, most: 51 });
  expect(scalesOf([pen("a", "", [])], "unit", window)[0]).toMatchObject({ least: 0, most: 1 });
});

it("keeps fixed ends, and turns nothing upside down", () => {
  expect(scalesOf([pen("a", "", [0, 100], { least: 20, most: 30 })], "unit", window)[0]).toMatchObject({ least: 20, most: 30 });
  expect(scalesOf([pen("a", "", [0, 100], { least: 500 })], "unit", window)[0]).toMatchObject({ least: 500, most: 550 });
});

it("reaches to the limits, and to the ghosts of the earlier period", () => {
  const limits = { low_low: null, low: -50, high: 150, high_high: null };
  expect(scalesOf([pen("a", "", [0, 100], { useLimits: true, limits })], "unit", window)[0]).toMatchObject({ least: -66, most: 166 });
  const ghost = pen("g", "", [200]).columns;
  expect(scalesOf([pen("a", "", [0, 100], { ghost })], "unit", window, new Map(), 0)[0]!.most).toBe(216);
});

it("lets the hand win", () => {
  expect(scalesOf([pen("a", "bar", [1], { least: 0, most: 9 })], "unit", window, new Map([["unit:bar", { least: 3, most: 4 }]]))[0]).toMatchObject({ least: 3, most: 4 });
});

it("zooms values around a height", () => {
  expect(zoomedValues({ least: 0, most: 100 }, 0.25, 0.5)).toEqual({ least: 12.5, most: 62.5 });
});
