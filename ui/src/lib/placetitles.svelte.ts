// What people call the places of the plant, as far as an answer has said it: for ways there, which are made of names.
import { humanName, leaf } from "./format";

interface Titled {
  path: string;
  title: string | null;
  children?: readonly Titled[];
  above?: readonly Titled[];
}

/** A plant with more titles than this is shown with names where they are not to be had. */
const KEPT_MAX = 5_000;

let known = $state.raw<ReadonlyMap<string, string>>(new Map());

/** Takes the titles of an answer over; one that is gone is forgotten. */
export function rememberTitles(answer: Titled): void {
  const next = new Map(known);
  let changed = false;
  const walk = ({ path, title, children, above }: Titled): void => {
    if ((next.get(path) ?? null) !== title) {
      changed = true;
      if (title === null) next.delete(path);
      else if (next.size < KEPT_MAX) next.set(path, title);
    }
    above?.forEach(walk);
    children?.forEach(walk);
  };
  walk(answer);
  if (changed) known = next;
}

/** The title of a place, or its name as people write it. */
export function placeTitle(path: string): string {
  return known.get(path) ?? humanName(leaf(path));
}
