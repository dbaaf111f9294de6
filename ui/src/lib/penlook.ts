// How pens are told apart: colour, pattern of the line, and a number that stands on the curve. Pure.

export const PEN_COLOURS = 8;
/** Each of the first eight has a pattern of its own, so that they differ without colour; the next eight another. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [9, 4],
  [2, 3],
  [10, 3, 2, 3],
  [16, 4],
  [5, 3],
  [10, 3, 2, 3, 2, 3],
  [2, 6],
  [20, 3, 4, 3],
  [7, 7],
  [3, 2],
  [12, 5, 5, 5],
  [24, 6],
  [4, 6],
  [14, 3, 3, 3, 3, 3],
  [1, 4],
];
export const LOOKS = DASHES.length;

export function dashOf(look: number): readonly number[] {
  return DASHES[look % LOOKS]!;
}

export function colourOf(look: number): number {
  return look % PEN_COLOURS;
}
