// The pens that were looked at last on this machine, newest first.
const KEY = "lineshaft.pens";
const MOST = 12;

export function recentPens(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string").slice(0, MOST) : [];
  } catch {
    return []; // storage can be forbidden; the page works without
  }
}

export function notePens(tags: readonly string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...new Set([...tags, ...recentPens()])].slice(0, MOST)));
  } catch {
    // See above.
  }
}
