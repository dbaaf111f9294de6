// Reasons out of the `error` of shaft, historian and revision: a text today, and structured ones once a node
// sends them.
import type { Status } from "./api";

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

/** Whether somebody should look at the System screen, whatever screen is open. */
export function needsLook(status: Status): boolean {
  const errors = [status.shaft.error, status.historian.error, status.revision.error];
  return status.shaft.state !== "writing" || errors.some((error) => reasonsOf(error).length > 0);
}
