import { describe, expect, it } from "vitest";
import { formatAge, formatBytes, formatCount, formatDuration, formatFit, formatNumber, formatUnit, formatValue, humanName, leaf, parent, relative } from "./format";

const plain = (text: string) => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");

describe("numbers", () => {
  it.each([
    [21.5, "f32", "21.50"],
    [-4.2, "f32", "-4.20"],
    [412.34, "f32", "412.3"],
    [1_234.56, "f64", "1234.6"],
    [48_210.7, "f64", "48 211"],
    [0, "f32", "0.00"],
    [0.01234, "f32", "0.0123"],
    [0.00012, "f64", "1.200e-4"],
    [4_329_464, "u32", "4 329 464"],
    [7, "u8", "7"],
    [-0.00001, "i32", "0.0000"],
    [Infinity, "f32", "—"],
  ])("%s of type %s reads %s", (value, type, text) => {
    expect(plain(formatNumber(value, type))).toBe(text);
  });

  it("keeps its width while a value moves within a magnitude", () => {
    const widths = [100.0, 250.123, 999.94].map((value) => formatNumber(value).length);
    expect(new Set(widths).size).toBe(1);
  });

  it("shows what is not a number as what it is, and nothing as a dash", () => {
    expect(formatValue(true)).toBe("true");
    expect(formatValue("held")).toBe("held");
    expect(formatValue("")).toBe('""');
    expect(formatValue(null)).toBe("—");
  });
});

describe("units", () => {
  it.each([
    ["Cel", "°C"],
    ["m3/h", "m³/h"],
    ["1/min", "/min"],
    ["kW.h", "kWh"],
    ["um", "µm"],
    ["N.m", "N·m"],
    ["{pieces}", "pieces"],
    ["1", ""],
    [null, ""],
  ])("%s is written %s", (ucum, text) => {
    expect(formatUnit(ucum)).toBe(text);
  });
});

describe("ages and durations", () => {
  it.each([
    [0, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_599_999, "59 min"],
    [3_600_000, "1 h"],
    [86_400_000, "1 d"],
    [-1_500, "0 s"],
    [-2_001, "ahead"],
    [Number.NaN, "—"],
  ])("an age of %s ms reads %s", (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });

  it.each([
    [0, "0 s"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [90_061_000, "1 d 1 h"],
  ])("a duration of %s ms reads %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

it("counts bytes in powers of 1024", () => {
  expect(formatBytes(0)).toBe("0 B");
  expect(formatBytes(1_048_576)).toBe("1.0 MiB");
  expect(formatBytes(10_737_418_240)).toBe("10.0 GiB");
  expect(plain(formatCount(12_345))).toBe("12 345");
});

it("takes paths apart", () => {
  expect(leaf("acme/line-1/speed")).toBe("speed");
  expect(parent("acme/line-1/speed")).toBe("acme/line-1");
  expect(parent("speed")).toBe("");
  expect(relative("acme/line-1/speed", "acme")).toBe("line-1/speed");
  expect(relative("acme-2/speed", "acme")).toBe("acme-2/speed");
  expect(humanName("glue_temperature")).toBe("Glue temperature");
});

describe("numbers in narrow places", () => {
  it.each([
    [16_777_216, 10, "u32", 0, "", "16 777 216"],
    [16_777_216, 9, "u32", 0, "", "16.78 M"],
    [-16_777_216, 9, "u32", 0, "kW.h", "-16.78e6"],
    [123_456.789, 9, "f64", 3, "", "123 457"],
    [999_999_999, 9, "u32", 0, "", "1.000 G"],
    [9_223_372_036_854_775_807, 9, "i64", 0, "", "9.223 E"],
    [0.000123456, 6, "f64", 9, "", "123.5e-6"],
    [1.5e22, 7, "f64", 0, "", "1.500e22"],
    [21.5, 9, "f32", 1, "Cel", "21.5"],
    ["a text of any length", 5, "text", 0, "", "a text of any length"],
    [null, 5, "f32", 0, "", "—"],
  ])("%s in %i characters", (value, most, type, known, unit, shown) => {
    expect(plain(formatFit(value, most, type, known, unit))).toBe(shown);
  });
});
