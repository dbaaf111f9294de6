import { expect, test } from "vitest";
import { placeTitle, rememberTitles } from "./placetitles.svelte";

test("a place is called by its title as soon as an answer says one, and by its name until then", () => {
  expect(placeTitle("acme/packaging/line-1")).toBe("Line 1");
  rememberTitles({ path: "acme/packaging", title: null, above: [{ path: "acme", title: "Acme Drinks" }], children: [{ path: "acme/packaging/line-1", title: "Bottling line 1" }] });
  expect(placeTitle("acme/packaging/line-1")).toBe("Bottling line 1");
  expect(placeTitle("acme")).toBe("Acme Drinks");
  expect(placeTitle("acme/packaging")).toBe("Packaging");
});

test("a title that was taken away is not remembered", () => {
  rememberTitles({ path: "acme/line-2", title: "Second line" });
  rememberTitles({ path: "acme/line-2", title: null });
  expect(placeTitle("acme/line-2")).toBe("Line 2");
});
