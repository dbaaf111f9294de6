// Arithmetic of the virtual list: fixed row height, so no measuring and no jumping.

export interface Span {
  /** First row to draw. */
  first: number;
  /** One past the last row to draw. */
  last: number;
}

/** Browsers clamp element heights near 16 million pixels; rows past this are reached by search. */
export const ROWS_MAX = 400_000;

export function visibleRows(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  total: number,
  overscan: number,
): Span {
  const top = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const bottom = Math.ceil((scrollTop + viewport) / rowHeight) + overscan;
  const last = Math.max(0, Math.min(total, bottom));
  return { first: Math.min(top, last), last };
}

/** How many rows to ask for next: enough to reach what is looked at, in few requests. */
export function nextPageSize(loaded: number, wanted: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, wanted - loaded));
}

/** Where to scroll so that `row` is inside the view, or null when it already is. */
export function scrollToRow(
  row: number,
  scrollTop: number,
  viewport: number,
  rowHeight: number,
): number | null {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  const over = top + rowHeight - (scrollTop + viewport);
  return over > 0 ? scrollTop + over : null;
}
