// The state behind a trend: pens, window, history, live tail, what it is compared with. Drawing is TrendChart's.
import { Problem, type Sample, type Series } from "./api";
import { live } from "./live.svelte";
import { Pen } from "./pen.svelte";
import { askHistory } from "./penhistory";
import { LOOKS } from "./penlook";
import { append, emptyColumns, type Extent, fromSeries, mergeTail, trim } from "./series";
import { DAY_MS, panned, rangeMs, type Window } from "./timewindow";
import { type PenView, PENS_MAX, type ScaleMode } from "./trendview";

export { Pen } from "./pen.svelte";

const RELOAD_LEAST_MS = 30_000;
const RELOAD_MOST_MS = 600_000;
/** First, last, lowest and highest of a pixel column. */
const POINTS_PER_PIXEL = 4;
/** A quarter of the columns first: the same picture, a little blocky, in a third of the time. */
const COARSE = 4;
/** When the last picture took longer than this, or the stretch is so long that it may, a coarse one comes first. */
const COARSE_ABOVE_MS = 120;
const COARSE_SPAN_MS = 7 * DAY_MS;
/** With all pens of a request this stays within the contract's 500,000 samples of an answer. */
const POINTS_MOST = 16_000;
/** Samples a pen may hold before history is asked again, as a multiple of the points drawn. */
const TAIL_FACTOR = 2;
const ZOOMS_MAX = 50;
const SETTLE_MS = 60;
const RETRY_MS = 5_000;

export type Drag = "zoom" | "box" | "pan";

/** Where one was before a zoom: a stretch, or the length of a moving window; and the scales that were set by hand. */
interface Step {
  at: Window | number;
  reach: ReadonlyMap<string, Extent>;
}

export class Trend {
  pens = $state.raw<Pen[]>([]);
  /** Length of the moving window; null when a fixed stretch is looked at. */
  followMs = $state<number | null>(rangeMs(undefined));
  cursor = $state<number | null>(null);
  a = $state<number | null>(null);
  b = $state<number | null>(null);
  scales = $state<ScaleMode>("unit");
  drag = $state<Drag>("zoom");
  compareMs = $state<number | null>(null);
  /** Scales zoomed by hand, by their key. */
  reach = $state.raw<ReadonlyMap<string, Extent>>(new Map());
  /** Counts changes of what is drawn. */
  version = $state(0);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);
  loads = $state(0);
  /** How long the last picture took from asking to the last sample. */
  tookMs = $state(0);
  /** The pens that the running question has been answered for, or the last one when none runs. */
  readonly fresh = new Set<string>();
  zooms = $state.raw<Step[]>([]);
  private fixed = $state.raw<Window>({ start: 0, end: 1 });

  /** Until the plot is measured: it is nearly as wide as the page. */
  private points = Math.min(POINTS_MOST, Math.max(400, (globalThis.innerWidth ?? 1_200) - 320) * POINTS_PER_PIXEL);
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

  setPens(views: readonly PenView[]): void {
    const kept = new Map(this.pens.map((pen) => [pen.tag, pen]));
    const wanted = views.slice(0, PENS_MAX);
    const used = new Set(wanted.map((view) => view.look ?? kept.get(view.tag)?.look).filter((look) => look !== undefined));
    const fresh: Pen[] = [];
    const next = wanted.map((view) => {
      const old = kept.get(view.tag);
      kept.delete(view.tag);
      if (old !== undefined) {
        old.set({ look: old.look, ...view });
        return old;
      }
      let look = view.look ?? 0;
      while (view.look === undefined && used.has(look) && look < LOOKS - 1) look += 1;
      used.add(look);
      const pen = new Pen(view.tag, look);
      pen.set(view);
      fresh.push(pen);
      return pen;
    });
    kept.forEach((pen) => pen.end());
    this.pens = next;
    if (fresh.length > 0) {
      this.fresh.clear();
      this.loadSoon(0);
    }
    // After history was asked: its answer is what one waits for.
    setTimeout(() => {
      const changed = () => this.changed();
      for (const pen of fresh) if (this.pens.includes(pen)) pen.begin((one, sample) => this.hear(one, sample), changed);
      for (const pen of next) if (pen.useLimits) void pen.askLimits(changed);
    }, SETTLE_MS / 4);
    this.changed();
  }

  changed(): void {
    this.version += 1;
  }

  follow(ms: number): void {
    this.zooms = [];
    this.reach = new Map();
    this.followMs = ms;
    this.changed();
    this.loadSoon(0);
  }

  /** Looks at a fixed stretch. `step` remembers where we came from, for zooming back out. */
  look(window: Window, step: "zoom" | "slide"): void {
    if (step === "zoom") this.remember();
    this.followMs = null;
    this.fixed = window;
    this.changed();
    this.loadSoon(step === "zoom" ? 0 : SETTLE_MS);
  }

  private remember(): void {
    this.zooms = [...this.zooms, { at: this.followMs ?? { ...this.fixed }, reach: this.reach }].slice(-ZOOMS_MAX);
  }

  /** Sets scales by hand, all that are named. */
  zoomValues(reach: ReadonlyMap<string, Extent>, step: "zoom" | "slide"): void {
    if (step === "zoom") this.remember();
    this.reach = new Map([...this.reach, ...reach]);
    this.changed();
  }

  freeValues(): void {
    this.reach = new Map();
    this.changed();
  }

  back(): void {
    const last = this.zooms.at(-1);
    if (last === undefined) return;
    const rest = this.zooms.slice(0, -1);
    if (typeof last.at === "number") this.follow(last.at);
    else this.look(last.at, "slide");
    this.zooms = rest;
    this.reach = last.reach;
  }

  compare(ms: number | null): void {
    if (this.compareMs === ms) return;
    this.compareMs = ms;
    for (const pen of this.pens) pen.ghost = emptyColumns();
    this.changed();
    if (ms !== null) this.loadSoon(0);
  }

  stop(): void {
    clearTimeout(this.reload);
    clearTimeout(this.settle);
    this.abort?.abort();
    this.pens.forEach((pen) => pen.end());
  }

  again(): void {
    clearTimeout(this.settle);
    void this.load();
  }

  get samples(): number {
    return this.pens.reduce((sum, pen) => sum + pen.columns.t.length, 0);
  }

  private hear(pen: Pen, sample: Sample): void {
    // A fixed stretch shows what was stored; the tail belongs to the moving window.
    if (this.followMs === null) return;
    append(pen.columns, sample);
    // After a failure the retry of `load` asks again; not every sample.
    if (pen.columns.t.length > this.points * TAIL_FACTOR + 2_000 && !this.loading && this.problem === null) void this.load(true);
  }

  private loadSoon(ms = SETTLE_MS): void {
    clearTimeout(this.settle);
    this.settle = setTimeout(() => void this.load(), ms);
  }

  /** `thinning`: what is drawn is right already, only too much of it by now. */
  private async load(thinning = false): Promise<void> {
    this.abort?.abort();
    clearTimeout(this.reload);
    const pens = this.pens.filter((pen) => !pen.isGone);
    if (pens.length === 0) {
      this.loading = false;
      return;
    }
    const abort = new AbortController();
    this.abort = abort;
    this.loading = true;
    this.loads += 1;
    this.fresh.clear();
    const window = this.window();
    const began = performance.now();
    try {
      if (!thinning && (this.tookMs > COARSE_ABOVE_MS || window.end - window.start >= COARSE_SPAN_MS)) {
        await this.ask(pens, window, Math.max(400, this.points / COARSE), abort.signal);
      }
      await this.ask(pens, window, this.points, abort.signal);
      this.problem = null;
      this.tookMs = performance.now() - began;
      if (this.compareMs !== null) await this.askGhosts(pens, window, this.compareMs, abort.signal);
    } catch (cause) {
      if (abort.signal.aborted) return;
      this.problem = Problem.of(cause);
    }
    if (abort.signal.aborted) return;
    this.loading = false;
    this.changed();
    const every = Math.min(RELOAD_MOST_MS, Math.max(RELOAD_LEAST_MS, (window.end - window.start) / 20));
    // A moving window is thinned again from time to time; a fixed one only when the request failed.
    if (this.followMs !== null || this.problem !== null) {
      this.reload = setTimeout(() => void this.load(this.problem === null), this.problem === null ? every : RETRY_MS);
    }
  }

  private ask(pens: Pen[], window: Window, points: number, signal: AbortSignal): Promise<void> {
    const byTag = new Map(pens.map((pen) => [pen.tag, pen]));
    return askHistory({
      tags: pens.map((pen) => pen.tag),
      window,
      points: Math.round(points),
      signal,
      take: (series) => {
        for (const one of series) this.take(byTag.get(one.tag), one, window);
        this.changed();
      },
      fail: (tag, problem) => (byTag.get(tag)!.problem = problem),
    });
  }

  private askGhosts(pens: Pen[], window: Window, byMs: number, signal: AbortSignal): Promise<void> {
    const byTag = new Map(pens.map((pen) => [pen.tag, pen]));
    return askHistory({
      tags: pens.filter((pen) => !pen.isLane && !pen.isGone).map((pen) => pen.tag),
      window: panned(window, -byMs),
      points: this.points,
      signal,
      take: (series) => {
        for (const one of series) byTag.get(one.tag)!.ghost = fromSeries(one);
        this.changed();
      },
      fail: () => {}, // what has no past has no ghost
    });
  }

  private take(pen: Pen | undefined, series: Series, window: Window): void {
    if (pen === undefined) return;
    pen.hears(series);
    this.fresh.add(pen.tag);
    const history = fromSeries(series);
    if (this.followMs === null) {
      pen.columns = history;
      return;
    }
    // A tag that has said nothing for as long as there is history may have said something just now.
    const merged = history.t.length === 0 ? pen.columns : mergeTail(history, pen.columns);
    // The latest value known, in case what the pen holds is from a stretch of the past.
    const latest = live.cell(pen.tag).sample;
    if (latest !== null) append(merged, latest);
    trim(merged, window.start);
    pen.columns = merged;
  }
}
