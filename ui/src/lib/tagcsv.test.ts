import { expect, test } from "vitest";
import { cellOf, insertRows, newTagFile, parseAny, parseClipboard, parseTags, placeOf, quoted, removeRows, setCells, type TagFile, withoutEmpty, writeClipboard, writeTags } from "./tagcsv";

const TABLE = "# made by hand\ntag,address,type,unit,Remark\n\n# the bowl\nspeed , hr:100,f32:CDAB,1/min,\"say \"\"hi\"\", twice\"\nlevel,hr:102,f32,%,\n#end\n";

function read(text: string): TagFile {
  const file = parseTags(text);
  if (file === null) throw new Error(`no table: ${text}`);
  return file;
}

/** A stream of numbers below 2^32 that is the same in each run. */
function numbers(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

const CELLS = ["", "a", "hr:1", "0,5", "0;5", 'say "hi"', " spaced ", "ü\u00a0", "#no note", "two\nlines", '"', "x\ty", "-3"];
const SEPARATORS = [",", ";", "\t"];

test("a table that was only read is written as it was", () => {
  for (const text of [TABLE, TABLE.replaceAll("\n", "\r\n"), `\ufeff${TABLE}`, "sep=;\ntag;address;type\na;b;bool", "tag,address,type", "TAG;Address;type\n\n;;\nx;y"]) {
    expect(writeTags(read(text))).toBe(text);
  }
});

test("any table comes back the same, and each cell says what was put into it", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const next = numbers(seed);
    const separator = SEPARATORS[next(3)]!;
    const eol = next(2) === 0 ? "\n" : "\r\n";
    const columns = ["tag", "address", "type", "note"].slice(0, 3 + next(2));
    const rows = Array.from({ length: next(6) }, () => columns.map((_, at) => (at === 0 ? "t" : "") + CELLS[next(CELLS.length)]!));
    const notes = () => ["", "", `# note, with; signs${eol}`, eol][next(4)]!;
    const text = [columns, ...rows].map((row) => notes() + row.map((cell) => quoted(cell, separator)).join(separator) + eol).join("") + notes();
    const file = read(text);
    expect(writeTags(file), JSON.stringify(text)).toBe(text);
    expect(file.rows.map((row) => columns.map((column) => cellOf(file, row, column)))).toEqual(rows.map((row) => row.map((cell) => cell.trim())));
  }
});

test("a change touches its cell and nothing else", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const next = numbers(seed);
    const file = read(TABLE);
    const [row, column, text] = [next(2), file.columns[next(5)]!, CELLS[next(CELLS.length)]!];
    if (column === "tag" && text.startsWith("#")) continue; // that makes a note of the row, as in the file
    const out = setCells(file, new Map([[row, { [column]: text }]]));
    const again = read(writeTags(out));
    again.rows.forEach((one, at) => {
      for (const name of file.columns) {
        expect(cellOf(again, one, name)).toBe(at === row && name === column ? text.trim() : cellOf(file, file.rows[at]!, name));
      }
    });
    const lines = writeTags(out).split("\n");
    if (!text.includes("\n")) expect(lines.filter((line, at) => line !== TABLE.split("\n")[at]).length).toBeLessThanOrEqual(1);
  }
});

test("what is put in and taken out again leaves the text as it was", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = numbers(seed);
    const file = read(TABLE);
    const at = next(3);
    const added = Array.from({ length: 1 + next(3) }, () => ({ tag: "new", address: CELLS[next(CELLS.length)]!, type: "i16" }));
    const longer = insertRows(file, at, added);
    expect(read(writeTags(longer)).rows.length).toBe(2 + added.length);
    expect(writeTags(removeRows(longer, new Set(added.map((_, one) => at + one))))).toBe(TABLE);
  }
});

test("notes above a row stay when the row goes", () => {
  const file = read(TABLE);
  expect(writeTags(removeRows(file, new Set([0])))).toBe("# made by hand\ntag,address,type,unit,Remark\n\n# the bowl\nlevel,hr:102,f32,%,\n#end\n");
  expect(writeTags(removeRows(file, new Set([0, 1])))).toBe("# made by hand\ntag,address,type,unit,Remark\n\n# the bowl\n#end\n");
});

test("a column that was not there is added when it is written into", () => {
  const file = setCells(read("tag,address,type\na,hr:1,i16\nb,hr:2,i16\n"), new Map([[1, { unit: "Cel" }]]));
  expect(writeTags(file)).toBe("tag,address,type,unit\na,hr:1,i16,\nb,hr:2,i16,Cel\n");
  expect(writeTags(setCells(file, new Map([[0, { scale: "" }]])))).toBe(writeTags(file));
});

test("a row that is too short stays as it is until it is touched", () => {
  const text = "tag,address,type,unit\na,hr:1\n";
  expect(writeTags(setCells(read(`${text}b,hr:2,i16,\n`), new Map([[1, { scale: "2" }]])))).toBe("tag,address,type,unit,scale\na,hr:1\nb,hr:2,i16,,2\n");
  expect(writeTags(setCells(read(text), new Map([[0, { type: "i16" }]])))).toBe("tag,address,type,unit\na,hr:1,i16,\n");
});

test("a new table has the columns that are used, and no rows without anything", () => {
  const file = insertRows(newTagFile(), 0, [{ tag: "a", address: "hr:1", type: "i16", scale: "0.1" }, {}]);
  expect(writeTags(withoutEmpty(file))).toBe("tag,address,type,unit,access,description,scale\na,hr:1,i16,,,,0.1\n");
});

test("a place the node names is a cell", () => {
  const text = `\ufeff${TABLE}`;
  for (const [line, column, row, name] of [
    [2, 1, -1, "tag"], [5, 1, 0, "tag"], [5, 9, 0, "address"], [5, 17, 0, "type"], [5, 32, 0, "remark"], [6, 14, 1, "type"], [6, 20, 1, "remark"], [6, null, 1, null],
  ] as const) {
    expect(placeOf(text, line, column), `${line}:${column}`).toEqual({ row, column: name });
  }
  expect(placeOf(text, 1, 1)).toBe(null);
  expect(placeOf(text, 99, 1)).toBe(null);
  expect(placeOf("tag,address,type\n\"ü, ü\",b,c\n", 2, 8)).toEqual({ row: 0, column: "address" });
  expect(placeOf('tag,address,type\n"a\nb",hr:1,i8\nc,d,e\n', 3, 4)).toEqual({ row: 0, column: "address" });
  expect(placeOf('tag,address,type\n"a\nb",hr:1,i8\nc,d,e\n', 4, 5)).toEqual({ row: 1, column: "type" });
});

test("every cell is found again by its place", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = numbers(seed);
    const cells = ["a", "hr:1", "i8"].map((cell, at) => (at === 1 ? cell : cell + (CELLS[next(CELLS.length)]!.replace("\n", "") || "z")));
    const text = `tag,address,type\n${cells.map((cell) => quoted(cell, ",")).join(",")}\n`;
    const line = text.split("\n")[1]!;
    let from = 0;
    cells.forEach((cell, at) => {
      expect(placeOf(text, 2, [...line.slice(0, from)].length + 1)).toEqual({ row: 0, column: ["tag", "address", "type"][at] });
      from += quoted(cell, ",").length + 1;
    });
  }
});

test("the clipboard of a spreadsheet is read and written", () => {
  expect(parseClipboard('a\tb\r\n"two\nlines"\t"say ""hi"""\r\n')).toEqual([["a", "b"], ["two\nlines", 'say "hi"']]);
  expect(parseClipboard("one")).toEqual([["one"]]);
  expect(parseClipboard("")).toEqual([]);
  expect(parseClipboard("a\t\n\t\nb")).toEqual([["a", ""], ["", ""], ["b"]]);
  const rows = [["a", 'x"y'], ["", "t\tab"], ["l\nl", "z"]];
  expect(parseClipboard(writeClipboard(rows))).toEqual(rows);
});

test("what is no tag table is not taken for one", () => {
  for (const text of ["", "# only a note\n", "name,where\na,b\n"]) expect(parseTags(text)).toBe(null);
  expect(parseAny("Name;Register\nfoo;\"1;2\"\n")).toEqual([["Name", "Register"], ["foo", "1;2"]]);
});
