import { expect, it } from "vitest";
import type { Tag } from "./api";
import { keyTags, stateTag } from "./pick";

function tag(name: string, type: string, unit: string | null = null): Tag {
  return {
    tag: `acme/${name}`, device: "filler", type, unit, description: null, access: "read", step: false,
    timestamp_ms: 0, value: null, quality: "bad", reason: "not-yet",
  };
}

const FILLER = [
  tag("_diag/round_trip", "f32", "ms"),
  tag("count", "u32"),
  tag("hours", "u32", "h"),
  tag("pressure", "f32", "bar"),
  tag("running", "bool"),
  tag("speed", "f32", "1/min"),
  tag("speed_setpoint", "f32", "1/min"),
  tag("state", "text"),
];
const names = (tags: Tag[]) => tags.map((one) => one.tag.slice(5));

it("prefers live values with units over counters and setpoints", () => {
  expect(names(keyTags(FILLER, 2))).toEqual(["speed", "pressure"]);
});

it("fills up with what is left, but never with diagnostics", () => {
  const all = names(keyTags(FILLER, 99));
  expect(all).not.toContain("_diag/round_trip");
  expect(all).toContain("speed_setpoint");
});

it("takes a switch called running as the state, a text otherwise", () => {
  expect(stateTag(FILLER)?.tag).toBe("acme/running");
  expect(stateTag(FILLER.filter((one) => one.type !== "bool"))?.tag).toBe("acme/state");
  expect(stateTag([tag("speed", "f32")])).toBeNull();
});
