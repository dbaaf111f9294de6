import { expect, it, vi } from "vitest";

vi.stubGlobal("document", { documentElement: { dataset: {}, lang: "en" } });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
const { DEFAULTS, isDefault, readSettings } = await import("./settings.svelte");

it("takes over what it knows and leaves the rest at its default", () => {
  const whole = { language: "de", time_zone: "Europe/Berlin", theme: "contrast", density: "wall", numbers: "language", home: "#/trend" };
  expect(readSettings(whole)).toEqual(whole);
  expect(readSettings({})).toEqual(DEFAULTS);
  expect(readSettings(null)).toEqual(DEFAULTS);
  expect(readSettings("dark")).toEqual(DEFAULTS);
});

it.each([
  [{ language: "tlh" }, "language", null],
  [{ time_zone: "Mars/Olympus" }, "time_zone", null],
  [{ theme: "sepia" }, "theme", "system"],
  [{ density: 7 }, "density", "desk"],
  [{ numbers: null }, "numbers", "plain"],
  [{ home: "https://elsewhere.example/#/x" }, "home", null],
  [{ home: "#/login" }, "home", null],
])("does not take %j", (found, key, value) => {
  expect(readSettings(found)[key as keyof typeof DEFAULTS]).toBe(value);
});

it("tells what was never chosen from what was", () => {
  expect(isDefault(readSettings({}))).toBe(true);
  expect(isDefault(readSettings({ density: "wall" }))).toBe(false);
});
