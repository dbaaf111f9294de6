// How many decimals a tag is shown with: as many as its recent values have, so that a scaled 48.4 does not read
// 48.40 and a column does not dance when a value happens to be round. Pure but for what it remembers per tag.
import type { Value } from "./api";

/** A value that needs more digits than this is a measurement in full precision: its last digits say nothing. */
const DIGITS_MOST = 6;
/** Binary fractions of scaled whole numbers differ from the decimal in the 16th digit: 404.90000000000003. */
const DIGITS_MEANT = 12;
/** Values after which one with more decimals is forgotten; at least half as many are remembered. */
const RECENT = 200;
/** Tags remembered; a day at a desk sees fewer. */
const TAGS_MAX = 20_000;

/** Stands for a value that has more digits than are shown. */
export const FULL = 99;

/** Decimals a number really has, or `FULL`. */
export function decimalsOf(value: number): number {
  const meant = Number(value.toPrecision(DIGITS_MEANT));
  if (Number.isInteger(meant)) return 0;
  for (let decimals = 1; decimals <= DIGITS_MOST; decimals += 1) {
    const text = Math.abs(meant).toFixed(decimals);
    if (Number(text) !== Math.abs(meant)) continue;
    return text.replace(".", "").replace(/^0+/, "").length <= DIGITS_MOST ? decimals : FULL;
  }
  return FULL;
}

/** The most decimals of the last values, forgotten by halves. */
export class Recent {
  private now = -1;
  private before = -1;
  private count = 0;

  note(value: number): void {
    this.now = Math.max(this.now, decimalsOf(value));
    this.count += 1;
    if (this.count < RECENT / 2) return;
    this.before = this.now;
    this.now = -1;
    this.count = 0;
  }

  get most(): number {
    const most = Math.max(this.now, this.before);
    return most < 0 ? FULL : most;
  }
}

const known = new Map<string, Recent>();

/** Takes note of values of a tag that are about to be shown, and says how many decimals to show them with. */
export function decimals(tag: string, ...values: readonly (Value | undefined)[]): number {
  let recent = known.get(tag);
  if (recent === undefined) {
    recent = new Recent();
    if (known.size >= TAGS_MAX) known.clear();
    known.set(tag, recent);
  }
  for (const value of values) if (typeof value === "number" && Number.isFinite(value)) recent.note(value);
  return recent.most;
}
