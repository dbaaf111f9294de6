// The language of the page. Texts are written in English where they are shown; the English text is the key of the others.
//
// - `t("Add {count} tags", { count: 3 })`; `tn(count, "{n} tag", "{n} tags")` where a number decides the form.
// - A text with two meanings carries one behind `##`, which is never shown: `t("Open##state")`, `t("Open##verb")`.
// - Catalogs: lang/CODE/*.json, one file an area, loaded when the language is chosen. A missing or unused key fails
//   `npm run check` (scripts/words.mjs).
// - Not here: numbers, dates and time zones (format.ts); what the node says in its own words (problems, codes) is English.

export type Texts = Record<string, string>;
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const catalogs = import.meta.glob<Texts>("../lang/*/*.json", { import: "default" });

class Chosen {
  code = $state<Language>("en");
  texts = $state.raw<Texts>({});
  /** What was asked for last; it may be on its way still. */
  wanted: Language = "en";

  /** Loads the catalog of a language and switches to it; stays as it is when the catalog cannot be loaded. */
  async use(code: Language): Promise<void> {
    this.wanted = code;
    const files = Object.entries(catalogs).filter(([path]) => path.startsWith(`../lang/${code}/`));
    const parts = await Promise.all(files.map(([, load]) => load()));
    if (this.wanted !== code) return;
    this.texts = Object.assign({}, ...parts) as Texts;
    this.code = code;
    if (typeof document !== "undefined") document.documentElement.lang = code;
  }
}

export const language = new Chosen();

/** The language to begin with: what was chosen before, or the first of the browser's that there is. */
export function firstLanguage(kept: string | null, wanted: readonly string[]): Language {
  const known = (code: string): code is Language => code in LANGUAGES;
  if (kept !== null && known(kept)) return kept;
  return wanted.map((one) => one.slice(0, 2).toLowerCase()).find(known) ?? "en";
}

function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text in the language of the page; `{name}` is replaced by `values.name`. */
export function t(text: string, values?: Record<string, string | number>): string {
  const found = language.texts[text] ?? text.replace(/##.*$/, "");
  return values === undefined ? found : fill(found, values);
}

/** The form that a number asks for; `{n}` is the number, or `values.n` where it is formatted already. */
export function tn(count: number, one: string, other: string, values: Record<string, string | number> = {}): string {
  const found = language.texts[`${one}|${other}`] ?? `${one}|${other}`;
  const [single = one, many = other] = found.split("|");
  return fill(count === 1 ? single : many, { n: count, ...values });
}

/** A table of words, made again when the language changes and not at every look: `const WORDS = worded(() => ({ … t("…") }))`. */
export function worded<T>(make: () => T): () => T {
  let kept: { texts: Texts; made: T } | null = null;
  return () => {
    const texts = language.texts;
    if (kept?.texts !== texts) kept = { texts, made: make() };
    return kept.made;
  };
}
