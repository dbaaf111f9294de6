// Looking what a device has: page after page, until it is done or somebody has seen enough. A scan is one long list; of a
// tree the levels are asked for when they are opened.
import { Problem } from "./api";
import { type FoundPoint, type Reach, type Table, workshop } from "./drivers";
import { cellsOf } from "./tagtable";

/** More than this nobody looks through; it is said, and the scan goes no further. */
export const FOUND_MOST = 20_000;

export interface Point extends FoundPoint {
  /** What it will be called; the device's own word at first. */
  as: string;
  chosen: boolean;
  /** Of a tree: how deep, and what is above it. */
  depth: number;
  parent: number | null;
  open: boolean;
  loading: boolean;
}

/** Values that say something: a device answers unused registers with zeros. */
export const says = (point: FoundPoint) => point.value !== null && point.value !== 0 && point.value !== false && point.value !== "";

/** A unit behind the link is no tag. */
const kindOf = (point: FoundPoint) => (point.type === "unit" ? null : point.type);

/** With more than this, those that only say zero are not chosen from the start. */
const ALL_CHOSEN_MOST = 200;

export class Browsing {
  points = $state.raw<Point[]>([]);
  done = $state<number | null>(null);
  note = $state<string | null>(null);
  running = $state(false);
  finished = $state(false);
  full = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Values as they were found, of points that were taken as another type. */
  private readonly first = new Map<number, Point["value"]>();
  private abort = new AbortController();

  constructor(
    private readonly reach: () => Reach,
    private readonly kind: "scan" | "tree",
  ) {}

  async start(options: Table): Promise<void> {
    this.stop();
    this.abort = new AbortController();
    this.points = [];
    this.first.clear();
    this.done = this.kind === "scan" ? 0 : null;
    this.note = null;
    this.problem = null;
    this.finished = this.full = false;
    await this.walk(options, null);
  }

  stop(): void {
    this.abort.abort();
    this.running = false;
  }

  private async walk(options: Table, under: number | null): Promise<void> {
    const signal = this.abort.signal;
    let after: string | null = null;
    this.running = true;
    try {
      do {
        const page = await workshop.browse(this.reach(), options, after, signal);
        if (signal.aborted) return;
        this.take(page.found, under);
        this.done = page.done ?? this.done;
        this.note = page.note ?? this.note;
        after = page.next;
        this.full = this.points.length >= FOUND_MOST;
      } while (after !== null && !this.full);
      this.finished = true;
      if (this.kind === "scan") this.done = 1;
    } catch (cause) {
      if (!signal.aborted) this.problem = Problem.of(cause);
    }
    if (!signal.aborted) this.running = false;
    if (under === null && this.kind === "scan") this.preselect();
  }

  private take(found: readonly FoundPoint[], under: number | null): void {
    const parent = under === null ? null : this.points[under];
    const depth = parent === undefined || parent === null ? 0 : parent.depth + 1;
    const fresh = found.map((point): Point => ({ ...point, type: kindOf(point), as: point.name, chosen: this.kind === "scan" && kindOf(point) !== null, depth, parent: under, open: false, loading: false }));
    this.points = [...this.points, ...fresh].slice(0, FOUND_MOST);
  }

  /** Thousands of zeros are not what somebody looks for. */
  private preselect(): void {
    if (this.points.length <= ALL_CHOSEN_MOST || !this.points.some(says)) return;
    this.points = this.points.map((point) => ({ ...point, chosen: point.type !== null && says(point) }));
  }

  /** Opens or closes a level of a tree. */
  async toggle(at: number): Promise<void> {
    const point = this.points[at];
    if (point === undefined || point.folder !== true) return;
    const known = this.points.some((one) => one.parent === at);
    this.set(at, { open: !point.open, loading: !known && !point.open });
    if (known || point.open) return;
    await this.walk({ under: point.address }, at);
    this.set(at, { loading: false });
  }

  /** Takes it as another type. What that covers besides is not taken a second time. */
  retype(at: number, type: string): void {
    const point = this.points[at];
    const guess = point?.guesses?.find((one) => one.type === type);
    if (point === undefined) return;
    const parts = /^(.*?)(\d+)$/.exec(point.address);
    const covered = new Set(parts === null ? [] : Array.from({ length: cellsOf(type) - 1 }, (_, n) => `${parts[1]}${Number(parts[2]) + n + 1}`));
    const value = guess === undefined ? (this.first.get(at) ?? point.value) : guess.value;
    if (!this.first.has(at)) this.first.set(at, point.value);
    this.points = this.points.map((one, number) => (number === at ? { ...one, type, value, chosen: true } : covered.has(one.address) ? { ...one, chosen: false } : one));
  }

  /** How many look like something larger than they are listed as: two registers that make a plausible number. */
  get guessed(): number {
    return this.points.filter((point) => (point.guesses ?? []).length > 0 && point.type !== point.guesses![0]!.type).length;
  }

  /** Takes all of them as what they look like. */
  takeGuesses(): void {
    const covered = new Set<string>();
    this.points.forEach((point, at) => {
      const guess = point.guesses?.[0];
      if (guess === undefined || point.type === guess.type || covered.has(point.address)) return;
      this.retype(at, guess.type);
      const parts = /^(.*?)(\d+)$/.exec(point.address);
      if (parts !== null) for (let n = 1; n < cellsOf(guess.type); n += 1) covered.add(`${parts[1]}${Number(parts[2]) + n}`);
    });
  }

  set(at: number, change: Partial<Point>): void {
    this.points = this.points.map((point, number) => (number === at ? { ...point, ...change } : point));
  }

  choose(which: ReadonlySet<number>, chosen: boolean): void {
    this.points = this.points.map((point, number) => (which.has(number) && point.folder !== true && point.type !== null ? { ...point, chosen } : point));
  }

  /** In the order they are shown: a tree level by level, closed ones left out. */
  get order(): number[] {
    if (this.kind === "scan") return this.points.map((_, at) => at);
    const below = new Map<number | null, number[]>();
    this.points.forEach((point, at) => below.set(point.parent, [...(below.get(point.parent) ?? []), at]));
    const out: number[] = [];
    const walk = (under: number | null) => {
      for (const at of below.get(under) ?? []) {
        out.push(at);
        if (this.points[at]!.open) walk(at);
      }
    };
    walk(null);
    return out;
  }

  get chosen(): Point[] {
    return this.points.filter((point) => point.chosen && point.folder !== true);
  }
}
