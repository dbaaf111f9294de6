import { expect, test } from "vitest";
import { editsOf, fieldsOf, isRight, type JsonSchema, mistakeOf, NotJson, quantity, sentences, strangers, textOf, valueOf } from "./schema";

const SCHEMA: JsonSchema = {
  $defs: {
    Counting: { description: "Where to count from.", oneOf: [{ const: "from-zero", description: "The first is 0.", type: "string" }, { const: "from-one", type: "string" }] },
  },
  properties: {
    unit: { type: "integer", minimum: 0, maximum: 255, default: 1, description: "Unit identifier, 0 to 255.\n\nDefault 1: most devices." },
    addresses: { $ref: "#/$defs/Counting", default: "from-zero", description: "What the first\nregister is called." },
    pause: { type: "string", format: "duration", default: "0ms", "x-maximum": "1s" },
    cache: { type: ["string", "null"], format: "bytes", default: null, "x-minimum": "4KiB" },
    fast: { type: "boolean", default: true },
    ratio: { type: "number", default: 0.5, title: "Share" },
    hosts: { type: "array", items: { type: "string" }, default: [] },
    tls: { type: "object", properties: { name: { type: "string" }, level: { enum: ["a", "b"] } }, required: ["name"] },
    odd: { type: "array", items: { type: "object" } },
    maybe: { anyOf: [{ $ref: "#/$defs/Counting" }, { type: "null" }], default: null },
    path: { type: "string" },
  },
  required: ["path"],
};
const FIELDS = fieldsOf(SCHEMA, ["unit"]);
const field = (key: string) => FIELDS.find((one) => one.key === key)!;

test("every property becomes a field of its kind", () => {
  expect(FIELDS.map((one) => [one.key, one.kind])).toEqual([
    ["unit", "number"], ["addresses", "choice"], ["pause", "quantity"], ["cache", "quantity"], ["fast", "switch"], ["ratio", "number"],
    ["hosts", "list"], ["tls", "group"], ["odd", "json"], ["maybe", "choice"], ["path", "text"],
  ]);
  expect(field("unit")).toMatchObject({ title: "Unit", hint: "Unit identifier, 0 to 255.", more: "Default 1: most devices.", least: 0, most: 255, standard: 1, essential: true, required: false });
  expect(field("addresses")).toMatchObject({ hint: "What the first register is called.", standard: "from-zero", choices: [{ value: "from-zero", about: "The first is 0." }, { value: "from-one" }] });
  expect(field("cache")).toMatchObject({ standard: undefined, least: "4KiB" });
  expect(field("ratio").title).toBe("Share");
  expect(field("maybe")).toMatchObject({ kind: "choice", standard: undefined });
  expect(field("path").required).toBe(true);
});

test("what a schema cannot be read as becomes JSON, and nothing at all gives no fields", () => {
  expect(fieldsOf({ properties: { x: { type: ["string", "integer"] }, y: {}, z: { $ref: "#/nowhere" } } }).map((one) => one.kind)).toEqual(["json", "json", "json"]);
  expect(fieldsOf({})).toEqual([]);
  expect(fieldsOf({ $ref: "#/$defs/Me", $defs: { Me: { properties: { a: { type: "string" } } } } }).length).toBe(1);
  const round: JsonSchema = { $defs: { A: { $ref: "#/$defs/A" } }, properties: { a: { $ref: "#/$defs/A" } } };
  expect(fieldsOf(round)[0]?.kind).toBe("json");
});

test("a comment is one sentence and the rest", () => {
  expect(sentences("One. Two.\n\nThree\nfour.")).toEqual(["One.", "Two.\n\nThree four."]);
  expect(sentences("Silence of 3.5 characters. `auto` stays.")).toEqual(["Silence of 3.5 characters.", "`auto` stays."]);
  expect(sentences("")).toEqual(["", ""]);
});

test("quantities are read as the node reads them", () => {
  for (const [text, of, size] of [["250ms", "duration", 0.25], ["1.5 h", "duration", 5400], ["10MiB", "bytes", 10_485_760], ["5m", "duration", 300], ["250", "duration", null], ["-1s", "duration", null], ["1y", "duration", null], ["4kB", "bytes", 4000]] as const) {
    expect(quantity(text, of), text).toBe(size);
  }
});

test("a wrong value is told before the node is asked", () => {
  for (const [key, value, what] of [
    ["unit", 256, "range"], ["unit", 1.5, "whole"], ["unit", "x", "whole"], ["unit", 255, null], ["unit", undefined, null], ["pause", "2s", "range"], ["pause", "20", "duration"],
    ["pause", "20ms", null], ["cache", "1KiB", "range"], ["addresses", "from-two", "choice"], ["path", undefined, "missing"], ["path", "", "missing"], ["odd", new NotJson("{"), "json"],
  ] as const) {
    expect(mistakeOf(field(key), value)?.what ?? null, `${key} ${String(value)}`).toBe(what);
  }
  expect(isRight(FIELDS, { path: "x", tls: { name: "n" } })).toBe(true);
  expect(isRight(FIELDS, { path: "x", tls: {} })).toBe(false);
});

test("what is typed becomes a value, and a value the text it came from", () => {
  for (const [key, typed, value] of [
    ["unit", "12", 12], ["unit", " ", undefined], ["unit", "1x", "1x"], ["ratio", "0,5", 0.5], ["hosts", "a, b\nc", ["a", "b", "c"]], ["odd", "[{}]", [{}]], ["pause", " 1s ", "1s"], ["path", " a", " a"],
  ] as const) {
    expect(valueOf(field(key), typed), `${key} ${typed}`).toEqual(value);
  }
  expect(textOf(field("hosts"), ["a", "b"])).toBe("a, b");
  expect(textOf(field("odd"), valueOf(field("odd"), "{no"))).toBe("{no");
  expect(textOf(field("unit"), undefined)).toBe("");
});

test("only what differs is written, and what nobody knows is left alone", () => {
  const written = { unit: 3, pause: "0ms", stranger: [1], tls: { name: "a", other: 1 } };
  expect(strangers(FIELDS, written)).toEqual(["stranger"]);
  expect(editsOf(FIELDS, written, { ...written })).toEqual({ set: [], remove: [] });
  expect(editsOf(FIELDS, written, { ...written, unit: 1, fast: true, hosts: ["x"] }, ["p"])).toEqual({ set: [{ key: ["p", "hosts"], value: ["x"] }], remove: [["p", "unit"]] });
  expect(editsOf(FIELDS, written, { ...written, tls: { name: "b", other: 1 }, pause: undefined })).toEqual({ set: [{ key: ["tls", "name"], value: "b" }], remove: [["pause"]] });
  expect(editsOf(FIELDS, {}, { path: "x", unit: 1, fast: false })).toEqual({ set: [{ key: ["fast"], value: false }, { key: ["path"], value: "x" }], remove: [] });
});
