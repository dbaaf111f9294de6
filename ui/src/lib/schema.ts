// JSON schema as form fields. What this does not know becomes a field for JSON, so that nothing is lost and everything
// can be set. Not here: how fields look (pages/devices/SchemaField.svelte); what is allowed in the end, the node says.
import { humanName } from "./format";

export type JsonSchema = { readonly [key: string]: unknown };
export type Form = Record<string, unknown>;

export interface Choice {
  value: unknown;
  label: string;
  about: string;
}

interface Any {
  key: string;
  title: string;
  /** One sentence, and the rest of what there is to know. */
  hint: string;
  more: string;
  /** What holds when nothing is said; undefined where nobody knows. */
  standard: unknown;
  required: boolean;
  essential: boolean;
}

export type Field = Any &
  (
    | { kind: "text"; format: string | null; lengthMax: number | null; pattern: string | null }
    | { kind: "number"; whole: boolean; least: number | null; most: number | null }
    | { kind: "quantity"; of: "duration" | "bytes"; least: string | null; most: string | null }
    | { kind: "switch" }
    | { kind: "choice"; choices: Choice[] }
    | { kind: "list"; of: "text" | "number" }
    | { kind: "group"; fields: Field[] }
    | { kind: "json" }
  );

const isObject = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === "string" ? value : null);
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** Follows `$ref` inside the document; what stands beside it (a description) wins. */
function resolved(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema {
  const way = text(schema.$ref);
  if (way === null || !way.startsWith("#/") || depth > 8) return schema;
  const parts = way.slice(2).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const found = parts.reduce<unknown>((at, part) => (isObject(at) ? at[part] : undefined), root);
  if (!isObject(found)) return schema;
  const { $ref: _, ...beside } = schema;
  return { ...resolved(found, root, depth + 1), ...beside };
}

/** Without the `null` that stands for "not said". */
function typesOf(schema: JsonSchema): string[] {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.filter((type): type is string => typeof type === "string" && type !== "null");
}

/** An option that may be null is written as `anyOf [x, null]`. */
function unwrapped(schema: JsonSchema, root: JsonSchema): JsonSchema {
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const some = schema[key];
    if (!Array.isArray(some)) continue;
    const real = some.filter((one): one is JsonSchema => isObject(one) && one.type !== "null");
    const { [key]: _, ...beside } = schema;
    if (real.length === 1) return { ...unwrapped(resolved(real[0]!, root), root), ...beside };
  }
  return schema;
}

function choicesOf(schema: JsonSchema, root: JsonSchema): Choice[] | null {
  const label = (value: unknown) => String(value);
  if (Array.isArray(schema.enum)) {
    const values = schema.enum.filter((value) => value !== null);
    return values.map((value) => ({ value, label: label(value), about: "" }));
  }
  for (const some of [schema.oneOf, schema.anyOf]) {
    if (!Array.isArray(some)) continue;
    const out: Choice[] = [];
    for (const one of some) {
      if (!isObject(one)) return null;
      const real = resolved(one, root);
      if (real.type === "null") continue;
      const about = text(real.description) ?? "";
      if ("const" in real) out.push({ value: real.const, label: text(real.title) ?? label(real.const), about });
      // schemars puts variants without a comment of their own into one enum.
      else if (Array.isArray(real.enum)) out.push(...real.enum.map((value) => ({ value, label: label(value), about })));
      else return null;
    }
    return out.length > 0 ? out : null;
  }
  return null;
}

/** The first sentence of a comment, and the rest. */
export function sentences(comment: string): [string, string] {
  const paragraphs = comment.trim().split(/\n\s*\n/).map((part) => part.replaceAll("\n", " ").trim());
  const [first = "", ...others] = paragraphs;
  // `e.g. ` and `3.5 characters` end nothing.
  const end = /[.!?](?=\s+\p{Lu}|\s+`|$)/u.exec(first);
  const cut = end === null ? first.length : end.index + 1;
  return [first.slice(0, cut), [first.slice(cut).trim(), ...others].filter((part) => part !== "").join("\n\n")];
}

function fieldOf(key: string, declared: JsonSchema, root: JsonSchema, required: boolean, essential: readonly string[], depth: number): Field {
  const schema = unwrapped(resolved(declared, root), root);
  const [hint, more] = sentences(text(schema.description) ?? "");
  const standard = schema.default === null ? undefined : schema.default;
  const common = { key, title: text(declared.title) ?? humanName(key), hint, more, standard, required, essential: schema["x-essential"] === true || essential.includes(key) };
  const choices = choicesOf(schema, root);
  if (choices !== null) return { ...common, kind: "choice", choices };
  const types = typesOf(schema);
  const type = types.length === 1 ? types[0] : null;
  const format = text(schema.format);
  if (type === "boolean") return { ...common, kind: "switch" };
  if (type === "integer" || type === "number") {
    return { ...common, kind: "number", whole: type === "integer", least: number(schema.minimum), most: number(schema.maximum) };
  }
  if (type === "string" && (format === "duration" || format === "bytes")) {
    return { ...common, kind: "quantity", of: format, least: text(schema["x-minimum"]), most: text(schema["x-maximum"]) };
  }
  if (type === "string") return { ...common, kind: "text", format, lengthMax: number(schema.maxLength), pattern: text(schema.pattern) };
  if (type === "array" && isObject(schema.items)) {
    const item = typesOf(resolved(schema.items, root))[0];
    if (item === "string") return { ...common, kind: "list", of: "text" };
    if (item === "integer" || item === "number") return { ...common, kind: "list", of: "number" };
  }
  // Deeper than this nobody finds his way in a form.
  if (type === "object" && isObject(schema.properties) && depth < 3) {
    return { ...common, kind: "group", fields: fieldsOf(schema, [], root, depth + 1) };
  }
  return { ...common, kind: "json" };
}

/** The fields of an object. */
export function fieldsOf(schema: JsonSchema, essential: readonly string[] = [], root: JsonSchema = schema, depth = 0): Field[] {
  const real = unwrapped(resolved(schema, root), root);
  if (!isObject(real.properties)) return [];
  const required = Array.isArray(real.required) ? real.required : [];
  return Object.entries(real.properties)
    .filter((entry): entry is [string, JsonSchema] => isObject(entry[1]))
    .map(([key, one]) => fieldOf(key, one, root, required.includes(key), essential, depth));
}

/** Keys that are written and that the schema does not know: they are shown and stay. */
export function strangers(fields: readonly Field[], written: Form): string[] {
  return Object.keys(written).filter((key) => !fields.some((field) => field.key === key));
}

const DURATIONS: Record<string, number> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };
const SIZES: Record<string, number> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Seconds of `250ms`, bytes of `10MiB`; null for what is none. */
export function quantity(written: string, of: "duration" | "bytes"): number | null {
  const parts = /^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)$/.exec(written.trim());
  const factor = parts === null ? undefined : (of === "duration" ? DURATIONS : SIZES)[parts[2]!];
  return factor === undefined ? null : Number(parts![1]) * factor;
}

export type Mistaken =
  | { what: "missing" }
  | { what: "number" | "whole" | "duration" | "bytes" | "json" | "choice" }
  | { what: "range"; least: string | null; most: string | null };

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What is wrong with a value, before the node is asked; null when nothing is. Nothing said is right where it may be. */
export function mistakeOf(field: Field, value: unknown): Mistaken | null {
  if (value === undefined || value === "") return field.required ? { what: "missing" } : null;
  switch (field.kind) {
    case "number": {
      if (typeof value !== "number") return { what: field.whole ? "whole" : "number" };
      if (field.whole && !Number.isInteger(value)) return { what: "whole" };
      const [least, most] = [field.least, field.most];
      const out = (least !== null && value < least) || (most !== null && value > most);
      return out ? { what: "range", least: least?.toString() ?? null, most: most?.toString() ?? null } : null;
    }
    case "quantity": {
      const size = typeof value === "string" ? quantity(value, field.of) : null;
      if (size === null) return { what: field.of };
      const limit = (text: string | null) => (text === null ? null : quantity(text, field.of));
      const out = size < (limit(field.least) ?? -Infinity) || size > (limit(field.most) ?? Infinity);
      return out ? { what: "range", least: field.least, most: field.most } : null;
    }
    case "choice":
      return field.choices.some((choice) => same(choice.value, value)) ? null : { what: "choice" };
    case "list":
      return field.of === "number" && Array.isArray(value) && value.some((one) => typeof one !== "number") ? { what: "number" } : null;
    case "json":
      return value instanceof NotJson ? { what: "json" } : null;
    case "group":
      return null;
    default:
      return null;
  }
}

/** A text that somebody is still typing and that is no JSON yet. */
export class NotJson {
  constructor(readonly text: string) {}
}

/** Whether a form can be sent. */
export function isRight(fields: readonly Field[], form: Form): boolean {
  return fields.every((field) => {
    if (field.kind === "group" && isObject(form[field.key])) return isRight(field.fields, form[field.key] as Form);
    return mistakeOf(field, form[field.key]) === null;
  });
}

/** A text as the value of a field: what cannot be read stays a text, so that it is not lost and can be said to be wrong. */
export function valueOf(field: Field, typed: string): unknown {
  if (typed.trim() === "") return undefined;
  switch (field.kind) {
    case "number": {
      const plain = typed.trim().replace(",", ".");
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : typed;
    }
    case "quantity":
      return typed.trim();
    case "list": {
      const parts = typed.split(/[\n,]/).map((part) => part.trim()).filter((part) => part !== "");
      return field.of === "text" ? parts : parts.map((part) => (Number.isFinite(Number(part)) ? Number(part) : part));
    }
    case "json":
      try {
        return JSON.parse(typed) as unknown;
      } catch {
        return new NotJson(typed);
      }
    default:
      return typed;
  }
}

/** The other way: what stands in the field. */
export function textOf(field: Field, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (value instanceof NotJson) return value.text;
  if (field.kind === "list" && Array.isArray(value)) return value.join(", ");
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

export interface KeyEdits {
  set: { key: string[]; value: unknown }[];
  remove: string[][];
}

/**
 * What to write so that `written` says what `form` says. What was not touched stays as it is written; what is set back to
 * its default goes; a default that was never written is not written now. Keys that no field knows are not touched.
 */
export function editsOf(fields: readonly Field[], written: Form, form: Form, at: readonly string[] = []): KeyEdits {
  const out: KeyEdits = { set: [], remove: [] };
  for (const field of fields) {
    const [was, is] = [written[field.key], form[field.key]];
    const key = [...at, field.key];
    if (same(was, is)) continue;
    if (field.kind === "group") {
      const inner = editsOf(field.fields, isObject(was) ? was : {}, isObject(is) ? (is as Form) : {}, key);
      out.set.push(...inner.set);
      out.remove.push(...inner.remove);
    } else if (is === undefined || is === "" || (same(is, field.standard) && !field.required)) {
      if (was !== undefined) out.remove.push(key);
    } else {
      out.set.push({ key, value: is });
    }
  }
  return out;
}
