// Moments with their zone: on records a time without one is half a statement. The zone is the chosen one, as on every
// other screen; the trail itself keeps UTC.
import { formatDateTime } from "./format";
import { browserZone, locale, offsetAt } from "./locale.svelte";

const two = (n: number) => String(n).padStart(2, "0");

/** "UTC+01:00" as it is in force at that moment, not today. */
export function zoneOf(ms: number): string {
  const minutes = Math.round(offsetAt(ms) / 60_000);
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "\u2212" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The name of the zone that times are shown in: "Europe/Berlin". */
export function zoneName(): string {
  return locale.zone === "" ? browserZone() : locale.zone;
}

export function formatMoment(ms: number): string {
  return `${formatDateTime(ms)} ${zoneOf(ms)}`;
}

/** Milliseconds of an RFC 3339 text; its nanoseconds are cut, because not every browser reads nine digits. */
export function msOf(time: string): number {
  return Date.parse(time.replace(/(\.\d{3})\d+/, "$1"));
}
