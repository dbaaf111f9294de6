// Is somebody there? What the idle limit of a session counts, and what tells requests of a person from
// those the page makes by itself. No DOM here: `session.svelte.ts` feeds it.

/** A request this soon after an input is the input's, however many there are. */
const CAUSED_MS = 2_000;
const OWED_MS = 30_000;

export class Activity {
  private inputMs: number;
  private toldMs: number;

  /** Opening the page is an input. */
  constructor(now: number) {
    this.inputMs = now;
    this.toldMs = -Infinity;
  }

  /** A key, a pointer, a wheel: here or in another tab of the same session. */
  touch(now: number): void {
    this.inputMs = Math.max(this.inputMs, now);
  }

  /** How long nobody has done anything. */
  idleMs(now: number): number {
    return Math.max(0, now - this.inputMs);
  }

  /** Whether somebody has been busy here for a while without the node having noticed: it counts requests, not keys. */
  owes(now: number): boolean {
    return this.inputMs > this.toldMs && now - this.toldMs > OWED_MS;
  }

  /**
   * Whether a request made now is nobody's. The first one after an input is a person's even when a timer sends it:
   * whoever only reads and scrolls causes no requests of his own, and must not be locked out while he does.
   */
  background(now: number): boolean {
    if (now - this.inputMs <= CAUSED_MS || this.toldMs < this.inputMs) {
      this.toldMs = now;
      return false;
    }
    return true;
  }
}

export const activity = new Activity(Date.now());
