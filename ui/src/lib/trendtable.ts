// The trend as a table: what is drawn, at even steps. Pure.
import { formatUnit, formatValue, leaf } from "./format";
import type { Quality, Value } from "./api";
import { type Columns, drawnAt, indexAt } from "./series";
import type { Window } from "./timewindow";

export interface TablePen {
  tag: string;
  unit: string;
  columns: Columns;
  isStep: boolean;
  isLane: boolean;
}

export interface TableCell {
  value: Value;
  quality: Quality | null;
}

export interface TableRow {
  t: number;
  cells: TableCell[];
}

/** Steps that people count in. */
const STEPS_MS = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000,
  86_400_000, 172_800_000, 604_800_000, 1_209_600_000, 2_592_000_000,
];

export function stepFor(spanMs: number, rows: number): number {
  return STEPS_MS.find((step) => spanMs / step <= rows) ?? spanMs / rows;
}

/** The value that is drawn at `t`, or that holds there, with its quality. */
export function cellAt(pen: Pick<TablePen, "columns" | "isStep" | "isLane">, t: number, until: number): TableCell {
  const at = t > until ? -1 : indexAt(pen.columns.t, t);
  if (at < 0) return { value: null, quality: null };
  const quality = pen.columns.q[at]!;
  const value = pen.isLane ? pen.columns.v[at]! : drawnAt(pen.columns, t, pen.isStep);
  return { value: quality === "bad" ? null : value, quality };
}

export function tableOf(pens: readonly TablePen[], { start, end }: Window, until: number, rows = 120): TableRow[] {
  const step = stepFor(end - start, rows);
  const out: TableRow[] = [];
  for (let t = Math.ceil(start / step) * step; t <= end && out.length <= rows + 1; t += step) {
    if (t <= until) out.push({ t, cells: pens.map((pen) => cellAt(pen, t, until)) });
  }
  return out;
}

/** For a spreadsheet: tabs between the columns, plain numbers, ISO times. */
export function tableText(pens: readonly TablePen[], rows: readonly TableRow[], head: string): string {
  const cell = (one: TableCell) => {
    const text = typeof one.value === "number" ? String(one.value) : one.value === null ? "" : formatValue(one.value);
    return text.replace(/[\t\r\n]+/g, " ");
  };
  const names = pens.map((pen) => `${leaf(pen.tag)}${pen.unit === "" ? "" : ` [${formatUnit(pen.unit)}]`}`);
  const lines = rows.map((row) => [new Date(row.t).toISOString(), ...row.cells.map(cell)].join("\t"));
  return [[head, ...names].join("\t"), ...lines].join("\n");
}
