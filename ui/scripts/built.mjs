// What a build leaves beside the page: sw.js with the names of its files, and packages.json with the packages whose
// code is in it. Both are made from the bundle alone: the same sources make the same files.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
/** Code that the build adds by itself, by how its modules are called. */
const OF_THE_BUILD = { "\0vite/": "vite", "\0rolldown/": "rolldown" };

/** The folder of the package a module is from, or null when it is ours. */
function packageFolder(id) {
  for (const [start, name] of Object.entries(OF_THE_BUILD)) {
    if (id.startsWith(start)) return join(here, "../node_modules", name);
  }
  const path = id.replace(/\?.*$/, "").replace(/^\0/, "");
  const mark = "/node_modules/";
  const at = path.lastIndexOf(mark);
  if (at < 0) return null;
  const parts = path.slice(at + mark.length).split("/");
  return path.slice(0, at + mark.length) + parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/");
}

/** A repository as a person opens it: `git+https://github.com/a/b.git` and `github:a/b` are https://github.com/a/b. */
function address(repository, name) {
  const text = typeof repository === "string" ? repository : repository?.url;
  if (text === undefined) return `https://www.npmjs.com/package/${name}`;
  if (/^[\w-]+\/[\w.-]+$/.test(text)) return `https://github.com/${text}`;
  return text
    .replace(/^git\+/, "")
    .replace(/^github:/, "https://github.com/")
    .replace(/^(git|ssh):\/\/(git@)?/, "https://")
    .replace(/\.git$/, "");
}

/** The licence of a package that names none: MIT by its own words, in its file. Anything else is for a person to look at. */
function licenceText(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
  return text.includes("Permission is hereby granted, free of charge, to any person obtaining a copy") ? "MIT" : "unknown";
}

function packages(bundle) {
  const folders = new Set();
  for (const chunk of Object.values(bundle)) {
    if (chunk.type !== "chunk") continue;
    for (const [id, module] of Object.entries(chunk.modules)) {
      const folder = module.renderedLength > 0 || id.startsWith("\0") ? packageFolder(id) : null;
      if (folder !== null) folders.add(folder);
    }
  }
  const lines = [...folders].filter((folder) => existsSync(join(folder, "package.json"))).map((folder) => {
    const { name, version, license, repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { name, version, licence: license ?? licenceText(folder), repository: address(repository, name) };
  });
  const key = ({ name, version }) => `${name}@${version}`;
  lines.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return `[\n${lines.map((line) => JSON.stringify(line)).join(",\n")}\n]\n`;
}

/** The service worker, with the files of this build and a version that changes with them. */
function worker(bundle) {
  const files = Object.keys(bundle).filter((name) => name.startsWith("assets/")).sort();
  const source = readFileSync(join(here, "worker.js"), "utf8");
  const page = bundle["index.html"]?.source ?? "";
  const version = createHash("sha256").update(source).update(page).update(files.join("\n")).digest("hex").slice(0, 16);
  const filled = source.replace("__FILES__", JSON.stringify(files)).replace("__VERSION__", JSON.stringify(version));
  if (filled.includes("__FILES__") || filled.includes("__VERSION__")) throw new Error("worker.js names a mark twice");
  return filled;
}

export function built() {
  return {
    name: "lineshaft-built",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const sw = worker(bundle);
        this.emitFile({ type: "asset", fileName: "packages.json", source: packages(bundle) });
        this.emitFile({ type: "asset", fileName: "sw.js", source: sw });
      },
    },
  };
}
