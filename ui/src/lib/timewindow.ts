// Ranges, zooming and panning of the time axis. Pure.

export interface Window {
  start: number;
  end: number;
}

export const RANGES: readonly { name: string; ms: number }[] = [
  { name: "5m", ms: 300_000 },
  { name: "15m", ms: 900_000 },
  { name: "1h", ms: 3_600_000 },
  { name: "8h", ms: 28_800_000 },
  { name: "1d", ms: 86_400_000 },
  { name: "7d", ms: 604_800_000 },
  { name: "30d", ms: 2_592_000_000 },
];

export const RANGE_DEFAULT = "15m";
/** Below a tenth of a second a pixel says nothing about a plant; above, the historian's oldest. */
const SPAN_LEAST_MS = 1_000;
const SPAN_MOST_MS = 20 * 365 * 86_400_000;

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
