// Canvas drawing that uPlot has no word for: lanes of switches and texts, and the shading of
// stretches whose quality is not good. Pixels here are canvas pixels.
import type uPlot from "uplot";
import { formatValue } from "./format";
import { type Columns, doubtful, stretches } from "./series";

export const LANE_PX = 22;

export interface Inks {
  ink: string;
  faint: string;
  line: string;
  bad: string;
  warn: string;
  panel: string;
  pens: string[];
}

export function readInks(element: HTMLElement): Inks {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"),
    faint: read("--ink-3"),
    line: read("--line"),
    bad: read("--bad"),
    warn: read("--warn"),
    panel: read("--panel"),
    pens: Array.from({ length: 8 }, (_, at) => read(`--pen-${at}`)),
  };
}

interface Place {
  start: number;
  end: number;
  until: number;
}

function hatch(ctx: CanvasRenderingContext2D, colour: string, ratio: number): CanvasPattern | string {
  const size = Math.round(6 * ratio);
  const tile = new OffscreenCanvas(size, size);
  const brush = tile.getContext("2d");
  if (brush === null) return colour;
  brush.strokeStyle = colour;
  brush.lineWidth = ratio;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift, size);
    brush.lineTo(shift + size, 0);
  }
  brush.stroke();
  return ctx.createPattern(tile as unknown as CanvasImageSource, "repeat") ?? colour;
}

/** Height of a pen's lane of doubt at the foot of the plot. */
const DOUBT_PX = 7;

/**
 * Behind the curves. A pen that is alone: a faint hatch over the height, a solid strip at the foot. One of several: a
 * thin lane at the foot, in its colour, so that the others do not look doubtful with it.
 */
export function drawDoubt(u: uPlot, pens: Lane[], alone: boolean, place: Place, inks: Inks): void {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  let foot = top + height;
  for (const { columns, colour: own } of pens) {
    const found = doubtful(columns, place.start, place.end, place.until);
    if (!alone && found.length > 0) foot -= DOUBT_PX * ratio;
    for (const stretch of found) {
      const from = u.valToPos(stretch.from, "x", true);
      const to = Math.max(from + ratio, u.valToPos(stretch.to, "x", true));
      const colour = stretch.quality === "bad" ? inks.bad : inks.warn;
      if (!alone) {
        const thick = (DOUBT_PX - 1) * ratio;
        ctx.globalAlpha = 0.35;
        ctx.fillStyle = own;
        ctx.fillRect(from, foot, to - from, thick);
        ctx.globalAlpha = 1;
        ctx.fillStyle = hatch(ctx, colour, ratio);
        ctx.fillRect(from, foot, to - from, thick);
        // The edge in the pen's colour tells whose lane it is.
        ctx.fillStyle = own;
        ctx.fillRect(from, foot, to - from, ratio * 1.5);
        continue;
      }
      ctx.globalAlpha = 0.28;
      ctx.fillStyle = hatch(ctx, colour, ratio);
      ctx.fillRect(from, top, to - from, height);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colour;
      ctx.fillRect(from, top + height - 4 * ratio, to - from, 4 * ratio);
    }
  }
  ctx.restore();
}

export interface Lane {
  columns: Columns;
  colour: string;
}

export function drawLanes(u: uPlot, lanes: Lane[], place: Place, inks: Inks): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const { left, width } = u.bbox;
  const bottom = u.bbox.top + u.bbox.height;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bottom, width, lanes.length * LANE_PX * ratio + 8 * ratio);
  ctx.clip();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left"; // the axes leave theirs behind
  lanes.forEach((lane, at) => {
    const top = bottom + (6 + at * LANE_PX) * ratio;
    const height = (LANE_PX - 6) * ratio;
    ctx.fillStyle = inks.line;
    ctx.fillRect(left, top + height - ratio, width, ratio);
    for (const stretch of stretches(lane.columns, place.start, place.end, place.until)) {
      const from = u.valToPos(stretch.from, "x", true);
      const wide = Math.max(ratio, u.valToPos(stretch.to, "x", true) - from);
      drawStretch(ctx, stretch, { from, wide, top, height }, lane.colour, inks, ratio);
    }
  });
  ctx.restore();
}

function drawStretch(
  ctx: CanvasRenderingContext2D,
  stretch: ReturnType<typeof stretches>[number],
  box: { from: number; wide: number; top: number; height: number },
  colour: string,
  inks: Inks,
  ratio: number,
): void {
  const { from, wide, top, height } = box;
  if (stretch.quality !== "good") {
    ctx.fillStyle = hatch(ctx, stretch.quality === "bad" ? inks.bad : inks.warn, ratio);
    ctx.fillRect(from, top, wide, height);
    if (stretch.quality === "bad") return;
  }
  if (typeof stretch.value === "boolean" || typeof stretch.value === "number") {
    if (!stretch.value) return;
    ctx.globalAlpha = 0.75;
    ctx.fillStyle = colour;
    ctx.fillRect(from, top, wide, height);
    ctx.globalAlpha = 1;
    return;
  }
  if (stretch.value === null) return;
  ctx.globalAlpha = 0.2;
  ctx.fillStyle = colour;
  ctx.fillRect(from, top, Math.max(1, wide - ratio), height);
  ctx.globalAlpha = 1;
  ctx.fillRect(from, top, 2 * ratio, height);
  const text = formatValue(stretch.value);
  if (ctx.measureText(text).width + 12 * ratio > wide) return;
  ctx.fillStyle = inks.ink;
  ctx.fillText(text, from + 7 * ratio, top + height / 2);
}
