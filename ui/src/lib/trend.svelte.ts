// The state behind a trend: pens, window, history and live tail. Drawing is TrendChart's.
import { api, findTag, Problem, type Sample, type Series, type Tag } from "./api";
import { live } from "./live.svelte";
import { append, type Columns, emptyColumns, fromSeries, mergeTail, trim } from "./series";
import type { Window } from "./timewindow";

export const PEN_COLOURS = 8;
const RELOAD_LEAST_MS = 30_000;
const RELOAD_MOST_MS = 600_000;
/** First, last, lowest and highest of a pixel column. */
const POINTS_PER_PIXEL = 4;
/** With all pens of a request this stays within the contract's 500,000 samples of an answer. */
const POINTS_MOST = 16_000;
/** Samples a pen may hold before history is asked again, as a multiple of the points drawn. */
const TAIL_FACTOR = 2;
const ZOOMS_MAX = 50;
/** The contract allows 50; half of it keeps each answer quick. */
const TAGS_PER_REQUEST = 25;

export class Pen {
  meta = $state.raw<Tag | null>(null);
  problem = $state.raw<Problem | null>(null);
  visible = $state(true);
  columns: Columns = emptyColumns();
  release: () => void = () => {};

  constructor(
    readonly tag: string,
    /** Colour and dash; kept while the pen lives, so that removing another does not repaint it. */
    readonly slot: number,
  ) {}

  get unit(): string {
    return this.meta?.unit ?? "";
  }

  /** Switches and texts have no scale: they are drawn as lanes below the curves. */
  get isLane(): boolean {
    const type = this.meta?.type ?? "";
    if (/^(bool|text|bytes)/.test(type)) return true;
    const first = this.columns.v.find((value) => value !== null);
    return typeof first === "boolean" || typeof first === "string";
  }

  get isStep(): boolean {
    return this.meta?.step ?? false;
  }
}

export class Trend {
  pens = $state.raw<Pen[]>([]);
  /** Length of the moving window; null when a fixed stretch is looked at. */
  followMs = $state<number | null>(900_000);
  cursor = $state<number | null>(null);
  /** Counts changes of what is drawn. */
  version = $state(0);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);
  loads = $state(0);
  zooms = $state.raw<(Window | number)[]>([]);
  private fixed = $state.raw<Window>({ start: 0, end: 1 });

  private points = 4_000;
  private abort: AbortController | null = null;
  private reload: ReturnType<typeof setTimeout> | undefined;
  private settle: ReturnType<typeof setTimeout> | undefined;

  window(): Window {
    if (this.followMs === null) return this.fixed;
    const end = live.nodeNow;
    return { start: end - this.followMs, end };
  }

  /** As fine as the plot is wide; more could not be seen. */
  setWidth(plotPx: number): void {
    const points = Math.min(POINTS_MOST, Math.max(100, Math.round(plotPx)) * POINTS_PER_PIXEL);
    const grown = points > this.points * 1.2;
    this.points = points;
    if (grown) this.loadSoon();
  }

  setPens(tags: readonly string[]): void {
    const kept = new Map(this.pens.map((pen) => [pen.tag, pen]));
    const used = new Set(this.pens.filter((pen) => tags.includes(pen.tag)).map((pen) => pen.slot));
    const fresh: Pen[] = [];
    const next = tags.map((tag) => {
      const old = kept.get(tag);
      kept.delete(tag);
      if (old !== undefined) return old;
      let slot = 0;
      while (used.has(slot)) slot += 1;
      used.add(slot);
      const pen = new Pen(tag, slot);
      fresh.push(pen);
      return pen;
    });
    kept.forEach((pen) => pen.release());
    this.pens = next;
    for (const pen of fresh) this.begin(pen);
    this.version += 1;
    if (fresh.length > 0) this.loadSoon(0);
  }

  follow(ms: number): void {
    this.zooms = [];
    this.followMs = ms;
    this.loadSoon(0);
  }

  /** Looks at a fixed stretch. `step` remembers where we came from, for zooming back out. */
  look(window: Window, step: "zoom" | "slide"): void {
    if (step === "zoom") {
      const here = this.followMs ?? { ...this.fixed };
      this.zooms = [...this.zooms, here].slice(-ZOOMS_MAX);
    }
    this.followMs = null;
    this.fixed = window;
    this.version += 1;
    this.loadSoon(step === "zoom" ? 0 : 160);
  }

  back(): void {
    const last = this.zooms.at(-1);
    if (last === undefined) return;
    const rest = this.zooms.slice(0, -1);
    if (typeof last === "number") this.follow(last);
    else this.look(last, "slide");
    this.zooms = rest;
  }

  stop(): void {
    clearTimeout(this.reload);
    clearTimeout(this.settle);
    this.abort?.abort();
    this.pens.forEach((pen) => pen.release());
  }

  again(): void {
    this.loadSoon(0);
  }

  get samples(): number {
    return this.pens.reduce((sum, pen) => sum + pen.columns.t.length, 0);
  }

  private begin(pen: Pen): void {
    pen.release = live.watch([pen.tag], (_, sample) => this.hear(pen, sample));
    const known = live.cell(pen.tag).sample;
    if (known !== null) append(pen.columns, known);
    findTag(pen.tag)
      .then((meta) => {
        pen.meta = meta;
        this.version += 1;
      })
      .catch((cause: unknown) => (pen.problem = Problem.of(cause)));
  }

  private hear(pen: Pen, sample: Sample): void {
    // A fixed stretch shows what was stored; the tail belongs to the moving window.
    if (this.followMs === null) return;
    append(pen.columns, sample);
    if (pen.columns.t.length > this.points * TAIL_FACTOR + 2_000 && !this.loading) this.loadSoon(0);
  }

  private loadSoon(ms = 160): void {
    clearTimeout(this.settle);
    this.settle = setTimeout(() => void this.load(), ms);
  }

  private async load(): Promise<void> {
    this.abort?.abort();
    clearTimeout(this.reload);
    const pens = this.pens.filter((pen) => pen.problem?.status !== 404);
    if (pens.length === 0) return;
    const abort = new AbortController();
    this.abort = abort;
    this.loading = true;
    const window = this.window();
    try {
      const series = await this.ask(pens, window, abort.signal);
      if (abort.signal.aborted) return;
      this.take(pens, series, window);
      this.problem = null;
    } catch (cause) {
      if (abort.signal.aborted) return;
      this.problem = Problem.of(cause);
    }
    this.loading = false;
    this.version += 1;
    const every = Math.min(RELOAD_MOST_MS, Math.max(RELOAD_LEAST_MS, (window.end - window.start) / 20));
    // A moving window is thinned again from time to time; a fixed one only when the request failed.
    if (this.followMs !== null || this.problem !== null) {
      this.reload = setTimeout(() => void this.load(), this.problem === null ? every : 5_000);
    }
  }

  private async ask(pens: Pen[], window: Window, signal: AbortSignal): Promise<Series[]> {
    this.loads += 1;
    const plot = { start: window.start, end: window.end, bounds: true, mode: "plot", points: this.points } as const;
    try {
      const series: Series[] = [];
      // One after another: the node answers few questions at a time, and others ask too.
      for (let at = 0; at < pens.length; at += TAGS_PER_REQUEST) {
        const tags = pens.slice(at, at + TAGS_PER_REQUEST).map((pen) => pen.tag);
        series.push(...(await api.history({ tags, ...plot }, signal)).series);
      }
      return series;
    } catch (cause) {
      if (!(cause instanceof Problem) || cause.status !== 404 || pens.length === 1) throw cause;
    }
    // One unknown pen refuses the whole request; it must not take the others down with it.
    const each = await Promise.allSettled(pens.map((pen) => api.history({ tags: [pen.tag], ...plot }, signal)));
    return each.flatMap((one, at) => {
      if (one.status === "fulfilled") return one.value.series;
      pens[at]!.problem = Problem.of(one.reason);
      return [];
    });
  }

  private take(pens: Pen[], series: Series[], window: Window): void {
    const byTag = new Map(series.map((one) => [one.tag, one]));
    for (const pen of pens) {
      const one = byTag.get(pen.tag);
      const history = one === undefined ? emptyColumns() : fromSeries(one);
      if (this.followMs !== null) {
        // A tag that has said nothing for as long as there is history may have said something just now.
        const before = history.t.length === 0 ? pen.columns : mergeTail(history, pen.columns);
        // The latest value known, in case what the pen holds is from a stretch of the past.
        const latest = live.cell(pen.tag).sample;
        if (latest !== null) append(before, latest);
        trim(before, window.start);
        pen.columns = before;
      } else {
        pen.columns = history;
      }
    }
  }
}
