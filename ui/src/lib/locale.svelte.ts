// In which zone times are shown and how numbers are written: what format.ts asks. Set by settings.svelte.ts.
// Not here: words (language.svelte.ts).
import { language } from "./language.svelte";
import { fromWall } from "./timewindow";

/** `plain` is the same in every country: narrow spaces, a point, ISO dates. `language` is as the language writes them. */
export type Numbers = "plain" | "language";

export interface Signs {
  group: string;
  point: string;
}

const PLAIN: Signs = { group: "\u202f", point: "." };
const signs = new Map<string, Signs>();

function signsOf(code: string): Signs {
  const known = signs.get(code);
  if (known !== undefined) return known;
  const parts = new Intl.NumberFormat(code).formatToParts(1_234_567.8);
  const part = (type: string, other: string) => parts.find((one) => one.type === type)?.value ?? other;
  const made = { group: part("group", PLAIN.group), point: part("decimal", PLAIN.point) };
  signs.set(code, made);
  return made;
}

class Locale {
  /** A name of the IANA list, or nothing for the zone of this browser. */
  zone = $state("");
  numbers = $state<Numbers>("plain");

  get signs(): Signs {
    return this.numbers === "plain" ? PLAIN : signsOf(language.code);
  }
}

export const locale = new Locale();

/** A change of the offset never falls inside of such a step, in no zone. */
const STEP_MS = 900_000;
const KEPT_MOST = 4_096;

const formatters = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<number, number>();
let offsetsOf = "";

function formatterOf(zone: string): Intl.DateTimeFormat {
  let made = formatters.get(zone);
  if (made === undefined) {
    made = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", era: "short",
    });
    formatters.set(zone, made);
  }
  return made;
}

function asked(ms: number, zone: string): number {
  const part: Record<string, string> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(ms)) part[type] = value;
  const year = part.era === "BC" ? 1 - Number(part.year) : Number(part.year);
  const shown = Date.UTC(year, Number(part.month) - 1, Number(part.day), Number(part.hour), Number(part.minute), Number(part.second));
  return shown - Math.floor(ms / 1_000) * 1_000;
}

/** How far the clocks of the zone are ahead of UTC at that moment, in milliseconds. Asked of Intl once for a quarter of an hour. */
export function offsetAt(ms: number, zone: string = locale.zone): number {
  if (!Number.isFinite(ms)) return 0;
  if (zone === "") return -new Date(ms).getTimezoneOffset() * 60_000;
  if (zone === "UTC") return 0;
  if (zone !== offsetsOf || offsets.size > KEPT_MOST) {
    offsets.clear();
    offsetsOf = zone;
  }
  const step = Math.floor(ms / STEP_MS);
  const known = offsets.get(step);
  if (known !== undefined) return known;
  const found = asked(step * STEP_MS, zone);
  offsets.set(step, found);
  return found;
}

/** A date whose UTC parts are the ones of the zone's clocks. */
export function inZone(ms: number, zone: string = locale.zone): Date {
  return new Date(ms + offsetAt(ms, zone));
}

/** The moment at which the clocks of the zone show these UTC parts. */
export function fromZone(shown: number, zone: string = locale.zone): number {
  return fromWall(shown, (ms) => offsetAt(ms, zone));
}

/** The zone of this browser, by name. */
export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether this browser knows a zone of that name. */
export function knownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Browsers list some zones under names that nobody looks for any more. */
const RENAMED: Readonly<Record<string, string>> = {
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Europe/Kiev": "Europe/Kyiv",
};

/** The zones that can be chosen. */
export function zones(): string[] {
  const all = Intl.supportedValuesOf("timeZone").map((zone) => (RENAMED[zone] !== undefined && knownZone(RENAMED[zone]) ? RENAMED[zone] : zone));
  return [...new Set(["UTC", ...all])].sort();
}
