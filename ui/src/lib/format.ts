// Numbers, units, ages, sizes and times as text, in the zone and the form of numbers that were chosen (locale.svelte.ts):
// what shows them is shown anew when somebody chooses otherwise.
import type { Value } from "./api";
import { FULL } from "./decimals";
import { language, t } from "./language.svelte";
import { fromZone, inZone, locale } from "./locale.svelte";

const GROUP = "\u202f"; // narrow no-break space, also in front of the letter of a power
const MINUS = "\u2212";

function grouped(digits: string): string {
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, locale.signs.group);
}

/** What JavaScript writes, with the sign that the reader expects between whole and part. */
function pointed(text: string): string {
  const { point } = locale.signs;
  return point === "." ? text : text.replace(".", point);
}

/** A number with so many decimals and nothing else: for a share, a rate, a factor. */
export function formatFixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return "—";
  const [whole = "0", part] = Math.abs(value).toFixed(decimals).split(".");
  const text = grouped(whole) + (part === undefined ? "" : `${locale.signs.point}${part}`);
  return value < 0 && Number(value.toFixed(decimals)) !== 0 ? MINUS + text : text;
}

/** A share of 1 in percent: one decimal where it is small. */
export function formatPercent(share: number): string {
  return `${formatFixed(share * 100, Math.abs(share) < 0.1 && share !== 0 ? 1 : 0)}${GROUP}%`;
}

function isWhole(type: string | undefined): boolean {
  return type !== undefined && /^[iu](8|16|32|64)/.test(type);
}

/**
 * A number with as many decimals as its tag has (decimals.ts). Where that is not known, or more than tells anything,
 * by magnitude and not by value, so that a live number does not change its width.
 */
export function formatNumber(value: number, type?: string, known: number = FULL): string {
  if (!Number.isFinite(value)) return "—";
  const size = Math.abs(value);
  const tiny = known === FULL && size < 1e-3;
  if (size !== 0 && (size >= 1e12 || tiny) && !isWhole(type)) {
    return pointed(value.toExponential(3).replace("e+", "e").replaceAll("-", MINUS));
  }
  const decimals = isWhole(type) && Number.isInteger(value) ? 0 : known === FULL ? decimalsFor(size) : known;
  const [whole = "0", part] = size.toFixed(decimals).split(".");
  const text = grouped(whole) + (part === undefined ? "" : `${locale.signs.point}${part}`);
  return value < 0 && Number(size.toFixed(decimals)) !== 0 ? MINUS + text : text;
}

function decimalsFor(size: number): number {
  if (size >= 10_000) return 0;
  if (size >= 100) return 1;
  return size >= 1 || size === 0 ? 2 : 4;
}

const SI = ["", "k", "M", "G", "T", "P", "E"];

/** Four digits and a power of a thousand: "16.78 M", or "16.78e6" where a letter could be read as part of the unit. */
function shortened(value: number, letter: boolean): string {
  let step = Math.floor(Math.log10(Math.abs(value)) / 3);
  // 999 999 rounds to a thousand thousands.
  if (Number((Math.abs(value) / 1e3 ** step).toPrecision(4)) >= 1e3) step += 1;
  const digits = pointed((Math.abs(value) / 1e3 ** step).toPrecision(4));
  const sign = value < 0 ? MINUS : "";
  if (step === 0) return sign + digits;
  const name = letter ? SI[step] : undefined;
  return sign + digits + (name === undefined ? `e${step * 3}`.replace("-", MINUS) : GROUP + name);
}

/**
 * A value in at most so many characters, as far as that is possible for numbers: first without decimals, then in
 * thousands. A number is never cut: its first digits alone are another number. Texts are left as they are.
 */
export function formatFit(value: Value | undefined, most: number, type?: string, known?: number, unit = ""): string {
  const text = formatValue(value, type, known);
  if (typeof value !== "number" || !Number.isFinite(value) || value === 0 || text.length <= most) return text;
  const whole = formatNumber(value, type, 0);
  if (Math.abs(value) >= 1e3 && whole.length <= most) return whole;
  const short = shortened(value, unit === "");
  return short.length < text.length ? short : text;
}

/** "5.9 – 6.0", or one number where nothing moved. `width` is for each of the two, in characters. */
export function formatRange(least: number, most: number, type?: string, known?: number, width = Infinity): string {
  // With a power instead of a letter: "53.1 – 4.2 M" could be read as both in millions.
  const end = (value: number) => formatFit(value, width, type, known, " ");
  const [from, to] = [end(least), end(most)];
  return from === to ? from : `${from} – ${to}`;
}

export function formatValue(value: Value | undefined, type?: string, known?: number): string {
  if (value === null || value === undefined) return "—";
  if (typeof value === "number") return formatNumber(value, type, known);
  if (typeof value === "boolean") return value ? t("true") : t("false");
  // A text that is there and empty is not the same as nothing.
  if (value === "") return '""';
  return typeof value === "string" ? value : JSON.stringify(value);
}

const UCUM: Record<string, string> = {
  "1": "",
  Cel: "°C",
  "[degF]": "°F",
  "1/min": "/min",
  "1/s": "/s",
  "1/h": "/h",
  "/min": "/min",
  Ohm: "Ω",
  deg: "°",
  "[psi]": "psi",
  "[in_i]": "in",
  "[pH]": "pH",
  "kW.h": "kWh",
  "W.h": "Wh",
  "MW.h": "MWh",
  "A.h": "Ah",
  "{rpm}": "rpm",
  "m/s2": "m/s²",
};

/** A unit as it is written on a gauge; the files and the API speak UCUM. */
export function formatUnit(unit: string | null | undefined): string {
  if (unit === null || unit === undefined) return "";
  const known = UCUM[unit];
  if (known !== undefined) return known;
  return unit
    .replace(/\{([^}]*)\}/g, "$1")
    .replace(/Cel\b/g, "°C")
    .replace(/\b([cdkm]?m)2\b/g, "$1²")
    .replace(/\b([cdkm]?m)3\b/g, "$1³")
    .replace(/\bu(m|s|A|V|g)\b/g, "µ$1")
    .replaceAll(".", "·");
}

export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return "—";
  if (ms < -2_000) return t("ahead");
  const s = Math.max(0, Math.floor(ms / 1_000));
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h`;
  return `${grouped(String(Math.floor(s / 86_400)))} d`;
}

const STEPS: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** The two largest steps: "3 d 4 h", "5 min 10 s". */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, ms);
  const parts: string[] = [];
  for (const [size, name] of STEPS) {
    const count = Math.floor(rest / size);
    if (count > 0 || (parts.length === 0 && name === "s")) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
    rest -= count * size;
  }
  return parts.join(" ");
}

export function formatBytes(bytes: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = Math.max(0, bytes);
  let step = 0;
  while (size >= 1_000 && step < names.length - 1) {
    size /= 1_024;
    step += 1;
  }
  return `${pointed(step === 0 || size >= 100 ? size.toFixed(0) : size.toFixed(1))} ${names[step]}`;
}

export function formatCount(count: number): string {
  return grouped(String(Math.round(count)));
}

const two = (n: number) => (n < 10 ? `0${n}` : String(n));

function clock(at: Date): string {
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

function isoDay(at: Date): string {
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
}

/** Days as a language writes them, so that no two of them can be mixed up. */
const days = new Map<string, Intl.DateTimeFormat>();

function day(at: Date): string {
  if (locale.numbers === "plain" || Number.isNaN(at.getTime())) return isoDay(at);
  const { code } = language;
  let made = days.get(code);
  if (made === undefined) {
    const month = code === "en" ? "short" : "2-digit";
    made = new Intl.DateTimeFormat(code === "en" ? "en-GB" : code, { timeZone: "UTC", year: "numeric", month, day: "2-digit" });
    days.set(code, made);
  }
  return made.format(at);
}

export function formatTime(ms: number): string {
  return clock(inZone(ms));
}

export function formatTimeMs(ms: number): string {
  const at = inZone(ms);
  return `${clock(at)}${locale.signs.point}${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
}

export function formatDate(ms: number): string {
  return day(inZone(ms));
}

export function formatDateTime(ms: number): string {
  const at = inZone(ms);
  return `${day(at)} ${clock(at)}`;
}

/** For <input type="datetime-local">, which speaks of a clock without a zone: it is the chosen one. */
export function toLocalInput(ms: number): string {
  const at = inZone(ms);
  return `${isoDay(at)}T${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** The other way round; null for what is no date and time. */
export function fromLocalInput(text: string): number | null {
  const shown = Date.parse(`${text}Z`);
  return Number.isNaN(shown) ? null : fromZone(shown);
}

/** For <input type="date">. */
export function toDayInput(ms: number): string {
  return isoDay(inZone(ms));
}

export function leaf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function parent(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "" : path.slice(0, at);
}

/** `path` as seen from `base`: what is left to say when the base is already on the screen. */
export function relative(path: string, base: string): string {
  if (base === "" || path === base) return path;
  return path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
}

/** "line-1" -> "Line 1": names on cards; the path itself is always nearby, unchanged. */
export function humanName(name: string): string {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words === "" ? name : words.charAt(0).toUpperCase() + words.slice(1);
}
