// What every screen may want to know about the node it looks at.
import type { Status } from "./api";

class Node {
  status = $state.raw<Status | null>(null);

  /** Prefix that all tags of this node share, and that nobody needs to read on every row. */
  get path(): string {
    return this.status?.path ?? "";
  }
}

export const node = new Node();
