// The plant tree as it is loaded: a branch when it is opened, its children a page at a time.
import { type AssetAnswer, readAssets } from "./assets";
import { Problem } from "./api";
import { above, type Branch, branchesOf, rows } from "./planttree";

/** Enough for a screen, little enough for a line of a few kilobytes a second. */
const PAGE = 100;
const AGAIN_MS = 15_000;
const SETTLE_MS = 150;
const FOUND_MAX = 60;

export class PlantTree {
  /** Where the tree begins: the first level with a choice. */
  root = $state<string | null>(null);
  problem = $state.raw<Problem | null>(null);
  found = $state.raw<AssetAnswer | null>(null);
  private branches = $state.raw<ReadonlyMap<string, Branch>>(new Map());
  private open = $state.raw<ReadonlySet<string>>(new Set());
  private readonly abort = new AbortController();
  private searching = new AbortController();
  private settle: ReturnType<typeof setTimeout> | undefined;
  private readonly timer: ReturnType<typeof setInterval>;

  readonly rows = $derived(this.root === null ? [] : rows(this.root, this.branches, this.open));

  constructor() {
    void this.begin();
    this.timer = setInterval(() => this.refresh(), AGAIN_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.settle);
    this.abort.abort();
    this.searching.abort();
  }

  async begin(): Promise<void> {
    this.problem = null;
    try {
      const answer = await readAssets({ start: "choice", levels: 1, limit: PAGE, values: "none" }, this.abort.signal);
      this.take(answer.path, answer, []);
      this.root = answer.path;
    } catch (cause) {
      if (!this.abort.signal.aborted) this.problem = Problem.of(cause);
    }
  }

  /** Opens the way to a path, as far as the plant goes. */
  reveal(path: string): void {
    if (this.root === null) return;
    above(path, this.root).forEach((folder) => this.unfold(folder));
  }

  unfold(path: string): void {
    if (this.open.has(path)) return;
    this.open = new Set([...this.open, path]);
    if (!this.branches.has(path)) void this.load(path, null);
  }

  fold(path: string): void {
    this.open = new Set([...this.open].filter((one) => one !== path));
  }

  /** The next page of a branch, or the first one again after a failure. */
  more(path: string): void {
    void this.load(path, this.branches.get(path)?.children.at(-1)?.path ?? null);
  }

  /** Names and titles with `text` in them; an empty text shows the tree again. */
  filter(text: string): void {
    clearTimeout(this.settle);
    this.searching.abort();
    this.searching = new AbortController();
    if (text.trim() === "") {
      this.found = null;
      return;
    }
    const { signal } = this.searching;
    this.settle = setTimeout(() => {
      readAssets({ search: text.trim(), limit: FOUND_MAX, values: "none" }, signal).then(
        (answer) => (this.found = answer),
        (cause: unknown) => {
          if (!signal.aborted) this.problem = Problem.of(cause);
        },
      );
    }, SETTLE_MS);
  }

  private async load(path: string, after: string | null): Promise<void> {
    const before = after === null ? [] : (this.branches.get(path)?.children ?? []);
    try {
      const answer = await readAssets({ under: path, levels: 1, limit: PAGE, after, values: "none" }, this.abort.signal);
      this.take(path, answer, before);
    } catch {
      if (this.abort.signal.aborted) return;
      this.set(path, { children: before, more: false, failed: true });
    }
  }

  private take(path: string, answer: AssetAnswer, before: Branch["children"]): void {
    this.set(path, { children: [...before, ...answer.children], more: answer.next !== null, failed: false });
  }

  private set(path: string, branch: Branch): void {
    this.branches = new Map([...this.branches, [path, branch]]);
  }

  /** What can be seen is asked again; a branch of which more than a page was loaded keeps what it has. */
  private refresh(): void {
    if (document.hidden) return;
    if (this.root === null) {
      void this.begin();
      return;
    }
    if (this.found !== null) return;
    for (const path of branchesOf(this.root, this.rows)) {
      if ((this.branches.get(path)?.children.length ?? 0) <= PAGE) void this.load(path, null);
    }
  }
}
