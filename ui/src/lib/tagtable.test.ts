import { expect, test } from "vitest";
import { cellOf, newTagFile, parseTags, removeRows, setCells, type TagFile, writeTags } from "./tagcsv";
import { addRecords, blockOf, clearBlock, copyBlock, counted, fillDown, fillSeries, headerOf, History, onTopOf, paste, shownColumns } from "./tagtable";

const file = () => parseTags("tag,address,type,unit,extra\na1,hr:100,f32,bar,x\na2,hr:1,i16,,y\na3,hr:2,i16,,\n")!;
const rows = (of: TagFile) => of.rows.map((row) => ["tag", "address", "type", "unit"].map((column) => cellOf(of, row, column)).join(" ").trim());
const at = (top: number, left: number, bottom = top, right = left) => ({ top, left, bottom, right });

test("columns of the file's own are behind the known ones", () => {
  expect(shownColumns(file()).slice(-2)).toEqual(["description", "extra"]);
});

test("a block is copied and put somewhere else", () => {
  const columns = shownColumns(file());
  const text = copyBlock(file(), columns, at(0, 0, 1, 1));
  expect(text).toBe("a1\thr:100\na2\thr:1");
  expect(rows(paste(file(), columns, at(2, 0), text).file)).toEqual(["a1 hr:100 f32 bar", "a2 hr:1 i16", "a1 hr:100 i16", "a2 hr:1"]);
  expect(paste(file(), columns, at(2, 0), text).block).toEqual(at(2, 0, 3, 1));
});

test("one cell fills a selection", () => {
  expect(rows(paste(file(), shownColumns(file()), at(0, 3, 2, 3), "Cel\n").file)).toEqual(["a1 hr:100 f32 Cel", "a2 hr:1 i16 Cel", "a3 hr:2 i16 Cel"]);
});

test("what comes with a header goes to its columns", () => {
  const out = paste(newTagFile(), shownColumns(newTagFile()), at(0, 0), "Type\tTag\tAddress\tmade by\r\ni16\tspeed\thr:7\tme\r\n\t\t\t\r\n");
  expect(rows(out.file)).toEqual(["speed hr:7 i16"]);
  expect(writeTags(out.file)).toContain("made by");
  expect(headerOf(["speed", "hr:7"])).toBe(null);
});

test("rows that somebody began with give way to what is added", () => {
  expect(rows(addRecords(addRecords(newTagFile(), [{}, {}]).file, [{ tag: "x" }]).file)).toEqual(["x"]);
});

test("cells are cleared and filled", () => {
  const columns = shownColumns(file());
  expect(rows(clearBlock(file(), columns, at(0, 1, 9, 1)))).toEqual(["a1  f32 bar", "a2  i16", "a3  i16"]);
  expect(rows(fillDown(file(), columns, at(0, 3, 2, 3)))).toEqual(["a1 hr:100 f32 bar", "a2 hr:1 i16 bar", "a3 hr:2 i16 bar"]);
  expect(rows(fillDown(file(), columns, at(1, 3)))[1]).toBe("a2 hr:1 i16 bar");
  expect(fillDown(file(), columns, at(0, 3))).toEqual(expect.objectContaining({ columns: file().columns }));
  expect(rows(fillSeries(file(), columns, at(0, 0, 2, 2)))).toEqual(["a1 hr:100 f32 bar", "a2 hr:102 f32", "a3 hr:104 f32"]);
});

test("numbers count on", () => {
  for (const [text, by, next] of [["hr:100", 2, "hr:102"], ["pump-09", 1, "pump-10"], ["x", 1, "x"], ["hr:10.3", 1, "hr:10.4"], ["40001", 4, "40005"], ["t9_c", 1, "t10_c"]] as const) expect(counted(text, by)).toBe(next);
});

test("a block is the same from each of its corners", () => {
  expect(blockOf({ row: 3, column: 1 }, { row: 1, column: 4 })).toEqual(at(1, 1, 3, 4));
});

test("what somebody else changed meanwhile stays, and mine is on top of it", () => {
  const was = file();
  const mine = addRecords(setCells(removeRows(was, new Set([2])), new Map([[0, { unit: "Cel" }]])), [{ tag: "mine" }]).file;
  const theirs = parseTags("# theirs\ntag,address,type,unit,extra\na3,hr:2,i16,,\na1,hr:100,f64,bar,x\nnew,hr:7,i16,,\n")!;
  expect(writeTags(onTopOf(was, mine, theirs))).toBe("# theirs\ntag,address,type,unit,extra\na1,hr:100,f64,Cel,x\nnew,hr:7,i16,,\nmine,,,,\n");
  expect(writeTags(onTopOf(was, was, theirs))).toBe(writeTags(theirs));
  expect(writeTags(onTopOf(was, mine, was))).toBe(writeTags(mine));
});

test("steps are taken back and done again, and no more are kept than wanted", () => {
  const history = new History<number>(3);
  let now = 0;
  for (let next = 1; next <= 5; next += 1) {
    history.push(now);
    now = next;
  }
  const back = [0, 0, 0, 0].map(() => (now = history.undo(now)));
  expect(back).toEqual([4, 3, 2, 2]);
  expect([(now = history.redo(now)), history.canUndo, history.canRedo]).toEqual([3, true, true]);
  history.push(now);
  expect(history.canRedo).toBe(false);
});

test("whatever is done, taking all of it back gives the file as it was", () => {
  const columns = shownColumns(file());
  for (let seed = 1; seed <= 100; seed += 1) {
    let x = seed;
    const next = (below: number) => Math.floor(((x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32) * below);
    const history = new History<TagFile>(100);
    const begin = file();
    const before = writeTags(begin);
    let now = begin;
    const steps = 1 + next(12);
    for (let step = 0; step < steps; step += 1) {
      history.push(now);
      const block = blockOf({ row: next(3), column: next(5) }, { row: next(3), column: next(5) });
      now = [() => clearBlock(now, columns, block), () => fillDown(now, columns, block), () => fillSeries(now, columns, block), () => paste(now, columns, block, "q\tr\ns\tt").file, () => setCells(now, new Map([[0, { scale: "2" }]]))][next(5)]!();
    }
    while (history.canUndo) now = history.undo(now);
    expect(writeTags(now)).toBe(before);
  }
});
