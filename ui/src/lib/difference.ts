// Differences for the eye: lines of files side by side, and the members of two JSON values.

export interface DiffLine {
  kind: " " | "+" | "-";
  text: string;
}

export interface Hunk {
  old_start: number;
  new_start: number;
  lines: DiffLine[];
}

export interface FileDifference {
  path: string;
  change: "added" | "removed" | "changed";
  /** Empty for files that are not text. */
  hunks: Hunk[];
  old_bytes?: number | null;
  new_bytes?: number | null;
}

export interface Difference {
  files: FileDifference[];
}

export interface Side {
  number: number;
  text: string;
}

export interface Pair {
  kind: "same" | "changed" | "added" | "removed";
  old: Side | null;
  new: Side | null;
}

/** Lines of a hunk next to each other: the first removed beside the first added, and so on. */
export function pairsOf(hunk: Hunk): Pair[] {
  const out: Pair[] = [];
  const removed: Side[] = [];
  const added: Side[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      const [old, now] = [removed[at] ?? null, added[at] ?? null];
      out.push({ kind: old === null ? "added" : now === null ? "removed" : "changed", old, new: now });
    }
    removed.length = added.length = 0;
  };
  let [old, now] = [hunk.old_start, hunk.new_start];
  for (const { kind, text } of hunk.lines) {
    if (kind === "-") {
      if (added.length > 0) flush();
      removed.push({ number: old++, text });
    } else if (kind === "+") {
      added.push({ number: now++, text });
    } else {
      flush();
      out.push({ kind: "same", old: { number: old++, text }, new: { number: now++, text } });
    }
  }
  flush();
  return out;
}

export interface Numbered extends DiffLine {
  old: number | null;
  new: number | null;
}

export function numbered(hunk: Hunk): Numbered[] {
  let [old, now] = [hunk.old_start, hunk.new_start];
  return hunk.lines.map((line) => ({
    ...line,
    old: line.kind === "+" ? null : old++,
    new: line.kind === "-" ? null : now++,
  }));
}

export function countsOf(files: readonly FileDifference[]): { added: number; removed: number } {
  const lines = files.flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines));
  return { added: lines.filter((line) => line.kind === "+").length, removed: lines.filter((line) => line.kind === "-").length };
}

export interface Field {
  /** Dotted; "" where the value is no object. */
  field: string;
  old: string | null;
  new: string | null;
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}

/** Member by member what was and what is; members that did not change are left out. */
export function fieldsOf(old: unknown, now: unknown, field = ""): Field[] {
  // Beside nothing, an object is still read member by member.
  if ((isObject(old) || isObject(now)) && (isObject(old) || old === undefined || old === null) && (isObject(now) || now === undefined || now === null)) {
    const [before, after] = [isObject(old) ? old : {}, isObject(now) ? now : {}];
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => fieldsOf(before[key], after[key], field === "" ? key : `${field}.${key}`));
  }
  const [was, is] = [textOf(old), textOf(now)];
  return was === is ? [] : [{ field, old: was, new: is }];
}
