import { expect, it } from "vitest";
import { parseRoute } from "./route";
import { parseView, savedView, type TrendView, viewLink } from "./trendview";

const read = (link: string) => parseView(parseRoute(link).params);

it.each<[string, TrendView]>([
  ["one pen that follows", { pens: [{ tag: "a/b" }], range: "1h" }],
  ["a stretch, stacked, compared, with cursors", { pens: [{ tag: "a/b" }, { tag: "c+d/é" }], start: 10, end: 99, scales: "lanes", compareMs: 86_400_000, a: 20, b: 30 }],
  ["a pen with everything", { pens: [{ tag: "x" }, { tag: "y", look: 9, own: true, least: -1.5, most: 1e6, limits: true, draw: "step", width: 3, hidden: true }], range: "8h" }],
])("an address says all of it: %s", (_, view) => {
  expect(read(viewLink(view))).toEqual(view);
  expect(viewLink(read(viewLink(view)))).toBe(viewLink(view));
});

it("reads the addresses of other pages", () => {
  expect(read("#/trend?tag=a/b&tag=c&range=15m")).toEqual({ pens: [{ tag: "a/b" }, { tag: "c" }], range: "15m" });
});

it("leaves out what nobody understands", () => {
  expect(read("#/trend?tag=a&pen=0_look-x_most-_spin&pen=zz&scales=round&compare=soon&a=x")).toEqual({ pens: [{ tag: "a" }] });
});

it("opens what another version has saved", () => {
  expect(savedView({ pens: [{ tag: "a", look: 2 }, { name: "no tag" }], range: "1h", later: true })).toEqual({ pens: [{ tag: "a", look: 2 }], range: "1h" });
  expect(savedView(null)).toEqual({ pens: [] });
});
