// What quality and state look like and are called. Shape and word always come with the colour.
import type { DeviceState, Quality } from "./api";

export type Shape = "dot" | "triangle" | "cross" | "ring" | "half" | "bar";
export type Tone = "calm" | "warn" | "bad" | "off";

export interface Look {
  shape: Shape;
  tone: Tone;
  word: string;
}

const QUALITY: Record<Quality, Look> = {
  good: { shape: "dot", tone: "calm", word: "Good" },
  uncertain: { shape: "triangle", tone: "warn", word: "Uncertain" },
  bad: { shape: "cross", tone: "bad", word: "Bad" },
};

const DEVICE: Record<DeviceState, Look> = {
  online: { shape: "dot", tone: "calm", word: "Online" },
  connecting: { shape: "half", tone: "warn", word: "Connecting" },
  degraded: { shape: "triangle", tone: "warn", word: "Degraded" },
  offline: { shape: "cross", tone: "bad", word: "Offline" },
  disabled: { shape: "bar", tone: "off", word: "Disabled" },
};

const REASON: Record<string, string> = {
  comm: "no communication",
  device: "device fault",
  range: "out of range",
  stale: "stale",
  substituted: "substituted",
  "not-configured": "not configured",
  "not-yet": "no sample yet",
  clock: "clock not trusted",
  "not-a-number": "not a number",
  input: "bad input",
  "out-of-service": "out of service",
  lost: "not recorded (node stopped or disk full)",
  unknown: "unknown reason",
  "unknown-tag": "no such tag",
};

export function lookOf(quality: Quality): Look {
  return QUALITY[quality] ?? { shape: "ring", tone: "warn", word: quality };
}

/** An unknown state is shown under its own name: a newer node must not look calm by mistake. */
export function lookOfDevice(state: string): Look {
  return DEVICE[state as DeviceState] ?? { shape: "ring", tone: "warn", word: state };
}

export function reasonWord(reason: string | null): string {
  return reason === null ? "" : (REASON[reason] ?? reason.replaceAll("-", " "));
}

export function worst(counts: { bad: number; uncertain: number }): Quality {
  if (counts.bad > 0) return "bad";
  return counts.uncertain > 0 ? "uncertain" : "good";
}
