import { expect, it } from "vitest";
import { decimals, decimalsOf, FULL, Recent } from "./decimals";
import { formatNumber } from "./format";

it.each([
  [48.4, 1],
  [404.90000000000003, 1],
  [2.1759999999999997, 3],
  [7, 0],
  [-0.05, 2],
  [0.00012, 5],
  [4_294_967_295, 0],
  [48_210.7, 1],
  [17.948757, FULL],
  [123_456.7, FULL],
  [1e-7, FULL],
])("%s has %s decimals", (value, expected) => {
  expect(decimalsOf(value)).toBe(expected);
});

it("keeps a column still when one of its values is round, and forgets in time", () => {
  const recent = new Recent();
  expect(recent.most).toBe(FULL);
  recent.note(48.4);
  recent.note(48);
  expect(recent.most).toBe(1);
  for (let at = 0; at < 200; at += 1) recent.note(48);
  expect(recent.most).toBe(0);
});

it.each([
  ["scaled", [48, 48.4], 48, "48.0"],
  ["noise", [404.90000000000003], 404.90000000000003, "404.9"],
  ["setpoint", [400], 400, "400"],
  ["full", [17.948757], 17.948757, "17.95"],
  ["both", [17.948757, 18.5], 18.5, "18.50"],
  ["small", [0.0005], 0.0005, "0.0005"],
  ["large", [123_456.789], 123_456.789, "123\u202f457"],
])("%s: after %s, %s reads %s", (tag, seen, value, text) => {
  expect(formatNumber(value, "f64", decimals(tag, ...seen))).toBe(text);
});
