import { expect, it } from "vitest";
import type { Status } from "./api";
import { notRecording, reasonsOf } from "./refusal";

it("reads reasons out of whatever shape they come in", () => {
  expect(reasonsOf(null)).toEqual([]);
  expect(reasonsOf("one\ntwo")).toEqual(["one", "two"]);
  expect(reasonsOf("error A: x\n  ┌─ f:7:1\n7 │ x\n\nerror B: y\n\n2 errors\n")).toEqual(["error A: x\n  ┌─ f:7:1\n7 │ x", "error B: y", "2 errors"]);
  expect(reasonsOf({ code: "LS-CFG-004", text: "unknown field" })).toEqual(["LS-CFG-004  unknown field"]);
  expect(reasonsOf({ reasons: [{ code: "A", file: "x.toml", line: 3, text: "t" }, "b"] })).toEqual(["A  x.toml:3  t", "b"]);
  expect(reasonsOf({ odd: 1 })).toEqual(['{"odd":1}']);
});

it.each([
  ["writing", null, null, false, null],
  ["full", "70538440704 bytes are free, 989560464998400 must stay", null, false, "Not recording: no room on the disk: 65.7 GiB are free, 900 TiB must stay"],
  ["stopped", null, null, false, 'Not recording: the shaft says "stopped"'],
  ["writing", null, "no space left", false, "Not recording to the history on disk: no space left"],
  ["writing", null, null, true, "Not recording everything: 12 345 samples were not stored since the start"],
])("a shaft that is %s with %s, a historian with %s and losses that grow: %s", (state, error, sealing, grows, said) => {
  const status = { samples_lost: 12_345, shaft: { state, error }, historian: { error: sealing } } as unknown as Status;
  expect(notRecording(status, grows)?.replaceAll("\u202f", " ") ?? null).toBe(said);
});
