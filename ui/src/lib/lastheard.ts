// When this browser last heard from the node: a page that starts without one can then say since when.

const KEY = "lineshaft.heard";
/** Every second would wear out the store of a panel that runs for years. */
const KEEP_EVERY_MS = 10_000;

let keptMs = 0;

export function lastHeard(): number | null {
  try {
    const ms = Number(localStorage.getItem(KEY) ?? NaN);
    return Number.isFinite(ms) && ms > 0 && ms <= Date.now() ? ms : null;
  } catch {
    return null; // storage can be forbidden; then it is not known
  }
}

export function heard(ms: number): void {
  if (ms - keptMs < KEEP_EVERY_MS) return;
  keptMs = ms;
  try {
    localStorage.setItem(KEY, String(Math.round(ms)));
  } catch {
    // See above.
  }
}
