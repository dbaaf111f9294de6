// What the palette finds and in which order. Pure: entries in, entries out.
import type { IconName } from "../parts/Icon.svelte";

export type Kind = "recent" | "screen" | "machine" | "device" | "action" | "tag" | "manual";

export interface Entry {
  /** The same for the same thing, today and tomorrow. */
  id: string;
  kind: Kind;
  icon: IconName;
  title: string;
  /** Where it is, what it is: searched too, worth less. */
  detail: string;
  /** Searched and never shown. */
  words?: string;
  link?: string;
  /** What Shift+Enter opens. */
  other?: { title: string; link: string };
  run?: () => void;
  /** The keys that do the same. */
  keys?: string;
  /** What the node itself found: it is no worse for not having the words in what is shown. */
  found?: true;
}

export interface Section {
  kind: Kind;
  entries: Entry[];
}

/** In letters without case and accents: who looks for "fuller" finds "Füller". */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

const BREAK = /[^\p{L}\p{N}]/u;

/** How well one word fits a text: at its start, at the start of a word, inside; 0 for not at all. */
function fit(word: string, text: string): number {
  let at = text.indexOf(word);
  if (at === 0) return text.length === word.length ? 12 : 10;
  let best = 0;
  while (at > 0) {
    if (BREAK.test(text[at - 1]!)) return 8;
    best = 4;
    at = text.indexOf(word, at + 1);
  }
  return best;
}

/** How well an entry answers a question; null when one of its words is nowhere. */
export function score(query: string, entry: Entry): number | null {
  const words = plain(query).split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return 0;
  const title = plain(entry.title);
  const beside = plain(`${entry.detail} ${entry.words ?? ""}`);
  let sum = 0;
  for (const word of words) {
    const here = fit(word, title);
    const there = fit(word, beside) / 4;
    if (here === 0 && there === 0 && entry.found !== true) return null;
    sum += Math.max(here, there);
  }
  // Of two that fit alike the one whose title has less besides is meant.
  return sum / words.length - Math.min(2, title.length / 60);
}

const ORDER: readonly Kind[] = ["recent", "screen", "machine", "device", "action", "tag", "manual"];
const SHOWN: Record<Kind, number> = { recent: 6, screen: 5, machine: 6, device: 5, action: 5, tag: 8, manual: 5 };
/** What was used lately is meant more often. */
const RECENT_BONUS = 3;

/**
 * The sections of an answer, the one with the best entry first. Without a question: what was used lately, then screens
 * and actions.
 */
export function rank(query: string, entries: readonly Entry[], recent: readonly Entry[]): Section[] {
  const empty = query.trim() === "";
  const used = new Map(recent.map((entry, at) => [entry.id, recent.length - at]));
  const scored = entries.flatMap((entry) => {
    const points = score(query, entry);
    if (points === null) return [];
    const bonus = used.has(entry.id) ? RECENT_BONUS * (used.get(entry.id)! / recent.length) : 0;
    return [{ entry, points: points + bonus }];
  });
  const sections: (Section & { best: number })[] = [];
  if (empty && recent.length > 0) {
    sections.push({ kind: "recent", entries: recent.slice(0, SHOWN.recent), best: Infinity });
  }
  for (const kind of ORDER) {
    if (empty && kind !== "screen" && kind !== "action") continue;
    const own = scored.filter(({ entry }) => entry.kind === kind);
    // Stable: of equals the order in which they came.
    if (!empty) own.sort((a, b) => b.points - a.points);
    if (own.length === 0) continue;
    const most = empty ? own.length : SHOWN[kind];
    sections.push({ kind, entries: own.slice(0, most).map(({ entry }) => entry), best: empty ? 0 : own[0]!.points });
  }
  if (!empty) sections.sort((a, b) => b.best - a.best);
  return sections.map(({ kind, entries: own }) => ({ kind, entries: own }));
}

/** What is kept of an entry: enough to show it again and to go there. */
export type Kept = Pick<Entry, "id" | "kind" | "icon" | "title" | "detail" | "link">;

export const RECENT_MAX = 20;

/** The list with an entry at its front, each thing once. */
export function remember(recent: readonly Kept[], entry: Entry): Kept[] {
  const { id, kind, icon, title, detail, link } = entry;
  return [{ id, kind, icon, title, detail, link }, ...recent.filter((one) => one.id !== id)].slice(0, RECENT_MAX);
}

/** What was kept, as far as it can be read: storage belongs to whoever sits at the desk. */
export function readKept(text: string | null): Kept[] {
  if (text === null) return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    const isText = (value: unknown) => typeof value === "string" && value.length < 2_000;
    return list
      .filter((one): one is Kept => typeof one === "object" && one !== null && ["id", "kind", "icon", "title", "detail"].every((key) => isText((one as Record<string, unknown>)[key])))
      // Never a foreign address: what is opened is a screen of this page.
      .filter((one) => one.link === undefined || (isText(one.link) && one.link.startsWith("#/")))
      .slice(0, RECENT_MAX);
  } catch {
    return [];
  }
}
