// Ranges, zooming and panning of the time axis, and what a trend is compared with. Pure.

export interface Window {
  start: number;
  end: number;
}

const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export const RANGES: readonly { name: string; ms: number }[] = [
  { name: "5m", ms: 300_000 },
  { name: "15m", ms: 900_000 },
  { name: "1h", ms: HOUR_MS },
  { name: "8h", ms: 8 * HOUR_MS },
  { name: "1d", ms: DAY_MS },
  { name: "7d", ms: 7 * DAY_MS },
  { name: "30d", ms: 30 * DAY_MS },
  { name: "1y", ms: 365 * DAY_MS },
];

export const RANGE_DEFAULT = "15m";
/** Below a tenth of a second a pixel says nothing about a plant; above, the historian's oldest. */
const SPAN_LEAST_MS = 1_000;
const SPAN_MOST_MS = 20 * 365 * DAY_MS;

export function rangeMs(name: string | undefined): number {
  const found = RANGES.find((range) => range.name === name) ?? RANGES.find((range) => range.name === RANGE_DEFAULT);
  return found!.ms;
}

export function rangeName(name: string | undefined): string {
  return RANGES.some((range) => range.name === name) ? name! : RANGE_DEFAULT;
}

/** Factor below 1 zooms in; `at` stays under the pointer. */
export function zoomed(window: Window, at: number, factor: number): Window {
  const span = window.end - window.start;
  const next = Math.min(SPAN_MOST_MS, Math.max(SPAN_LEAST_MS, span * factor));
  const share = (at - window.start) / span;
  const start = at - share * next;
  return { start, end: start + next };
}

export function panned(window: Window, byMs: number): Window {
  return { start: window.start + byMs, end: window.end + byMs };
}

/** A drag of a few pixels is a slip of the hand, not a wish to see ten milliseconds. */
export function selection(from: number, to: number): Window | null {
  const window = { start: Math.min(from, to), end: Math.max(from, to) };
  return window.end - window.start >= SPAN_LEAST_MS ? window : null;
}

const UNITS: readonly [string, number][] = [
  ["w", 7 * DAY_MS],
  ["d", DAY_MS],
  ["h", HOUR_MS],
  ["m", 60_000],
  ["s", 1_000],
];
/** Further back than any record. */
const OFFSET_MOST_MS = SPAN_MOST_MS;

/** "1d", "2w", "90m", "1d 12h": how far back to compare. Null for what is no such text, and for nothing. */
export function parseOffset(text: string): number | null {
  const parts = text.trim().toLowerCase().replace(/min\b/g, "m");
  if (!/^(\d+(\.\d+)?\s*[wdhms]\s*)+$/.test(parts)) return null;
  let ms = 0;
  for (const [, count, unit] of parts.matchAll(/(\d+(?:\.\d+)?)\s*([wdhms])/g)) {
    ms += Number(count) * UNITS.find(([name]) => name === unit)![1];
  }
  return ms >= 1_000 && ms <= OFFSET_MOST_MS ? Math.round(ms) : null;
}

/** The shortest text that `parseOffset` reads back. */
export function offsetText(ms: number): string {
  const [name, size] = UNITS.find(([, size]) => ms % size === 0) ?? ["s", 1_000];
  return `${ms / size}${name}`;
}

/** Where a calendar stretch begins and ends, `back` of them ago. In the zone that `wall` knows: ms to minutes of offset. */
export function calendar(unit: "day" | "week" | "month", back: number, now: number, offsetOf: (ms: number) => number): Window {
  const edge = (count: number): number => {
    const at = new Date(now + offsetOf(now));
    at.setUTCHours(0, 0, 0, 0);
    if (unit === "day") at.setUTCDate(at.getUTCDate() + count);
    else if (unit === "week") at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7) + 7 * count);
    else at.setUTCMonth(at.getUTCMonth() + count, 1);
    return fromWall(at.getTime(), offsetOf);
  };
  return { start: edge(-back), end: edge(1 - back) };
}

/**
 * The instant at which a clock on the wall shows this: `wall` is written as if it were UTC. In the hour that is there
 * twice it is the first; in the one that is left out, as much later as was left out.
 */
export function fromWall(wall: number, offsetOf: (ms: number) => number): number {
  const early = wall - offsetOf(wall - DAY_MS);
  if (early + offsetOf(early) === wall) return early;
  const late = wall - offsetOf(wall + DAY_MS);
  return late + offsetOf(late) === wall ? late : early;
}
