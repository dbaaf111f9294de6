// What a trend looks like, as something to keep: in the address, and with the node under a name. Pure.
//
// - Address: `tag=` each pen, `pen=` its settings by place, `range=` or `start=`/`end=`, `scales=`, `compare=`, `a=`/`b=`.
// - Saved: the same members as JSON (docs: the node does not look inside).
import { parseTrend } from "./route";
import { offsetText, parseOffset } from "./timewindow";

/** How the pens stand: pens of one unit share a scale, each has its own, or each scale has a row of its own. */
export type ScaleMode = "unit" | "own" | "lanes";
export const SCALE_MODES: readonly ScaleMode[] = ["unit", "own", "lanes"];
export type Draw = "tag" | "line" | "step";

export interface PenView {
  tag: string;
  /** Colour and pattern; by place when absent. */
  look?: number;
  /** Its own scale although the others share. */
  own?: boolean;
  /** A fixed end of the scale; the other may be automatic. */
  least?: number;
  most?: number;
  /** The scale shows the limits of the tag, when there are any. */
  limits?: boolean;
  draw?: Draw;
  /** 1 to 3. */
  width?: number;
  hidden?: boolean;
}

export interface TrendView {
  pens: PenView[];
  range?: string;
  start?: number;
  end?: number;
  scales?: ScaleMode;
  /** How much earlier the ghost curves are. */
  compareMs?: number;
  a?: number;
  b?: number;
}

/** More would not fit a legend, nor an answer of the node. */
export const PENS_MAX = 50;

function penText(pen: PenView): string {
  const parts: string[] = [];
  if (pen.look !== undefined) parts.push(`look-${pen.look}`);
  if (pen.own === true) parts.push("own");
  if (pen.least !== undefined) parts.push(`least-${pen.least}`);
  if (pen.most !== undefined) parts.push(`most-${pen.most}`);
  if (pen.limits === true) parts.push("limits");
  if (pen.draw === "line" || pen.draw === "step") parts.push(pen.draw);
  if (pen.width !== undefined) parts.push(`width-${pen.width}`);
  if (pen.hidden === true) parts.push("hidden");
  return parts.join("_");
}

function number(text: string | undefined): number | undefined {
  const value = text === undefined || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function parsePen(tag: string, text: string): PenView {
  const pen: PenView = { tag };
  for (const part of text.split("_")) {
    const cut = part.indexOf("-");
    const [name, rest] = cut < 0 ? [part, undefined] : [part.slice(0, cut), part.slice(cut + 1)];
    const value = number(rest);
    if (name === "look" && value !== undefined && value >= 0) pen.look = Math.floor(value);
    else if (name === "own") pen.own = true;
    else if (name === "least" && value !== undefined) pen.least = value;
    else if (name === "most" && value !== undefined) pen.most = value;
    else if (name === "limits") pen.limits = true;
    else if (name === "line" || name === "step") pen.draw = name;
    else if (name === "width" && value !== undefined) pen.width = Math.min(3, Math.max(1, Math.round(value)));
    else if (name === "hidden") pen.hidden = true;
  }
  return pen;
}

/** The address of a view: whoever opens it sees the same. */
export function viewLink(view: TrendView): string {
  const params = new URLSearchParams();
  view.pens.forEach((pen) => params.append("tag", pen.tag));
  view.pens.forEach((pen, at) => {
    const text = penText(pen);
    if (text !== "") params.append("pen", `${at}_${text}`);
  });
  if (view.start !== undefined && view.end !== undefined) {
    params.set("start", String(Math.round(view.start)));
    params.set("end", String(Math.round(view.end)));
  } else if (view.range !== undefined) params.set("range", view.range);
  if (view.scales !== undefined && view.scales !== "unit") params.set("scales", view.scales);
  if (view.compareMs !== undefined) params.set("compare", offsetText(view.compareMs));
  if (view.a !== undefined) params.set("a", String(Math.round(view.a)));
  if (view.b !== undefined) params.set("b", String(Math.round(view.b)));
  const text = params.toString().replaceAll("%2F", "/");
  return text === "" ? "#/trend" : `#/trend?${text}`;
}

/** What an address says; what nobody understands is left out. */
export function parseView(params: URLSearchParams): TrendView {
  const ask = parseTrend(params);
  const settings = new Map<number, string>();
  for (const text of params.getAll("pen")) {
    const cut = text.indexOf("_");
    if (cut > 0) settings.set(Number(text.slice(0, cut)), text.slice(cut + 1));
  }
  // By the place in the address, before repeated tags are dropped.
  const all = params.getAll("tag");
  const pens = ask.tags.slice(0, PENS_MAX).map((tag) => parsePen(tag, settings.get(all.indexOf(tag)) ?? ""));
  const view: TrendView = { pens };
  if (ask.start !== undefined && ask.end !== undefined) Object.assign(view, { start: ask.start, end: ask.end });
  else if (ask.range !== undefined) view.range = ask.range;
  const scales = SCALE_MODES.find((mode) => mode === params.get("scales"));
  if (scales !== undefined) view.scales = scales;
  const compareMs = parseOffset(params.get("compare") ?? "");
  if (compareMs !== null) view.compareMs = compareMs;
  const [a, b] = [number(params.get("a") ?? undefined), number(params.get("b") ?? undefined)];
  if (a !== undefined) view.a = a;
  if (b !== undefined) view.b = b;
  return view;
}

/** A view that somebody saved, perhaps with another version of this page. */
export function savedView(saved: unknown): TrendView {
  const from = (typeof saved === "object" && saved !== null ? saved : {}) as Partial<TrendView>;
  const pens = Array.isArray(from.pens) ? from.pens.filter((pen) => typeof pen?.tag === "string") : [];
  return parseView(new URLSearchParams(viewLink({ ...from, pens }).split("?")[1] ?? ""));
}
