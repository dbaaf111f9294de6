// What the frame around the screens remembers: what lies over them, and what of the navigation is folded.

const FOLDED = "lineshaft.nav";
const SINGLE = "lineshaft.keys";
const BRANCH = "lineshaft.tree";

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage can be forbidden; the page works without
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

class Shell {
  /** What lies over the screen; one thing at a time. */
  over = $state<"palette" | "keys" | "help" | "tree" | null>(null);
  /** Icons only, on screens that have room for words. */
  folded = $state(read(FOLDED) === "folded");
  /** Whether the plant tree of the navigation is open. */
  tree = $state(read(BRANCH) !== "closed");
  /** Whether keys without Ctrl do anything (WCAG 2.1.4: whoever dictates may switch them off). */
  singleKeys = $state(read(SINGLE) !== "off");

  fold(): void {
    this.folded = !this.folded;
    keep(FOLDED, this.folded ? "folded" : "open");
  }

  flipTree(): void {
    this.tree = !this.tree;
    keep(BRANCH, this.tree ? "open" : "closed");
  }

  useSingleKeys(on: boolean): void {
    this.singleKeys = on;
    keep(SINGLE, on ? "on" : "off");
  }
}

export const shell = new Shell();
