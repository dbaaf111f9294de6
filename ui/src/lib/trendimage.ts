// The chart as a picture to keep: title, time range, legend and the curves, on the ground of the theme.
import { FAMILY } from "./paint";
import type { Inks } from "./lanes";
import { colourOf, dashOf } from "./penlook";

export interface LegendLine {
  look: number;
  number: number;
  text: string;
}

export interface ImageAsk {
  chart: HTMLCanvasElement;
  width: number;
  height: number;
  title: string;
  range: string;
  legend: readonly LegendLine[];
  foot: string;
  inks: Inks;
}

const EDGE = 20;
const TITLE = 18;
const LINE = 18;

/** Draws all of it at the resolution of the chart. */
export function imageOf(ask: ImageAsk): HTMLCanvasElement {
  const { chart, width, height, inks } = ask;
  const ratio = chart.width / width;
  const brush = document.createElement("canvas").getContext("2d")!;
  brush.font = `13px ${FAMILY}`;
  const widest = Math.max(100, ...ask.legend.map((line) => brush.measureText(`${line.number}  ${line.text}`).width)) + 60;
  const columns = Math.max(1, Math.floor(width / widest));
  const rows = Math.ceil(ask.legend.length / columns);
  const head = EDGE + TITLE + 8 + LINE + 8;
  const whole = head + height + 10 + rows * LINE + LINE + EDGE;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round((width + 2 * EDGE) * ratio);
  canvas.height = Math.round(whole * ratio);
  const ctx = canvas.getContext("2d")!;
  ctx.scale(ratio, ratio);
  ctx.fillStyle = inks.panel;
  ctx.fillRect(0, 0, width + 2 * EDGE, whole);
  ctx.textBaseline = "top";
  ctx.fillStyle = inks.ink;
  ctx.font = `600 ${TITLE}px ${FAMILY}`;
  ctx.fillText(ask.title, EDGE, EDGE, width);
  ctx.font = `13px ${FAMILY}`;
  ctx.fillStyle = inks.faint;
  ctx.fillText(ask.range, EDGE, EDGE + TITLE + 8, width);
  ctx.drawImage(chart, EDGE, head, width, height);
  ctx.textBaseline = "middle";
  ask.legend.forEach((line, at) => {
    const x = EDGE + (at % columns) * (width / columns);
    const y = head + height + 10 + Math.floor(at / columns) * LINE + LINE / 2;
    ctx.strokeStyle = inks.pens[colourOf(line.look)]!;
    ctx.lineWidth = 2.5;
    ctx.setLineDash([...dashOf(line.look)]);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + 28, y);
    ctx.stroke();
    ctx.fillStyle = inks.ink;
    ctx.fillText(`${line.number}  ${line.text}`, x + 36, y, width / columns - 44);
  });
  ctx.fillStyle = inks.faint;
  ctx.fillText(ask.foot, EDGE, whole - EDGE, width);
  return canvas;
}

/** Hands a file to the browser. */
export function saveFile(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** What a file of this moment is called: no character that some system refuses. */
export function fileName(title: string, at: number, ending: string): string {
  const words = title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  const time = new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${words === "" ? "trend" : words}-${time}.${ending}`;
}
