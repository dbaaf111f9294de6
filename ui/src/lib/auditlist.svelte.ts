// Entries of the trail that pass a filter, newest first, loaded as far as somebody scrolls.
import { auditApi, auditLink, type Entry, type Filter } from "./audit";
import { Problem } from "./api";

const PAGE = 100;
/** Beyond this the page itself becomes slow; older entries are reached by the time range. */
export const ENTRIES_MOST = 20_000;

export class AuditList {
  entries = $state.raw<Entry[]>([]);
  /** How many the trail has, whatever the filter. */
  total = $state(0);
  loading = $state(true);
  problem = $state.raw<Problem | null>(null);
  next = $state<number | null>(null);
  /** A search that found nothing yet tells how far back it has come. */
  searchedTo = $state<number | null>(null);
  stopped = $state(false);

  private started = false;
  private busy = false;
  private wanted = PAGE / 2;
  private readonly abort = new AbortController();
  /** A named range is from one moment on, for all its pages. */
  private readonly now = Date.now();

  constructor(readonly filter: Filter) {
    void this.load();
  }

  get key(): string {
    return auditLink(this.filter);
  }

  get full(): boolean {
    return this.entries.length >= ENTRIES_MOST;
  }

  /** Nothing more will come by itself. */
  get done(): boolean {
    return this.started && (this.next === null || this.full);
  }

  stop(): void {
    this.abort.abort();
  }

  /** Ends a long search; `more` goes on with it. */
  pause(): void {
    this.stopped = true;
  }

  again(): void {
    void this.load();
  }

  more(): void {
    if (this.busy || this.done || this.problem !== null) return;
    this.wanted = this.entries.length + PAGE / 2;
    void this.load();
  }

  private async load(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.loading = true;
    this.stopped = false;
    this.problem = null;
    try {
      do {
        const page = await auditApi.page({ filter: this.filter, now: this.now, limit: PAGE, after: this.next }, this.abort.signal);
        // Older and older, whatever the answer says: an entry twice or a search in a circle would be a page that hangs.
        const last = this.entries.at(-1)?.seq ?? Infinity;
        const fresh = page.entries.filter((entry) => entry.seq < last);
        if (fresh.length > 0) this.entries = this.entries.concat(fresh);
        this.total = page.entries_total;
        this.next = page.next !== null && page.next < (this.next ?? Infinity) ? page.next : null;
        this.searchedTo = page.next;
        this.started = true;
      } while (this.next !== null && !this.stopped && !this.full && this.entries.length < this.wanted);
    } catch (cause) {
      if (!this.abort.signal.aborted) this.problem = Problem.of(cause);
    }
    this.busy = false;
    this.loading = false;
  }
}
