import { expect, it } from "vitest";
import type { Asset } from "./assets";
import { above, type Branch, branchesOf, move, rows } from "./planttree";

const asset = (path: string, leaf = true): Asset => ({
  path, name: path.split("/").at(-1)!, title: null, level: "machine", type: null, type_title: null, inferred: true, leaf,
  state: null, states: null, values: [], abnormal: 0, tags: 1, bad: 0, uncertain: 0,
});
const branch = (...children: Asset[]): Branch => ({ children, more: false, failed: false });

const PLANT = new Map([
  ["p", branch(asset("p/air", false), asset("p/line", false))],
  ["p/line", { ...branch(asset("p/line/filler"), asset("p/line/packer")), more: true }],
]);
const shown = (open: string[]) => rows("p", PLANT, new Set(open)).map((row) => `${"  ".repeat(row.depth)}${row.kind === "asset" ? row.asset!.name : row.kind}`);

it("shows what is open, and says what is not there yet", () => {
  expect(shown([])).toEqual(["air", "line"]);
  expect(shown(["p/line"])).toEqual(["air", "line", "  filler", "  packer", "  more"]);
  expect(shown(["p/air"])).toEqual(["air", "  waiting", "line"]);
  expect(rows("q", PLANT, new Set())[0]!.kind).toBe("waiting");
});

it("asks again only for branches that can be seen", () => {
  const seen = (...open: string[]) => branchesOf("p", rows("p", PLANT, new Set(open)));
  expect(seen("p/line", "p/air")).toEqual(["p", "p/air", "p/line"]);
  expect(seen("p/line/filler", "p/air/dryer")).toEqual(["p"]);
});

it("walks over what can be chosen, opens, closes and goes to the parent", () => {
  const list = rows("p", PLANT, new Set(["p/line"]));
  expect(move(list, 0, "ArrowDown")).toEqual({ to: 1 });
  expect(move(list, 0, "ArrowUp")).toBeNull();
  expect(move(list, 0, "ArrowRight")).toEqual({ open: "p/air" });
  expect(move(list, 1, "ArrowRight")).toEqual({ to: 2 });
  expect(move(list, 3, "ArrowLeft")).toEqual({ to: 1 });
  expect(move(list, 1, "ArrowLeft")).toEqual({ close: "p/line" });
  expect(move(list, 0, "End")).toEqual({ to: 4 });
  expect(move(list, 4, "Home")).toEqual({ to: 0 });
  expect(move(list, 0, "p")).toEqual({ to: 3 });
  expect(move(list, 3, "p")).toEqual({ to: 3 });
  expect(move(list, 0, "x")).toBeNull();
});

it("does not stop at what is being loaded", () => {
  const list = rows("p", PLANT, new Set(["p/air"]));
  expect(move(list, 0, "ArrowDown")).toEqual({ to: 2 });
});

it("knows what has to be open for a path to be seen", () => {
  expect(above("acme/rotterdam/line/filler", "acme/rotterdam")).toEqual(["acme/rotterdam/line"]);
  expect(above("a/b/c", "")).toEqual(["a", "a/b"]);
  expect(above("b/c/d", "a")).toEqual([]);
  expect(above("a", "")).toEqual([]);
});
