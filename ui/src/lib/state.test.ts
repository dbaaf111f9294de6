import { expect, it } from "vitest";
import type { Sample, Value } from "./api";
import { saidBy } from "./state";

const sample = (value: Value): Sample => ({ timestamp_ms: 1, value, quality: "good", reason: null });
const PACKML = { words: { "6": "Running", "2": "Stopped" }, running: ["6"] };

it("says what the plant folder calls a value, and whether it runs", () => {
  expect(saidBy("state", sample(6), PACKML)).toEqual({ ask: "", word: "Running", runs: true });
  expect(saidBy("state", sample(2), PACKML)).toEqual({ ask: "", word: "Stopped", runs: false });
  // A value nobody named keeps its number, with its question.
  expect(saidBy("state", sample(9), PACKML)).toEqual({ ask: "State:", word: "9", runs: false });
});

it("needs no question for a switch that says whether something runs", () => {
  expect(saidBy("running", sample(true), null)).toEqual({ ask: "", word: "Running", runs: true });
  expect(saidBy("motorRunning", sample(false), null).word).toBe("Stopped");
  expect(saidBy("motor_on", sample(true), null)).toEqual({ ask: "Motor on:", word: "yes", runs: true });
  expect(saidBy("trunk", sample(true), null).ask).toBe("Trunk:");
});

it("does not say that a machine stands when it only says nothing", () => {
  const bad = { ...sample(true), quality: "bad" } as Sample;
  for (const none of [null, bad, sample(null)]) expect(saidBy("running", none, null).runs).toBeNull();
});

it("takes a text as it is", () => {
  expect(saidBy("mode", sample("automatic"), null)).toEqual({ ask: "", word: "Automatic", runs: null });
});
