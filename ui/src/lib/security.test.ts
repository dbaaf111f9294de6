import { expect, it } from "vitest";
import { fingerprintLines, lifeOf, subjectName, worstFirst, type Finding } from "./security";

const DAY = 86_400_000;
const now = 1_000 * DAY;

it.each([
  [-1, 397, false, "calm", "397 days left"],
  [-1, 30, false, "calm", "30 days left"],
  [-1, 29.9, false, "warn", "29 days left"],
  [-1, 1.5, false, "bad", "1 day left"],
  [-1, 0.5, false, "bad", "less than a day left"],
  [-400, 0, false, "bad", "expired today"],
  [-400, -3, false, "bad", "expired 3 days ago"],
  [2, 400, false, "warn", "valid in 2 days"],
  [-1, 397, true, "off", "revoked"],
])("a certificate valid from day %s to day %s, revoked %s: %s, %s", (from, to, revoked, tone, said) => {
  const life = lifeOf({ not_before_ms: now + from * DAY, not_after_ms: now + to * DAY, revoked }, now);
  expect([life.look.tone, life.said]).toEqual([tone, said]);
});

it("puts the worst first and never hides what it does not know", () => {
  const finding = (severity: string) => ({ severity, code: "", what: "", remedy: null }) as unknown as Finding;
  expect(worstFirst(["ok", "warn", "new", "bad", "ok"].map(finding)).map((one) => one.severity)).toEqual(["new", "bad", "warn", "ok", "ok"]);
});

it("names a certificate by its common name alone when there is nothing else", () => {
  expect(["CN=press-07", "CN=a,O=b", "press"].map(subjectName)).toEqual(["press-07", "CN=a,O=b", "press"]);
});

it("writes fingerprints in pairs, sixteen a line", () => {
  expect(fingerprintLines("3fa2b1")).toEqual(["3f:a2:b1"]);
  expect(fingerprintLines("ab".repeat(32)).map((line) => line.length)).toEqual([47, 47]);
  expect(fingerprintLines("SHA256:x")).toEqual(["SHA256:x"]);
});
