// The manual that the node carries: its shapes, its addresses, and what is found in it.
import { get } from "./api";
import type { Language } from "./language.svelte";

export type ManualGroup = "guide" | "screens" | "drivers" | "operators" | "reference" | "errors";

export interface ManualEntry {
  page: string;
  title: string;
  group: ManualGroup;
  /** What it is written in: English where it is not translated. */
  language: Language;
}

export interface ManualHeading {
  id: string;
  title: string;
  level: number;
}

export interface ManualPage extends ManualEntry {
  html: string;
  headings: ManualHeading[];
  previous: { page: string; title: string } | null;
  next: { page: string; title: string } | null;
}

export interface ManualFound extends ManualEntry {
  heading: { id: string; title: string } | null;
  excerpt: string;
}

export interface Licence {
  name: string;
  version: string;
  licence: string;
  kind: "crate" | "npm" | "library";
  repository: string;
}

export const GROUPS: readonly ManualGroup[] = ["guide", "screens", "drivers", "operators", "reference"];

export const manualApi = {
  async contents(language: Language, signal?: AbortSignal): Promise<ManualEntry[]> {
    return (await get<{ pages: ManualEntry[] }>("manual", { language }, signal)).pages;
  },
  page(page: string, language: Language, signal?: AbortSignal): Promise<ManualPage> {
    return get(`manual/page/${page.split("/").map(encodeURIComponent).join("/")}`, { language }, signal);
  },
  search(q: string, language: Language, signal?: AbortSignal): Promise<ManualFound[]> {
    return get("manual/search", { q: q.slice(0, 100), language, limit: 20 }, signal);
  },
  licences(signal?: AbortSignal): Promise<Licence[]> {
    return get("licences", {}, signal);
  },
};

export function manualLink(page = "", heading: string | null = null): string {
  const path = page === "" ? "#/manual" : `#/manual/${page.split("/").map(encodeURIComponent).join("/")}`;
  return heading === null ? path : `${path}?at=${encodeURIComponent(heading)}`;
}

export interface Family {
  /** `LS-CFG`. */
  name: string;
  pages: ManualEntry[];
}

/** The pages of the error codes, by what stands before their number. */
export function families(entries: readonly ManualEntry[]): Family[] {
  const found = new Map<string, ManualEntry[]>();
  for (const entry of entries.filter((one) => one.group === "errors")) {
    const name = entry.page.replace(/^errors\//, "").replace(/-\d+$/, "");
    found.set(name, [...(found.get(name) ?? []), entry]);
  }
  return [...found].map(([name, pages]) => ({ name, pages }));
}

/** As the node compares words: lower case, umlauts as two letters. */
export function folded(text: string): string {
  const plain = text.toLowerCase().replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss");
  return plain.normalize("NFD").replace(/\p{M}/gu, "");
}

const WORD = /[\p{L}\p{N}]+/gu;

export interface Piece {
  text: string;
  found: boolean;
}

/** A text in pieces, those marked that begin like a word asked for. */
export function marked(text: string, query: string): Piece[] {
  // Without its ending, as the node looks for it too.
  const asked = (query.match(WORD) ?? []).map((word) => folded(word)).map((word) => (word.length > 4 ? word.replace(/(ing|en|er|es|s|e)$/, "") : word));
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    const word = folded(match[0]);
    if (!asked.some((one) => word.startsWith(one))) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), found: false });
    pieces.push({ text: match[0], found: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), found: false });
  return pieces;
}

/** The page and the heading of an address: `modbus`, `modbus?at=settings`, and `modbus#settings` typed by hand. */
export function parseManual(path: string, params: URLSearchParams): { page: string; heading: string | null } {
  const [page = "", typed] = path.split("#");
  return { page, heading: params.get("at") ?? typed ?? null };
}
