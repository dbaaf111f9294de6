// What every screen may want to know about the node it looks at.
import { api, type Status } from "./api";
import { live } from "./live.svelte";
import { Polled } from "./polled.svelte";
import { notRecording } from "./refusal";
import { session } from "./session.svelte";

const SPARK_LEAST_MS = 60_000;
const SPARK_MOST_MS = 3_600_000;
/** Until the node has said how old its oldest sample is. */
const SPARK_DEFAULT_MS = 600_000;
const SPARK_STEP_MS = 10_000;

const STATUS_MS = 5_000;
/** How long a loss is news after the last one was counted. */
const LOSS_TOLD_MS = 30_000;

class Node {
  /** The one question after the node's state, shared by all pages. */
  readonly poll = new Polled((signal) => api.status(signal), STATUS_MS, "status", () => session.may("read-node"));
  private lost = $state.raw<{ count: number; grewMs: number | null }>({ count: Infinity, grewMs: null });

  get status(): Status | null {
    return this.poll.value;
  }

  /** Why samples are not kept just now, or null. */
  get notRecording(): string | null {
    if (this.status === null) return null;
    const { grewMs } = this.lost;
    return notRecording(this.status, grewMs !== null && live.now - grewMs < LOSS_TOLD_MS);
  }

  /** To be called with every new status: only two of them tell whether the count grows. */
  count(status: Status): void {
    const { count, grewMs } = this.lost;
    const grew = status.samples_lost > count;
    if (status.samples_lost !== count) this.lost = { count: status.samples_lost, grewMs: grew ? Date.now() : grewMs };
  }

  /** Prefix that all tags of this node share, and that nobody needs to read on every row. */
  get path(): string {
    return this.status?.path ?? session.seen?.path ?? "";
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
