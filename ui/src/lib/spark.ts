// Histories for the small curves on cards. All that a screen asks for in one moment goes out as
// one request: forty cards must not be forty round trips on a slow line.
import { api, type Series } from "./api";
import { type Columns, emptyColumns, fromSeries } from "./series";

const GATHER_MS = 30;
/** Keeps the address of a request under 4 KiB with usual path lengths. */
const TAGS_PER_REQUEST = 24;

interface Waiting {
  tag: string;
  give: (columns: Columns) => void;
  fail: (cause: unknown) => void;
}

const waiting = new Map<string, Waiting[]>();

export function sparkHistory(tag: string, spanMs: number, points: number, now: number): Promise<Columns> {
  const key = `${spanMs}/${points}`;
  return new Promise((give, fail) => {
    const queue = waiting.get(key);
    if (queue !== undefined) {
      queue.push({ tag, give, fail });
      return;
    }
    const fresh: Waiting[] = [{ tag, give, fail }];
    waiting.set(key, fresh);
    setTimeout(() => {
      waiting.delete(key);
      for (let at = 0; at < fresh.length; at += TAGS_PER_REQUEST) {
        void load(fresh.slice(at, at + TAGS_PER_REQUEST), spanMs, points, now);
      }
    }, GATHER_MS);
  });
}

async function load(some: Waiting[], spanMs: number, points: number, now: number): Promise<void> {
  try {
    const tags = [...new Set(some.map((one) => one.tag))];
    const page = await api.history({ tags, start: now - spanMs, end: now, mode: "plot", points, bounds: true });
    const byTag = new Map<string, Series>(page.series.map((series) => [series.tag, series]));
    for (const { tag, give } of some) {
      const series = byTag.get(tag);
      give(series === undefined ? emptyColumns() : fromSeries(series));
    }
  } catch (cause) {
    some.forEach(({ fail }) => fail(cause));
  }
}
