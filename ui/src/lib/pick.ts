// Which of a machine's tags deserve the front of its card, without anybody configuring it.
import type { Tag } from "./api";
import { leaf } from "./format";

/** What operators look at first, most telling first. Matched against words of the tag's name. */
const TELLING = [
  "oee",
  "speed",
  "rate",
  "power",
  "flow",
  "pressure",
  "temperature",
  "temp",
  "level",
  "torque",
  "current",
  "weight",
  "humidity",
  "count",
  "total",
  "energy",
];

/** Names of values that somebody sets or that never move: true, but not news. */
const QUIET = /(^|[_-])(setpoint|set|sp|limit|max|min|alarm|nominal|target|offset|scale|id|version|serial|hours)([_-]|$)/i;

const STATE_NAME = /(^|[_-])(running|run|state|status|active|on|mode|enabled)([_-]|$)/i;

export function isNumeric(tag: Tag): boolean {
  return /^[iuf]\d/.test(tag.type) || (typeof tag.value === "number" && tag.type !== "bool");
}

export function isSwitch(tag: Tag): boolean {
  return tag.type === "bool" || typeof tag.value === "boolean";
}

function score(tag: Tag): number {
  const name = leaf(tag.tag).toLowerCase();
  let points = 0;
  if (tag.unit !== null && tag.unit !== "") points += 40;
  if (/^f/.test(tag.type)) points += 5;
  const rank = TELLING.findIndex((word) => name.split(/[^a-z0-9]+/).includes(word));
  if (rank >= 0) points += 30 - rank;
  if (QUIET.test(name)) points -= 45;
  if (tag.access === "write") points -= 20;
  return points;
}

function isOwnDiagnostics(tag: Tag): boolean {
  return tag.tag.split("/").some((part) => part.startsWith("_"));
}

/** Up to `most` numeric tags, best first, of different units as far as there are any. */
export function keyTags(tags: readonly Tag[], most: number): Tag[] {
  const ranked = tags
    .filter((tag) => isNumeric(tag) && !isOwnDiagnostics(tag))
    .map((tag, at) => ({ tag, at, points: score(tag) }))
    .sort((a, b) => b.points - a.points || a.at - b.at);
  const units = new Set<string>();
  const front: Tag[] = [];
  const rest: Tag[] = [];
  for (const { tag } of ranked) {
    const unit = tag.unit ?? "";
    (units.has(unit) ? rest : front).push(tag);
    units.add(unit);
  }
  return [...front, ...rest].slice(0, most);
}

/** The tag that says whether the machine runs: a switch first, a text such as a mode otherwise. */
export function stateTag(tags: readonly Tag[]): Tag | null {
  const own = tags.filter((tag) => !isOwnDiagnostics(tag) && STATE_NAME.test(leaf(tag.tag)));
  const running = own.find((tag) => isSwitch(tag) && /run/i.test(leaf(tag.tag)));
  return running ?? own.find(isSwitch) ?? own.find((tag) => !isNumeric(tag)) ?? null;
}
