// What an overview screen is made of: the level asked for and two below it.
import { api, type TreeLevel, type TreeNode } from "./api";

/** Below this many folders each is looked into; a hall of a thousand racks is listed as it is. */
const LOOKED_INTO_MAX = 48;

export interface OverviewLevel {
  /** Where we really are: the top of the tree moves down to the first level with a choice. */
  path: string;
  nodes: TreeNode[];
  tagsHere: TreeNode[];
  /** The machine's own diagnostics, when it has them. */
  diagnostics: TreeNode | null;
  /** Machinery of every folder that was looked into; no entry means not looked into. */
  below: Map<string, TreeNode[]>;
}

export function isMachinery(node: TreeNode): boolean {
  return node.folder && !node.name.startsWith("_");
}

/** A company with one site and one area needs no three clicks to get to its lines. */
async function firstChoice(signal: AbortSignal): Promise<TreeLevel> {
  let level = await api.tree("", signal);
  for (;;) {
    const [only, ...others] = level.children.filter((child) => !child.name.startsWith("_"));
    if (only === undefined || others.length > 0 || !only.folder) return level;
    const next = await api.tree(only.path, signal);
    // A lone machine stays a card: its own page would hide that the plant has one machine.
    if (!next.children.some(isMachinery)) return level;
    level = next;
  }
}

export async function loadOverview(path: string, signal: AbortSignal): Promise<OverviewLevel> {
  const level = path === "" ? await firstChoice(signal) : await api.tree(path, signal);
  const nodes = level.children.filter(isMachinery);
  const below = new Map<string, TreeNode[]>();
  const lookInto = async (some: TreeNode[]): Promise<TreeNode[]> => {
    const looked = some.slice(0, Math.max(0, LOOKED_INTO_MAX - below.size));
    const levels = await Promise.all(looked.map((node) => api.tree(node.path, signal)));
    levels.forEach((one, at) => below.set(looked[at]!.path, one.children.filter(isMachinery)));
    return looked.flatMap((node) => below.get(node.path)!);
  };
  // Two levels: sections and their cards, and for a card whether it is a line or a machine.
  await lookInto(await lookInto(nodes));
  return {
    path: level.path,
    nodes,
    tagsHere: level.children.filter((child) => !child.folder),
    diagnostics: level.children.find((child) => child.name === "_diag") ?? null,
    below,
  };
}
