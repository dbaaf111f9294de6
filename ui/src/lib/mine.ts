// Whether something on the node is of whoever sits here.
import { session } from "./session.svelte";

/** `by` is an account; for those without one it is the word for what they are: "visitor". */
export function isMine(by: string): boolean {
  return by === (session.account ?? session.seen?.kind ?? null);
}
