// How wide the columns of the tag table are, in pixels.

const WIDTHS: Readonly<Record<string, number>> = { tag: 200, address: 116, type: 100, unit: 84, period: 84, deadband: 92, scale: 84, offset: 84, access: 108, description: 260 };
const OTHER_PX = 140;
export const NUMBER_PX = 52;
export const VALUE_PX = 132;

/** What the column `access` can say. */
export const ACCESS = ["read", "read-write", "write"];

export function width(column: string): number {
  return WIDTHS[column] ?? OTHER_PX;
}

/** All of a row: its number, its columns, and after the first of them the live value when there is one. */
export function templateOf(columns: readonly string[], live: boolean): number[] {
  return [NUMBER_PX, ...columns.flatMap((column, at) => (at === 0 && live ? [width(column), VALUE_PX] : [width(column)]))];
}
