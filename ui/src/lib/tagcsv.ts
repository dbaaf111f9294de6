// Tag tables as text: what was not touched is written as it was read, byte by byte, with its notes, its quotes and its
// odd columns. The node reads them the same way (plant-folder.md): `,` `;` or a tab, `sep=` lines, notes with `#`.
// Not here: what the cells mean; the node says that (`check_only`).

export const COLUMNS = ["tag", "address", "type", "unit", "period", "deadband", "scale", "offset", "access", "description"] as const;
/** What a new table begins with; the others are added when somebody writes into them. */
const COLUMNS_FIRST = ["tag", "address", "type", "unit", "access", "description"];
const NEEDED = ["tag", "address", "type"];

export interface Row {
  /** Of this row for as long as it is edited; nothing that is written. */
  id: number;
  /** Notes and empty lines above it, as written. */
  notes: string;
  /** What the cells say, in the order of the columns. */
  values: readonly string[];
  /** How that is written, with quotes and spaces. */
  raw: readonly string[];
  eol: string;
}

export interface TagFile {
  /** A byte order mark, where there is one. */
  mark: string;
  separator: string;
  /** How lines end that are added. */
  eol: string;
  /** What stands above the header. */
  before: string;
  /** Names of columns in the order of the file, small letters; what the file calls them is in `head`. */
  columns: readonly string[];
  head: readonly string[];
  headEol: string;
  rows: readonly Row[];
  /** Notes behind the last row. */
  after: string;
}

let ids = 0;
export const freshId = () => (ids += 1);

/** A table without rows. */
export function newTagFile(): TagFile {
  return { mark: "", separator: ",", eol: "\n", before: "", columns: COLUMNS_FIRST, head: COLUMNS_FIRST, headEol: "\n", rows: [], after: "" };
}

/** How a text stands in a cell: with quotes where it would mean something else without them. */
export function quoted(text: string, separator: string): string {
  const plain = !text.includes(separator) && !/["\n\r]/.test(text) && text.trim() === text && !text.startsWith("#");
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}

interface Piece {
  raw: string[];
  values: string[];
  /** Where each cell begins in the text, without the spaces before it. */
  starts: number[];
  ends: number[];
  eol: string;
  start: number;
  end: number;
}

interface Split {
  mark: string;
  separator: string;
  /** Rows, and between them the texts that are none. */
  parts: (string | Piece)[];
}

function guess(text: string): string {
  const header = text.split("\n").map((line) => line.trim()).find((line) => line !== "" && !line.startsWith("#")) ?? "";
  const count = (one: string) => header.split(one).length - 1;
  return [";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best), ",");
}

function cellAt(text: string, from: number, separator: string): { value: string; end: number; start: number } {
  const stop = (at: number) => {
    let end = at;
    while (end < text.length && text[end] !== "\n" && text[end] !== separator) end += 1;
    return end;
  };
  const lead = /^[ \u00a0]*/.exec(text.slice(from, from + 200))![0].length;
  const plain = () => {
    const end = stop(from);
    const inner = text.slice(from, end);
    return { value: inner.trim(), end, start: from + (inner.length - inner.trimStart().length) };
  };
  if (text[from + lead] !== '"') return plain();
  let at = from + lead + 1;
  let value = "";
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return plain(); // never closed: it costs one line
    value += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') break;
    value += '"';
    at += 1;
  }
  const end = stop(at);
  return { value: (value + text.slice(at, end).trim()).trim(), end, start: from + lead };
}

function rowAt(text: string, at: number, separator: string): Piece {
  const piece: Piece = { raw: [], values: [], starts: [], ends: [], eol: "", start: at, end: at };
  let from = at;
  for (;;) {
    const { value, end, start } = cellAt(text, from, separator);
    piece.values.push(value);
    piece.raw.push(text.slice(from, end));
    piece.starts.push(start);
    piece.ends.push(end);
    if (text[end] === separator) {
      from = end + 1;
      continue;
    }
    // The carriage return of a Windows line belongs to its end, not to the last cell.
    const last = piece.raw.length - 1;
    const carriage = text[end] === "\n" && piece.raw[last]!.endsWith("\r");
    if (carriage) piece.raw[last] = piece.raw[last]!.slice(0, -1);
    piece.eol = (carriage ? "\r" : "") + (text[end] === "\n" ? "\n" : "");
    piece.end = text[end] === "\n" ? end + 1 : end;
    return piece;
  }
}

function split(whole: string): Split {
  const mark = whole.startsWith("\ufeff") ? "\ufeff" : "";
  const text = whole.slice(mark.length);
  const first = text.split("\n", 1)[0]!;
  const said = /^sep=([,;\t])/.exec(first.trim())?.[1];
  const start = said === undefined ? 0 : Math.min(first.length + 1, text.length);
  const separator = said ?? guess(text);
  const parts: (string | Piece)[] = start === 0 ? [] : [text.slice(0, start)];
  for (let at = start; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const lineEnd = end < 0 ? text.length : end + 1;
    const line = text.slice(at, lineEnd).trim();
    if (line === "" || line.startsWith("#")) {
      parts.push(text.slice(at, lineEnd));
      at = lineEnd;
      continue;
    }
    const piece = rowAt(text, at, separator);
    const isNote = piece.values[0]!.startsWith("#") || piece.values.every((value) => value === "");
    parts.push(isNote ? text.slice(at, piece.end) : piece);
    at = piece.end;
  }
  return { mark, separator, parts };
}

/** Reads a table. Null when there is no header, or it lacks a column that is needed: such a file is edited as text. */
export function parseTags(whole: string): TagFile | null {
  const { mark, separator, parts } = split(whole);
  const file = { mark, separator, eol: /\r\n/.test(whole) ? "\r\n" : "\n", before: "", after: "" };
  let header: Piece | null = null;
  let notes = "";
  const rows: Row[] = [];
  for (const part of parts) {
    if (typeof part === "string") {
      notes += part;
    } else if (header === null) {
      header = part;
      file.before = notes;
      notes = "";
    } else {
      rows.push({ id: freshId(), notes, values: part.values, raw: part.raw, eol: part.eol });
      notes = "";
    }
  }
  if (header === null) return null;
  const columns = header.values.map((name) => name.toLowerCase());
  if (!NEEDED.every((name) => columns.includes(name))) return null;
  return { ...file, columns, head: header.raw, headEol: header.eol, rows, after: notes };
}

/** The text of a table; of one that was only read, exactly what was read. */
export function writeTags(file: TagFile): string {
  const { separator, eol } = file;
  let text = file.before + file.head.join(separator) + (file.headEol || (file.rows.length > 0 || file.after !== "" ? eol : ""));
  file.rows.forEach((row, at) => {
    const isLast = at === file.rows.length - 1 && file.after === "";
    text += row.notes + row.raw.join(separator) + (row.eol || (isLast ? "" : eol));
  });
  return file.mark + text + file.after;
}

export function cellOf(file: TagFile, row: Row, column: string): string {
  const at = file.columns.indexOf(column);
  return at < 0 ? "" : (row.values[at] ?? "");
}

/** Adds a column, with empty cells. */
function withColumn(file: TagFile, column: string): TagFile {
  if (file.columns.includes(column)) return file;
  const width = file.columns.length;
  // A row that is too short is somebody's mistake: it stays to be seen.
  const rows = file.rows.map((row) => (row.raw.length < width ? row : { ...row, values: [...row.values.slice(0, width), "", ...row.values.slice(width)], raw: [...row.raw.slice(0, width), "", ...row.raw.slice(width)] }));
  return { ...file, columns: [...file.columns, column], head: [...file.head, column], rows };
}

/** A row with some cells changed; cells that are not named stay as they are written. */
export function changedRow(file: TagFile, row: Row, cells: Readonly<Record<string, string>>): Row {
  const values = file.columns.map((_, at) => row.values[at] ?? "");
  const raw = file.columns.map((_, at) => row.raw[at] ?? "");
  values.push(...row.values.slice(values.length));
  raw.push(...row.raw.slice(raw.length));
  for (const [column, text] of Object.entries(cells)) {
    const at = file.columns.indexOf(column);
    if (at < 0 || values[at] === text) continue;
    values[at] = text;
    raw[at] = quoted(text, file.separator);
  }
  return { ...row, values, raw };
}

/** Changes cells of rows, by the number of the row; columns that are not there yet are added. */
export function setCells(file: TagFile, changes: ReadonlyMap<number, Readonly<Record<string, string>>>): TagFile {
  let out = file;
  for (const cells of changes.values()) {
    for (const [column, text] of Object.entries(cells)) if (text !== "") out = withColumn(out, column);
  }
  const rows = [...out.rows];
  for (const [at, cells] of changes) {
    const row = rows[at];
    if (row !== undefined) rows[at] = changedRow(out, row, cells);
  }
  return { ...out, rows };
}

/** Puts rows before the row `at`. */
export function insertRows(file: TagFile, at: number, added: readonly Readonly<Record<string, string>>[]): TagFile {
  let out = file;
  for (const cells of added) for (const [column, text] of Object.entries(cells)) if (text !== "") out = withColumn(out, column);
  const rows = [...out.rows];
  const fresh = added.map((cells): Row => changedRow(out, { id: freshId(), notes: "", values: out.columns.map(() => ""), raw: out.columns.map(() => ""), eol: out.eol }, cells));
  const last = rows[at - 1];
  if (last !== undefined && last.eol === "") rows[at - 1] = { ...last, eol: out.eol };
  rows.splice(at, 0, ...fresh);
  return { ...out, headEol: out.headEol || out.eol, rows };
}

/** Takes rows away; the notes above them stay. */
export function removeRows(file: TagFile, gone: ReadonlySet<number>): TagFile {
  const rows: Row[] = [];
  let notes = "";
  file.rows.forEach((row, at) => {
    if (gone.has(at)) {
      notes += row.notes;
      return;
    }
    rows.push(notes === "" ? row : { ...row, notes: notes + row.notes });
    notes = "";
  });
  return { ...file, rows, after: notes + file.after };
}

/** Rows without anything in them are there to be filled: they are not written. */
export function withoutEmpty(file: TagFile): TagFile {
  const gone = new Set(file.rows.flatMap((row, at) => (row.values.every((value) => value === "") ? [at] : [])));
  return gone.size === 0 ? file : removeRows(file, gone);
}

export interface CellPlace {
  /** The number of the row below the header; -1 is the header itself. */
  row: number;
  column: string | null;
}

/**
 * Which cell of `text` stands at a line and a column of characters, both from 1, as the node counts them. Null when
 * there is none: in a note, for example.
 */
export function placeOf(text: string, line: number, column: number | null): CellPlace | null {
  const { mark, parts } = split(text);
  const plain = text.slice(mark.length);
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const end = plain.indexOf("\n", start);
    if (end < 0) return null;
    start = end + 1;
  }
  const end = plain.indexOf("\n", start);
  const chars = [...plain.slice(start, end < 0 ? plain.length : end)];
  const offset = start + chars.slice(0, Math.max(0, (column ?? 1) - 1)).join("").length;
  let row = -2;
  let columns: string[] = [];
  for (const part of parts) {
    if (typeof part === "string") continue;
    row += 1;
    if (row === -1) columns = part.values.map((name) => name.toLowerCase());
    // Of a row that is too short the place is behind its end.
    if (offset < part.start || offset > part.end || (offset === part.end && part.eol !== "")) continue;
    const cell = part.ends.findIndex((stop, at) => offset <= stop && (offset >= part.starts[at]! || at === 0 || offset > part.ends[at - 1]!));
    return { row, column: column === null || cell < 0 ? null : (columns[cell] ?? null) };
  }
  return null;
}

/** Cells as spreadsheets put them on the clipboard: tabs between, quotes around what has a line in it. */
export function parseClipboard(text: string): string[][] {
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (plain === "") return [];
  const rows: string[][] = [];
  for (let at = 0; at <= plain.length; ) {
    const cells: string[] = [];
    let end = at;
    for (;;) {
      const cell = cellAt(plain, end, "\t");
      cells.push(cell.value);
      end = cell.end;
      if (plain[end] !== "\t") break;
      end += 1;
    }
    rows.push(cells);
    at = end + 1;
  }
  return rows;
}

export function writeClipboard(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join("\t")).join("\n");
}

/** Any table of texts, for import: its rows with all their cells, the separator guessed. */
export function parseAny(whole: string): string[][] {
  const { parts } = split(whole);
  return parts.filter((part): part is Piece => typeof part !== "string").map((part) => part.values);
}
