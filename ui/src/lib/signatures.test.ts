import { expect, it } from "vitest";
import { manifestation } from "./signatures";
import { msOf, zoneOf } from "./zone";

it("prints name, moment with zone, and meaning", () => {
  const time_ms = new Date(2026, 10, 20, 12, 18, 31).getTime();
  const zone = zoneOf(time_ms);
  expect(manifestation({ full_name: "Anna Berg", account: "anna", meaning: "approved", time_ms })).toBe(`Anna Berg (anna), 2026-11-20 12:18:31 ${zone}, approved`);
  expect(manifestation({ full_name: "", account: "anna", meaning: "witnessed", time_ms })).toBe(`anna, 2026-11-20 12:18:31 ${zone}, witnessed`);
});

it("reads a time with nanoseconds to the millisecond", () => {
  expect(msOf("2026-11-20T11:18:31.123456789Z")).toBe(Date.UTC(2026, 10, 20, 11, 18, 31, 123));
  expect(msOf("2026-11-20T11:18:31Z")).toBe(Date.UTC(2026, 10, 20, 11, 18, 31));
});
