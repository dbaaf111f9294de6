// Small texts about people and times that several screens share.
import type { Tag } from "./api";
import { formatDate, toDayInput } from "./format";
import { type Account, PERMISSIONS, type Role, type SessionAnswer, type Token } from "./identity";
import { t } from "./language.svelte";
import { fromZone } from "./locale.svelte";
import type { Look } from "./quality";

/** What somebody may do, in a few words: the session names permissions, not roles. */
export function aboutRole(seen: Pick<SessionAnswer, "permissions">): string {
  const has = (word: string) => seen.permissions.some((rule) => rule.permission === word && rule.under.length > 0);
  if (PERMISSIONS.every(has)) return t("may do everything");
  if (has("change-accounts")) return t("manages accounts");
  if (has("change-config")) return t("changes the plant");
  if (has("write-plant")) return t("operates the plant");
  if (has("read-audit")) return t("reviews");
  if (has("read-plant")) return t("looks at the plant");
  return t("has no permissions yet");
}

/** What a role is for: of those that are built in in the language of the page, of others as somebody wrote it. */
export function roleText(role: Pick<Role, "role" | "built_in" | "description">): string {
  if (!role.built_in) return role.description;
  switch (role.role) {
    case "viewer": return t("Sees the plant and how its devices do.");
    case "operator": return t("Sees the plant, writes to its devices, signs records.");
    case "engineer": return t("An operator who also changes the plant folder.");
    case "auditor": return t("Sees everything and its history, changes nothing.");
    case "admin": return t("May do everything.");
    default: return role.description;
  }
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Beyond this a date says more than a number of days. */
const DAYS_MOST = 30;

/** `3 min ago`, `2 h ago`, `5 d ago`, and a date when that is clearer. */
export function ago(ms: number | null, now: number): string {
  if (ms === null) return t("never");
  const age = now - ms;
  if (age < MINUTE_MS) return t("just now");
  if (age < HOUR_MS) return t("{n} min ago", { n: Math.floor(age / MINUTE_MS) });
  if (age < DAY_MS) return t("{n} h ago", { n: Math.floor(age / HOUR_MS) });
  return age < DAYS_MOST * DAY_MS ? t("{n} d ago", { n: Math.floor(age / DAY_MS) }) : formatDate(ms);
}

/** What a browser says it is, short enough for a table: `Firefox on Linux`. */
export function browserOf(agent: string): string {
  const browser = /Edg\//.test(agent) ? "Edge" : /OPR\//.test(agent) ? "Opera" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : null;
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : null;
  if (browser === null) return agent === "" ? t("unknown") : (agent.split(" ")[0] ?? agent);
  return system === null ? browser : t("{browser} on {system}", { browser, system });
}

/** What may be done with a tag. */
export function accessWord(access: Tag["access"]): string {
  if (access === "read") return t("read##access");
  return access === "write" ? t("write##access") : t("read and write##access");
}

/** How an account stands: trouble in colour, out of use in grey, the rest calm. */
export function accountLook(account: Pick<Account, "enabled" | "locked_until_ms" | "expires_ms" | "password_due">, now: number): Look {
  if (!account.enabled) return { shape: "bar", tone: "off", word: t("disabled") };
  if (account.expires_ms !== null && account.expires_ms <= now) return { shape: "bar", tone: "off", word: t("expired") };
  if (account.locked_until_ms !== null && account.locked_until_ms > now) return { shape: "triangle", tone: "warn", word: t("locked") };
  if (account.password_due) return { shape: "half", tone: "off", word: t("password due") };
  return { shape: "dot", tone: "calm", word: t("in use") };
}

const SOON_MS = 30 * DAY_MS;

export function tokenLook(token: Pick<Token, "revoked" | "expires_ms">, now: number): Look {
  if (token.revoked) return { shape: "bar", tone: "off", word: t("revoked") };
  if (token.expires_ms !== null && token.expires_ms <= now) return { shape: "bar", tone: "off", word: t("expired") };
  if (token.expires_ms !== null && token.expires_ms - now < SOON_MS) return { shape: "triangle", tone: "warn", word: t("ends soon") };
  return { shape: "dot", tone: "calm", word: t("in use") };
}

export function sessionLook(state: string): Look {
  if (state === "live") return { shape: "dot", tone: "calm", word: t("in use") };
  if (state === "locked") return { shape: "half", tone: "off", word: t("locked") };
  return { shape: "ring", tone: "off", word: state.replaceAll("-", " ") };
}

/** `2026-11-20` of a date field, as the last second of that day in the chosen zone; nothing for an empty field. */
export function endOfDay(day: string): number | undefined {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(day);
  if (parts === null) return undefined;
  return fromZone(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]), 23, 59, 59));
}

/** The other way round, for filling a date field. */
export function toDay(ms: number | null): string {
  return ms === null ? "" : toDayInput(ms);
}
