// Reasons out of the `error` of shaft and revision: a text of one or more lines today, and
// structured ones once a node sends them.

/** Readable lines, in order; nothing is dropped that looks like a sentence or a code. */
export function reasonsOf(error: unknown): string[] {
  if (error === null || error === undefined || error === false || error === "") return [];
  if (typeof error === "string") return error.split("\n").filter((line) => line.trim() !== "");
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
