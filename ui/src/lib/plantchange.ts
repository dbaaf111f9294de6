// One change of the plant folder: whole files and keys of files together, checked first, applied with a reason, and taken
// back while nobody has changed the same files since.
import { Problem, send } from "./api";
import type { Difference } from "./difference";
import { type FileChange, type Mistake, mistakesOf, revisionsApi } from "./revisions";

export interface FileEdit {
  path: string;
  base: string | null;
  set: { key: string[]; value: unknown }[];
  remove: string[][];
}

export interface PlantChange {
  files: FileChange[];
  edits: FileEdit[];
}

/** What a check or an application answers. */
export interface Answer {
  revision?: number;
  proposal?: number;
  difference?: Difference;
  warnings?: unknown;
  waits_for_start?: boolean;
}

/** The file was changed by somebody else since it was read. */
export const MOVED = "LS-API-033";

export const isEmpty = (change: PlantChange) => change.files.length === 0 && change.edits.every((edit) => edit.set.length === 0 && edit.remove.length === 0);

export function checkChange(change: PlantChange, signal?: AbortSignal): Promise<Answer> {
  return send("POST", "plant/change", { ...change, check_only: true, why: "" }, signal);
}

export const warningsOf = (answer: Answer): Mistake[] => mistakesOf({ mistakes: answer.warnings });

export interface Was {
  path: string;
  text: string | null;
  /** What it is since the change; null when it is gone. */
  sha: string | null;
}

export interface Done extends Answer {
  /** What the files were, to take the change back. */
  was: Was[];
}

const pathsOf = (change: PlantChange) => [...new Set([...change.files, ...change.edits].map((one) => one.path))];

async function shas(paths: readonly string[]): Promise<Map<string, string | null>> {
  const { files } = await revisionsApi.files();
  return new Map(paths.map((path) => [path, files.find((file) => file.path === path)?.sha256 ?? null]));
}

export async function applyChange(change: PlantChange, why: string): Promise<Done> {
  const paths = pathsOf(change);
  const before = await shas(paths);
  const texts = await Promise.all(paths.map(async (path) => ((before.get(path) ?? null) === null ? null : (await revisionsApi.file(path)).text)));
  const answer = await send<Answer>("POST", "plant/change", { ...change, check_only: false, why });
  const behind = answer.revision === undefined ? before : await shas(paths);
  return { ...answer, was: paths.map((path, at) => ({ path, text: texts[at] ?? null, sha: behind.get(path) ?? null })) };
}

/** The change that brings back what was. */
export function backTo(was: readonly Was[]): PlantChange {
  return { files: was.map(({ path, text, sha }) => ({ path, text, base: sha })), edits: [] };
}

/** The mistakes of a refusal; null when it was refused for another reason. */
export function refusedFor(problem: Problem): Mistake[] | null {
  const mistakes = mistakesOf(problem.said);
  return mistakes.length === 0 ? null : mistakes;
}
