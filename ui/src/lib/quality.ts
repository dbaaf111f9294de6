// What quality and state look like and are called. Shape and word always come with the colour.
import type { DeviceState, Quality } from "./api";
import { t, worded } from "./language.svelte";

export type Shape = "dot" | "triangle" | "cross" | "ring" | "half" | "bar";
export type Tone = "calm" | "warn" | "bad" | "off";

export interface Look {
  shape: Shape;
  tone: Tone;
  word: string;
}

const QUALITY = worded((): Record<Quality, Look> => ({
  good: { shape: "dot", tone: "calm", word: t("Good") },
  uncertain: { shape: "triangle", tone: "warn", word: t("Uncertain") },
  bad: { shape: "cross", tone: "bad", word: t("Bad") },
}));

const DEVICE = worded((): Record<DeviceState, Look> => ({
  online: { shape: "dot", tone: "calm", word: t("Online") },
  connecting: { shape: "half", tone: "warn", word: t("Connecting") },
  degraded: { shape: "triangle", tone: "warn", word: t("Degraded") },
  offline: { shape: "cross", tone: "bad", word: t("Offline") },
  disabled: { shape: "bar", tone: "off", word: t("Disabled") },
}));

const REASON = worded((): Record<string, string> => ({
  comm: t("no communication"),
  device: t("device fault"),
  range: t("out of range"),
  stale: t("stale"),
  substituted: t("substituted"),
  "not-configured": t("not configured"),
  "not-yet": t("no sample yet"),
  clock: t("clock not trusted"),
  "not-a-number": t("not a number"),
  input: t("bad input"),
  "out-of-service": t("out of service"),
  lost: t("not recorded (node stopped or disk full)"),
  unknown: t("unknown reason"),
  "unknown-tag": t("no such tag"),
}));

export function lookOf(quality: Quality): Look {
  return QUALITY()[quality] ?? { shape: "ring", tone: "warn", word: quality };
}

/** An unknown state is shown under its own name: a newer node must not look calm by mistake. */
export function lookOfDevice(state: string): Look {
  return DEVICE()[state as DeviceState] ?? { shape: "ring", tone: "warn", word: state };
}

export function reasonWord(reason: string | null): string {
  return reason === null ? "" : (REASON()[reason] ?? reason.replaceAll("-", " "));
}

export function worst(counts: { bad: number; uncertain: number }): Quality {
  if (counts.bad > 0) return "bad";
  return counts.uncertain > 0 ? "uncertain" : "good";
}

const PRIORITY = worded((): Record<1 | 2 | 3 | 4, string> => ({ 1: t("Urgent"), 2: t("High"), 3: t("Medium"), 4: t("Low") }));

/** What a priority of an alarm is called; its mark is parts/Priority.svelte. */
export function priorityWord(priority: 1 | 2 | 3 | 4): string {
  return PRIORITY()[priority];
}
