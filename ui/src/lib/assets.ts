// The plant as assets: areas, lines and machines with what tells most about each (GET /api/v1/assets). Which tag says
// whether a machine runs and which values it is known by is the node's knowledge, not the page's.
import { get, type Tag, type Value } from "./api";
import { rememberTitles } from "./placetitles.svelte";
import type { States } from "./state";

export type Level = "enterprise" | "site" | "area" | "line" | "machine";
export type Role = "state" | "value" | "setpoint" | "counter" | "other";

export interface Limits {
  low_low?: number;
  low?: number;
  high?: number;
  high_high?: number;
  /** The ends of the scale. */
  from?: number;
  to?: number;
}

/** A tag of an asset, with its last value and what is normal for it. */
export interface Point extends Tag {
  role: Role;
  limits: Limits | null;
  /** The tag that says where this value should be. */
  setpoint: string | null;
}

export interface Asset {
  path: string;
  name: string;
  /** What people call it; null where nobody said, and its name has to do. */
  title: string | null;
  level: Level;
  /** What kind of thing it is. */
  type: string | null;
  type_title: string | null;
  /** Whether its type was made out from its tags. */
  inferred: boolean;
  /** Nothing is inside of it but its tags. */
  leaf: boolean;
  state: Point | null;
  /** What the values of the state are called; null where nobody said. */
  states: States | null;
  values: Point[];
  /** Key values beyond their limits, here and below. */
  abnormal: number;
  tags: number;
  bad: number;
  uncertain: number;
  /** Absent where it was not asked for, and where the answer would have become too large. */
  children?: Asset[];
}

export interface AssetAnswer extends Asset {
  children: Asset[];
  /** What to pass as `after` for more children; null when these are all. */
  next: string | null;
  /** What it is inside of, from the top down; a node of before does not say. */
  above?: { path: string; title: string | null }[];
  /** All its tags with their roles; only of a leaf that was asked for itself. */
  members?: Point[];
}

export interface AssetQuery {
  under?: string;
  levels?: number;
  search?: string;
  limit?: number;
  after?: string | null;
  /** `choice` goes down to the first level with more than one child. */
  start?: "top" | "choice";
  /** `none` for what shows names only. */
  values?: "all" | "none";
}

export async function readAssets(query: AssetQuery, signal?: AbortSignal): Promise<AssetAnswer> {
  const answer = await get<AssetAnswer>("assets", { ...query }, signal);
  rememberTitles(answer);
  return answer;
}

/** Where a value stands against its limits. */
export type Standing = "normal" | "low" | "high" | "low-low" | "high-high" | "unknown";

/** At a limit is still inside of it. */
export function standing(value: Value | undefined, limits: Limits | null): Standing {
  if (limits === null) return "normal";
  if (typeof value !== "number" || !Number.isFinite(value)) return "unknown";
  const { low_low, low, high, high_high } = limits;
  if (low_low !== undefined && value < low_low) return "low-low";
  if (high_high !== undefined && value > high_high) return "high-high";
  if (low !== undefined && value < low) return "low";
  if (high !== undefined && value > high) return "high";
  return "normal";
}

export function isAbnormal(stand: Standing): boolean {
  return stand !== "normal" && stand !== "unknown";
}

export interface Scale {
  from: number;
  to: number;
}

/** Room beyond the outermost limit, as a share of what is between them: a value beyond it must be seen to be. */
const MARGIN = 0.18;

/** The ends of the bar of a value: as they are said, or the limits with some room; null without limits. */
export function scaleOf(limits: Limits | null): Scale | null {
  if (limits === null) return null;
  const given = [limits.low_low, limits.low, limits.high, limits.high_high].filter((one) => one !== undefined);
  const { from, to } = limits;
  if (from !== undefined && to !== undefined) return from < to ? { from, to } : null;
  if (given.length === 0) return null;
  const all = [...given, ...(from === undefined ? [] : [from]), ...(to === undefined ? [] : [to])];
  let [least, most] = [Math.min(...all), Math.max(...all)];
  // One limit alone: from nothing to a little beyond it.
  if (least === most) [least, most] = [Math.min(0, least), Math.max(0, most)];
  if (least === most) most = least + 1;
  const room = (most - least) * MARGIN;
  // A quantity that is nowhere negative does not get a scale that is.
  const low = from ?? (least >= 0 && least - room < 0 ? 0 : least - room);
  return { from: low, to: to ?? most + room };
}

/** Where on the scale something is, 0 to 1; what is beyond it is at its end. */
export function place(value: number, scale: Scale): number {
  return Math.min(1, Math.max(0, (value - scale.from) / (scale.to - scale.from)));
}

/** The share of the bar that is normal. */
export function normalSpan(limits: Limits, scale: Scale): [number, number] {
  return [place(limits.low ?? limits.low_low ?? scale.from, scale), place(limits.high ?? limits.high_high ?? scale.to, scale)];
}

/** How much of a look something needs: bad tags, values beyond limits, doubt. */
export function urgency(asset: Pick<Asset, "bad" | "abnormal" | "uncertain">): number {
  return (asset.abnormal > 0 ? 4 : 0) + (asset.bad > 0 ? 2 : 0) + (asset.uncertain > 0 ? 1 : 0);
}

/** Abnormal first where there are more than can be taken in at a glance; otherwise everything stays at its place. */
export function inOrder(assets: readonly Asset[], most: number): Asset[] {
  if (assets.length <= most) return [...assets];
  return assets
    .map((asset, at) => ({ asset, at }))
    .sort((a, b) => urgency(b.asset) - urgency(a.asset) || a.at - b.at)
    .map(({ asset }) => asset);
}

/** Everything of a screen that is live: each tag once. */
export function watched(assets: readonly Asset[]): string[] {
  const tags = new Set<string>();
  const walk = (asset: Asset) => {
    for (const point of asset.state === null ? asset.values : [asset.state, ...asset.values]) {
      tags.add(point.tag);
      if (point.setpoint !== null) tags.add(point.setpoint);
    }
    asset.children?.forEach(walk);
  };
  assets.forEach(walk);
  return [...tags];
}

/** All points of a screen, to show their last values before anything comes live. */
export function points(assets: readonly Asset[]): Point[] {
  return assets.flatMap((asset) => [...(asset.state === null ? [] : [asset.state]), ...asset.values, ...points(asset.children ?? [])]);
}

/** The machines at and below an asset, as far as they came with it. */
export function machinesOf(asset: Asset): Asset[] {
  return asset.leaf ? [asset] : (asset.children ?? []).flatMap(machinesOf);
}
