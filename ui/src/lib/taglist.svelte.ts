// The tags of the current filter, loaded page by page as far as somebody scrolls.
import { api, type Diagnostics, Problem, type Tag } from "./api";
import { nextPageSize, ROWS_MAX } from "./rows";

const PAGE_LEAST = 200;
/** The contract's limit. */
const PAGE_MOST = 10_000;

export class TagList {
  tags = $state.raw<Tag[]>([]);
  total = $state(0);
  loading = $state(true);
  problem = $state.raw<Problem | null>(null);

  private next: string | null = null;
  private started = false;
  private busy = false;
  private wanted = PAGE_LEAST;
  private readonly abort = new AbortController();

  constructor(
    readonly under: string,
    readonly search: string,
    readonly diagnostics: Diagnostics,
  ) {
    void this.load();
  }

  stop(): void {
    this.abort.abort();
  }

  again(): void {
    void this.load();
  }

  get rows(): number {
    return Math.min(this.total, ROWS_MAX);
  }

  /** Makes sure that `row` gets loaded; far jumps take one large page, not fifty small ones. */
  reach(row: number): void {
    this.wanted = Math.max(this.wanted, Math.min(row + PAGE_LEAST / 2, this.total));
    if (this.wanted > this.tags.length && this.next !== null && this.problem === null) void this.load();
  }

  private async load(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.loading = true;
    this.problem = null;
    try {
      do {
        const limit = nextPageSize(this.tags.length, this.wanted, PAGE_LEAST, PAGE_MOST);
        const { under, search, diagnostics } = this;
        const page = await api.tags({ under, search, diagnostics, limit, after: this.next }, this.abort.signal);
        this.tags = this.started ? this.tags.concat(page.tags) : page.tags;
        this.total = page.total;
        this.next = page.next;
        this.started = true;
      } while (this.next !== null && this.tags.length < this.wanted);
    } catch (cause) {
      if (!this.abort.signal.aborted) this.problem = Problem.of(cause);
    }
    this.busy = false;
    this.loading = false;
  }
}
