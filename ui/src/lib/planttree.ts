// The plant tree as rows. Pure: which rows are on the screen, and where a key leads from one of them.
import type { Asset } from "./assets";

export interface Branch {
  children: readonly Asset[];
  /** There are more than were loaded. */
  more: boolean;
  failed: boolean;
}

export interface Row {
  kind: "asset" | "more" | "waiting" | "failed";
  /** Of the asset; for the other kinds, of the branch they stand for. */
  path: string;
  asset: Asset | null;
  depth: number;
  /** Among its brothers, from 1; and how many there are. */
  at: number;
  of: number;
  open: boolean;
}

/** The rows of the tree below `root`, as far as its branches are open. */
export function rows(root: string, branches: ReadonlyMap<string, Branch>, open: ReadonlySet<string>): Row[] {
  const out: Row[] = [];
  const walk = (path: string, depth: number) => {
    const branch = branches.get(path);
    const other = (kind: Row["kind"]) => out.push({ kind, path, asset: null, depth, at: 1, of: 1, open: false });
    if (branch === undefined) {
      other("waiting");
      return;
    }
    branch.children.forEach((asset, at) => {
      const isOpen = !asset.leaf && open.has(asset.path);
      out.push({ kind: "asset", path: asset.path, asset, depth, at: at + 1, of: branch.children.length, open: isOpen });
      if (isOpen) walk(asset.path, depth + 1);
    });
    if (branch.failed) other("failed");
    else if (branch.more) other("more");
  };
  walk(root, 0);
  return out;
}

/** The branches that are on the screen: the root, and what is open below nothing that is closed. */
export function branchesOf(root: string, list: readonly Row[]): string[] {
  return [root, ...list.filter((row) => row.open).map((row) => row.path)];
}

export type Move = { to: number } | { open: string } | { close: string } | null;

const isPlace = (row: Row | undefined) => row !== undefined && row.kind !== "waiting";

/** What a key does in a tree (WAI-ARIA): walk, open, close, to the parent, to the next that begins with a letter. */
export function move(list: readonly Row[], at: number, key: string): Move {
  const row = list[at];
  const step = (by: number): Move => {
    for (let next = at + by; next >= 0 && next < list.length; next += by) if (isPlace(list[next])) return { to: next };
    return null;
  };
  switch (key) {
    case "ArrowDown": return step(1);
    case "ArrowUp": return step(-1);
    case "Home": return isPlace(list[0]) ? { to: 0 } : step(1);
    case "End": return { to: list.findLastIndex((one) => isPlace(one)) };
    case "ArrowRight":
      if (row?.asset == null || row.asset.leaf) return null;
      return row.open ? step(1) : { open: row.path };
    case "ArrowLeft": {
      if (row === undefined) return null;
      if (row.open) return { close: row.path };
      for (let up = at - 1; up >= 0; up -= 1) if (list[up]!.depth < row.depth) return { to: up };
      return null;
    }
    default: {
      if (!/^\S$/u.test(key)) return null;
      const begins = (one: Row) => one.asset !== null && (one.asset.title ?? one.asset.name).toLowerCase().startsWith(key.toLowerCase());
      for (let n = 1; n <= list.length; n += 1) {
        const next = (at + n) % list.length;
        if (begins(list[next]!)) return { to: next };
      }
      return null;
    }
  }
}

/** The folders above a path, from `root` down: what has to be open to see it. */
export function above(path: string, root: string): string[] {
  const out: string[] = [];
  const base = root === "" ? 0 : root.length + 1;
  if (root !== "" && !path.startsWith(`${root}/`)) return out;
  for (let cut = path.indexOf("/", base); cut > 0; cut = path.indexOf("/", cut + 1)) out.push(path.slice(0, cut));
  return out;
}
