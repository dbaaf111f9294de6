// History and live tail of one pen as columns. Pure.
import type { Quality, Sample, Series, Value } from "./api";

export interface Columns {
  t: number[];
  v: Value[];
  q: Quality[];
  r: (string | null)[];
}

export function emptyColumns(): Columns {
  return { t: [], v: [], q: [], r: [] };
}

export function fromSeries(series: Series): Columns {
  return {
    t: [...series.timestamp_ms],
    v: [...series.value],
    q: [...series.quality],
    r: [...series.reason],
  };
}

/** Index of the last sample at or before `t`, or -1. */
export function indexAt(times: readonly number[], t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Adds a live sample at its own time; a second one of the same time replaces the first. */
export function append(columns: Columns, sample: Sample): void {
  if (sample.timestamp_ms === null) return;
  const at = indexAt(columns.t, sample.timestamp_ms);
  const replace = at >= 0 && columns.t[at] === sample.timestamp_ms ? 1 : 0;
  const place = at + 1 - replace;
  columns.t.splice(place, replace, sample.timestamp_ms);
  columns.v.splice(place, replace, sample.value);
  columns.q.splice(place, replace, sample.quality);
  columns.r.splice(place, replace, sample.reason);
}

/** Forgets what left the window, but for one sample: it holds into the window. */
export function trim(columns: Columns, start: number): void {
  const gone = indexAt(columns.t, start);
  if (gone <= 0) return;
  columns.t.splice(0, gone);
  columns.v.splice(0, gone);
  columns.q.splice(0, gone);
  columns.r.splice(0, gone);
}

/** Live samples heard while a history request was under way must outlive its answer. */
export function mergeTail(history: Columns, tail: Columns): Columns {
  const last = history.t.at(-1) ?? -Infinity;
  const from = indexAt(tail.t, last) + 1;
  return {
    t: history.t.concat(tail.t.slice(from)),
    v: history.v.concat(tail.v.slice(from)),
    q: history.q.concat(tail.q.slice(from)),
    r: history.r.concat(tail.r.slice(from)),
  };
}

/** What a line is drawn from: bad quality is a gap, never a number. */
export function plotted(value: Value, quality: Quality): number | null {
  if (quality === "bad" || value === null) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "boolean" ? Number(value) : null;
}

/** The last numbers of the columns, newest first: what tells how the tag is written. */
export function lastNumbers(columns: Columns, most: number): number[] {
  const out: number[] = [];
  for (let at = columns.v.length - 1; at >= 0 && out.length < most; at -= 1) {
    const value = columns.v[at];
    if (typeof value === "number") out.push(value);
  }
  return out;
}

export interface Stretch {
  from: number;
  to: number;
  quality: Quality;
  value: Value;
}

/**
 * Runs of equal value and quality between `start` and `end`; the last one holds until `until`
 * (now, for a live trend: nothing is known of the future).
 */
export function stretches(columns: Columns, start: number, end: number, until: number): Stretch[] {
  const out: Stretch[] = [];
  const first = Math.max(0, indexAt(columns.t, start));
  for (let at = first; at < columns.t.length && columns.t[at]! < end; at += 1) {
    const from = Math.max(start, columns.t[at]!);
    const to = Math.min(end, columns.t[at + 1] ?? until);
    const quality = columns.q[at]!;
    const value = columns.v[at]!;
    const last = out.at(-1);
    if (last !== undefined && last.quality === quality && last.value === value) last.to = to;
    else if (to > from) out.push({ from, to, quality, value });
  }
  return out;
}

/** Stretches that are not good, joined regardless of value: the shading behind a trend. */
export function doubtful(columns: Columns, start: number, end: number, until: number): Stretch[] {
  const out: Stretch[] = [];
  const first = Math.max(0, indexAt(columns.t, start));
  for (let at = first; at < columns.t.length && columns.t[at]! < end; at += 1) {
    const quality = columns.q[at]!;
    if (quality === "good") continue;
    const from = Math.max(start, columns.t[at]!);
    const to = Math.min(end, columns.t[at + 1] ?? until);
    const last = out.at(-1);
    if (last !== undefined && last.quality === quality && last.to >= from) last.to = to;
    else if (to > from) out.push({ from, to, quality, value: null });
  }
  return out;
}

export interface Extent {
  least: number;
  most: number;
}

/** What is drawn at `t`: on the line to the next sample, or the value that holds. Null where nothing is. */
export function drawnAt(columns: Columns, t: number, step: boolean): number | null {
  const at = indexAt(columns.t, t);
  if (at < 0) return null;
  const from = plotted(columns.v[at]!, columns.q[at]!);
  if (from === null || step || at + 1 >= columns.t.length) return from;
  const to = plotted(columns.v[at + 1]!, columns.q[at + 1]!);
  // A line that ends in a gap is not drawn; the sample itself is.
  if (to === null) return columns.t[at] === t ? from : null;
  return from + ((to - from) * (t - columns.t[at]!)) / (columns.t[at + 1]! - columns.t[at]!);
}

/** Smallest and largest drawn value in the window, edges included; null when nothing is drawn. */
export function extent(columns: Columns, start: number, end: number, step = false): Extent | null {
  let least = Infinity;
  let most = -Infinity;
  const take = (value: number | null): void => {
    if (value === null) return;
    if (value < least) least = value;
    if (value > most) most = value;
  };
  take(drawnAt(columns, start, step));
  for (let at = indexAt(columns.t, start) + 1; at < columns.t.length; at += 1) {
    if (columns.t[at]! > end) {
      take(drawnAt(columns, end, step));
      break;
    }
    take(plotted(columns.v[at]!, columns.q[at]!));
  }
  return least <= most ? { least, most } : null;
}
