// Writes dist/manifest-sources.json: what the committed build was made from.
// A test of the workspace recomputes it, so that a stale dist fails instead of being shipped.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const single = [
  "index.html",
  "package.json",
  "package-lock.json",
  "vite.config.ts",
  "svelte.config.js",
  "tsconfig.json",
  "scripts/built.mjs",
  "scripts/manifest.mjs",
  "scripts/worker.js",
];

function below(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? below(path) : [path];
  });
}

const paths = [...below("public"), ...below("src"), ...single.filter((path) => existsSync(join(root, path)))];
// Byte order, not the locale's: the test that compares must not depend on a machine's language.
paths.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

const files = {};
for (const path of paths) {
  files[path] = createHash("sha256").update(readFileSync(join(root, path))).digest("hex");
}
writeFileSync(join(root, "dist/manifest-sources.json"), `${JSON.stringify({ files }, null, 1)}\n`);
console.log(`dist/manifest-sources.json: ${paths.length} sources`);
