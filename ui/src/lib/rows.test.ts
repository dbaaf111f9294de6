import { expect, it } from "vitest";
import { nextPageSize, scrollToRow, visibleRows } from "./rows";

it("draws the rows in view and a few around them", () => {
  expect(visibleRows(0, 440, 44, 10_000, 8)).toEqual({ first: 0, last: 18 });
  expect(visibleRows(4_400, 440, 44, 10_000, 8)).toEqual({ first: 92, last: 118 });
});

it("never leaves the list", () => {
  expect(visibleRows(0, 440, 44, 3, 8)).toEqual({ first: 0, last: 3 });
  expect(visibleRows(0, 440, 44, 0, 8)).toEqual({ first: 0, last: 0 });
  expect(visibleRows(999_999, 440, 44, 100, 8)).toEqual({ first: 100, last: 100 });
});

it("asks for a far row in one page, within the limits", () => {
  expect(nextPageSize(200, 250, 200, 10_000)).toBe(200);
  expect(nextPageSize(200, 8_200, 200, 10_000)).toBe(8_000);
  expect(nextPageSize(200, 80_000, 200, 10_000)).toBe(10_000);
});

it("scrolls only as far as needed", () => {
  expect(scrollToRow(5, 0, 440, 44)).toBeNull();
  expect(scrollToRow(10, 0, 440, 44)).toBe(44);
  expect(scrollToRow(2, 440, 440, 44)).toBe(88);
});
