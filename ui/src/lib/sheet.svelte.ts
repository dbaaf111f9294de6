// Where one is in a tag table, and what keys and the clipboard do there. The table itself is the work's (devicework).
import type { DeviceWork } from "./devicework.svelte";
import { cellOf, insertRows, removeRows, setCells } from "./tagcsv";
import { type Block, blockOf, type Cell, clearBlock, copyBlock, fillDown, fillSeries, paste, shownColumns } from "./tagtable";

export interface Editing {
  text: string;
  /** Begun by typing: arrows leave the cell. Otherwise they move in its text. */
  typed: boolean;
}

export class Sheet {
  focus = $state.raw<Cell>({ row: 0, column: 0 });
  anchor = $state.raw<Cell>({ row: 0, column: 0 });
  editing = $state.raw<Editing | null>(null);
  /** After Escape the next Tab leaves the table: nobody is caught in it. */
  private leaving = false;
  /** Where Tab began: Enter goes below it. */
  private tabFrom: number | null = null;

  constructor(
    private readonly work: DeviceWork,
    private readonly readonly: () => boolean,
  ) {}

  get columns(): string[] {
    return shownColumns(this.work.tags);
  }

  /** One more than there are: typing into the last one begins a tag. */
  get rows(): number {
    return this.work.tags.rows.length + (this.readonly() ? 0 : 1);
  }

  get block(): Block {
    return blockOf(this.anchor, this.focus);
  }

  text(row: number, column: number): string {
    const there = this.work.tags.rows[row];
    return there === undefined ? "" : cellOf(this.work.tags, there, this.columns[column] ?? "");
  }

  go(row: number, column: number, extend = false): void {
    const clamp = (value: number, most: number) => Math.max(0, Math.min(most, value));
    this.focus = { row: clamp(row, this.rows - 1), column: clamp(column, this.columns.length - 1) };
    if (!extend) this.anchor = this.focus;
  }

  selectRows(from: number, to: number): void {
    this.anchor = { row: from, column: 0 };
    this.focus = { row: to, column: this.columns.length - 1 };
  }

  selectColumn(column: number): void {
    this.anchor = { row: 0, column };
    this.focus = { row: Math.max(0, this.work.tags.rows.length - 1), column };
  }

  edit(typed: string | null = null): void {
    if (this.readonly()) return;
    this.anchor = this.focus;
    this.editing = { text: typed ?? this.text(this.focus.row, this.focus.column), typed: typed !== null };
  }

  commit(): void {
    const editing = this.editing;
    if (editing === null) return;
    this.editing = null;
    const { row, column } = this.focus;
    const name = this.columns[column] ?? "";
    if (editing.text.trim() === this.text(row, column)) return;
    const cells = { [name]: editing.text.trim() };
    const tags = this.work.tags;
    this.work.setTags(row < tags.rows.length ? setCells(tags, new Map([[row, cells]])) : insertRows(tags, tags.rows.length, [cells]));
  }

  cancel(): void {
    this.editing = null;
  }

  copy(): string {
    return copyBlock(this.work.tags, this.columns, this.block);
  }

  paste(text: string): void {
    if (this.readonly() || text === "") return;
    const out = paste(this.work.tags, this.columns, this.block, text);
    this.work.setTags(out.file);
    // The corner one began at stays in sight.
    this.anchor = { row: out.block.bottom, column: out.block.right };
    this.go(out.block.top, out.block.left, true);
  }

  clear(): void {
    if (!this.readonly()) this.work.setTags(clearBlock(this.work.tags, this.columns, this.block));
  }

  fill(how: "same" | "series"): void {
    if (this.readonly()) return;
    this.work.setTags((how === "same" ? fillDown : fillSeries)(this.work.tags, this.columns, this.block));
  }

  insert(): void {
    if (this.readonly()) return;
    const { top, bottom } = this.block;
    const at = Math.min(top, this.work.tags.rows.length);
    this.work.setTags(insertRows(this.work.tags, at, Array.from({ length: bottom - top + 1 }, () => ({}))));
    this.go(at, 0);
  }

  remove(): void {
    if (this.readonly()) return;
    const { top, bottom, left } = this.block;
    this.work.setTags(removeRows(this.work.tags, new Set(Array.from({ length: bottom - top + 1 }, (_, at) => top + at))));
    this.go(top, left);
  }

  undo(): void {
    this.editing = null;
    this.work.undo();
    this.go(this.focus.row, this.focus.column);
  }

  redo(): void {
    this.work.redo();
    this.go(this.focus.row, this.focus.column);
  }

  /** Of a key in the table; true when it was taken. `page` is how many rows are in sight. */
  key(event: KeyboardEvent, page: number): boolean {
    const { row, column } = this.focus;
    const control = event.ctrlKey || event.metaKey;
    const leave = this.leaving;
    this.leaving = false;
    if (event.key !== "Tab" && event.key.length !== 1) this.tabFrom = null;
    if (control && !event.altKey) return this.withControl(event);
    switch (event.key) {
      case "ArrowDown": return this.go(row + 1, column, event.shiftKey), true;
      case "ArrowUp": return this.go(row - 1, column, event.shiftKey), true;
      case "ArrowRight": return this.go(row, column + 1, event.shiftKey), true;
      case "ArrowLeft": return this.go(row, column - 1, event.shiftKey), true;
      case "PageDown": return this.go(row + page, column, event.shiftKey), true;
      case "PageUp": return this.go(row - page, column, event.shiftKey), true;
      case "Home": return this.go(row, 0, event.shiftKey), true;
      case "End": return this.go(row, this.columns.length - 1, event.shiftKey), true;
      case "Escape": this.leaving = true; return this.go(row, column), true;
      case "Tab": return !leave && this.step(event.shiftKey ? -1 : 1);
      case "Enter": case "F2": return this.edit(), true;
      case "Delete": case "Backspace": return this.clear(), true;
      case "Insert": return this.insert(), true;
    }
    if (event.key.length !== 1 || event.altKey) return false;
    this.edit(event.key);
    return true;
  }

  private withControl(event: KeyboardEvent): boolean {
    const { row, column } = this.focus;
    const last = this.work.tags.rows.length - 1;
    switch (event.key.toLowerCase()) {
      case "home": return this.go(0, 0, event.shiftKey), true;
      case "end": return this.go(last, this.columns.length - 1, event.shiftKey), true;
      case "arrowdown": return this.go(last, column, event.shiftKey), true;
      case "arrowup": return this.go(0, column, event.shiftKey), true;
      case "arrowright": return this.go(row, this.columns.length - 1, event.shiftKey), true;
      case "arrowleft": return this.go(row, 0, event.shiftKey), true;
      case "a": this.anchor = { row: 0, column: 0 }; return this.go(last, this.columns.length - 1, true), true;
      case "d": return this.fill(event.shiftKey ? "series" : "same"), true;
      case "z": return event.shiftKey ? this.redo() : this.undo(), true;
      case "y": return this.redo(), true;
      case "delete": return this.remove(), true;
    }
    return false;
  }

  /** One cell on, over the ends of rows; false at the ends of the table, where Tab leaves it. */
  private step(by: 1 | -1): boolean {
    const at = this.focus.row * this.columns.length + this.focus.column + by;
    if (at < 0 || at >= this.rows * this.columns.length) return false;
    this.go(Math.floor(at / this.columns.length), at % this.columns.length);
    return true;
  }

  /** Of a key while a cell is edited; true when it was taken. */
  editKey(event: KeyboardEvent): boolean {
    const arrows: Record<string, [number, number]> = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const { row, column } = this.focus;
    if (event.isComposing) return false;
    if (event.key === "Escape") return this.cancel(), true;
    if (event.key === "Enter") {
      this.commit();
      this.go(row + (event.shiftKey ? -1 : 1), this.tabFrom ?? column);
      this.tabFrom = null;
      return true;
    }
    if (event.key === "Tab") {
      this.tabFrom ??= column;
      this.commit();
      return this.step(event.shiftKey ? -1 : 1), true;
    }
    const way = arrows[event.key];
    if (way === undefined || this.editing?.typed !== true) return false;
    this.commit();
    this.go(row + way[0], column + way[1]);
    return true;
  }
}
