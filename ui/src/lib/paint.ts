// Draws a trend on a canvas: grid, axes, curves and their ghosts. Lanes and doubt are lanes.ts'. No state here.
import { drawCurve } from "./curve";
import { formatUnit, leaf } from "./format";
import { drawDoubt, drawLane, type Inks } from "./lanes";
import { colourOf, dashOf } from "./penlook";
import { type Layout, type Rect, xOf, yOf } from "./plotlayout";
import type { Scale, Scaled } from "./scales";
import { type Columns, drawnAt, indexAt, plotted } from "./series";
import { timeTexts, type TimeTicks, timeTicks } from "./ticks";
import type { Window } from "./timewindow";

/** What is drawn of a pen, whoever keeps it. */
export interface Drawn extends Scaled {
  /** Colour and pattern. */
  look: number;
  /** Of the line: 0 to 3. */
  width: number;
  /** What its numbers stand for. */
  words: Readonly<Record<string, string>> | null;
}

export interface Picture {
  ctx: CanvasRenderingContext2D;
  layout: Layout<Drawn>;
  scales: Scale<Drawn>[];
  lanes: Drawn[];
  /** The pens in the order of the legend: the number on a curve is its place there. */
  pens: Drawn[];
  window: Window;
  /** Nothing is known after it. */
  until: number;
  compareMs: number | null;
  inks: Inks;
  offsetOf: (ms: number) => number;
}

export const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const WIDTHS = [1.6, 1.6, 2.6, 3.8];
/** A ghost is fine dots whatever the pen's pattern. */
const GHOST_DASH = [1.5, 3];

export function paint(picture: Picture): void {
  const { ctx, layout, scales, lanes, inks, window, until, compareMs } = picture;
  ctx.font = `${layout.font}px ${FAMILY}`;
  ctx.textBaseline = "alphabetic";
  const x = xOf(layout, window);
  const ticks = timeTicks(window.start, window.end, layout.plot.width / (layout.font * 7.2), picture.offsetOf);
  grid(picture, ticks);
  const alone = layout.rows.length > 1 || scales.reduce((sum, scale) => sum + scale.pens.length, 0) + lanes.length === 1;
  const foot = layout.rows.map((row) => row.top + row.height);
  for (const scale of scales) {
    const row = layout.rows[scale.row]!;
    for (const pen of scale.pens) {
      foot[scale.row] = drawDoubt(ctx, { columns: pen.columns, colour: ink(pen, inks) }, { ...window, until, x, row, foot: foot[scale.row]!, alone }, inks);
    }
  }
  for (const scale of scales) {
    const row = layout.rows[scale.row]!;
    clipped(ctx, row, () => {
      const y = yOf(row, scale);
      for (const pen of scale.pens) {
        if (pen.useLimits) limits(picture, pen, row, y);
        if (compareMs !== null) curve(picture, pen, x, y, compareMs);
      }
      for (const pen of scale.pens) curve(picture, pen, x, y, 0);
    });
  }
  if (picture.pens.length > 1) numbers(picture, x);
  lanes.forEach((pen, at) => drawLane(ctx, { columns: pen.columns, colour: ink(pen, inks), words: pen.words }, { ...window, until, x }, layout.lanes[at]!, inks, String(picture.pens.indexOf(pen) + 1)));
  axes(picture);
  timeAxis(picture, ticks, x);
}

const ink = (pen: Drawn, inks: Inks) => inks.pens[colourOf(pen.look)]!;

function clipped(ctx: CanvasRenderingContext2D, { left, top, width, height }: Rect, draw: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  draw();
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.moveTo(Math.round(fromX) + 0.5, Math.round(fromY) + 0.5);
  ctx.lineTo(Math.round(toX) + 0.5, Math.round(toY) + 0.5);
}

function grid({ ctx, layout, inks, window }: Picture, ticks: TimeTicks): void {
  const x = xOf(layout, window);
  ctx.save();
  ctx.strokeStyle = inks.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const row of layout.rows) {
    for (const t of ticks.at) line(ctx, x(t), row.top, x(t), row.top + row.height);
    line(ctx, row.left, row.top + row.height, row.left + row.width, row.top + row.height);
  }
  for (const axis of layout.axes) {
    if (!axis.grid) continue;
    const y = yOf(axis.row, axis.scale);
    for (const tick of axis.ticks) line(ctx, axis.row.left, y(tick.at), axis.row.left + axis.row.width, y(tick.at));
  }
  ctx.stroke();
  ctx.restore();
}

function curve(picture: Picture, pen: Drawn, x: (t: number) => number, y: (value: number) => number, shift: number): void {
  const { ctx, inks, layout, window } = picture;
  const ghost = shift !== 0;
  drawCurve(
    ctx,
    { columns: ghost ? pen.ghost : pen.columns, step: pen.isStep, colour: ink(pen, inks), width: ghost ? 1.2 : WIDTHS[pen.width]!, dash: ghost ? GHOST_DASH : dashOf(pen.look), alpha: ghost ? 0.55 : 1 },
    { x: (t) => x(t + shift), y, start: window.start - shift, end: window.end - shift, until: ghost ? Infinity : picture.until, width: layout.plot.width },
  );
}

function limits({ ctx, inks, layout }: Picture, pen: Drawn, row: Rect, y: (value: number) => number): void {
  if (pen.limits === null) return;
  const names = { low_low: "LL", low: "L", high: "H", high_high: "HH" } as const;
  ctx.save();
  ctx.strokeStyle = inks.faint;
  ctx.fillStyle = inks.faint;
  ctx.setLineDash([6, 4]);
  for (const [key, name] of Object.entries(names)) {
    const value = pen.limits[key as keyof typeof names];
    if (value === null) continue;
    ctx.beginPath();
    line(ctx, row.left, y(value), row.left + row.width, y(value));
    ctx.stroke();
    ctx.fillText(name, row.left + 4, y(value) - layout.font * 0.3);
  }
  ctx.restore();
}

/** The number of each pen where its curve ends: colours and patterns cannot tell many dense curves apart. */
function numbers({ ctx, layout, scales, pens, window, until, inks }: Picture, x: (t: number) => number): void {
  const size = layout.font * 1.25;
  const marks: { y: number; x: number; text: string; colour: string }[] = [];
  for (const scale of scales) {
    const row = layout.rows[scale.row]!;
    const y = yOf(row, scale);
    for (const pen of scale.pens) {
      const last = lastDrawn(pen.columns, window, until, pen.isStep);
      if (last === null) continue;
      const at = Math.min(row.top + row.height - size / 2, Math.max(row.top + size / 2, y(last.value)));
      marks.push({ y: at, x: Math.min(x(last.t), layout.plot.left + layout.plot.width - size * 0.7), text: String(pens.indexOf(pen) + 1), colour: ink(pen, inks) });
    }
  }
  marks.sort((one, other) => one.y - other.y);
  for (let at = 1; at < marks.length; at += 1) marks[at]!.y = Math.max(marks[at]!.y, marks[at - 1]!.y + size);
  const over = (marks.at(-1)?.y ?? 0) - (layout.plot.top + layout.plot.height - size / 2);
  if (over > 0) marks.forEach((mark) => (mark.y -= over));
  ctx.save();
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `600 ${layout.font * 0.9}px ${FAMILY}`;
  for (const mark of marks) {
    const wide = Math.max(size, ctx.measureText(mark.text).width + 8);
    ctx.fillStyle = inks.panel;
    ctx.strokeStyle = mark.colour;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.roundRect(mark.x - wide / 2, mark.y - size / 2 + 0.5, wide, size - 1, size / 2);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = inks.ink;
    ctx.fillText(mark.text, mark.x, mark.y + 1);
  }
  ctx.restore();
}

function lastDrawn(columns: Columns, { start, end }: Window, until: number, step: boolean): { t: number; value: number } | null {
  const now = Math.min(end, until);
  const held = drawnAt(columns, now, step);
  if (held !== null) return { t: now, value: held };
  for (let at = indexAt(columns.t, now); at >= 0 && columns.t[at]! >= start; at -= 1) {
    const value = plotted(columns.v[at]!, columns.q[at]!);
    if (value !== null) return { t: columns.t[at]!, value };
  }
  return null;
}

/** The unit; and which pen it is, where it is one of several. */
export function axisName(scale: Scale<Drawn>, pens: readonly Drawn[]): string {
  const unit = formatUnit(scale.unit);
  const [only, ...others] = scale.pens;
  if (others.length > 0 || pens.length < 2) return unit;
  return `${pens.indexOf(only!) + 1}${unit === "" ? "" : ` · ${unit}`}`;
}

function axes({ ctx, layout, inks, pens }: Picture): void {
  const { font } = layout;
  const stacked = layout.rows.length > 1;
  ctx.save();
  ctx.textBaseline = "middle";
  for (const { scale, side, x, row, ticks } of layout.axes) {
    const y = yOf(row, scale);
    const [only, ...others] = scale.pens;
    const single = others.length === 0 && pens.length > 1;
    ctx.textAlign = side === "left" ? "right" : "left";
    const at = side === "left" ? x - 6 : x + 6;
    ctx.fillStyle = inks.faint;
    for (const tick of ticks) ctx.fillText(tick.text, at, y(tick.at) + 1);
    // One pen on a scale: the axis wears its colour, and nobody has to search.
    ctx.fillStyle = single ? ink(only!, inks) : inks.ink;
    ctx.font = `600 ${font}px ${FAMILY}`;
    if (stacked) {
      ctx.textAlign = "left";
      const name = [leaf(only!.tag), formatUnit(scale.unit)].filter((part) => part !== "").join("  ");
      const text = pens.length > 1 ? `${pens.indexOf(only!) + 1}  ${name}` : name;
      // The curve may run through it.
      ctx.globalAlpha = 0.86;
      ctx.fillStyle = inks.panel;
      ctx.fillRect(row.left + 4, row.top + font * 0.1, ctx.measureText(text).width + 8, font * 1.4);
      ctx.globalAlpha = 1;
      ctx.fillStyle = single ? ink(only!, inks) : inks.ink;
      ctx.fillText(text, row.left + 8, row.top + font * 0.8);
    } else ctx.fillText(axisName(scale, pens), at, row.top - font * 1.1);
    ctx.font = `${font}px ${FAMILY}`;
    if (!single) continue;
    ctx.fillRect(side === "left" ? x - 2 : x, row.top, 2, row.height);
  }
  ctx.restore();
}

function timeAxis({ ctx, layout, inks, window }: Picture, ticks: TimeTicks, x: (t: number) => number): void {
  const { font, plot, lanes } = layout;
  const last = lanes.at(-1);
  const top = (last === undefined ? plot.top + plot.height : last.top + last.height) + font * 0.4;
  ctx.save();
  ctx.fillStyle = inks.faint;
  ctx.textBaseline = "top";
  let free = -Infinity;
  timeTexts(ticks).forEach(([clock, date], at) => {
    const middle = x(ticks.at[at]!);
    const half = Math.max(ctx.measureText(clock).width, ctx.measureText(date).width) / 2;
    if (middle - half < free || middle + half > plot.left + plot.width + 40 || ticks.at[at]! < window.start) return;
    ctx.textAlign = middle - half < 0 ? "left" : "center";
    ctx.fillText(clock, middle, top);
    if (date !== "") ctx.fillText(date, middle, top + font * 1.25);
    free = middle + half + font * 0.6;
  });
  ctx.restore();
}
