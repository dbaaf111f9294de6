// One pen of a trend: a tag, how it is drawn, and what is known of it in the window.
import { findTag, Problem, type Sample, type Series, type Tag } from "./api";
import { desk, findWords, isMissing, type Limits } from "./desk";
import { live } from "./live.svelte";
import { append, type Columns, emptyColumns } from "./series";
import type { Draw, PenView } from "./trendview";

/** Whole numbers whose name says that they stand for something. */
function mayBeState(tag: Tag): boolean {
  return /^[iu](8|16|32|64)$/.test(tag.type) && /(^|[/_-])(state|status|mode|phase|step|program)([_-]|$)/i.test(tag.tag);
}

export class Pen {
  meta = $state.raw<Tag | null>(null);
  problem = $state.raw<Problem | null>(null);
  visible = $state(true);
  /** Colour and pattern; kept while the pen lives, so that removing another does not repaint it. */
  look = $state(0);
  own = $state(false);
  least = $state<number | null>(null);
  most = $state<number | null>(null);
  useLimits = $state(false);
  limits = $state.raw<Limits | null>(null);
  /** Words for numbers, when it is the state of a machine. */
  words = $state.raw<Readonly<Record<string, string>> | null>(null);
  draw = $state<Draw>("tag");
  width = $state(1);

  columns: Columns = emptyColumns();
  /** The same of the earlier period, at its own times. */
  ghost: Columns = emptyColumns();
  /** From history, before the tag's record is there. */
  private unitHeard = "";
  private release: () => void = () => {};
  private abort = new AbortController();
  private limitsAsked = false;

  constructor(
    readonly tag: string,
    look: number,
  ) {
    this.look = look;
  }

  get unit(): string {
    return this.meta?.unit ?? this.unitHeard;
  }

  /** Switches and texts have no scale: they are drawn as lanes below the curves. */
  get isLane(): boolean {
    const type = this.meta?.type ?? "";
    if (/^(bool|text|bytes)/.test(type)) return true;
    // A state in numbers is a state; who chooses a line for it wants the numbers.
    if (this.words !== null && this.draw === "tag") return true;
    if (type !== "") return false;
    const first = this.columns.v.find((value) => value !== null);
    return typeof first === "boolean" || typeof first === "string";
  }

  get isStep(): boolean {
    return this.draw === "tag" ? (this.meta?.step ?? false) : this.draw === "step";
  }

  get isGone(): boolean {
    return this.problem !== null && isMissing(this.problem);
  }

  hears(series: Series): void {
    if (series.unit !== null) this.unitHeard = series.unit;
  }

  begin(heard: (pen: Pen, sample: Sample) => void, changed: () => void): void {
    if (this.abort.signal.aborted) return; // the screen was left before it began
    this.release = live.watch([this.tag], (_, sample) => heard(this, sample));
    const known = live.cell(this.tag).sample;
    if (known !== null) append(this.columns, known);
    findTag(this.tag, this.abort.signal)
      .then((meta) => {
        this.meta = meta;
        changed();
        if (mayBeState(meta)) return this.askWords(changed);
      })
      .catch((cause: unknown) => {
        // A tag that is no longer configured has a past; whether there is one, history says.
        if (!this.abort.signal.aborted && !isMissing(Problem.of(cause))) this.problem = Problem.of(cause);
      });
  }

  private async askWords(changed: () => void): Promise<void> {
    this.words = findWords(await desk.asset(this.tag, this.abort.signal), this.tag);
    if (this.words !== null) changed();
  }

  /** Asks once for the limits of the asset model. */
  async askLimits(changed: () => void): Promise<void> {
    if (this.limitsAsked) return;
    this.limitsAsked = true;
    this.limits = await desk.limits(this.tag, this.abort.signal);
    changed();
  }

  end(): void {
    this.release();
    this.abort.abort();
  }

  /** Takes the settings of a view over. */
  set(view: PenView): void {
    if (view.look !== undefined) this.look = view.look;
    this.own = view.own ?? false;
    this.least = view.least ?? null;
    this.most = view.most ?? null;
    this.useLimits = view.limits ?? false;
    this.draw = view.draw ?? "tag";
    this.width = view.width ?? 1;
    this.visible = view.hidden !== true;
  }

  /** `usual` is the look it would have had by its place. */
  view(usual: number): PenView {
    return {
      tag: this.tag,
      ...(this.look === usual ? {} : { look: this.look }),
      ...(this.own ? { own: true } : {}),
      ...(this.least === null ? {} : { least: this.least }),
      ...(this.most === null ? {} : { most: this.most }),
      ...(this.useLimits ? { limits: true } : {}),
      ...(this.draw === "tag" ? {} : { draw: this.draw }),
      ...(this.width === 1 ? {} : { width: this.width }),
      ...(this.visible ? {} : { hidden: true }),
    };
  }
}
