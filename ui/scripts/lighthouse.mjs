// Lighthouse on every screen: performance, accessibility, best practices.
//
//   npm install --prefix /tmp/lighthouse lighthouse@12
//   LIGHTHOUSE=/tmp/lighthouse LINESHAFT_URL=http://127.0.0.1:8080 node scripts/lighthouse.mjs [screen …]
//
// Needs a node that lets whoever comes over loopback in, as `lineshaft demo` does. Exits with 1 below the goals.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SCREENS } from "../e2e/screens.mjs";

const { LIGHTHOUSE, LINESHAFT_URL } = process.env;
if (!LIGHTHOUSE || !LINESHAFT_URL) {
  console.error("set LIGHTHOUSE to the folder it was installed in and LINESHAFT_URL to the address of a node");
  process.exit(1);
}
const GOALS = { performance: 95, accessibility: 100, "best-practices": 95 };
const folder = mkdtempSync(join(tmpdir(), "lighthouse-"));
const wanted = process.argv.slice(2);
let failed = false;
for (const { name, hash: address } of SCREENS.filter((one) => wanted.length === 0 || wanted.includes(one.name))) {
  const hash = typeof address === "function" ? await address() : address;
  const report = join(folder, `${name}.json`);
  execFileSync(
    join(LIGHTHOUSE, "node_modules/.bin/lighthouse"),
    [`${LINESHAFT_URL}/${hash}`, "--quiet", "--output=json", `--output-path=${report}`, "--preset=desktop", `--only-categories=${Object.keys(GOALS).join(",")}`, "--chrome-flags=--headless=new --no-sandbox --disable-gpu"],
    { env: { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? "/usr/bin/chromium" }, stdio: ["ignore", "ignore", "inherit"] },
  );
  const { categories, audits } = JSON.parse(readFileSync(report, "utf8"));
  const scores = Object.entries(GOALS).map(([category, least]) => ({ category, least, score: Math.round(categories[category].score * 100) }));
  console.log(`${name}: ${scores.map(({ category, score }) => `${category} ${score}`).join(", ")}`);
  for (const { category, least, score } of scores.filter((one) => one.score < one.least)) {
    failed = true;
    const lost = categories[category].auditRefs.filter(({ id, weight }) => weight > 0 && (audits[id].score ?? 1) < 1).map(({ id }) => `${id} ${audits[id].displayValue ?? ""}`);
    console.log(`  ${category} below ${least}: ${lost.join("; ")}`);
  }
}
process.exit(failed ? 1 : 0);
