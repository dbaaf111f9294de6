// Which pens stand on which scale, in which row, and from where to where it reaches. Pure.
import type { Limits } from "./desk";
import { type Columns, type Extent, extent } from "./series";
import type { Window } from "./timewindow";
import type { ScaleMode } from "./trendview";

/** What a scale needs to know of a pen. */
export interface Scaled {
  tag: string;
  unit: string;
  own: boolean;
  least: number | null;
  most: number | null;
  useLimits: boolean;
  limits: Limits | null;
  columns: Columns;
  ghost: Columns;
  isStep: boolean;
}

export interface Scale<P extends Scaled = Scaled> {
  key: string;
  unit: string;
  pens: P[];
  row: number;
  least: number;
  most: number;
}

/** A curve that touches the frame looks cut off. */
const PAD = 0.08;

function padded({ least, most }: Extent): Extent {
  const span = most - least;
  const pad = span > 0 ? span * PAD : Math.max(0.5, Math.abs(most) * 0.02);
  return { least: least - pad, most: most + pad };
}

function keyOf(pen: Scaled, mode: ScaleMode): string {
  return mode !== "unit" || pen.own ? `pen:${pen.tag}` : `unit:${pen.unit}`;
}

const known = (value: number | null | undefined): value is number => value !== null && value !== undefined;

/** What the samples, the limits and the fixed ends ask for. */
function reachOf(pens: readonly Scaled[], { start, end }: Window, compareMs: number | null): Extent {
  const drawn: Extent[] = [];
  for (const pen of pens) {
    const own = extent(pen.columns, start, end, pen.isStep);
    if (own !== null) drawn.push(own);
    const ghost = compareMs === null ? null : extent(pen.ghost, start - compareMs, end - compareMs, pen.isStep);
    if (ghost !== null) drawn.push(ghost);
    if (pen.useLimits && pen.limits !== null) {
      const limits = Object.values(pen.limits).filter(known);
      if (limits.length > 0) drawn.push({ least: Math.min(...limits), most: Math.max(...limits) });
    }
  }
  const auto = drawn.length === 0 ? { least: 0, most: 1 } : padded({ least: Math.min(...drawn.map((one) => one.least)), most: Math.max(...drawn.map((one) => one.most)) });
  const fixedLeast = pens.map((pen) => pen.least).filter(known);
  const fixedMost = pens.map((pen) => pen.most).filter(known);
  const least = fixedLeast.length > 0 ? Math.min(...fixedLeast) : auto.least;
  const most = fixedMost.length > 0 ? Math.max(...fixedMost) : auto.most;
  if (most > least) return { least, most };
  // A fixed end beyond everything that is drawn.
  return fixedMost.length > 0 ? { least: most - Math.max(1, Math.abs(most) * 0.1), most } : { least, most: least + Math.max(1, Math.abs(least) * 0.1) };
}

/** Scales in the order of their first pens. `byHand` wins over everything: somebody is looking at just that. */
export function scalesOf<P extends Scaled>(
  pens: readonly P[],
  mode: ScaleMode,
  window: Window,
  byHand: ReadonlyMap<string, Extent> = new Map(),
  compareMs: number | null = null,
): Scale<P>[] {
  const groups = new Map<string, P[]>();
  for (const pen of pens) {
    const key = keyOf(pen, mode);
    groups.set(key, [...(groups.get(key) ?? []), pen]);
  }
  return [...groups].map(([key, mine], at) => {
    const { least, most } = byHand.get(key) ?? reachOf(mine, window, compareMs);
    return { key, unit: mine[0]!.unit, pens: mine, row: mode === "lanes" ? at : 0, least, most };
  });
}

/** A zoom of values: `share` 0 to 1 from the foot stays where it is. */
export function zoomedValues({ least, most }: Extent, share: number, factor: number): Extent {
  const at = least + (most - least) * share;
  return { least: at - (at - least) * factor, most: at + (most - at) * factor };
}
