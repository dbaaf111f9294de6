// What moves over a trend without the trend being drawn again: the reading line, the two pinned cursors, a selection.
import { formatTimeMs } from "./format";
import type { Inks } from "./lanes";
import { type Drawn, FAMILY } from "./paint";
import { colourOf } from "./penlook";
import { type Layout, type Rect, xOf, yOf } from "./plotlayout";
import type { Scale } from "./scales";
import { drawnAt } from "./series";
import type { Window } from "./timewindow";

export interface Over {
  ctx: CanvasRenderingContext2D;
  layout: Layout<Drawn>;
  scales: Scale<Drawn>[];
  window: Window;
  until: number;
  cursor: number | null;
  a: number | null;
  b: number | null;
  selection: Rect | null;
  inks: Inks;
}

export function paintOver(over: Over): void {
  const { ctx, layout, inks, selection, window } = over;
  ctx.font = `600 ${layout.font}px ${FAMILY}`;
  if (selection !== null) {
    ctx.fillStyle = inks.accent;
    ctx.globalAlpha = 0.16;
    ctx.fillRect(selection.left, selection.top, selection.width, selection.height);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = inks.accent;
    ctx.lineWidth = 1;
    ctx.strokeRect(Math.round(selection.left) + 0.5, Math.round(selection.top) + 0.5, selection.width, selection.height);
  }
  const x = xOf(layout, window);
  const inside = (t: number | null): t is number => t !== null && t >= window.start && t <= window.end;
  if (inside(over.a) && inside(over.b)) {
    ctx.fillStyle = inks.ink;
    ctx.globalAlpha = 0.05;
    ctx.fillRect(x(Math.min(over.a, over.b)), layout.plot.top, Math.abs(x(over.b) - x(over.a)), layout.plot.height);
    ctx.globalAlpha = 1;
  }
  for (const pinned of [over.a, over.b]) if (inside(pinned)) upright(over, x(pinned), [5, 4], inks.ink);
  if (!inside(over.cursor)) return;
  const at = x(over.cursor);
  upright(over, at, [], inks.faint);
  dots(over, over.cursor, at);
  time(over, over.cursor, at);
}

/** A line through the plot and its lanes. */
function upright({ ctx, layout }: Over, at: number, dash: number[], colour: string): void {
  const last = layout.lanes.at(-1);
  const foot = last === undefined ? layout.plot.top + layout.plot.height : last.top + last.height;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(Math.round(at) + 0.5, layout.plot.top);
  ctx.lineTo(Math.round(at) + 0.5, foot);
  ctx.stroke();
  ctx.restore();
}

function dots({ ctx, layout, scales, inks, until }: Over, t: number, at: number): void {
  if (t > until) return;
  for (const scale of scales) {
    const row = layout.rows[scale.row]!;
    const y = yOf(row, scale);
    for (const pen of scale.pens) {
      const value = drawnAt(pen.columns, t, pen.isStep);
      if (value === null) continue;
      const here = y(value);
      if (here < row.top || here > row.top + row.height) continue;
      ctx.beginPath();
      ctx.arc(at, here, 3.6, 0, 7);
      ctx.fillStyle = inks.panel;
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = inks.pens[colourOf(pen.look)]!;
      ctx.stroke();
    }
  }
}

/** The time of the reading line, on the time axis. */
function time({ ctx, layout, inks }: Over, t: number, at: number): void {
  const { font, plot, lanes } = layout;
  const last = lanes.at(-1);
  const top = (last === undefined ? plot.top + plot.height : last.top + last.height) + font * 0.3;
  const text = formatTimeMs(t);
  const wide = ctx.measureText(text).width + 12;
  const left = Math.min(plot.left + plot.width - wide, Math.max(plot.left, at - wide / 2));
  ctx.fillStyle = inks.ink;
  ctx.beginPath();
  ctx.roundRect(left, top, wide, font * 1.5, 4);
  ctx.fill();
  ctx.fillStyle = inks.panel;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, left + wide / 2, top + font * 0.8);
}
