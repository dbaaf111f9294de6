// What an overview screen is made of: the level asked for and two below it, without diagnostics.
import { api, type TreeLevel, type TreeNode } from "./api";

/** The level itself, its sections or cards, and for each card whether it is a line or a machine. */
const LEVELS = 3;
/** The contract's limit: a company with one site and one area is found in one request. */
const LEVELS_MOST = 8;

export interface OverviewLevel {
  /** Where we really are: the top of the tree moves down to the first level with a choice. */
  path: string;
  nodes: TreeNode[];
  tagsHere: TreeNode[];
  /** Machinery below a folder; nothing where it was not looked into. */
  below(path: string): TreeNode[];
}

function machinery(nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.filter((node) => node.folder);
}

/** How many levels are known from here down, as far as it matters. */
function known(nodes: readonly TreeNode[]): number {
  const below = machinery(nodes).map((node) => (node.children === undefined ? 0 : known(node.children)));
  return 1 + (below.length === 0 ? LEVELS : Math.min(...below));
}

/** A company with one site and one area needs no three clicks to get to its lines. */
export function firstChoice(top: TreeLevel): TreeLevel {
  let level = top;
  for (;;) {
    const [only, ...others] = level.children;
    if (only === undefined || others.length > 0 || !only.folder) return level;
    // A lone machine stays a card: its own page would hide that the plant has one machine.
    if (only.children === undefined || machinery(only.children).length === 0) return level;
    level = { path: only.path, children: only.children };
  }
}

export function overviewOf(level: TreeLevel): OverviewLevel {
  const nodes = machinery(level.children);
  const below = new Map<string, TreeNode[]>();
  for (const node of nodes.flatMap((one) => [one, ...machinery(one.children ?? [])])) {
    below.set(node.path, machinery(node.children ?? []));
  }
  return {
    path: level.path,
    nodes,
    tagsHere: level.children.filter((child) => !child.folder),
    below: (path) => below.get(path) ?? [],
  };
}

export async function loadOverview(path: string, signal: AbortSignal): Promise<OverviewLevel> {
  const ask = (under: string, depth: number) => api.tree({ under, depth, diagnostics: "exclude" }, signal);
  if (path !== "") return overviewOf(await ask(path, LEVELS));
  const level = firstChoice(await ask("", LEVELS_MOST));
  // A large plant is cut at the contract's number of nodes: from the first choice on, it is asked again.
  return overviewOf(known(level.children) >= LEVELS ? level : await ask(level.path, LEVELS));
}
