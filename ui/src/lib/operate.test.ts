import { describe, expect, it } from "vitest";
import { byGroup, type Check, lineText, needsReading, type Outcome, reportText, sentence, worstFirst } from "./operate";

const check = (name: string, outcome: Outcome, group = "storage"): Check => ({
  check: name,
  group,
  title: name,
  outcome,
  what: `${name} measured`,
  cause: outcome === "ok" ? null : "why it is so",
  fix: outcome === "ok" ? null : "what to do",
  code: outcome === "bad" ? "LS-SHF-005" : null,
});

describe("what the doctor found", () => {
  const checks = [check("a", "ok"), check("b", "skipped", "clock"), check("c", "bad"), check("d", "unknown", "clock"), check("e", "warn")];

  it("is read from the worst on", () => {
    expect(worstFirst(checks).map((one) => one.check)).toEqual(["c", "e", "d", "a", "b"]);
    expect(checks.filter(needsReading).map((one) => one.check)).toEqual(["c", "d", "e"]);
  });

  it("is grouped in the order of the node", () => {
    expect(byGroup(checks).map(({ group, checks: all }) => [group, all.length])).toEqual([["storage", 3], ["clock", 2]]);
  });

  it("begins large, unless it is a command or a name", () => {
    expect(sentence("no answer from press-1")).toBe("No answer from press-1");
    expect(sentence("chmod 700 data")).toBe("chmod 700 data");
    expect(sentence("press-1.toml is wrong")).toBe("press-1.toml is wrong");
    expect(sentence("`ss -ltnp` names who has it")).toBe("`ss -ltnp` names who has it");
  });

  it("is a text that can be sent to somebody", () => {
    const text = reportText({ examined_ms: 0, took_ms: 3, checks }, "edge-1");
    expect(text.split("\n").slice(0, 5)).toEqual([
      "edge-1, 1970-01-01T00:00:00.000Z",
      "bad     storage/c: c measured",
      "        why: why it is so",
      "        do:  what to do",
      "        more: LS-SHF-005",
    ]);
  });
});

describe("a line of the log", () => {
  it("stays one line as text", () => {
    const line = { n: 1, timestamp_ms: 0, level: "warn" as const, target: "lineshaft::node", message: "two\nlines", fields: { device: "press-1", text: "a b" } };
    expect(lineText(line)).toBe('1970-01-01T00:00:00.000Z WARN  lineshaft::node: two\\nlines device=press-1 text="a b"');
  });
});
