import { expect, it } from "vitest";
import { auditLink, elementsOf, endOf, exportLink, NO_FILTER, parseFilter, parsePage, placeOf, timesOf } from "./audit";
import { actionGroups, sentence } from "./auditwords";

it.each([
  ["tag.write", "done", "Wrote a value"],
  ["tag.write", "requested", "About to write a value"],
  ["tag.write", "unknown", "Tried to write a value"],
  ["session.login", "failed", "Tried to log in"],
  ["robot.dance", "done", "robot.dance"],
] as const)("says %s, %s, as: %s", (action, result, said) => {
  expect(sentence({ action, result })).toBe(said);
});

it("offers every action in exactly one category", () => {
  const all = actionGroups().flatMap((group) => group.actions.map((one) => one.action));
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe(53);
  expect(actionGroups().every((group) => group.actions.length > 0)).toBe(true);
});

const parsed = (text: string) => parseFilter(new URLSearchParams(text));

it.each([
  ["", "#/audit"],
  ["who=anna&action=tag&object=acme/line-1&result=refused&text=fill", "#/audit?who=anna&action=tag&object=acme/line-1&result=refused&text=fill"],
  ["range=7d", "#/audit?range=7d"],
  ["range=3w", "#/audit"],
  ["range=7d&start=1000", "#/audit?start=1000"],
  ["start=x&end=2000", "#/audit?end=2000"],
])("keeps the view of ?%s in its address", (text, link) => {
  expect(auditLink(parsed(text))).toBe(link);
});

it("names an entry in the address beside the filter", () => {
  expect(auditLink({ ...NO_FILTER, who: "a b" }, 12)).toBe("#/audit?who=a+b&entry=12");
});

it("lets a named range end now and a chosen one where it was chosen", () => {
  expect(timesOf(parsed("range=1h"), 4_000_000)).toEqual({ start: 400_000, end: null });
  expect(timesOf(parsed("start=5&end=9"), 4_000_000)).toEqual({ start: 5, end: 9 });
});

it.each([
  ["a/b/c/d", "a/b", "/c/d"],
  ["devices/line-1.toml", "", "devices/line-1.toml"],
  ["anna", "", "anna"],
])("may cut %s after %s", (object, head, tail) => {
  expect(endOf(object)).toEqual({ head, tail });
});

it.each([
  ["plant.change", "revision 13", "#/revisions?id=13"],
  ["tag.write", "acme/line-1/speed", "#/tags?tag=acme/line-1/speed"],
  ["session.login", "revision x", null],
])("leads from %s of %s to %s", (action, object, link) => {
  expect(placeOf({ action, object })).toBe(link);
});

it("asks for an export by its range and form", () => {
  expect(exportLink({ start: null, end: null, format: "proof" })).toBe("/api/v1/audit/export");
  expect(exportLink({ start: 1, end: 2, format: "csv" })).toBe("/api/v1/audit/export?start=1&end=2&format=csv");
});

it.each([
  ['{"entries":[],"next":7}', []],
  ['{"entries":[{"a":1.0},{"b":"}],\\"x"}],"next":null}', ['{"a":1.0}', '{"b":"}],\\"x"}']],
  ['{"next":1, "other":[1], "entries":[ {"a":[1,{"entries":[2]}]} , {} ] }', ['{"a":[1,{"entries":[2]}]}', "{}"]],
  ['{"entries":[1, "two,", [3] ]}', ["1", '"two,"', "[3]"]],
  ['{"text":"entries","x":{"entries":[1]},"entries":[2]}', ["2"]],
  ["not json", []],
])("takes the entries out of %s as they were written", (text, lines) => {
  expect(elementsOf(text, "entries")).toEqual(lines);
});

it("keeps the very letters of an entry beside what they mean", () => {
  const line = '{"seq":3,"time":"2026-11-20T11:18:31.123456789Z","new":1.0}';
  const page = parsePage(`{"entries":[${line}],"next":null,"entries_total":4}`);
  expect(page.entries[0]).toMatchObject({ seq: 3, new: 1, line });
});
