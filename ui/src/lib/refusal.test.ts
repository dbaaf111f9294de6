import { expect, it } from "vitest";
import { reasonsOf } from "./refusal";

it("reads reasons out of whatever shape they come in", () => {
  expect(reasonsOf(null)).toEqual([]);
  expect(reasonsOf("one\ntwo")).toEqual(["one", "two"]);
  expect(reasonsOf("error A: x\n  ┌─ f:7:1\n7 │ x\n\nerror B: y\n\n2 errors\n")).toEqual(["error A: x\n  ┌─ f:7:1\n7 │ x", "error B: y", "2 errors"]);
  expect(reasonsOf({ code: "LS-CFG-004", text: "unknown field" })).toEqual(["LS-CFG-004  unknown field"]);
  expect(reasonsOf({ reasons: [{ code: "A", file: "x.toml", line: 3, text: "t" }, "b"] })).toEqual(["A  x.toml:3  t", "b"]);
  expect(reasonsOf({ odd: 1 })).toEqual(['{"odd":1}']);
});
