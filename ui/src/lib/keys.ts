// The keys of the whole page. Pure: what a key means, given what was pressed before; nothing is done here.

/** How long `g` waits for its letter. */
export const SEQUENCE_MS = 1_500;

export type KeyAct =
  | { act: "palette" }
  | { act: "help" }
  | { act: "keys" }
  | { act: "nav" }
  | { act: "tree" }
  | { act: "go"; letter: string }
  | { act: "wait" };

export interface Press {
  key: string;
  ctrl: boolean;
  meta: boolean;
  alt: boolean;
  /** Whether it goes into a field, a menu or a dialog that has keys of its own. */
  taken: boolean;
  /** Whether keys without Ctrl do anything: who dictates may switch them off (WCAG 2.1.4). */
  single: boolean;
}

export class Keys {
  private waitsUntil = 0;

  /** What a key press asks for; null for nothing of ours. */
  press(press: Press, now: number): KeyAct | null {
    const waits = now < this.waitsUntil;
    this.waitsUntil = 0;
    const modified = press.ctrl || press.meta;
    if (modified && !press.alt && press.key.toLowerCase() === "k") return { act: "palette" };
    if (press.key === "F1") return { act: "help" };
    if (modified || press.alt || press.taken || !press.single) return null;
    if (waits && /^[a-z]$/i.test(press.key)) return { act: "go", letter: press.key.toLowerCase() };
    switch (press.key) {
      case "/": return { act: "palette" };
      case "?": return { act: "help" };
      case "k": return { act: "keys" };
      case "[": return { act: "nav" };
      case "]": return { act: "tree" };
      case "g":
        this.waitsUntil = now + SEQUENCE_MS;
        return { act: "wait" };
      default: return null;
    }
  }
}

/** Whether a key press in this element is for the element itself. */
export function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("dialog[open], [role=dialog], [role=menu], [role=listbox], [contenteditable=true]") !== null) return true;
  const field = target.closest("input, textarea, select");
  if (field === null) return false;
  return !(field instanceof HTMLInputElement && ["checkbox", "radio", "button", "range"].includes(field.type));
}
