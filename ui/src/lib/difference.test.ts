import { expect, it } from "vitest";
import { countsOf, type DiffLine, fieldsOf, numbered, pairsOf } from "./difference";

const hunk = (text: string) => ({
  old_start: 10,
  new_start: 20,
  lines: text.split("|").map((line) => ({ kind: line[0], text: line.slice(1) }) as DiffLine),
});
const drawn = (text: string) => pairsOf(hunk(text)).map(({ old, new: now }) => `${old === null ? "" : `${old.number}${old.text}`}/${now === null ? "" : `${now.number}${now.text}`}`);

it.each([
  [" a|-b|+B| c", ["10a/20a", "11b/21B", "12c/22c"]],
  ["-a|-b|+A", ["10a/20A", "11b/"]],
  ["+a|+b", ["/20a", "/21b"]],
  ["-a| b|+c", ["10a/", "11b/20b", "/21c"]],
  // A second removal after an addition begins a new change.
  ["-a|+A|-b|+B", ["10a/20A", "11b/21B"]],
])("puts the lines of %s beside each other", (text, pairs) => {
  expect(drawn(text)).toEqual(pairs);
});

it("numbers a unified difference on both sides", () => {
  expect(numbered(hunk(" a|-b|+B| c")).map((line) => [line.old, line.new])).toEqual([[10, 20], [11, null], [null, 21], [12, 22]]);
  expect(countsOf([{ path: "x", change: "changed", hunks: [hunk(" a|-b|+B|+C")] }])).toEqual({ added: 2, removed: 1 });
});

it.each([
  [412, 420, [{ field: "", old: "412", new: "420" }]],
  [undefined, "x", [{ field: "", old: null, new: "x" }]],
  ["", null, [{ field: "", old: '""', new: "null" }]],
  [{ a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 2, d: 4 }, e: true }, [{ field: "b.d", old: "3", new: "4" }, { field: "e", old: null, new: "true" }]],
  [undefined, { role: "viewer" }, [{ field: "role", old: null, new: "viewer" }]],
  [{ under: ["a"] }, { under: ["a", "b"] }, [{ field: "under", old: '["a"]', new: '["a","b"]' }]],
  [{ a: 1 }, "gone", [{ field: "", old: '{"a":1}', new: "gone" }]],
  ["same", "same", []],
])("tells %j from %j member by member", (old, now, fields) => {
  expect(fieldsOf(old, now)).toEqual(fields);
});
