// Puts text on the clipboard. Plants often have no TLS, and browsers keep the clipboard from pages without it: then
// the old way through a selection.
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard !== undefined) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused: the way below may still work.
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "sr-only";
  const home = document.querySelector("dialog[open]") ?? document.body; // what is behind a modal cannot be selected
  home.append(area);
  const before = document.activeElement as HTMLElement | null;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}
