import { expect, it } from "vitest";
import { append, emptyColumns } from "./series";
import { between, perTime } from "./trendread";
import { stepFor, tableOf, tableText } from "./trendtable";

const columns = emptyColumns();
for (const [t, value] of [[0, 10], [1_000, 20], [2_000, null], [3_000, 40]] as const) append(columns, { timestamp_ms: t, value, quality: value === null ? "bad" : "good", reason: null });
const line = { tag: "x/speed", unit: "1/min", columns, isStep: false, isLane: false };

it("reads what is drawn, and nothing where nothing is known", () => {
  const rows = tableOf([line], { start: 0, end: 4_000 }, 3_500, 8);
  expect(rows.map(({ t, cells }) => [t, cells[0]!.value, cells[0]!.quality])).toEqual([
    [0, 10, "good"],
    [500, 15, "good"],
    [1_000, 20, "good"],
    [1_500, null, "good"],
    [2_000, null, "bad"],
    [2_500, null, "bad"],
    [3_000, 40, "good"],
    [3_500, 40, "good"],
  ]);
});

it("counts in steps that people count in", () => {
  expect(stepFor(900_000, 120)).toBe(10_000);
  expect(stepFor(365 * 86_400_000, 120)).toBe(604_800_000);
});

it("copies for a spreadsheet", () => {
  expect(tableText([line], tableOf([line], { start: 0, end: 2_000 }, 9_000, 2), "Time")).toBe("Time\tspeed [/min]\n1970-01-01T00:00:00.000Z\t10\n1970-01-01T00:00:01.000Z\t20\n1970-01-01T00:00:02.000Z\t");
});

it("takes no difference of what is bad or no number", () => {
  const cell = (value: number | string | null, quality: "good" | "bad" = "good") => ({ value, quality });
  expect(between(cell(10), cell(25))).toBe(15);
  expect(between(cell(10), cell(null, "bad"))).toBeNull();
  expect(between(cell("held"), cell(1))).toBeNull();
  expect(between(null, cell(1))).toBeNull();
});

it.each([
  [30, 60_000, { value: 0.5, per: "s" }],
  [30, 1_800_000, { value: 1, per: "min" }],
  [48, 86_400_000, { value: 2, per: "h" }],
  [70, 7 * 86_400_000, { value: 10, per: "d" }],
])("tells %d in %d ms as a rate", (by, ms, rate) => {
  expect(perTime(by, ms)).toEqual(rate);
});
