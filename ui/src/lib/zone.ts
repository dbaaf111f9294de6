// Moments with their zone: on records a time without one is half a statement. The zone is the browser's, as on every
// other screen; the trail itself keeps UTC.
import { formatDateTime } from "./format";

const two = (n: number) => String(n).padStart(2, "0");

/** "UTC+01:00" as it is in force at that moment, not today. */
export function zoneOf(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "\u2212" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function formatMoment(ms: number): string {
  return `${formatDateTime(ms)} ${zoneOf(ms)}`;
}

/** Milliseconds of an RFC 3339 text; its nanoseconds are cut, because not every browser reads nine digits. */
export function msOf(time: string): number {
  return Date.parse(time.replace(/(\.\d{3})\d+/, "$1"));
}
