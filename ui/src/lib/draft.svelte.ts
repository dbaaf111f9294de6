// A change of the plant folder that somebody is working on. It lives as long as the page does, so that a look at another
// screen does not lose it; nothing of it reaches the node before it is checked or applied.
import { Problem } from "./api";
import type { Difference } from "./difference";
import { type Applied, type FileChange, type Mistake, mistakesOf, revisionsApi } from "./revisions";
import { session } from "./session.svelte";
import { unapplied } from "./unapplied.svelte";

interface Edited {
  /** Null: the file goes. */
  text: string | null;
  /** What it was when it was opened; null for a new file. */
  was: string | null;
  base: string | null;
}

class Draft {
  private edited = $state<Record<string, Edited>>({});
  busy = $state(false);
  mistakes = $state.raw<Mistake[]>([]);
  problem = $state.raw<Problem | null>(null);
  /** What the last check found would change; null once something was edited after it. */
  checked = $state.raw<Difference | null>(null);

  get changes(): FileChange[] {
    return Object.entries(this.edited)
      .filter(([, one]) => one.text !== one.was)
      .map(([path, { text, base }]) => ({ path, text, base }));
  }

  get dirty(): boolean {
    return this.changes.length > 0;
  }

  /** The text to show for a file, or undefined when nobody opened it yet. */
  text(path: string): string | null | undefined {
    return this.edited[path]?.text;
  }

  has(path: string): boolean {
    const one = this.edited[path];
    return one !== undefined && one.text !== one.was;
  }

  isNew(path: string): boolean {
    const one = this.edited[path];
    return one !== undefined && one.base === null;
  }

  newPaths(): string[] {
    return Object.entries(this.edited)
      .filter(([, one]) => one.base === null && one.text !== null)
      .map(([path]) => path);
  }

  /** The digest the file had when it was opened. */
  baseOf(path: string): string | null {
    return this.edited[path]?.base ?? null;
  }

  /** What the node has; what somebody typed since stays. */
  open(path: string, text: string, base: string): void {
    if (this.edited[path] === undefined || (!this.has(path) && this.edited[path].base !== base)) this.edited[path] = { text, was: text, base };
  }

  create(path: string): void {
    this.edited[path] = { text: "", was: null, base: null };
    this.touched();
  }

  set(path: string, text: string | null): void {
    const one = this.edited[path];
    if (one === undefined || one.text === text) return;
    if (text === null && one.base === null) delete this.edited[path];
    else one.text = text;
    this.touched();
  }

  /** Back to what the node had when the file was opened. */
  undo(path: string): void {
    const one = this.edited[path];
    if (one === undefined) return;
    if (one.base === null) delete this.edited[path];
    else one.text = one.was;
    this.touched();
  }

  /** After somebody else changed the file: mine stays as typed, on top of what is there now. */
  rebase(path: string, was: string | null, base: string | null): void {
    const one = this.edited[path];
    if (one !== undefined) this.edited[path] = { text: one.text, was, base };
    this.touched();
  }

  clear(): void {
    this.edited = {};
    this.mistakes = [];
    this.touched();
  }

  private touched(): void {
    this.checked = null;
    this.problem = null;
  }

  mistakesIn(path: string): Mistake[] {
    return this.mistakes.filter((one) => one.file === path);
  }

  /** Whether the node would take it; the difference is there afterwards if so. */
  async check(): Promise<void> {
    await this.run(async () => {
      const answer = await revisionsApi.change(this.changes, "", "check");
      this.checked = answer.difference ?? { files: [] };
    });
  }

  /** Applies what was checked. Refusals show in the editor; the caller's dialog gets them too. */
  async apply(why: string): Promise<Applied> {
    let answer: Applied = {};
    await this.run(async () => {
      answer = await revisionsApi.change(this.changes, why, "apply");
      this.clear();
    });
    if (this.problem !== null) throw this.problem;
    return answer;
  }

  private async run(what: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    this.checked = null;
    this.mistakes = [];
    try {
      await what();
    } catch (cause) {
      this.problem = Problem.of(cause);
      this.mistakes = mistakesOf(this.problem.said);
    }
    this.busy = false;
  }
}

export const draft = new Draft();
$effect.root(() => {
  $effect(() => {
    unapplied.files = draft.changes.length;
  });
});
// What one person typed is not the next one's change.
session.whenChanged(() => draft.clear());
