import { expect, test } from "vitest";
import { blocks, sharedCaptions } from "./captions";

test("a caption that most rows share stands above them, and one that stands alone does not", () => {
  const rows = [["Speed", "Power", "Temperature"], ["Fill", "Power", "Level"], ["Speed", "Power"], ["Speed"]];
  expect(sharedCaptions(rows, 4)).toEqual(["Speed", "Power", null, null]);
  expect(sharedCaptions([["Speed"]], 1)).toEqual([null]);
  expect(sharedCaptions([], 2)).toEqual([null, null]);
});

test("blocks keep every row and its order", () => {
  expect(blocks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(blocks([], 2)).toEqual([]);
});
