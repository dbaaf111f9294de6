import { describe, expect, it } from "vitest";
import { allows, covers, grantText, grouped, lostByLimit, madeUpPassword, nameMistake, passwordHints, qrPath, roleMistake, safeNext, tidyPaths } from "./identity";
import { accountLook, aboutRole, ago, browserOf, endOfDay, toDay, tokenLook } from "./words";

describe("where something holds", () => {
  it.each([
    ["", "acme/line-1", true],
    ["acme/line-1", "acme/line-1", true],
    ["acme/line-1", "acme/line-1/filler", true],
    ["acme/line-1", "acme/line-10", false],
    ["acme/line-1/filler", "acme/line-1", false],
  ])("%j covers %j: %j", (prefix, path, expected) => expect(covers(prefix, path)).toBe(expected));

  it("without a path, anywhere at all is enough; a rule without a path gives nothing", () => {
    const rules = [{ permission: "read-plant", under: ["acme/line-1"] }, { permission: "sign", under: [] }];
    expect(allows(rules, "read-plant")).toBe(true);
    expect(allows(rules, "read-plant", "acme/line-2")).toBe(false);
    expect(allows(rules, "sign")).toBe(false);
    expect(allows(rules, "read-audit")).toBe(false);
  });

  it.each([
    [["acme/", "/acme/line-1"], ["acme"]],
    [["b", "a", "a"], ["a", "b"]],
    [["", "acme"], [""]],
    [[], []],
  ])("tidies %j to %j", (paths, expected) => expect(tidyPaths(paths)).toEqual(expected));
});

describe("grants in words", () => {
  it("names where a role is limited", () => {
    expect(grantText([{ role: "viewer", under: [""] }, { role: "operator", under: ["acme/line-1", "acme/line-2"] }])).toBe("viewer · operator in acme/line-1, acme/line-2");
    expect(grantText([])).toBe("nothing");
  });

  it("knows what a limit takes from a role", () => {
    const rules = ["read-plant", "write-plant", "sign", "read-config"].map((permission) => ({ permission, under: [""] }));
    expect(lostByLimit({ role: "x", built_in: false, description: "", rules })).toEqual(["sign", "read-config"]);
  });
});

describe("hints about a password", () => {
  const met = (password: string) => passwordHints(password, ["ada.brandt", "Ada Brandt"]).map((hint) => hint.met);
  it.each([
    ["", [false, false, false]],
    ["plum carpet windmill", [true, true, true]],
    ["short", [false, true, true]],
    ["brandt carpet mill", [true, false, true]],
    ["carpet 1234 windmill", [true, true, false]],
    ["carpet dcba windmill", [true, true, false]],
    ["carpet aaaa windmill", [true, true, false]],
    ["qwertzuiopasdf", [true, true, false]],
  ])("%j", (password, expected) => expect(met(password)).toEqual(expected));

  it("counts characters, not bytes or halves of them", () => expect(passwordHints("😀".repeat(11), [])[0]?.met).toBe(false));
});

describe("a made-up password", () => {
  it("has four groups of five and nothing that is easily mixed up", () => expect(madeUpPassword()).toMatch(/^([a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/));

  it("takes no byte that would make some letters likelier than others", () => {
    const bytes = [255, 0, 254, 1, 248, 247];
    const text = madeUpPassword((room) => room.map((_, at) => bytes[at % bytes.length]!));
    expect(text.slice(0, 5)).toBe("ab9ab"); // 255, 254 and 248 are left out; 247 is the last of 31 × 8
  });
});

describe("QR code", () => {
  it("draws each run of dark modules once, inside a quiet zone of four", () => {
    expect(qrPath(["1101", "0000", "0010", "1111"])).toEqual({ size: 12, path: "M4 4h2v1h-2zM7 4h1v1h-1zM6 6h1v1h-1zM4 7h4v1h-4z" });
  });
});

it("groups a secret by four, so that it can be typed", () => expect(grouped("JBSWY3DPEH")).toBe("JBSW Y3DP EH"));

describe("where to go after signing in", () => {
  it.each([
    ["#/tags?under=acme", "#/tags?under=acme"],
    [null, "#/overview"],
    ["https://elsewhere.example", "#/overview"],
    ["//elsewhere.example", "#/overview"],
    ["javascript:alert(1)", "#/overview"],
    ["#/login?next=x", "#/overview"],
    ["#/setup?secret=x", "#/overview"],
  ])("%j leads to %j", (next, expected) => expect(safeNext(next)).toBe(expected));
});

describe("states in words", () => {
  const account = { enabled: true, locked_until_ms: null, expires_ms: null, password_due: false };
  it.each([
    [{}, "in use", "calm"],
    [{ locked_until_ms: 2_000 }, "locked", "warn"],
    [{ locked_until_ms: 1_000 }, "in use", "calm"],
    [{ password_due: true }, "password due", "off"],
    [{ expires_ms: 1_000, locked_until_ms: 2_000 }, "expired", "off"],
    [{ enabled: false, expires_ms: 500 }, "disabled", "off"],
  ])("an account with %j is %s", (more, word, tone) => expect(accountLook({ ...account, ...more }, 1_000)).toMatchObject({ word, tone }));

  const day = 86_400_000;
  it.each([
    [{ revoked: false, expires_ms: null }, "in use"],
    [{ revoked: false, expires_ms: 31 * day }, "in use"],
    [{ revoked: false, expires_ms: 29 * day }, "ends soon"],
    [{ revoked: false, expires_ms: 0 }, "expired"],
    [{ revoked: true, expires_ms: null }, "revoked"],
  ])("a token with %j is %s", (token, word) => expect(tokenLook(token, 0).word).toBe(word));

  it.each([
    [null, "never"],
    [999_970_000, "just now"],
    [999_850_000, "2 min ago"],
    [992_000_000, "2 h ago"],
    [800_000_000, "2 d ago"],
  ])("%j was %s", (ms, expected) => expect(ago(ms, 1_000_000_000)).toBe(expected));

  it("says what somebody may do by the farthest that he may", () => {
    const may = (...words: string[]) => aboutRole({ permissions: words.map((permission) => ({ permission, under: [""] })) });
    expect(may("read-plant", "read-node")).toBe("looks at the plant");
    expect(may("read-plant", "write-plant")).toBe("operates the plant");
    expect(may("read-plant", "write-plant", "change-config")).toBe("changes the plant");
    expect(may("own-account")).toBe("has no permissions yet");
  });
});

describe("days of a date field", () => {
  it("is the last second of the day, here, and comes back as the same day", () => {
    const ms = endOfDay("2026-11-20")!;
    expect(toDay(ms)).toBe("2026-11-20");
    expect(toDay(ms + 1_000)).toBe("2026-11-21");
    expect(endOfDay("")).toBeUndefined();
    expect(toDay(null)).toBe("");
  });
});

describe("browsers", () => {
  it.each([
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"],
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Linux"],
    ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"],
    ["curl/8.5.0", "curl/8.5.0"],
    ["", "unknown"],
  ])("%s", (agent, expected) => expect(browserOf(agent)).toBe(expected));
});

describe("names the node takes", () => {
  it.each(["", "ada", "Ada.Brandt@acme", "mes-orders_2"])("%j", (name) => expect(nameMistake(name)).toBeNull());
  it.each(["Ada Brandt", "jörg", "a/b", "token:x"])("not %j", (name) => expect(nameMistake(name)).not.toBeNull());
  it("a role has small letters", () => {
    expect(roleMistake("filler-crew")).toBeNull();
    expect(roleMistake("Filler")).not.toBeNull();
  });
});
