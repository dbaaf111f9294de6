// What was last done to devices from this page: which revision runs, and the way back. One is kept; the revisions have all.
import { Problem } from "./api";
import { applyChange, backTo, type Done } from "./plantchange";
import { session } from "./session.svelte";

export type Deed = "added" | "changed" | "removed" | "enabled" | "disabled" | "undone";

export interface Applied {
  device: string;
  deed: Deed;
  done: Done;
  /** Tags worth a trend, whole paths. */
  tags: string[];
  place: string;
}

class LastApplied {
  last = $state.raw<Applied | null>(null);
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  take(applied: Applied): void {
    this.last = applied;
    this.problem = null;
  }

  dismiss(): void {
    this.last = null;
    this.problem = null;
  }

  /** Brings back what was before; true when it is. */
  async undo(): Promise<boolean> {
    const last = this.last;
    if (last === null) return false;
    this.busy = true;
    this.problem = null;
    try {
      const done = await applyChange(backTo(last.done.was), `Taken back: revision ${last.done.revision ?? ""}`.trim());
      this.last = { ...last, deed: "undone", done };
      return true;
    } catch (cause) {
      this.problem = Problem.of(cause);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

export const applied = new LastApplied();
session.whenChanged(() => applied.dismiss());
