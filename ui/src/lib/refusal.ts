// Reasons out of the `error` of shaft, historian and revision: a text today, and structured ones once a node
// sends them.
import type { Status } from "./api";
import { formatBytes, formatCount } from "./format";
import { t } from "./language.svelte";

/**
 * One text for each reason, in order; nothing is dropped that looks like a sentence or a code. Reasons that show the
 * place in the file have several lines and an empty one between them; otherwise each line is a reason.
 */
export function reasonsOf(error: unknown): string[] {
  if (error === null || error === undefined || error === false || error === "") return [];
  if (typeof error === "string") {
    const blocks = error.split(/\n\s*\n/).map((block) => block.replace(/\s+$/, ""));
    const reasons = blocks.length > 1 ? blocks : error.split("\n");
    return reasons.filter((reason) => reason.trim() !== "");
  }
  if (Array.isArray(error)) return error.flatMap(reasonsOf);
  if (typeof error !== "object") return [String(error)];
  const record = error as Record<string, unknown>;
  for (const key of ["reasons", "errors", "problems"]) {
    if (Array.isArray(record[key])) return reasonsOf(record[key]);
  }
  const place = [record.file, record.line].filter((part) => part !== undefined && part !== null).join(":");
  const text = record.text ?? record.detail ?? record.message ?? record.title;
  const parts = [record.code, place, text].filter((part) => typeof part === "string" && part !== "");
  return [parts.length > 0 ? parts.join("  ") : JSON.stringify(error)];
}

export function timeOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null) return null;
  const record = error as Record<string, unknown>;
  const at = record.timestamp_ms ?? record.at_ms;
  return typeof at === "number" ? at : null;
}

/** "70538440704 bytes are free, 989560464998400 must stay free" as people read it. */
function inWords(reason: string): string {
  if (!/\d bytes\b/.test(reason)) return reason;
  return reason.replace(/(?<![\w/.-])(\d{4,})( bytes)?(?![\w/.-])/g, (_, bytes: string) => formatBytes(Number(bytes)));
}

/** Why samples are not kept just now, or null: the disk, the history, or samples that get lost on the way. */
export function notRecording(status: Status, lostGrows: boolean): string | null {
  const { shaft, historian } = status;
  if (shaft.state !== "writing") {
    const why = shaft.state === "full" ? t("no room on the disk") : t("the shaft says \"{state}\"", { state: shaft.state });
    return t("Not recording: {why}", { why: [why, ...reasonsOf(shaft.error).map(inWords)].join(": ") });
  }
  const sealing = reasonsOf(historian.error);
  if (sealing.length > 0) return t("Not recording to the history on disk: {why}", { why: sealing.map(inWords).join("; ") });
  if (lostGrows) return t("Not recording everything: {count} samples were not stored since the start", { count: formatCount(status.samples_lost) });
  return null;
}

/** Whether somebody should look at the System screen, whatever screen is open. */
export function needsLook(status: Status): boolean {
  const errors = [status.shaft.error, status.historian.error, status.revision.error];
  return status.shaft.state !== "writing" || errors.some((error) => reasonsOf(error).length > 0);
}
