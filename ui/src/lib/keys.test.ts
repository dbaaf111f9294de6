import { expect, it } from "vitest";
import { Keys, type Press, SEQUENCE_MS } from "./keys";

const press = (key: string, more: Partial<Press> = {}): Press => ({ key, ctrl: false, meta: false, alt: false, taken: false, single: true, ...more });

it("opens the palette with Ctrl+K and Cmd+K wherever one is, with / only outside of fields", () => {
  const keys = new Keys();
  expect(keys.press(press("k", { ctrl: true, taken: true }), 0)).toEqual({ act: "palette" });
  expect(keys.press(press("K", { meta: true }), 0)).toEqual({ act: "palette" });
  expect(keys.press(press("/"), 0)).toEqual({ act: "palette" });
  expect(keys.press(press("/", { taken: true }), 0)).toBeNull();
});

it("goes to a screen with g and its letter, if the letter comes soon", () => {
  const keys = new Keys();
  expect(keys.press(press("g"), 0)).toEqual({ act: "wait" });
  expect(keys.press(press("h"), SEQUENCE_MS - 1)).toEqual({ act: "go", letter: "h" });
  keys.press(press("g"), 0);
  expect(keys.press(press("h"), SEQUENCE_MS)).toBeNull();
});

it("forgets a sequence that something else came between", () => {
  const keys = new Keys();
  keys.press(press("g"), 0);
  keys.press(press("ArrowDown"), 10);
  expect(keys.press(press("h"), 20)).toBeNull();
});

it("leaves single keys alone when they are switched off, F1 and Ctrl+K never", () => {
  const keys = new Keys();
  for (const key of ["/", "?", "k", "g", "["]) expect(keys.press(press(key, { single: false }), 0)).toBeNull();
  expect(keys.press(press("F1", { single: false }), 0)).toEqual({ act: "help" });
  expect(keys.press(press("k", { single: false, ctrl: true }), 0)).toEqual({ act: "palette" });
});
