// Whether what is written can be read: the pairs of ink and ground of tokens.css, by the formula of WCAG 2.2.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const css = readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../src/styles/tokens.css"), "utf8");

/** The colours of a theme; what it does not name is that of the light one. */
function colours(theme) {
  const all = {};
  for (const [, selector, body] of css.matchAll(/^(:root[^{]*)\{([^}]*)\}/gm)) {
    if (selector.trim() !== ":root" && !selector.includes(`data-theme="${theme}"`)) continue;
    for (const [, name, value] of body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)) all[name] = value;
  }
  return all;
}

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const GROUNDS = ["page", "panel", "raised", "sunk"];
const WRITTEN = [
  ...["ink", "ink-2", "ink-3", "accent", "bad", "warn"].flatMap((ink) => GROUNDS.map((ground) => [ink, ground])),
  ["ink", "accent-soft"], ["bad-ink", "bad-soft"], ["warn-ink", "warn-soft"], ["accent-ink", "accent"],
  ...[1, 2, 3, 4].map((n) => [`prio-${n}-ink`, `prio-${n}`]),
];
const DRAWN = ["line-strong", "shape", "curve", ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `pen-${n}`), ...[1, 2, 3, 4].map((n) => `prio-${n}`)].flatMap((mark) => ["panel", "raised"].map((ground) => [mark, ground]));

it.each([["light", 4.5], ["dark", 4.5], ["contrast", 7]])("what is written in the theme %s has %d:1, what is drawn 3:1", (theme, least) => {
  const of = colours(theme);
  const weak = (pairs, limit) => pairs.map(([a, b]) => [`${a} on ${b}`, contrast(of[a], of[b])]).filter(([, ratio]) => !(ratio >= limit)).map(([pair, ratio]) => `${pair} ${ratio.toFixed(2)}`);
  expect(weak(WRITTEN, least)).toEqual([]);
  expect(weak(DRAWN, 3)).toEqual([]);
});

it("knows that black on white is 21:1", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
});
