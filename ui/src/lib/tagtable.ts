// What a spreadsheet does, on a tag table: blocks of cells, the clipboard, filling, taking back. Pure.
import { cellOf, COLUMNS, insertRows, parseClipboard, removeRows, setCells, type TagFile, writeClipboard } from "./tagcsv";

export interface Cell {
  row: number;
  column: number;
}

/** Rows and columns from `top`, `left` to `bottom`, `right`, these included. */
export interface Block {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export function blockOf(a: Cell, b: Cell): Block {
  return { top: Math.min(a.row, b.row), left: Math.min(a.column, b.column), bottom: Math.max(a.row, b.row), right: Math.max(a.column, b.column) };
}

export const within = (block: Block, row: number, column: number) => row >= block.top && row <= block.bottom && column >= block.left && column <= block.right;

/** The columns as they are shown: the known ones in their order, then those that only this file has. */
export function shownColumns(file: TagFile): string[] {
  return [...COLUMNS, ...file.columns.filter((name) => name !== "" && !(COLUMNS as readonly string[]).includes(name))];
}

export function readBlock(file: TagFile, columns: readonly string[], block: Block): string[][] {
  return file.rows.slice(block.top, block.bottom + 1).map((row) => columns.slice(block.left, block.right + 1).map((column) => cellOf(file, row, column)));
}

export function copyBlock(file: TagFile, columns: readonly string[], block: Block): string {
  return writeClipboard(readBlock(file, columns, block));
}

export function writeBlock(file: TagFile, columns: readonly string[], top: number, left: number, cells: readonly (readonly string[])[]): TagFile {
  const record = (row: readonly string[]) => Object.fromEntries(row.map((text, at) => [columns[left + at] ?? "", text]).filter(([column]) => column !== ""));
  const there = cells.slice(0, Math.max(0, file.rows.length - top));
  const out = setCells(file, new Map(there.map((row, at) => [top + at, record(row)])));
  const more = cells.slice(there.length);
  return more.length === 0 ? out : insertRows(out, out.rows.length, more.map(record));
}

export function clearBlock(file: TagFile, columns: readonly string[], block: Block): TagFile {
  const empty = Object.fromEntries(columns.slice(block.left, block.right + 1).map((column) => [column, ""]));
  const rows = Array.from({ length: Math.min(block.bottom, file.rows.length - 1) - block.top + 1 }, (_, at) => block.top + at);
  return setCells(file, new Map(rows.map((row) => [row, empty])));
}

/** The top row of the block in all its rows; of one row alone, the row above it. */
export function fillDown(file: TagFile, columns: readonly string[], block: Block): TagFile {
  const from = block.top === block.bottom ? block.top - 1 : block.top;
  const source = readBlock(file, columns, { ...block, top: from, bottom: from })[0];
  if (source === undefined) return file;
  return writeBlock(file, columns, from + 1, block.left, Array.from({ length: block.bottom - from }, () => source));
}

/** A text with its last number `by` higher: `hr:100` becomes `hr:102`, `pump-09` becomes `pump-10`. */
export function counted(text: string, by: number): string {
  const parts = /^(.*?)(\d+)(\D*)$/s.exec(text);
  if (parts === null) return text;
  // A bit of a register counts its bits first.
  const next = String(Number(parts[2]) + by);
  return parts[1]! + next.padStart(parts[2]!.length, "0") + parts[3]!;
}

/** How many registers or bits a type takes: what the next address is away. */
export function cellsOf(type: string): number {
  const base = type.split(":")[0]!.toLowerCase();
  const sized = /^(?:text|bytes)\((\d+)\)$/.exec(base);
  if (sized !== null) return Math.max(1, Math.ceil(Number(sized[1]) / 2));
  return /64$/.test(base) ? 4 : /32$/.test(base) ? 2 : 1;
}

/** Like `fillDown`, counting on: names by one, addresses by what the type above takes. */
export function fillSeries(file: TagFile, columns: readonly string[], block: Block): TagFile {
  const from = block.top === block.bottom ? block.top - 1 : block.top;
  const source = file.rows[from];
  if (source === undefined) return file;
  const step = cellsOf(cellOf(file, source, "type"));
  const rows = Array.from({ length: block.bottom - from }, (_, at) =>
    columns.slice(block.left, block.right + 1).map((column) => {
      const text = cellOf(file, source, column);
      return column === "tag" ? counted(text, at + 1) : column === "address" ? counted(text, (at + 1) * step) : text;
    }));
  return writeBlock(file, columns, from + 1, block.left, rows);
}

/** Whether a row of cells is the header of a tag table. */
export function headerOf(cells: readonly string[]): string[] | null {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const known = names.filter((name) => (COLUMNS as readonly string[]).includes(name));
  return known.length >= 2 && names.includes("tag") ? names : null;
}

export interface Pasted {
  file: TagFile;
  block: Block;
}

/**
 * Puts what is on the clipboard into the table: one cell into the whole block, a block from its upper left corner on,
 * rows beyond the end as new ones. What begins with a header is taken by its columns and added as rows.
 */
export function paste(file: TagFile, columns: readonly string[], block: Block, text: string): Pasted {
  const cells = parseClipboard(text);
  const header = cells.length > 1 ? headerOf(cells[0]!) : null;
  if (header !== null) {
    const rows = cells.slice(1).filter((row) => row.some((cell) => cell !== "")).map((row) => Object.fromEntries(row.map((cell, at) => [header[at] ?? "", cell]).filter(([name]) => name !== "")));
    return addRecords(file, rows);
  }
  const [height, width] = [cells.length, Math.max(0, ...cells.map((row) => row.length))];
  if (height === 0) return { file, block };
  // Once into each part of a selection that is a multiple of it.
  const tall = (block.bottom - block.top + 1) % height === 0 ? block.bottom - block.top + 1 : height;
  const wide = (block.right - block.left + 1) % width === 0 ? block.right - block.left + 1 : width;
  const all = Array.from({ length: tall }, (_, row) => Array.from({ length: wide }, (_, column) => cells[row % height]![column % width] ?? ""));
  const right = Math.min(columns.length, block.left + wide) - 1;
  return { file: writeBlock(file, columns, block.top, block.left, all), block: { ...block, bottom: block.top + tall - 1, right } };
}

/** Rows behind the last one; empty rows that somebody began with give way. */
export function addRecords(file: TagFile, records: readonly Readonly<Record<string, string>>[]): Pasted {
  const empty = new Set(file.rows.flatMap((row, at) => (row.values.every((value) => value === "") ? [at] : [])));
  const base = removeRows(file, empty);
  const out = insertRows(base, base.rows.length, records);
  return { file: out, block: { top: base.rows.length, left: 0, bottom: Math.max(base.rows.length, out.rows.length - 1), right: shownColumns(out).length - 1 } };
}

/**
 * What was changed from `was` to `mine`, on top of `theirs`: cell by cell where a row with this name is there still. Rows of
 * `mine` that were in `was` have the same ids.
 */
export function onTopOf(was: TagFile, mine: TagFile, theirs: TagFile): TagFile {
  const before = new Map(was.rows.map((row) => [row.id, row]));
  const kept = new Set(mine.rows.map((row) => row.id));
  const place = new Map(theirs.rows.map((row, at) => [cellOf(theirs, row, "tag"), at]));
  const changes = new Map<number, Record<string, string>>();
  const fresh: Record<string, string>[] = [];
  for (const row of mine.rows) {
    const old = before.get(row.id);
    const all = Object.fromEntries(mine.columns.map((column) => [column, cellOf(mine, row, column)]));
    const cells = old === undefined ? all : Object.fromEntries(Object.entries(all).filter(([column, text]) => text !== cellOf(was, old, column)));
    if (Object.keys(cells).length === 0) continue;
    const at = old === undefined ? undefined : place.get(cellOf(was, old, "tag"));
    if (at === undefined) fresh.push(all);
    else changes.set(at, cells);
  }
  const gone = new Set(was.rows.filter((row) => !kept.has(row.id)).flatMap((row) => place.get(cellOf(was, row, "tag")) ?? []));
  const out = removeRows(setCells(theirs, changes), gone);
  return insertRows(out, out.rows.length, fresh);
}

/** Names out of a tag table that are worth a trend, in its order: numbers first. */
export function trendTags(file: TagFile, most = 8): string[] {
  const rows = file.rows.map((row) => ({ name: cellOf(file, row, "tag"), type: cellOf(file, row, "type").toLowerCase() })).filter((row) => row.name !== "");
  const numbers = rows.filter((row) => /^[iuf]\d/.test(row.type));
  const flags = rows.filter((row) => row.type === "bool");
  return [...numbers, ...flags].slice(0, most).map((row) => row.name);
}

/** Steps back and forth, the oldest forgotten first. */
export class History<T> {
  private readonly before: T[] = [];
  private readonly behind: T[] = [];

  constructor(private readonly most: number) {}

  push(was: T): void {
    this.before.push(was);
    if (this.before.length > this.most) this.before.shift();
    this.behind.length = 0;
  }

  undo(now: T): T {
    const was = this.before.pop();
    if (was === undefined) return now;
    this.behind.push(now);
    return was;
  }

  redo(now: T): T {
    const next = this.behind.pop();
    if (next === undefined) return now;
    this.before.push(now);
    return next;
  }

  get canUndo(): boolean {
    return this.before.length > 0;
  }

  get canRedo(): boolean {
    return this.behind.length > 0;
  }
}
