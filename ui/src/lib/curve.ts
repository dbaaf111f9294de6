// One curve on a canvas, from its samples. Where there are many for each pixel it is drawn as hairlines of one device
// pixel, side by side: without a graphics card a wide stroke of 4,000 steep segments takes 35 ms, a hairline less than one.
import { type Columns, indexAt, plotted } from "./series";

export interface Curve {
  columns: Columns;
  step: boolean;
  colour: string;
  width: number;
  dash: readonly number[];
  alpha: number;
}

export interface CurvePlace {
  x: (t: number) => number;
  y: (value: number) => number;
  start: number;
  end: number;
  /** The last value holds until then. */
  until: number;
  /** Of the plot, in CSS pixels. */
  width: number;
}

/** More samples than this for each pixel: hairlines, and a pattern would not be seen. */
const DENSE = 0.6;
/** How far the next hairline is from the one before: they overlap, so that steep ones leave no light between. */
const BESIDE_PX = 0.8;

export function drawCurve(ctx: CanvasRenderingContext2D, curve: Curve, place: CurvePlace): void {
  const { t } = curve.columns;
  const count = indexAt(t, place.end) - Math.max(0, indexAt(t, place.start));
  const dense = count > place.width * DENSE;
  ctx.save();
  ctx.globalAlpha = curve.alpha;
  ctx.strokeStyle = curve.colour;
  ctx.fillStyle = curve.colour;
  ctx.lineWidth = curve.width;
  ctx.lineJoin = "bevel";
  const path = new Path2D();
  const lone = trace(path, curve, place);
  if (dense) hairlines(ctx, path, curve.width);
  else {
    ctx.setLineDash([...curve.dash]);
    ctx.stroke(path);
  }
  for (const [px, py] of lone) {
    ctx.beginPath();
    ctx.arc(px, py, 2.4, 0, 7);
    ctx.fill();
  }
  ctx.restore();
}

function hairlines(ctx: CanvasRenderingContext2D, path: Path2D, width: number): void {
  const ratio = ctx.getTransform().a;
  ctx.lineWidth = 1 / ratio;
  ctx.save();
  for (let wide = 0; wide < width; wide += BESIDE_PX) {
    ctx.stroke(path);
    ctx.translate(BESIDE_PX / ratio, 0);
  }
  ctx.restore();
}

/** The path of a curve; a gap breaks it, and what stands alone between two gaps is told, to be drawn as a point. */
function trace(path: Path2D, { columns, step }: Curve, { x, y, start, end, until }: CurvePlace): [number, number][] {
  const { t, v, q } = columns;
  const lone: [number, number][] = [];
  let run = 0;
  let px = 0;
  let py = 0;
  const lineTo = (toX: number, toY: number): void => {
    if (step && toY !== py) path.lineTo(toX, py);
    path.lineTo(toX, toY);
  };
  const stop = Math.min(t.length - 1, indexAt(t, end) + 1);
  for (let at = Math.max(0, indexAt(t, start)); at <= stop; at += 1) {
    const value = plotted(v[at]!, q[at]!);
    const here = x(t[at]!);
    if (value === null) {
      // A step holds until the gap begins; a line ends at its last sample.
      if (run > 0 && step) lineTo(here, py);
      else if (run === 1) lone.push([px, py]);
      run = 0;
      continue;
    }
    const there = y(value);
    if (run > 0) lineTo(here, there);
    else path.moveTo(here, there);
    run += 1;
    px = here;
    py = there;
  }
  if (run === 0) return lone;
  // No news: what was said last still holds, up to when something is known.
  const hold = Math.min(end, until);
  if (stop === t.length - 1 && Number.isFinite(until) && t[stop]! < hold) lineTo(x(hold), py);
  else if (run === 1) lone.push([px, py]);
  return lone;
}
