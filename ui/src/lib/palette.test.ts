import { expect, it } from "vitest";
import { type Entry, type Kind, rank, readKept, RECENT_MAX, remember, score } from "./palette";

const entry = (kind: Kind, title: string, detail = "", more: Partial<Entry> = {}): Entry => ({
  id: `${kind}:${detail}/${title}`, kind, icon: "tags", title, detail, link: "#/tags", ...more,
});
const titles = (query: string, entries: Entry[], recent: Entry[] = []) =>
  rank(query, entries, recent).map((section) => `${section.kind}: ${section.entries.map((one) => one.title).join(", ")}`);

it("wants every word, in title or place, whatever its case and accents", () => {
  const filler = entry("machine", "Füller", "Packaging / Line 1");
  expect(score("fuller", filler)).toBeGreaterThan(0);
  expect(score("LINE full", filler)).toBeGreaterThan(0);
  expect(score("line 2", filler)).toBeNull();
});

it("puts what begins with the word before what only has it inside", () => {
  const entries = [entry("tag", "motor_speed"), entry("tag", "overspeed"), entry("tag", "speed"), entry("tag", "speed_setpoint")];
  expect(titles("speed", entries)).toEqual(["tag: speed, speed_setpoint, motor_speed, overspeed"]);
});

it("puts the section with the best entry first", () => {
  const entries = [entry("screen", "Trends", "", { words: "curve" }), entry("tag", "power"), entry("action", "Power saving off")];
  expect(titles("power", entries)).toEqual(["tag: power", "action: Power saving off"]);
  expect(titles("curve", entries)).toEqual(["screen: Trends"]);
});

it("shows what was used lately first, and without a question nothing that has to be looked for", () => {
  const [home, tag] = [entry("screen", "Home"), entry("tag", "speed")];
  expect(titles("", [home, tag], [tag])).toEqual(["recent: speed", "screen: Home"]);
});

it("prefers what was used lately among what fits alike", () => {
  const [one, two] = [entry("tag", "speed", "a"), entry("tag", "speed", "b")];
  const found = rank("speed", [one, two], [two])[0]!.entries;
  expect(found.map(({ detail }) => detail)).toEqual(["b", "a"]);
});

it("keeps what the node found although the words are not in what is shown", () => {
  expect(score("kontakt", entry("tag", "running", "", { found: true }))).not.toBeNull();
});

it("remembers each thing once, the newest first, and not without end", () => {
  let kept = remember([], entry("tag", "a"));
  kept = remember(kept, entry("tag", "b"));
  kept = remember(kept, entry("tag", "a"));
  expect(kept.map(({ title }) => title)).toEqual(["a", "b"]);
  for (let n = 0; n < 50; n += 1) kept = remember(kept, entry("tag", String(n)));
  expect(kept.length).toBe(RECENT_MAX);
});

it("reads what was kept and nothing that leads elsewhere", () => {
  const kept = remember([], entry("tag", "a"));
  expect(readKept(JSON.stringify(kept))).toEqual(kept);
  for (const text of [null, "", "{", "7", "[7]", '[{"id":"x"}]', JSON.stringify([{ ...kept[0], link: "https://example.org" }])]) {
    expect(readKept(text)).toEqual([]);
  }
});
