// What two cursors say together. Pure.
import type { TableCell } from "./trendtable";

/** B minus A of two readings that are numbers; what is bad is no number. */
export function between(a: TableCell | null, b: TableCell | null): number | null {
  const [from, to] = [a, b].map((cell) => (cell === null || cell.quality === "bad" || typeof cell.value !== "number" ? null : cell.value));
  return from === null || to === null || from === undefined || to === undefined ? null : to - from;
}

export interface Rate {
  value: number;
  per: "s" | "min" | "h" | "d";
}

/** A change by time, in the unit in which people count such a time. */
export function perTime(by: number | null, ms: number): Rate | null {
  if (by === null || !(ms > 0)) return null;
  const [per, size] = ms < 120_000 ? (["s", 1_000] as const) : ms < 7_200_000 ? (["min", 60_000] as const) : ms < 172_800_000 ? (["h", 3_600_000] as const) : (["d", 86_400_000] as const);
  return { value: (by * size) / ms, per };
}
