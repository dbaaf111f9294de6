// Revisions of the plant folder, its files, and changes that wait for a second person.
import { get, query, send } from "./api";
import type { Difference } from "./difference";
import { t } from "./language.svelte";
import type { Signature } from "./signatures";

export interface Revision {
  id: number;
  digest: string;
  time_ms: number;
  who: string;
  why: string | null;
  road: string;
  /** How many files the folder had. */
  files: number;
  rolled_back_to: number | null;
}

export interface RevisionPage {
  revisions: Revision[];
  next: number | null;
}

export interface FileRef {
  path: string;
  sha256: string;
  bytes: number;
}

export interface RevisionDetail extends Revision {
  file_list: FileRef[];
  signatures: Signature[];
}

export interface PlantFiles {
  files: FileRef[];
  revision: number;
}

export interface PlantFile {
  path: string;
  text: string;
  sha256: string;
}

export interface FileChange {
  path: string;
  /** Null removes the file. */
  text: string | null;
  /** What the change was made from; null for a new file. */
  base: string | null;
}

export interface Mistake {
  file: string | null;
  line: number | null;
  column: number | null;
  code: string | null;
  what: string;
  help: string | null;
}

/** Exactly one of `revision` and `proposal` is there once something was applied; neither after a check. */
export interface Applied {
  revision?: number;
  proposal?: number;
  difference?: Difference;
}

export interface Proposal {
  id: number;
  who: string;
  why: string | null;
  time_ms: number;
  /** The revision it was made from. */
  base: number;
  rolled_back_to?: number | null;
  /** What became of it; nothing while it waits. */
  decision?: unknown;
  difference: Difference;
}

export const revisionsApi = {
  page(ask: { limit: number; after: number | null }, signal?: AbortSignal): Promise<RevisionPage> {
    return get("revisions", ask, signal);
  },

  one(id: number, signal?: AbortSignal): Promise<RevisionDetail> {
    return get(`revisions/${id}`, {}, signal);
  },

  /** What `id` has that `to` has not; against its parent without `to`. */
  difference(id: number, to: number | null, signal?: AbortSignal): Promise<Difference> {
    return get(`revisions/${id}/difference`, { to }, signal);
  },

  rollBack(id: number, why: string): Promise<Applied> {
    return send("POST", `revisions/${id}/roll-back`, { why });
  },

  files(signal?: AbortSignal): Promise<PlantFiles> {
    return get("plant/files", {}, signal);
  },

  file(path: string, signal?: AbortSignal): Promise<PlantFile> {
    return get("plant/file", { path }, signal);
  },

  change(files: FileChange[], why: string, mode: "check" | "apply"): Promise<Applied> {
    return send("POST", "plant/change", { files, edits: [], check_only: mode === "check", why });
  },

  async proposals(signal?: AbortSignal): Promise<Proposal[]> {
    const answer = await get<Proposal[] | { proposals: Proposal[] }>("proposals", {}, signal);
    const all = Array.isArray(answer) ? answer : answer.proposals;
    return all.filter((one) => one.decision === undefined || one.decision === null);
  },

  decide(id: number, verdict: "approve" | "reject", why: string): Promise<Applied> {
    return send("POST", `proposals/${id}/${verdict}`, { why });
  },
};

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
const count = (value: unknown) => (typeof value === "number" && value > 0 ? value : null);

/** The mistakes that a refusal names; an answer without any gives an empty list. */
export function mistakesOf(said: Readonly<Record<string, unknown>>): Mistake[] {
  if (!Array.isArray(said.mistakes)) return [];
  return said.mistakes
    .filter((one): one is Record<string, unknown> => typeof one === "object" && one !== null)
    .map((one) => ({
      file: text(one.file),
      line: count(one.line),
      column: count(one.column),
      code: text(one.code),
      what: text(one.what) ?? t("not valid"),
      help: text(one.help),
    }));
}

export type View = "history" | "files" | "proposals";

export interface RevisionsRoute {
  view: View;
  id: number | null;
  to: number | null;
  path: string | null;
}

function number(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

export function parseRevisions(params: URLSearchParams): RevisionsRoute {
  const asked = params.get("view");
  const view: View = asked === "files" || asked === "proposals" ? asked : "history";
  return { view, id: number(params.get("id")), to: number(params.get("to")), path: params.get("path") };
}

export function revisionsLink(ask: { view?: View; id?: number | null; to?: number | null; path?: string | null }): string {
  const { view = "history", id, to, path } = ask;
  const params = view === "history" ? { id, to } : view === "files" ? { view, path } : { view };
  return `#/revisions${query(params).replaceAll("%2F", "/")}`;
}

/** Why a path cannot name a file of the plant folder, or null when it can. The node decides; this only saves a round trip. */
export function pathMistake(path: string, taken: readonly string[]): string | null {
  if (path === "") return null;
  if (path.startsWith("/") || path.split("/").some((part) => part === "" || part === "." || part === "..")) return t("A path inside the plant folder, such as devices/press-1.toml.");
  if (!/\.(toml|csv)$/.test(path)) return t("Plant files end in .toml or .csv.");
  return taken.includes(path) ? t("This file exists already.") : null;
}
