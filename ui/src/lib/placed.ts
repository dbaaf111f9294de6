// Where the mistakes that the node names are shown: in cells of the tag table, at fields of the form, or above both.
import { keyOfMistake } from "./deviceform";
import type { Mistake } from "./revisions";
import { placeOf, type TagFile, withoutEmpty, writeTags } from "./tagcsv";

/** Mistakes by where they are shown. */
export interface Placed {
  /** By the id of the row, then by column; `""` is the row as a whole. */
  cells: Map<number, Map<string, Mistake>>;
  fields: Map<string, string>;
  /** Those of other files, and those without a place of their own. */
  others: Mistake[];
  all: Mistake[];
}

export const NOWHERE: Placed = { cells: new Map(), fields: new Map(), others: [], all: [] };

/** `own` is the device's file as far as its text is known, `table` the path of its tag table. */
export function placed(mistakes: Mistake[], own: { path: string; text: string | null }, table: string | null, file: TagFile): Placed {
  const tags = withoutEmpty(file);
  const text = writeTags(tags);
  const out: Placed = { cells: new Map(), fields: new Map(), others: [], all: mistakes };
  for (const mistake of mistakes) {
    if (mistake.file === table && mistake.line !== null) {
      const place = placeOf(text, mistake.line, mistake.column);
      const row = place === null ? undefined : tags.rows[place.row];
      if (row !== undefined) {
        const cells = out.cells.get(row.id) ?? new Map<string, Mistake>();
        out.cells.set(row.id, cells.set(place?.column ?? "", mistake));
        continue;
      }
    }
    const key = mistake.file === own.path ? keyOfMistake(own.text, mistake.line, mistake.what) : null;
    if (key !== null && !out.fields.has(key)) out.fields.set(key, mistake.help === null ? mistake.what : `${mistake.what}: ${mistake.help}`);
    else out.others.push(mistake);
  }
  return out;
}
