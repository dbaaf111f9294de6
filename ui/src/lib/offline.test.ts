import { afterEach, expect, it } from "vitest";
import { isBusy } from "./offline";
import { unapplied } from "./unapplied.svelte";

const QUIET = { hidden: true, querySelector: () => null, querySelectorAll: () => [] } as unknown as Document;

afterEach(() => {
  unapplied.devices = unapplied.files = 0;
});

it("loads nothing anew while a change of a device or of a plant file is not applied", () => {
  expect(isBusy(Date.now(), QUIET)).toBe(false);
  unapplied.files = 1;
  expect(isBusy(Date.now(), QUIET)).toBe(true);
  unapplied.files = 0;
  unapplied.devices = 1;
  expect(isBusy(Date.now(), QUIET)).toBe(true);
});
