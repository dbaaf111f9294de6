import { describe, expect, it } from "vitest";
import { helpPage, loginLink, overviewLink, parseRoute, parseTrend, tagsLink, trendLink } from "./route";

it("knows which page of the manual is about a screen", () => {
  const of = (hash: string) => helpPage(parseRoute(hash));
  expect(["#/tags", "#/devices", "#/devices/press-1", "#/devices/new", "#/devices/press-1/settings", "#/devices/press-1/tags"].map(of)).toEqual(["tags", "devices", "devices", "device-form", "device-form", "device-import"]);
  expect(["#/system", "#/system/logs", "#/system/overview", "#/people/accounts"].map(of)).toEqual(["system", "logs", "system", "people"]);
});

it("knows its pages and shows the overview for everything else", () => {
  expect(parseRoute("").page).toBe("overview");
  expect(parseRoute("#/devices").page).toBe("devices");
  expect(parseRoute("#/nowhere/at/all")).toMatchObject({ page: "overview", path: "" });
});

it("carries tree paths there and back, whatever is in them", () => {
  const path = "acme/hall 2/line#1/50% mix";
  expect(parseRoute(overviewLink(path)).path).toBe(path);
  expect(parseRoute("#/overview/acme/50%").path).toBe("acme/50%");
  expect(overviewLink("")).toBe("#/overview");
});

it("keeps slashes readable in links", () => {
  expect(tagsLink({ under: "acme/line-1" })).toBe("#/tags?under=acme/line-1");
  expect(tagsLink({})).toBe("#/tags");
  expect(parseRoute(tagsLink({ under: "a&b/c", search: "x y" })).params.get("under")).toBe("a&b/c");
});

it("reads what a trend link says", () => {
  const link = trendLink({ tags: ["a/b", "c+d"], range: "1h" });
  expect(parseTrend(parseRoute(link).params)).toEqual({ tags: ["a/b", "c+d"], range: "1h" });
  const fixed = trendLink({ tags: ["a"], start: 10.4, end: 20 });
  expect(parseTrend(parseRoute(fixed).params)).toEqual({ tags: ["a"], start: 10, end: 20 });
});

it("ignores a stretch that ends before it starts, and pens named twice", () => {
  const { params } = parseRoute("#/trend?tag=a&tag=a&start=20&end=10");
  expect(parseTrend(params)).toEqual({ tags: ["a"], range: undefined });
});

describe("pages of identity", () => {
  it.each([
    ["#/people", "people", ""],
    ["#/people/roles", "people", "roles"],
    ["#/revisions/12", "revisions", "12"],
    ["#/tags/anything", "tags", ""],
    ["#/setup?secret=abc", "setup", ""],
  ])("%s is %s with %j", (hash, page, path) => expect(parseRoute(hash)).toMatchObject({ page, path }));

  it("the way to the login leads back, but never to itself", () => {
    expect(loginLink("#/tags?under=acme")).toBe("#/login?next=%23/tags%3Funder%3Dacme");
    expect(loginLink("#/login?next=%23/tags")).toBe("#/login");
    expect(loginLink("")).toBe("#/login");
  });
});
