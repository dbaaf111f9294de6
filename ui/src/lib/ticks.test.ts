import { expect, it } from "vitest";
import { numberTexts, numberTicks, timeTexts, timeTicks } from "./ticks";

const utc = () => 0;
const at = (text: string) => Date.parse(`${text}Z`);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

it.each<[number, number, number, number[]]>([
  [0, 10, 5, [0, 2, 4, 6, 8, 10]],
  [383, 446, 3, [400, 425]],
  [0.02, 0.09, 4, [0.02, 0.04, 0.06, 0.08]],
  [-1, 1, 2, [-1, 0, 1]],
  [5, 5, 3, []],
])("marks %d to %d in about %d steps", (least, most, count, marks) => {
  expect(numberTicks(least, most, count)).toEqual(marks);
});

it("writes just the decimals of the step", () => {
  expect(numberTexts([0, 0.25, 0.5])).toEqual(["0.00", "0.25", "0.50"]);
  expect(numberTexts([-10, 0, 10])).toEqual(["\u221210", "0", "10"]);
});

it("marks full minutes, hours and days", () => {
  expect(timeTicks(at("2026-11-20T10:01"), at("2026-11-20T10:16"), 4, utc).at.map(iso)).toEqual(["2026-11-20T10:05", "2026-11-20T10:10", "2026-11-20T10:15"]);
  expect(timeTicks(at("2026-11-20T10:00"), at("2026-11-23T10:00"), 3, utc).at.map(iso)).toEqual(["2026-11-21T00:00", "2026-11-22T00:00", "2026-11-23T00:00"]);
});

it("marks the first of months, and of years when there are many", () => {
  expect(timeTicks(at("2026-01-15T00:00"), at("2026-07-20T00:00"), 4, utc).at.map(iso)).toEqual(["2026-03-01T00:00", "2026-05-01T00:00", "2026-07-01T00:00"]);
  expect(timeTicks(at("2020-05-01T00:00"), at("2026-05-01T00:00"), 6, utc).at.map((ms) => iso(ms).slice(0, 7))).toEqual(["2021-01", "2022-01", "2023-01", "2024-01", "2025-01", "2026-01"]);
});

it("begins days at midnight of the zone, also where its offset changes", () => {
  // Berlin goes from +2 to +1 on 2026-10-25 at 01:00 UTC.
  const berlin = (ms: number) => (ms < at("2026-10-25T01:00") ? 2 : 1) * 3_600_000;
  expect(timeTicks(at("2026-10-24T00:00"), at("2026-10-27T00:00"), 3, berlin).at.map(iso)).toEqual(["2026-10-24T22:00", "2026-10-25T23:00", "2026-10-26T23:00"].slice(0, 3));
});

it("says the date once, where it changes", () => {
  const ticks = { at: [at("2026-11-20T23:30"), at("2026-11-21T00:00"), at("2026-11-21T00:30")], stepMs: 1_800_000 };
  expect(timeTexts(ticks).map(([, date]) => date !== "")).toEqual([true, true, false]);
});
