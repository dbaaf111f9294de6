// Small texts about people and times that several screens share.
import { formatDate } from "./format";
import { type Account, PERMISSIONS, type SessionAnswer, type Token } from "./identity";
import type { Look } from "./quality";

/** What somebody may do, in a few words: the session names permissions, not roles. */
export function aboutRole(seen: Pick<SessionAnswer, "permissions">): string {
  const has = (word: string) => seen.permissions.some((rule) => rule.permission === word && rule.under.length > 0);
  if (PERMISSIONS.every(has)) return "may do everything";
  if (has("change-accounts")) return "manages accounts";
  if (has("change-config")) return "changes the plant";
  if (has("write-plant")) return "operates the plant";
  if (has("read-audit")) return "reviews";
  if (has("read-plant")) return "looks at the plant";
  return "has no permissions yet";
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Beyond this a date says more than a number of days. */
const DAYS_MOST = 30;

/** `3 min ago`, `2 h ago`, `5 d ago`, and a date when that is clearer. */
export function ago(ms: number | null, now: number): string {
  if (ms === null) return "never";
  const age = now - ms;
  if (age < MINUTE_MS) return "just now";
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min ago`;
  if (age < DAY_MS) return `${Math.floor(age / HOUR_MS)} h ago`;
  return age < DAYS_MOST * DAY_MS ? `${Math.floor(age / DAY_MS)} d ago` : formatDate(ms);
}

/** What a browser says it is, short enough for a table: `Firefox on Linux`. */
export function browserOf(agent: string): string {
  const browser = /Edg\//.test(agent) ? "Edge" : /OPR\//.test(agent) ? "Opera" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : null;
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : null;
  if (browser === null) return agent === "" ? "unknown" : (agent.split(" ")[0] ?? agent);
  return system === null ? browser : `${browser} on ${system}`;
}

/** How an account stands: trouble in colour, out of use in grey, the rest calm. */
export function accountLook(account: Pick<Account, "enabled" | "locked_until_ms" | "expires_ms" | "password_due">, now: number): Look {
  if (!account.enabled) return { shape: "bar", tone: "off", word: "disabled" };
  if (account.expires_ms !== null && account.expires_ms <= now) return { shape: "bar", tone: "off", word: "expired" };
  if (account.locked_until_ms !== null && account.locked_until_ms > now) return { shape: "triangle", tone: "warn", word: "locked" };
  if (account.password_due) return { shape: "half", tone: "off", word: "password due" };
  return { shape: "dot", tone: "calm", word: "in use" };
}

const SOON_MS = 30 * DAY_MS;

export function tokenLook(token: Pick<Token, "revoked" | "expires_ms">, now: number): Look {
  if (token.revoked) return { shape: "bar", tone: "off", word: "revoked" };
  if (token.expires_ms !== null && token.expires_ms <= now) return { shape: "bar", tone: "off", word: "expired" };
  if (token.expires_ms !== null && token.expires_ms - now < SOON_MS) return { shape: "triangle", tone: "warn", word: "ends soon" };
  return { shape: "dot", tone: "calm", word: "in use" };
}

export function sessionLook(state: string): Look {
  if (state === "live") return { shape: "dot", tone: "calm", word: "in use" };
  if (state === "locked") return { shape: "half", tone: "off", word: "locked" };
  return { shape: "ring", tone: "off", word: state.replaceAll("-", " ") };
}

/** `2026-11-20` of a date field, as the last moment of that day here; nothing for an empty field. */
export function endOfDay(day: string): number | undefined {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(day);
  if (parts === null) return undefined;
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]), 23, 59, 59).getTime();
}

/** The other way round, for filling a date field. */
export function toDay(ms: number | null): string {
  if (ms === null) return "";
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
