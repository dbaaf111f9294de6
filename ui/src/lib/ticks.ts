// Where an axis has its marks, and what stands there. Pure: the zone comes as a function.
import { formatDate, formatNumber, formatTime, formatTimeMs } from "./format";
import { DAY_MS, fromWall } from "./timewindow";

/** Marks of a number axis: steps of 1, 2, 2.5 or 5 times a power of ten, so far apart that their texts do not touch. */
export function numberTicks(least: number, most: number, count: number): number[] {
  const span = most - least;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((by) => by * power).find((one) => one >= rough * 0.999)!;
  const out: number[] = [];
  for (let at = Math.ceil(least / step - 1e-9); at * step <= most + step * 1e-9; at += 1) out.push(Number((at * step).toPrecision(12)));
  return out;
}

/** With just the decimals of their step: steps of 0.25 need two. */
export function numberTexts(ticks: readonly number[]): string[] {
  const step = Number(Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)).toPrecision(9));
  let decimals = 0;
  while (decimals < 6 && Number(step.toFixed(decimals)) !== step) decimals += 1;
  return ticks.map((value) => formatNumber(value, undefined, Math.abs(value) >= 1e9 ? undefined : decimals));
}

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY_MS),
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];
const MONTH_MS = 30.44 * DAY_MS;

export interface TimeTicks {
  at: number[];
  /** Length of a step, or so: it says how exact the texts are. */
  stepMs: number;
}

/** Marks of the time axis, on full hours, days and months of the clock on the wall. */
export function timeTicks(start: number, end: number, count: number, offsetOf: (ms: number) => number): TimeTicks {
  const rough = (end - start) / Math.max(1, count);
  const step = STEPS.find((one) => one >= rough);
  if (step !== undefined && step < DAY_MS) {
    const shift = offsetOf(start);
    const out: number[] = [];
    for (let wall = Math.ceil((start + shift) / step) * step; wall - shift <= end; wall += step) {
      const at = fromWall(wall, offsetOf);
      if (at >= start && at <= end && at !== out.at(-1)) out.push(at);
    }
    return { at: out, stepMs: step };
  }
  const out: number[] = [];
  const months = step === undefined ? (MONTHS.find((one) => one * MONTH_MS >= rough) ?? MONTHS.at(-1)!) : 0;
  const wall = new Date(start + offsetOf(start));
  wall.setUTCHours(0, 0, 0, 0);
  if (months > 0) wall.setUTCMonth(wall.getUTCMonth() - (wall.getUTCMonth() % Math.min(12, months)), 1);
  // Weeks begin on Monday; 1970-01-05 was one.
  else wall.setTime(Math.floor((wall.getTime() - 4 * DAY_MS) / step!) * step! + 4 * DAY_MS);
  for (let guard = 0; guard < 1_000; guard += 1) {
    const at = fromWall(wall.getTime(), offsetOf);
    if (at > end) break;
    if (at >= start) out.push(at);
    if (months > 0) wall.setUTCMonth(wall.getUTCMonth() + months);
    else wall.setTime(wall.getTime() + step!);
  }
  return { at: out, stepMs: months > 0 ? months * MONTH_MS : step! };
}

/** Two lines: the finer part at every mark, the date below where it changes. */
export function timeTexts({ at, stepMs }: TimeTicks): [string, string][] {
  let day = "";
  return at.map((t) => {
    const date = formatDate(t);
    if (stepMs >= DAY_MS) {
      day = date;
      return [date, ""];
    }
    const clock = stepMs < SECOND ? formatTimeMs(t) : stepMs < MINUTE ? formatTime(t) : formatTime(t).replace(/(\d\d:\d\d):\d\d/, "$1");
    const fresh = date !== day;
    day = date;
    return [clock, fresh ? date : ""];
  });
}
