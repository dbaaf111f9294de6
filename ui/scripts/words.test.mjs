import { describe, expect, it } from "vitest";
import { mistakesIn, readWords } from "./words.mjs";

const bare = (source, file = "a.svelte") => readWords(source, file).bare.map(({ text, line }) => `${line}: ${text}`);
const used = (source, file = "a.svelte") => readWords(source, file).used.map(({ key }) => key);

describe("texts that do not go through t or tn", () => {
  it.each([
    ["text between tags", "<p>Hello there</p>", ["1: Hello there"]],
    ["text on a later line", "<p>\n  {name} is here\n</p>", ["2: is here"]],
    ["both ways of a choice", '<p>{busy ? "Saving…" : "Save"}</p>', ["1: Saving…", "1: Save"]],
    ["words around a value", "<p>{`${n} tags`}</p>", ["1: tags"]],
    ["an attribute that is read", '<input placeholder="Search" />', ["1: Search"]],
    ["an attribute with a value in it", '<i aria-label="Show {name}"></i>', ["1: Show"]],
    ["a property of a component", "<Field label={on ? 'Name' : t(\"Path\")} />", ["1: Name"]],
    ["a member that ends up on the screen", '<script lang="ts">const a = [{ id: "x", label: "Good" }];</script>', ["1: Good"]],
    ["what a property is without being given", '<script lang="ts">let { label = "Why", kind = "plot" } = $props();</script>', ["1: Why"]],
    ["a key that nobody can look up", "<p>{t(name)}</p>", ["1: t(name)"]],
    ["a hole that nobody fills", '<p>{t("Add {count} tags")}</p>', ["1: Add {count} tags"]],
  ])("finds %s", (_, source, found) => {
    expect(bare(source)).toEqual(found);
  });

  it.each([
    ["what is translated", '<p title={t("Save")}>{t("Hello {name}", { name })}</p>'],
    ["numbers, signs and single letters", "<p>12 · % → x</p>"],
    ["what a machine says", "<code>plant.toml</code><kbd>Ctrl</kbd>"],
    ["attributes that nobody reads", '<p class="wide open" data-testid="good-one" style:width="calc(1px + 2em)"></p>'],
    ["styles", "<style>p { color: red; }</style>"],
    ["entities", "<p>&nbsp;&amp;</p>"],
    ["values", '<script lang="ts">const kind = "plot"; let a: { label: "x" };</script>{kind}'],
  ])("lets pass %s", (_, source) => {
    expect(bare(source)).toEqual([]);
  });

  it("reads TypeScript, with its lines", () => {
    expect(bare('import type { A } from "a";\nexport const a: A = { word: "Bad", shape: "dot" };\n', "a.ts")).toEqual(["2: Bad"]);
    expect(bare('export class A {\n  constructor(private readonly a: string, public b = 1) {}\n  word = <T,>(one: T) => one as unknown as string;\n}\n', "a.ts")).toEqual([]);
  });
});

describe("keys", () => {
  it.each([
    ['<p>{t("Open##state")}</p>', ["Open##state"]],
    ['<p>{t(on ? "On" : "Off")}</p>', ["On", "Off"]],
    ['<p>{tn(n, "{n} tag", "{n} tags")}</p>', ["{n} tag|{n} tags"]],
    ['{#if a}{#each b as c}<A>{#snippet d()}{t("deep")}{/snippet}</A>{/each}{/if}', ["deep"]],
    ['<script lang="ts">const a = () => `${t("in a script")}`;</script>', ["in a script"]],
  ])("%s uses %j", (source, keys) => {
    expect(used(source)).toEqual(keys);
  });
});

it.each([
  ["{n} tag|{n} tags", "{n} Tag|{n} Tags", []],
  ["{n} tag|{n} tags", "{n} Tags", ["has another number of forms"]],
  ["Add {count}", "Hinzufügen", ["lost {count}"]],
  ["Add", "{count} hinzufügen", ["has {count}, which nobody fills"]],
])("%s as %s: %j", (key, text, found) => {
  expect(mistakesIn(key, text)).toEqual(found);
});
