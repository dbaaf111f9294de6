// Tags from somewhere else: which column of a foreign table is which of ours, and how they join a table that has some.
import { cellOf, COLUMNS, insertRows, setCells, type TagFile, withoutEmpty } from "./tagcsv";

export type Column = (typeof COLUMNS)[number];
/** For each of our columns the number of the foreign one. */
export type Mapping = Partial<Record<Column, number>>;
export type TagRecord = Partial<Record<Column, string>>;

const WORDS: Record<Column, readonly string[]> = {
  tag: ["tag", "tag name", "tagname", "name", "item", "item name", "itemname", "variable", "symbol", "point", "signal", "bezeichner"],
  address: ["address", "addr", "register", "reg", "adresse", "memory address", "item path", "opc item path", "opcitempath", "node", "nodeid", "node id", "topic", "offset address", "register address"],
  type: ["type", "data type", "datatype", "format", "typ", "datentyp"],
  unit: ["unit", "units", "eu", "engineering unit", "engineering units", "engunit", "eng units", "einheit"],
  period: ["period", "scan rate", "scanrate", "interval", "poll rate", "update rate", "rate", "sampling", "zykluszeit"],
  deadband: ["deadband", "dead band", "totband"],
  scale: ["scale", "factor", "gain", "multiplier", "faktor", "skalierung", "slope"],
  offset: ["offset", "bias", "zero"],
  access: ["access", "client access", "read/write", "r/w", "rw", "mode", "zugriff"],
  description: ["description", "comment", "desc", "documentation", "tooltip", "label", "beschreibung", "kommentar", "text"],
};

const plain = (text: string) => text.trim().toLowerCase().replace(/[_.\-\s]+/g, " ");

/** Which columns a header seems to mean; each foreign column once. */
export function guessMapping(header: readonly string[]): Mapping {
  const names = header.map(plain);
  const out: Mapping = {};
  const taken = new Set<number>();
  const take = (column: Column, fits: (name: string) => boolean) => {
    if (out[column] !== undefined) return;
    const at = names.findIndex((name, number) => !taken.has(number) && name !== "" && fits(name));
    if (at < 0) return;
    out[column] = at;
    taken.add(at);
  };
  for (const column of COLUMNS) take(column, (name) => name === column);
  for (const column of COLUMNS) for (const word of WORDS[column]) take(column, (name) => name === word);
  for (const column of COLUMNS) take(column, (name) => WORDS[column].some((word) => word.length > 3 && name.startsWith(`${word} `)));
  return out;
}

/** Without a header: what looks like an address, what like a type, and the first column with words as the name. */
export function guessByLook(rows: readonly (readonly string[])[]): Mapping {
  const some = rows.slice(0, 20);
  const width = Math.max(0, ...some.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, at) => some.map((row) => (row[at] ?? "").trim()).filter((cell) => cell !== ""));
  const most = (cells: string[], like: RegExp) => cells.length > 0 && cells.filter((cell) => like.test(cell)).length * 2 > cells.length;
  const out: Mapping = {};
  const find = (column: Column, fits: (cells: string[]) => boolean) => {
    const at = columns.findIndex((cells, number) => !Object.values(out).includes(number) && fits(cells));
    if (at >= 0) out[column] = at;
  };
  find("type", (cells) => cells.length > 0 && cells.filter((cell) => meantType(cell) !== null).length * 2 > cells.length);
  find("address", (cells) => most(cells, /^(?:[a-z]{1,3}:|%?[A-Z]{1,2}\d|ns=|[0-46]\d{4,5}(?:\.\d+)?$)/i));
  find("tag", (cells) => most(cells, /[a-z]{2}/i));
  if (out.address === undefined) find("address", (cells) => most(cells, /^\d+$/));
  return out;
}

/** Whether the first row names columns rather than being one. */
export function hasHeader(rows: readonly (readonly string[])[]): boolean {
  const mapping = guessMapping(rows[0] ?? []);
  return Object.keys(mapping).length >= 2 && !(rows[0] ?? []).some((cell) => /^(?:co|di|ir|hr):|^\d{5,6}$/i.test(cell.trim()));
}

const TYPES: Record<string, string> = {
  boolean: "bool", bit: "bool", coil: "bool", digital: "bool", sint: "i8", int8: "i8", char: "i8", usint: "u8", byte: "u8", uint8: "u8", int: "i16", int16: "i16", short: "i16", uint: "u16", uint16: "u16", word: "u16", ushort: "u16",
  dint: "i32", int32: "i32", long: "i32", udint: "u32", uint32: "u32", dword: "u32", ulong: "u32", lint: "i64", int64: "i64", ulint: "u64", uint64: "u64", lword: "u64", real: "f32", float: "f32", float32: "f32", single: "f32", lreal: "f64",
  double: "f64", float64: "f64", string: "text(20)", str: "text(20)",
};
const OURS = /^(?:bool|[iu](?:8|16|32|64)|f32|f64|text\(\d+\)|bytes\(\d+\))(?::[A-H]+)?$/i;

/** Our word for a type of another tool; null for what is none. */
export function meantType(text: string): string | null {
  const word = text.trim();
  if (OURS.test(word)) return word;
  const sized = /^(?:string|str|char|wstring)[[(](\d+)[\])]$/i.exec(word);
  if (sized !== null) return `text(${sized[1]})`;
  return TYPES[word.toLowerCase()] ?? null;
}

export function meantAccess(text: string): string {
  const word = plain(text).replaceAll(" ", "");
  if (["r", "ro", "read", "readonly", "1"].includes(word)) return "read";
  if (["rw", "r/w", "readwrite", "read/write", "2"].includes(word)) return "read-write";
  if (["w", "wo", "write", "writeonly"].includes(word)) return "write";
  return text.trim();
}

/** No name may have these; what separates levels elsewhere stays as it is. */
export function meantName(text: string): string {
  return text.trim().replace(/[+#$\u0000]/g, "_").replace(/^\/+|\/+$/g, "").replace(/\/{2,}/g, "/");
}

/** Rows as tags; what another tool calls differently is translated, what cannot be is left for the person to see. */
export function recordsOf(rows: readonly (readonly string[])[], mapping: Mapping): TagRecord[] {
  const out: TagRecord[] = [];
  for (const row of rows) {
    const record: TagRecord = {};
    for (const [column, at] of Object.entries(mapping) as [Column, number][]) {
      const text = (row[at] ?? "").trim();
      if (text === "") continue;
      record[column] = column === "type" ? (meantType(text) ?? text) : column === "access" ? meantAccess(text) : column === "tag" ? meantName(text) : text;
    }
    if (Object.keys(record).length > 0) out.push(record);
  }
  return out;
}

export type Policy = "skip" | "replace";

export interface Joined {
  file: TagFile;
  added: number;
  replaced: number;
  skipped: number;
}

/** Adds tags to a table. Those that are there by name stay, or take what the new ones say. */
export function join(file: TagFile, records: readonly TagRecord[], policy: Policy): Joined {
  const base = withoutEmpty(file);
  const places = new Map(base.rows.map((row, at) => [cellOf(base, row, "tag"), at]));
  const changes = new Map<number, Record<string, string>>();
  const fresh: Record<string, string>[] = [];
  const named = new Map<string, number>();
  let skipped = 0;
  for (const record of records) {
    const name = record.tag ?? "";
    const cells = Object.fromEntries(Object.entries(record).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
    const there = places.get(name);
    const again = named.get(name);
    if (there !== undefined && policy === "replace") changes.set(there, { ...changes.get(there), ...cells });
    else if (there !== undefined || (again !== undefined && name !== "" && policy === "skip")) skipped += 1;
    else if (again !== undefined && name !== "") fresh[again] = { ...fresh[again], ...cells };
    else {
      named.set(name, fresh.length);
      fresh.push(cells);
    }
  }
  const changed = setCells(base, changes);
  return { file: insertRows(changed, changed.rows.length, fresh), added: fresh.length, replaced: changes.size, skipped };
}
