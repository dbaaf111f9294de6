// What every screen may want to know about the node it looks at.
import type { Status } from "./api";
import { live } from "./live.svelte";

const SPARK_LEAST_MS = 60_000;
const SPARK_MOST_MS = 3_600_000;
/** Until the node has said how old its oldest sample is. */
const SPARK_DEFAULT_MS = 600_000;
const SPARK_STEP_MS = 10_000;

class Node {
  status = $state.raw<Status | null>(null);

  /** Prefix that all tags of this node share, and that nobody needs to read on every row. */
  get path(): string {
    return this.status?.path ?? "";
  }

  /** The time that small curves show: an hour, or as long as there are samples. In steps, so that all ask for the same. */
  get sparkMs(): number {
    const oldest = this.status?.historian.oldest_ms ?? null;
    if (oldest === null) return SPARK_DEFAULT_MS;
    const age = Math.ceil((live.nodeNow - oldest) / SPARK_STEP_MS) * SPARK_STEP_MS;
    return Math.min(SPARK_MOST_MS, Math.max(SPARK_LEAST_MS, age));
  }
}

export const node = new Node();
