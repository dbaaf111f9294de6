import { expect, it } from "vitest";
import { mistakesOf, parseRevisions, pathMistake, revisionsLink } from "./revisions";

it.each(["#/revisions", "#/revisions?id=12", "#/revisions?id=12&to=9", "#/revisions?view=files", "#/revisions?view=files&path=devices/line-1.toml", "#/revisions?view=proposals"])(
  "reads its own address %s",
  (link) => {
    expect(revisionsLink(parseRevisions(new URLSearchParams(link.split("?")[1] ?? "")))).toBe(link);
  },
);

it("takes nonsense in an address for nothing", () => {
  expect(parseRevisions(new URLSearchParams("view=x&id=-1&to=1e3"))).toEqual({ view: "history", id: null, to: null, path: null });
});

it("reads mistakes whatever is missing in them", () => {
  expect(mistakesOf({})).toEqual([]);
  expect(mistakesOf({ mistakes: [{ file: "a.toml", line: 14, column: 1, code: "LS-CFG-004", what: "unknown field", help: "" }, {}, 3] })).toEqual([
    { file: "a.toml", line: 14, column: 1, code: "LS-CFG-004", what: "unknown field", help: null },
    { file: null, line: null, column: null, code: null, what: "not valid", help: null },
  ]);
});

it.each([
  ["devices/press-1.toml", true],
  ["tags/a.csv", true],
  ["../etc/passwd.toml", false],
  ["/etc/x.toml", false],
  ["devices//x.toml", false],
  ["notes.txt", false],
  ["lineshaft.toml", false],
])("can %s be a new file? %s", (path, can) => {
  expect(pathMistake(path, ["lineshaft.toml"]) === null).toBe(can);
});
