import { describe, expect, it } from "vitest";
import { Activity } from "./activity";

describe("requests that nobody caused", () => {
  it("the first requests after opening the page are a person's", () => {
    const activity = new Activity(0);
    expect(activity.background(0)).toBe(false);
    expect(activity.background(2_000)).toBe(false);
  });

  it("a poll long after the last input is nobody's", () => {
    const activity = new Activity(0);
    activity.background(0);
    expect(activity.background(5_000)).toBe(true);
    expect(activity.background(10_000)).toBe(true);
  });

  it("the first poll after an input is the person's, however late it comes, and only the first", () => {
    const activity = new Activity(0);
    activity.background(0);
    activity.touch(6_000);
    expect(activity.background(60_000)).toBe(false);
    expect(activity.background(65_000)).toBe(true);
  });
});

describe("idling", () => {
  it("counts from the last input, wherever it was made", () => {
    const activity = new Activity(0);
    expect(activity.idleMs(90_000)).toBe(90_000);
    activity.touch(80_000);
    activity.touch(70_000); // told late by another tab
    expect(activity.idleMs(90_000)).toBe(10_000);
  });

  it("a clock that was set back does not make anybody idle", () => {
    expect(new Activity(10_000).idleMs(0)).toBe(0);
  });

  it("owes the node a sign of life when somebody is busy without causing requests", () => {
    const activity = new Activity(0);
    activity.background(0);
    expect(activity.owes(40_000)).toBe(false); // nobody did anything
    activity.touch(20_000);
    expect(activity.owes(25_000)).toBe(false);
    expect(activity.owes(31_000)).toBe(true);
  });
});
