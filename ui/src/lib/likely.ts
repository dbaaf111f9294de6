// Which pens somebody who has none yet may mean: of each machine a few measurements, of different units. Pure.
import type { Tag } from "./api";
import { leaf, parent } from "./format";

export interface Likely {
  path: string;
  tags: string[];
}

/** Values that somebody sets, or that tell about the machine and not about what it does. */
const QUIET = /(^|[_-])(setpoint|set|sp|limit|max|min|alarm|nominal|target|offset|scale|id|version|serial|hours|count|total|energy)([_-]|$)/i;

function score(tag: Tag): number {
  const unit = tag.unit !== null && tag.unit !== "" ? 4 : 0;
  const real = tag.type.startsWith("f") ? 2 : 0;
  return unit + real - (QUIET.test(leaf(tag.tag)) ? 5 : 0) - (tag.access === "write" ? 3 : 0);
}

/** The folders that hold measurements, in the order of the tree. */
export function likelyPens(tags: readonly Tag[], machinesMost: number, pensMost: number): Likely[] {
  const groups = new Map<string, Tag[]>();
  for (const tag of tags) {
    if (!/^[iuf]\d/.test(tag.type) || tag.quality === "bad" || score(tag) <= 0) continue;
    groups.set(parent(tag.tag), [...(groups.get(parent(tag.tag)) ?? []), tag]);
  }
  return [...groups]
    .filter(([, all]) => all.length >= 2)
    .slice(0, machinesMost)
    .map(([path, all]) => {
      const ranked = all.toSorted((one, other) => score(other) - score(one));
      const units = new Set<string>();
      const front = ranked.filter((tag) => !units.has(tag.unit ?? "") && units.add(tag.unit ?? ""));
      const rest = ranked.filter((tag) => !front.includes(tag));
      return { path, tags: [...front, ...rest].slice(0, pensMost).map((tag) => tag.tag) };
    });
}
