// The last few stored samples of a tag. History is read oldest first, so: a short window, then a
// longer one when it has too few; the last sample before the longest one, however old, always comes.
import { api } from "./api";
import { type Columns, emptyColumns, fromSeries } from "./series";

const WINDOWS_MS = [60_000, 3_600_000, 86_400_000];
const LIMIT = 5_000;

export async function lastSamples(tag: string, most: number, now: number): Promise<Columns> {
  for (const span of WINDOWS_MS) {
    try {
      const page = await api.history({ tags: [tag], start: now - span, end: now, mode: "raw", limit: LIMIT, bounds: true });
      const series = page.series[0];
      // A further page means these are not the last ones; live samples will fill the list.
      if (series === undefined || page.next !== null) return emptyColumns();
      if (series.timestamp_ms.length >= most || span === WINDOWS_MS.at(-1)) return fromSeries(series);
    } catch {
      return emptyColumns();
    }
  }
  return emptyColumns();
}
