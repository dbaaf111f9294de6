// What stands once above the rows of machines, so that it need not stand in each of them. Pure.

/** A caption is worth a row of its own when so many rows share it. */
const SHARED_LEAST = 2;

/** For each column what most rows call their value; null where no two agree. */
export function sharedCaptions(rows: readonly (readonly string[])[], columns: number): (string | null)[] {
  return Array.from({ length: columns }, (_, column) => {
    const said = new Map<string, number>();
    for (const row of rows) {
      const caption = row[column];
      if (caption !== undefined) said.set(caption, (said.get(caption) ?? 0) + 1);
    }
    const [best] = [...said].sort(([, a], [, b]) => b - a);
    return best !== undefined && best[1] >= SHARED_LEAST ? best[0] : null;
  });
}

/** A long list in blocks of about a screen. */
export function blocks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
