import { expect, it } from "vitest";
import { findLimits } from "./desk";
import type { Tag } from "./api";
import { likelyPens } from "./likely";
import { dashOf, LOOKS, PEN_COLOURS } from "./penlook";
import { layoutOf } from "./plotlayout";
import { calendar, offsetText, parseOffset } from "./timewindow";
import { tagsIn } from "./trenddrag";
import { fileName } from "./trendimage";

it.each([
  ["1d", 86_400_000],
  ["90m", 5_400_000],
  ["90min", 5_400_000],
  ["1d 12h", 129_600_000],
  ["2w", 1_209_600_000],
  ["soon", null],
  ["", null],
  ["0s", null],
  ["1d x", null],
])("reads %j as an offset", (text, ms) => {
  expect(parseOffset(text)).toBe(ms);
});

it("writes offsets that are read back", () => {
  for (const ms of [1_000, 90_000, 5_400_000, 86_400_000, 1_209_600_000]) expect(parseOffset(offsetText(ms))).toBe(ms);
});

it("knows yesterday, last week and last month by the clock on the wall", () => {
  const now = Date.parse("2026-11-20T00:30Z"); // a Friday; in Berlin 01:30
  const iso = ({ start, end }: { start: number; end: number }) => [start, end].map((ms) => new Date(ms).toISOString().slice(0, 16));
  const berlin = () => 3_600_000;
  expect(iso(calendar("day", 1, now, berlin))).toEqual(["2026-11-18T23:00", "2026-11-19T23:00"]);
  expect(iso(calendar("week", 0, now, () => 0))).toEqual(["2026-11-16T00:00", "2026-11-23T00:00"]);
  expect(iso(calendar("month", 1, now, () => 0))).toEqual(["2026-10-01T00:00", "2026-11-01T00:00"]);
});

it("gives each of the first eight pens a pattern of its own", () => {
  const patterns = Array.from({ length: LOOKS }, (_, look) => dashOf(look).join());
  expect(new Set(patterns).size).toBe(LOOKS);
  expect(LOOKS).toBeGreaterThanOrEqual(2 * PEN_COLOURS);
});

it("takes dropped paths and links, and nothing else", () => {
  expect(tagsIn("acme/line/speed\nacme/line/level")).toEqual(["acme/line/speed", "acme/line/level"]);
  expect(tagsIn("http://node/#/tags?under=a&tag=a/b")).toEqual(["a/b"]);
  expect(tagsIn("hello world\nhttps://example.com/a")).toEqual([]);
});

it("finds the limits of a tag wherever the asset has it", () => {
  const answer = { members: [{ tag: "a/x", role: "other" }, { tag: "a/p", limits: { low: 1, high: 5 } }], children: [] };
  expect(findLimits(answer, "a/p")).toEqual({ low_low: null, low: 1, high: 5, high_high: null });
  expect(findLimits(answer, "a/x")).toBeNull();
});

it("proposes measurements of different units before others", () => {
  const tag = (name: string, type: string, unit: string | null): Tag => ({ tag: `m/${name}`, type, unit, device: null, description: null, access: "read", step: false, timestamp_ms: 0, value: 1, quality: "good", reason: null });
  const tags = [tag("speed_setpoint", "f32", "1/min"), tag("t1", "f32", "Cel"), tag("t2", "f32", "Cel"), tag("p", "f32", "bar"), tag("on", "bool", null)];
  expect(likelyPens(tags, 4, 3)).toEqual([{ path: "m", tags: ["m/t1", "m/p", "m/speed_setpoint"] }]);
});

it("names files so that every system takes them", () => {
  expect(fileName("Line 1: speed/°C ?", Date.parse("2026-11-20T10:00:00Z"), "png")).toBe("Line-1-speed-C-20261120-100000.png");
  expect(fileName("//", 0, "csv")).toBe("trend-19700101-000000.csv");
});

it("gives each row its axis, and no axis more than fits", () => {
  const scale = (row: number) => ({ key: String(row), unit: "", pens: [], row, least: 0, most: 10 });
  const ask = { width: 390, height: 400, font: 12, lanes: 1, measure: (text: string) => text.length * 7, name: () => "bar", head: 0 };
  expect(layoutOf({ ...ask, scales: [scale(0), { ...scale(0), key: "b" }] }).axes).toHaveLength(1);
  const stacked = layoutOf({ ...ask, scales: [scale(0), scale(1)] });
  expect(stacked.axes).toHaveLength(2);
  const [upper, lower] = stacked.rows;
  expect(upper!.top + upper!.height).toBeLessThan(lower!.top);
  expect(stacked.lanes[0]!.top).toBeGreaterThan(lower!.top + lower!.height);
});
