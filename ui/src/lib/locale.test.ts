import { afterEach, describe, expect, it } from "vitest";
import { formatDate, formatDateTime, formatFit, formatFixed, formatNumber, formatPercent, formatTimeMs, fromLocalInput, toDayInput, toLocalInput } from "./format";
import { language } from "./language.svelte";
import { fromZone, inZone, knownZone, locale, offsetAt } from "./locale.svelte";
import { zoneOf } from "./zone";

const plain = (text: string) => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");
const HOUR_MS = 3_600_000;

afterEach(() => {
  locale.zone = "";
  locale.numbers = "plain";
  language.code = "en";
});

describe("times in the chosen zone", () => {
  // 2026-10-25 01:00 UTC is when clocks in Berlin go from 03:00 back to 02:00.
  it.each([
    ["UTC", Date.UTC(2026, 10, 20, 12, 0, 1), "2026-11-20 12:00:01", "UTC"],
    ["Europe/Berlin", Date.UTC(2026, 10, 20, 12, 0, 1), "2026-11-20 13:00:01", "UTC+01:00"],
    ["Europe/Berlin", Date.UTC(2026, 9, 25, 0, 59, 59), "2026-10-25 02:59:59", "UTC+02:00"],
    ["Europe/Berlin", Date.UTC(2026, 9, 25, 1, 0, 0), "2026-10-25 02:00:00", "UTC+01:00"],
    ["Asia/Kathmandu", Date.UTC(2026, 10, 20, 12, 0, 1), "2026-11-20 17:45:01", "UTC+05:45"],
    ["Australia/Lord_Howe", Date.UTC(2026, 3, 4, 15, 0, 0), "2026-04-05 01:30:00", "UTC+10:30"],
    ["America/St_Johns", Date.UTC(2026, 0, 1, 3, 29, 0), "2025-12-31 23:59:00", "UTC\u221203:30"],
  ])("%s shows %i as %s, %s", (zone, ms, shown, offset) => {
    locale.zone = zone;
    expect(formatDateTime(ms)).toBe(shown);
    expect(zoneOf(ms)).toBe(offset);
  });

  it("keeps the milliseconds, before 1970 too", () => {
    locale.zone = "Europe/Berlin";
    expect(formatTimeMs(Date.UTC(2026, 10, 20, 12, 0, 1, 7))).toBe("13:00:01.007");
    expect(formatTimeMs(-1)).toBe("00:59:59.999");
  });

  it("reads what was typed as a time of the zone, and back again", () => {
    locale.zone = "America/New_York";
    const ms = Date.UTC(2026, 6, 1, 16, 30);
    expect(toLocalInput(ms)).toBe("2026-07-01T12:30");
    expect(fromLocalInput("2026-07-01T12:30")).toBe(ms);
    expect(toDayInput(Date.UTC(2026, 6, 2, 3))).toBe("2026-07-01");
    expect(fromLocalInput("")).toBeNull();
    expect(fromLocalInput("tomorrow")).toBeNull();
  });

  it("takes the first of an hour that is there twice, and does not lose one that is left out", () => {
    const zone = "Europe/Berlin";
    expect(fromZone(Date.UTC(2026, 9, 25, 2, 30), zone)).toBe(Date.UTC(2026, 9, 25, 0, 30));
    // On 2026-03-29 there is no 02:30 in Berlin; half an hour after the jump it is 03:30.
    expect(new Date(fromZone(Date.UTC(2026, 2, 29, 2, 30), zone)).toISOString()).toBe("2026-03-29T01:30:00.000Z");
  });

  it("is its own inverse at every hour of a year, but for the one that is there twice", () => {
    for (const zone of ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]) {
      let lost = 0;
      for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += HOUR_MS) {
        if (fromZone(inZone(ms, zone).getTime(), zone) !== ms) lost += 1;
      }
      expect(lost).toBeLessThanOrEqual(1);
    }
  });

  it("asks Intl once for a quarter of an hour: a hundred thousand times are quick", () => {
    locale.zone = "Europe/Berlin";
    const from = Date.UTC(2026, 9, 20);
    offsetAt(from);
    const before = performance.now();
    for (let at = 0; at < 100_000; at += 1) formatDateTime(from + at * 1_000);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it("knows what a zone is", () => {
    expect(knownZone("Europe/Berlin")).toBe(true);
    expect(knownZone("Mars/Olympus")).toBe(false);
  });
});

describe("numbers and days as the language writes them", () => {
  it.each([
    ["en", "plain", "-1 234 567.89", "21.50", "2026-11-20"],
    ["de", "plain", "-1 234 567.89", "21.50", "2026-11-20"],
    ["en", "language", "-1,234,567.89", "21.50", "20 Nov 2026"],
    ["de", "language", "-1.234.567,89", "21,50", "20.11.2026"],
  ] as const)("%s, %s", (code, numbers, large, small, day) => {
    language.code = code;
    locale.numbers = numbers;
    locale.zone = "UTC";
    expect(plain(formatNumber(-1_234_567.89, "f64", 2))).toBe(large);
    expect(plain(formatNumber(21.5, "f32"))).toBe(small);
    expect(formatDate(Date.UTC(2026, 10, 20, 12))).toBe(day);
  });

  it("writes powers and shares alike", () => {
    language.code = "de";
    locale.numbers = "language";
    expect(plain(formatNumber(0.00012, "f64"))).toBe("1,200e-4");
    expect(plain(formatFit(16_777_216, 9, "u32", 0))).toBe("16,78 M");
    expect(plain(formatPercent(0.034))).toBe("3,4 %");
    expect(formatFixed(-0.04, 1)).toBe("0,0");
  });
});
