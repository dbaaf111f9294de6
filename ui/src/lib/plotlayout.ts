// Where things are on a trend: the plot, its rows, axes and lanes, in CSS pixels. Pure.
import type { Scale, Scaled } from "./scales";
import { numberTexts, numberTicks } from "./ticks";
import type { Window } from "./timewindow";

export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Axis<P extends Scaled> {
  scale: Scale<P>;
  side: "left" | "right";
  /** The edge that touches the plot. */
  x: number;
  width: number;
  row: Rect;
  ticks: { at: number; text: string }[];
  /** Whether its marks go on as lines through the plot. */
  grid: boolean;
}

export interface Layout<P extends Scaled> {
  plot: Rect;
  rows: Rect[];
  axes: Axis<P>[];
  /** The lanes of switches and texts, below the plot. */
  lanes: Rect[];
  font: number;
}

const ROW_GAP = 10;
const LANE_GAP = 6;
/** So far that a number more or less does not move the whole picture. */
const AXIS_STEP = 8;
const TICK_APART = 3.4;
/** The name of a scale is bold. */
const NAME_WIDER = 1.12;

export interface LayoutAsk<P extends Scaled> {
  width: number;
  height: number;
  font: number;
  scales: Scale<P>[];
  lanes: number;
  measure: (text: string) => number;
  /** What stands above the axis of a scale. */
  name: (scale: Scale<P>) => string;
  /** Room above the plot for flags. */
  head: number;
}

function axesMax(width: number): number {
  if (width < 480) return 1;
  return width < 700 ? 2 : width < 1000 ? 4 : 6;
}

export function layoutOf<P extends Scaled>(ask: LayoutAsk<P>): Layout<P> {
  const { width, height, font, scales, measure } = ask;
  const laneHeight = Math.round(font * 1.35);
  const lanesHeight = ask.lanes === 0 ? 0 : ask.lanes * (laneHeight + LANE_GAP) + LANE_GAP;
  const top = Math.round(font * 1.7) + ask.head;
  const bottom = Math.round(font * 2.9) + lanesHeight;
  const plotHeight = Math.max(40, height - top - bottom);
  const rowCount = Math.max(1, ...scales.map((scale) => scale.row + 1));
  const rowHeight = (plotHeight - ROW_GAP * (rowCount - 1)) / rowCount;
  const rowAt = (row: number) => ({ top: top + row * (rowHeight + ROW_GAP), height: rowHeight });

  const stacked = rowCount > 1;
  const shown = stacked ? scales : scales.slice(0, axesMax(width));
  const drafts = shown.map((scale, at) => {
    const { top: y, height: h } = rowAt(scale.row);
    const values = numberTicks(scale.least, scale.most, Math.max(h > font * 3.5 ? 3 : 1, h / (font * TICK_APART)));
    const texts = numberTexts(values);
    const ticks = values.map((value, tick) => ({ at: value, text: texts[tick]! }));
    const widest = Math.max(font * 2, stacked ? 0 : measure(ask.name(scale)) * NAME_WIDER, ...texts.map(measure));
    const side = stacked || at % 2 === 0 ? ("left" as const) : ("right" as const);
    return { scale, side, ticks, y, h, width: Math.ceil((widest + 14) / AXIS_STEP) * AXIS_STEP };
  });
  if (stacked) drafts.forEach((draft, _, all) => (draft.width = Math.max(...all.map((one) => one.width))));

  const sum = (side: string) => (stacked ? (side === "left" ? (drafts[0]?.width ?? 0) : 0) : drafts.filter((one) => one.side === side).reduce((all, one) => all + one.width, 0));
  const left = Math.max(12, sum("left"));
  const right = Math.max(14, sum("right"));
  const plot: Rect = { left, top, width: Math.max(20, width - left - right), height: plotHeight };
  const rows = Array.from({ length: rowCount }, (_, row) => ({ left, width: plot.width, ...rowAt(row) }));

  const used = { left: 0, right: 0 };
  const axes = drafts.map((draft, at): Axis<P> => {
    const x = draft.side === "left" ? left - (stacked ? 0 : used.left) : left + plot.width + used.right;
    used[draft.side] += draft.width;
    const { scale, side, ticks } = draft;
    return { scale, side, x, width: draft.width, row: rows[scale.row]!, ticks, grid: stacked || at === 0 };
  });
  const foot = top + plotHeight + LANE_GAP;
  const lanes = Array.from({ length: ask.lanes }, (_, at) => ({ left, top: foot + at * (laneHeight + LANE_GAP), width: plot.width, height: laneHeight }));
  return { plot, rows, axes, lanes, font };
}

export function xOf({ plot }: Pick<Layout<Scaled>, "plot">, { start, end }: Window): (t: number) => number {
  const perMs = plot.width / (end - start);
  return (t) => plot.left + (t - start) * perMs;
}

export function yOf(row: Rect, { least, most }: Pick<Scale, "least" | "most">): (value: number) => number {
  const per = row.height / (most - least);
  return (value) => row.top + row.height - (value - least) * per;
}
