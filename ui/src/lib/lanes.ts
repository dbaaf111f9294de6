// Lanes of switches and texts, and the shading of stretches whose quality is not good. Pixels here are CSS pixels.
import { formatValue } from "./format";
import { PEN_COLOURS } from "./penlook";
import type { Rect } from "./plotlayout";
import { type Columns, doubtful, type Stretch, stretches } from "./series";

export interface Inks {
  ink: string;
  faint: string;
  line: string;
  strong: string;
  bad: string;
  warn: string;
  panel: string;
  accent: string;
  pens: string[];
}

export function readInks(element: HTMLElement): Inks {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"),
    faint: read("--ink-3"),
    line: read("--line"),
    strong: read("--line-strong"),
    bad: read("--bad"),
    warn: read("--warn"),
    panel: read("--panel"),
    accent: read("--accent"),
    pens: Array.from({ length: PEN_COLOURS }, (_, at) => read(`--pen-${at}`)),
  };
}

export interface Place {
  start: number;
  end: number;
  until: number;
  x: (t: number) => number;
}

export interface Lane {
  columns: Columns;
  colour: string;
  /** What its numbers stand for. */
  words?: Readonly<Record<string, string>> | null;
}

/** Bad leans one way and is close, uncertain leans the other and is wide: they differ without colour. */
function hatch(ctx: CanvasRenderingContext2D, quality: string, inks: Inks): CanvasPattern | string {
  const bad = quality === "bad";
  const colour = bad ? inks.bad : inks.warn;
  const size = bad ? 6 : 9;
  const ratio = Math.max(1, Math.round(ctx.getTransform().a));
  const tile = new OffscreenCanvas(size * ratio, size * ratio);
  const brush = tile.getContext("2d");
  if (brush === null) return colour;
  brush.scale(ratio, ratio);
  brush.strokeStyle = colour;
  brush.lineWidth = 1;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift, bad ? size : 0);
    brush.lineTo(shift + size, bad ? 0 : size);
  }
  brush.stroke();
  const pattern = ctx.createPattern(tile as unknown as CanvasImageSource, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern ?? colour;
}

/** Height of a pen's lane of doubt at the foot of the plot. */
const DOUBT_PX = 7;

/**
 * Behind the curves. A pen that is alone in its row: a faint hatch over the height, a solid strip at the foot. One of
 * several: a thin lane at the foot, in its colour, so that the others do not look doubtful with it. Gives the foot that is left.
 */
export function drawDoubt(ctx: CanvasRenderingContext2D, lane: Lane, place: Place & { row: Rect; foot: number; alone: boolean }, inks: Inks): number {
  const { row, alone, x } = place;
  const found = doubtful(lane.columns, place.start, place.end, place.until);
  if (found.length === 0) return place.foot;
  const foot = alone ? row.top + row.height : place.foot - DOUBT_PX;
  ctx.save();
  ctx.beginPath();
  ctx.rect(row.left, row.top, row.width, row.height);
  ctx.clip();
  const looks = { bad: hatch(ctx, "bad", inks), uncertain: hatch(ctx, "uncertain", inks) };
  for (const stretch of found) {
    const from = x(stretch.from);
    const wide = Math.max(1, x(stretch.to) - from);
    const bad = stretch.quality === "bad";
    if (alone) {
      ctx.globalAlpha = 0.3;
      ctx.fillStyle = bad ? looks.bad : looks.uncertain;
      ctx.fillRect(from, row.top, wide, row.height);
      ctx.globalAlpha = 1;
      ctx.fillStyle = bad ? inks.bad : inks.warn;
      ctx.fillRect(from, foot - 4, wide, 4);
      continue;
    }
    ctx.globalAlpha = 0.35;
    ctx.fillStyle = lane.colour;
    ctx.fillRect(from, foot, wide, DOUBT_PX - 1);
    ctx.globalAlpha = 1;
    ctx.fillStyle = bad ? looks.bad : looks.uncertain;
    ctx.fillRect(from, foot, wide, DOUBT_PX - 1);
    // The edge in the pen's colour tells whose lane it is.
    ctx.fillStyle = lane.colour;
    ctx.fillRect(from, foot, wide, 1.5);
  }
  ctx.restore();
  return foot;
}

export function drawLane(ctx: CanvasRenderingContext2D, lane: Lane, place: Place, rect: Rect, inks: Inks, number: string): void {
  const { left, top, width, height } = rect;
  ctx.save();
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  ctx.fillStyle = lane.colour;
  ctx.fillText(number, left - 6, top + height / 2 + 1);
  ctx.beginPath();
  ctx.rect(left, top - 1, width, height + 2);
  ctx.clip();
  ctx.textAlign = "left";
  ctx.fillStyle = inks.line;
  ctx.fillRect(left, top + height - 1, width, 1);
  for (const stretch of stretches(lane.columns, place.start, place.end, place.until)) {
    const from = place.x(stretch.from);
    drawStretch(ctx, stretch, { left: from, width: Math.max(1, place.x(stretch.to) - from), top, height }, lane, inks);
  }
  ctx.restore();
}

function drawStretch(ctx: CanvasRenderingContext2D, stretch: Stretch, box: Rect, { colour, words = null }: Lane, inks: Inks): void {
  const { left, width, top, height } = box;
  if (stretch.quality !== "good") {
    ctx.fillStyle = hatch(ctx, stretch.quality, inks);
    ctx.fillRect(left, top, width, height);
    if (stretch.quality === "bad") return;
  }
  if (typeof stretch.value === "boolean" || (typeof stretch.value === "number" && words === null)) {
    if (!stretch.value) return;
    ctx.globalAlpha = 0.75;
    ctx.fillStyle = colour;
    ctx.fillRect(left, top, width, height);
    ctx.globalAlpha = 1;
    return;
  }
  if (stretch.value === null) return;
  ctx.globalAlpha = 0.2;
  ctx.fillStyle = colour;
  ctx.fillRect(left, top, Math.max(1, width - 1), height);
  ctx.globalAlpha = 1;
  ctx.fillRect(left, top, 2, height);
  const text = words?.[String(stretch.value)] ?? formatValue(stretch.value);
  if (ctx.measureText(text).width + 12 > width) return;
  ctx.fillStyle = inks.ink;
  ctx.fillText(text, left + 7, top + height / 2 + 1);
}
