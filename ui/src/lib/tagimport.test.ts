import { expect, test } from "vitest";
import { parseTags, writeTags } from "./tagcsv";
import { guessByLook, guessMapping, hasHeader, join, meantAccess, meantName, meantType, recordsOf } from "./tagimport";

test("headers of other tools are understood", () => {
  for (const [header, mapping] of [
    ["tag,address,type,unit,period,deadband,scale,offset,access,description", { tag: 0, address: 1, type: 2, unit: 3, period: 4, deadband: 5, scale: 6, offset: 7, access: 8, description: 9 }],
    ["Tag Name,Address,Data Type,Respect Data Type,Client Access,Scan Rate,Scaling,Eng Units,Description", { tag: 0, address: 1, type: 2, access: 4, period: 5, unit: 7, description: 8 }],
    ["Name;Register;Format;Einheit;Faktor;Kommentar", { tag: 0, address: 1, type: 2, unit: 3, scale: 4, description: 5 }],
    ["foo,bar", {}],
  ] as const) {
    expect(guessMapping(header.split(/[,;]/)), header).toEqual(mapping);
  }
  expect(hasHeader([["Name", "Register"], ["a", "1"]])).toBe(true);
  expect(hasHeader([["speed", "hr:100", "f32"]])).toBe(false);
});

test("columns without a header are told by their look", () => {
  expect(guessByLook([["1", "speed", "hr:100", "REAL"], ["2", "level", "hr:102", "REAL"]])).toEqual({ type: 3, address: 2, tag: 1 });
  expect(guessByLook([["speed", "40101"], ["level", "40103"]])).toEqual({ address: 1, tag: 0 });
  expect(guessByLook([])).toEqual({});
});

test("words of other tools become ours", () => {
  expect(["REAL", "Boolean", "f32:CDAB", "STRING[16]", "what"].map(meantType)).toEqual(["f32", "bool", "f32:CDAB", "text(16)", null]);
  expect(["R/W", "RO", "Read-Only", "odd"].map(meantAccess)).toEqual(["read-write", "read", "read", "odd"]);
  expect(meantName(" /a//b#1/ ")).toBe("a/b_1");
  expect(recordsOf([["speed", "hr:1", "REAL", ""], ["", "", "", ""]], { tag: 0, address: 1, type: 2, unit: 3 })).toEqual([{ tag: "speed", address: "hr:1", type: "f32" }]);
});

test("tags join a table, and those that are there stay or are replaced", () => {
  const file = parseTags("tag,address,type,note\na,hr:1,i16,kept\n")!;
  const records = [{ tag: "a", address: "hr:9" }, { tag: "b", address: "hr:2", type: "i16" }, { tag: "b", address: "hr:3" }];
  const skip = join(file, records, "skip");
  expect([writeTags(skip.file), skip.added, skip.replaced, skip.skipped]).toEqual(["tag,address,type,note\na,hr:1,i16,kept\nb,hr:2,i16,\n", 1, 0, 2]);
  const replace = join(file, records, "replace");
  expect([writeTags(replace.file), replace.added, replace.replaced]).toEqual(["tag,address,type,note\na,hr:9,i16,kept\nb,hr:3,i16,\n", 1, 1]);
});
