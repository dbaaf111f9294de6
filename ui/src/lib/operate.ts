// Operating the node: the doctor, the log with its levels, what the data takes on disk (docs/manual/src/http.md).
import { get, send } from "./api";
import { formatDateTime, formatTimeMs } from "./format";
import { t } from "./language.svelte";
import type { Look } from "./quality";

export type Outcome = "bad" | "warn" | "unknown" | "ok" | "skipped";

export interface Check {
  check: string;
  group: string;
  title: string;
  outcome: Outcome;
  what: string;
  cause: string | null;
  fix: string | null;
  code: string | null;
}

export interface Examination {
  examined_ms: number;
  took_ms: number;
  checks: Check[];
}

export type Level = "error" | "warn" | "info" | "debug" | "trace";
export const LEVELS: readonly Level[] = ["error", "warn", "info", "debug", "trace"];

export interface LogLine {
  n: number;
  timestamp_ms: number;
  level: Level;
  target: string;
  message: string;
  fields: Record<string, string>;
}

export interface LogPage {
  lines: LogLine[];
  next: number;
  first_n: number;
  dropped: number;
}

export interface LogAsk {
  level?: Level | "";
  target?: string;
  search?: string;
  before?: number;
  after?: number;
  limit?: number;
}

export interface LogLevels {
  default: Level;
  default_until_ms: number | null;
  usual: string;
  levels: { target: string; level: Level; until_ms: number }[];
  targets: string[];
}

export interface LevelsWish {
  default?: Level;
  minutes?: number;
  levels: { target: string; level: Level; minutes: number }[];
  why: string;
}

export interface Reader {
  name: string;
  offset: number;
  lag_records: number;
  lag_bytes: number;
  oldest_ms: number | null;
  records_per_second: number | null;
  drain_ms: number | null;
}

export interface Storage {
  measured_ms: number;
  window_ms: number;
  shaft: { bytes: number; quota_bytes: number; segments: number; oldest_ms: number | null; bytes_per_day: number | null; outage_ms: number | null };
  readers: Reader[];
  historian: {
    segments: number;
    bytes: number;
    samples_sealed: number;
    samples_hot: number;
    oldest_ms: number | null;
    bytes_per_sample: number | null;
    bytes_per_day: number | null;
    retention_ms: number | null;
    days: { day: string; segments: number; bytes: number }[];
  };
  disk: { folder: string; kind: string; total_bytes: number; free_bytes: number; reserved_bytes: number; full_in_ms: number | null };
  parts: { part: string; files: number; bytes: number }[];
}

export const operateApi = {
  examine: (signal?: AbortSignal): Promise<Examination> => get("doctor", {}, signal),
  logs: (ask: LogAsk, signal?: AbortSignal): Promise<LogPage> => get("logs", { ...ask }, signal),
  levels: (signal?: AbortSignal): Promise<LogLevels> => get("logs/levels", {}, signal),
  setLevels: (wish: LevelsWish): Promise<LogLevels> => send("PUT", "logs/levels", wish),
  storage: (signal?: AbortSignal): Promise<Storage> => get("storage", {}, signal),
};

const RANK: Record<Outcome, number> = { bad: 0, warn: 1, unknown: 2, ok: 3, skipped: 4 };

/** The worst first; what is alike stays in the order of the node. */
export function worstFirst(checks: readonly Check[]): Check[] {
  return [...checks].sort((a, b) => RANK[a.outcome] - RANK[b.outcome]);
}

/** Whether somebody should read it: it is not as it should be, or nobody knows. */
export const needsReading = (check: Check): boolean => RANK[check.outcome] < RANK.ok;

/** Groups in the order of the node, each with its checks. */
export function byGroup(checks: readonly Check[]): { group: string; checks: Check[] }[] {
  const groups = new Map<string, Check[]>();
  for (const check of checks) {
    const group = groups.get(check.group);
    if (group === undefined) groups.set(check.group, [check]);
    else group.push(check);
  }
  return [...groups].map(([group, all]) => ({ group, checks: all }));
}

export function lookOfOutcome(outcome: Outcome): Look {
  switch (outcome) {
    case "bad":
      return { shape: "cross", tone: "bad", word: t("Bad##outcome of a check") };
    case "warn":
      return { shape: "triangle", tone: "warn", word: t("Look##outcome of a check") };
    case "unknown":
      return { shape: "ring", tone: "warn", word: t("Unknown##outcome of a check") };
    case "ok":
      return { shape: "dot", tone: "calm", word: t("OK##outcome of a check") };
    case "skipped":
      return { shape: "bar", tone: "off", word: t("Does not apply##outcome of a check") };
  }
}

/** The node begins its sentences small; a command at the beginning stays as it is. */
export function sentence(text: string): string {
  const word = text.split(" ", 1)[0] ?? "";
  return /^\p{Ll}[\p{L}-]*[,:;]?$/u.test(word) && !COMMANDS.has(word) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

const COMMANDS = new Set(["chmod", "chown", "timedatectl"]);

/** The name of a group; a group of a later version has its own word. */
export function groupName(group: string): string {
  switch (group) {
    case "plant":
      return t("Plant");
    case "devices":
      return t("Devices");
    case "storage":
      return t("Storage");
    case "history":
      return t("History##of samples");
    case "clock":
      return t("Clock");
    case "network":
      return t("Network");
    case "security":
      return t("Security");
    case "host":
      return t("Machine##the computer");
    case "page":
      return t("Page##the web page");
    default:
      return group;
  }
}

export function partName(part: string): string {
  switch (part) {
    case "shaft":
      return t("Shaft");
    case "historian":
      return t("History##of samples");
    case "audit":
      return t("Audit trail");
    case "identity":
      return t("Accounts");
    case "desk":
      return t("Notes and trends");
    case "revisions":
      return t("Revisions of the plant");
    case "certificates":
      return t("Certificates");
    default:
      return t("Other files");
  }
}

/** The report for somebody who helps: worst first, as text, in the node's own words. */
export function reportText(found: Examination, node: string): string {
  const lines = [`${node}, ${new Date(found.examined_ms).toISOString()}`];
  for (const one of worstFirst(found.checks)) {
    lines.push(`${one.outcome.padEnd(7)} ${one.group}/${one.check}: ${one.what}`);
    if (one.cause !== null) lines.push(`        why: ${one.cause}`);
    if (one.fix !== null) lines.push(`        do:  ${one.fix}`);
    if (one.code !== null) lines.push(`        more: ${one.code}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A line as it stands in a file: one line, with everything that belongs to it. */
export function lineText(line: LogLine): string {
  const fields = Object.entries(line.fields).map(([name, value]) => `${name}=${/[\s"]/.test(value) ? JSON.stringify(value) : value}`);
  const time = new Date(line.timestamp_ms).toISOString();
  return [time, line.level.toUpperCase().padEnd(5), `${line.target}:`, line.message.replaceAll("\n", "\\n"), ...fields].join(" ");
}

export const linesText = (lines: readonly LogLine[]): string => lines.map((line) => `${lineText(line)}\n`).join("");

export function lookOfLevel(level: Level): Look | null {
  if (level === "error") return { shape: "cross", tone: "bad", word: t("Error") };
  if (level === "warn") return { shape: "triangle", tone: "warn", word: t("Warning") };
  return null;
}

/** The time of a line; the day only where it is another one than that of the line before. */
export function lineTime(line: LogLine, before: LogLine | undefined): { day: string | null; time: string } {
  const day = formatDateTime(line.timestamp_ms).slice(0, -9).trim();
  const other = before === undefined || formatDateTime(before.timestamp_ms).slice(0, -9).trim() !== day;
  return { day: other ? day : null, time: formatTimeMs(line.timestamp_ms) };
}
