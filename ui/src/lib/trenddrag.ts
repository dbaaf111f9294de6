// Tags that are pulled from a list onto a trend, as text: one path a line, or a link of this page.
const KIND = "text/x-lineshaft-tags";
const TAGS_MOST = 50;

export function dragTags(transfer: DataTransfer | null, tags: readonly string[]): void {
  if (transfer === null) return;
  transfer.setData(KIND, tags.join("\n"));
  transfer.setData("text/plain", tags.join("\n"));
  transfer.effectAllowed = "copy";
}

/** What was dropped, as far as it names tags. */
export function draggedTags(transfer: DataTransfer | null): string[] {
  if (transfer === null) return [];
  const own = transfer.getData(KIND);
  return tagsIn(own !== "" ? own : transfer.getData("text/plain"));
}

/** Paths, and links with `tag=`, one a line. */
export function tagsIn(text: string): string[] {
  const found = text.split(/\r?\n/).flatMap((line) => {
    const cut = line.indexOf("?");
    if (line.includes("#/") && cut >= 0) return new URLSearchParams(line.slice(cut + 1)).getAll("tag");
    return /^[^\s/?#:]+(\/[^\s/?#]+)+$/.test(line.trim()) ? [line.trim()] : [];
  });
  return [...new Set(found)].slice(0, TAGS_MOST);
}
