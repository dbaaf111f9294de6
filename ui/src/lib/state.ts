// What a machine says about itself, in words. Pure.
import type { Sample } from "./api";
import { humanName } from "./format";
import { t } from "./language.svelte";

export interface States {
  /** The word for each value, which is written as text. */
  words: Record<string, string>;
  /** The values in which it runs; empty for the usual. */
  running: string[];
}

export interface Said {
  /** What was asked, where the answer alone says nothing: "Motor on:". */
  ask: string;
  word: string;
  /** Whether it runs; null when that is not known, or not a question of running. */
  runs: boolean | null;
}

/** A name such as `running`, `pump_runs`: the answer needs no question. */
const RUNS = /(^|[^a-z])run(s|ning)?($|[^a-z])/i;

export function saidBy(name: string, sample: Sample | null, states: States | null): Said {
  if (sample === null || sample.quality === "bad" || sample.value === null) return { ask: "", word: t("State unknown"), runs: null };
  const value = sample.value;
  const text = String(value);
  const word = states?.words[text];
  const running = states?.running ?? [];
  const runs = running.length > 0 ? running.includes(text) : typeof value === "boolean" ? value : null;
  if (word !== undefined) return { ask: "", word, runs };
  if (typeof value === "boolean") {
    if (RUNS.test(name.replace(/([a-z])([A-Z])/g, "$1 $2"))) return { ask: "", word: value ? t("Running") : t("Stopped"), runs };
    return { ask: `${humanName(name)}:`, word: value ? t("yes") : t("no"), runs };
  }
  if (typeof value === "number") return { ask: `${humanName(name)}:`, word: text, runs };
  return { ask: "", word: humanName(value), runs };
}
