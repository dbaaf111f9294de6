// uPlot options of a trend: one y scale per unit, lanes for switches and texts. No state here.
import uPlot from "uplot";
import { formatDate, formatNumber, formatTime, formatTimeMs, formatUnit } from "./format";
import { drawDoubt, drawLanes, type Inks, type Lane, LANE_PX } from "./lanes";
import { type Columns, extent, indexAt, plotted } from "./series";
import type { Window } from "./timewindow";
import type { Pen } from "./trend.svelte";

const FONT = "12px system-ui, sans-serif";
const PHONE_PX = 600;
/** uPlot has no name for it in its types. */
const NULL_EXPAND = 2;
/** Solid first; after the colours are used up, the dash tells pens apart. */
const DASHES: (number[] | undefined)[] = [undefined, [8, 4], [2, 3], [10, 3, 2, 3]];

export interface Stage {
  width: number;
  height: number;
  window(): Window;
  until(): number;
  inks: Inks;
  curves: Pen[];
  lanes: Pen[];
  select(from: number, to: number): void;
  back(): void;
  hover(t: number | null): void;
}

export function dashOf(slot: number, colours: number): number[] | undefined {
  return DASHES[Math.floor(slot / colours) % DASHES.length];
}

function padded(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null || !Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
  const span = most - least;
  const pad = span > 0 ? span * 0.08 : Math.max(0.5, Math.abs(most) * 0.02);
  return [least - pad, most + pad];
}

/** Ticks with just the decimals of their step: steps of 0.25 need two. */
function ticks(splits: number[]): string[] {
  const step = Number(Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)).toPrecision(9));
  let decimals = 0;
  while (decimals < 6 && Number(step.toFixed(decimals)) !== step) decimals += 1;
  return splits.map((value) =>
    Math.abs(value) >= 1e6 ? formatNumber(value) : value.toFixed(decimals).replace("-", "\u2212"),
  );
}

function timeTicks(splits: number[], spanMs: number): string[] {
  let day = "";
  return splits.map((t) => {
    const date = formatDate(t);
    const clock = spanMs < 10_000 ? formatTimeMs(t) : spanMs < 1_200_000 ? formatTime(t) : formatTime(t).slice(0, 5);
    const isMidnight = clock.startsWith("00:00") && spanMs > 36_000_000;
    const text = isMidnight && spanMs > 4 * 86_400_000 ? date.slice(5) : clock;
    const fresh = date !== day;
    day = date;
    return fresh ? `${text}\n${date}` : text;
  });
}

export function options(stage: Stage): uPlot.Options {
  const { inks, curves, lanes } = stage;
  const phone = stage.width < PHONE_PX;
  const units = [...new Set(curves.map((pen) => pen.unit))];
  const lanesPx = lanes.length * LANE_PX + (lanes.length > 0 ? 6 : 0);
  const grid = { stroke: inks.line, width: 1 };

  const axes: uPlot.Axis[] = [
    {
      stroke: inks.faint,
      font: FONT,
      grid,
      ticks: { ...grid, size: 4 },
      gap: 6 + lanesPx,
      size: 46 + lanesPx,
      space: phone ? 62 : 90,
      values: (u, splits) => timeTicks(splits, (u.scales.x!.max ?? 1) - (u.scales.x!.min ?? 0)),
    },
  ];
  const scales: uPlot.Scales = {
    x: {
      time: true,
      range: () => {
        const { start, end } = stage.window();
        return [start, end];
      },
    },
  };
  // A chart of lanes only still needs one scale to stand on.
  if (units.length === 0) scales["u:"] = { range: [0, 1] };
  units.forEach((unit, at) => {
    const mine = curves.filter((pen) => pen.unit === unit);
    scales[`u:${unit}`] = {
      auto: true,
      range: () => {
        const { start, end } = stage.window();
        // uPlot looks at the samples inside only; what holds into the window is drawn too.
        const reach = mine.map((pen) => extent(pen.columns, start, end, pen.isStep)).filter((one) => one !== null);
        if (reach.length === 0) return padded(null, null);
        return padded(Math.min(...reach.map((one) => one.least)), Math.max(...reach.map((one) => one.most)));
      },
    };
    if (phone && at > 1) return;
    axes.push({
      scale: `u:${unit}`,
      side: at % 2 === 0 ? 3 : 1,
      // One pen on a scale: the axis wears its colour, and nobody has to search.
      stroke: mine.length === 1 && units.length > 1 ? inks.pens[mine[0]!.slot % inks.pens.length]! : inks.faint,
      font: FONT,
      grid: at === 0 ? grid : { show: false },
      ticks: { ...grid, size: 4 },
      label: phone ? undefined : formatUnit(unit) || "no unit",
      labelFont: FONT,
      labelSize: 18,
      labelGap: 0,
      size: phone ? 46 : 58,
      space: 42,
      values: (_, splits) => ticks(splits),
    });
  });

  const placed = () => ({ ...stage.window(), until: stage.until() });
  const lanesOf = (pens: Pen[]): Lane[] =>
    pens.map((pen) => ({ columns: pen.columns, colour: inks.pens[pen.slot % inks.pens.length]! }));
  const draw = (u: uPlot): void => drawLanes(u, lanesOf(lanes), placed(), inks);

  return {
    width: stage.width,
    height: stage.height,
    ms: 1,
    padding: [12, units.length > 1 ? 0 : 16, 0, units.length === 0 ? 16 : 0],
    legend: { show: false },
    scales,
    axes,
    series: [{}, ...curves.map((pen) => seriesOf(pen, inks))],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7, width: 2 },
      bind: {
        // Shift-drag pans (gestures.ts), so uPlot must not begin a selection.
        mousedown: (_u, _target, handler) => (event: MouseEvent) => (event.shiftKey || event.button !== 0 ? null : handler(event)),
        dblclick: () => () => {
          stage.back();
          return null;
        },
      },
    },
    hooks: {
      drawClear: [(u) => drawDoubt(u, lanesOf(curves), curves.length + lanes.length === 1, placed(), inks)],
      draw: [draw],
      setCursor: [(u) => stage.hover(u.cursor.left === undefined || u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x"))],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width > 4) stage.select(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

function seriesOf(pen: Pen, inks: Inks): uPlot.Series {
  const stepped = pen.isStep ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  return {
    scale: `u:${pen.unit}`,
    stroke: inks.pens[pen.slot % inks.pens.length]!,
    width: 1.6,
    dash: dashOf(pen.slot, inks.pens.length),
    spanGaps: false,
    // A lone good sample between two bad ones has no line; uPlot shows it as a point.
    points: { size: 4 },
    ...(stepped === undefined ? {} : { paths: stepped }),
  };
}

/** All pens on one time axis: undefined where a pen has no sample, null where it has a gap. */
export function joined(curves: Pen[], window: Window, until: number): uPlot.AlignedData {
  const { start, end } = window;
  if (curves.length === 0) return [[start, end]];
  const tables = curves.map((pen): uPlot.AlignedData => held(pen.columns, end, until));
  // Expanded: a gap lasts until the pen's own next sample, not until another pen's.
  return tables.length === 1 ? tables[0]! : uPlot.join(tables, tables.map(() => [NULL_EXPAND, NULL_EXPAND]));
}

/**
 * Samples as a line: to the first one after the window where there is one, otherwise with the last value held until
 * now, because no news means it still holds.
 */
function held(columns: Columns, end: number, until: number): uPlot.AlignedData {
  const last = Math.min(columns.t.length - 1, indexAt(columns.t, end) + 1);
  const t = columns.t.slice(0, last + 1);
  const v: (number | null)[] = t.map((_, at) => plotted(columns.v[at]!, columns.q[at]!));
  const value = v.at(-1);
  const hold = Math.min(end, until);
  if (value !== undefined && t.at(-1)! < hold) {
    t.push(hold);
    v.push(value);
  }
  return [t, v];
}
