import { describe, expect, it } from "vitest";
import { families, folded, manualLink, marked, parseManual, type ManualEntry } from "./manual";

describe("the manual", () => {
  it("has an address for every page and heading", () => {
    expect(manualLink()).toBe("#/manual");
    expect(manualLink("screens/trend")).toBe("#/manual/screens/trend");
    expect(manualLink("plant-folder", "tagscsv")).toBe("#/manual/plant-folder?at=tagscsv");
    expect(parseManual("plant-folder", new URLSearchParams("at=tagscsv"))).toEqual({ page: "plant-folder", heading: "tagscsv" });
    expect(parseManual("modbus#settings", new URLSearchParams())).toEqual({ page: "modbus", heading: "settings" });
    expect(parseManual("", new URLSearchParams())).toEqual({ page: "", heading: null });
  });

  it("folds words as the node does", () => {
    expect(folded("Größe Änderung café")).toBe("groesse aenderung cafe");
  });

  it("marks what was looked for, by its beginning and without its ending", () => {
    const found = (text: string, query: string) => marked(text, query).filter((one) => one.found).map((one) => one.text);
    expect(found("The historian seals samples.", "sample seals")).toEqual(["seals", "samples"]);
    expect(found("Alle Geräte und ein Gerät", "geraete")).toEqual(["Geräte", "Gerät"]);
    expect(marked("a b", "").map((one) => one.text)).toEqual(["a b"]);
    expect(marked("x seal y", "seal").map((one) => one.text).join("")).toBe("x seal y");
  });

  it("puts error codes into families", () => {
    const entry = (page: string): ManualEntry => ({ page, title: page, group: "errors", language: "en" });
    const all = families([entry("errors/LS-API-001"), entry("errors/LS-API-002"), entry("errors/LS-CFG-001")]);
    expect(all.map((one) => [one.name, one.pages.length])).toEqual([["LS-API", 2], ["LS-CFG", 1]]);
  });
});
