import { expect, test } from "vitest";
import { placed } from "./placed";
import type { Mistake } from "./revisions";
import { insertRows, parseTags } from "./tagcsv";

const at = (file: string, line: number | null, column: number | null, what = "wrong"): Mistake => ({ file, line, column, code: "LS-CFG-004", what, help: null });

test("a mistake is shown in its cell, also when rows above it are empty and not written", () => {
  const file = insertRows(parseTags("tag,address,type\n# note\na,hr:1,i16\nb,hx:2,i16\n")!, 1, [{}]);
  const out = placed([at("tags/a.csv", 4, 3), at("tags/a.csv", 1, 1), at("tags/b.csv", 4, 3)], { path: "devices/a.toml", text: null }, "tags/a.csv", file);
  expect([...out.cells].map(([id, cells]) => [id, [...cells.keys()]])).toEqual([[file.rows[2]!.id, ["address"]]]);
  expect(out.others.map((one) => one.file)).toEqual(["tags/a.csv", "tags/b.csv"]);
});

test("a mistake in the device's file is shown at its field, the second of one field above", () => {
  const file = parseTags("tag,address,type\n")!;
  const own = { path: "devices/a.toml", text: '[a]\nperiod = "1"\n' };
  const out = placed([at("devices/a.toml", 2, 10), at("devices/a.toml", 2, 10, "again"), at("devices/a.toml", 1, 1, "`endpoint` is missing")], own, null, file);
  expect([...out.fields]).toEqual([["period", "wrong"], ["endpoint", "`endpoint` is missing"]]);
  expect(out.others.map((one) => one.what)).toEqual(["again"]);
});
