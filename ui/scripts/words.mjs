// Every text of the page in every language: npm run check, or for a part of it: node scripts/words.mjs src/parts/Field.svelte …
//
// Reads all .svelte and .ts files with the compiler of Svelte, and says
// - which text is missing in a catalog (src/lang/CODE/*.json), or has other placeholders there,
// - which entry of a catalog nobody uses (only when everything is read),
// - which text is shown without going through t() or tn().
// What is rightly the same in every language stands in words-same.json, with the reason.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "svelte/compiler";

const HERE = dirname(fileURLToPath(import.meta.url));
const UI = join(HERE, "..");

/** Attributes of elements and of our own components that a person reads. */
const READ = new Set(["label", "title", "placeholder", "alt", "aria-label", "aria-description", "aria-roledescription", "hint", "empty", "loading", "caption", "action", "none", "summary", "heading"]);
/** Members of objects that end up on the screen. */
const READ_MEMBERS = new Set(["label", "title", "word", "hint", "placeholder", "remedy", "caption"]);
/** What stands in them is what a machine says or what is typed. */
const VERBATIM = new Set(["code", "kbd", "pre", "samp", "style", "script"]);

const SKIPPED = new Set(["parent", "loc", "metadata", "css"]);
/** Around TypeScript, so that one compiler reads both. */
const SHELL = '<script lang="ts">';

const hasWord = (text) => /\p{L}{2,}/u.test(text.replace(/&\w+;/g, " "));
const lineAt = (source, at) => source.slice(0, at).split("\n").length;

/** The texts that an expression can become: `a ? "x" : "y"` are two. Null for what is not written here. */
function texts(node) {
  if (node === null || node === undefined) return [];
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string" ? [{ text: node.value, at: node.start }] : [];
    case "TemplateLiteral":
      return [
        ...node.quasis.map((part) => ({ text: part.value.cooked ?? "", at: part.start, part: node.quasis.length > 1 })),
        ...node.expressions.flatMap((one) => texts(one)),
      ];
    case "ConditionalExpression":
      return [...texts(node.consequent), ...texts(node.alternate)];
    case "LogicalExpression":
    case "BinaryExpression":
      return node.type === "LogicalExpression" || node.operator === "+" ? [...texts(node.left), ...texts(node.right)] : [];
    case "TSAsExpression":
    case "TSNonNullExpression":
    case "TSSatisfiesExpression":
    case "ParenthesizedExpression":
      return texts(node.expression);
    case "ExpressionTag":
      return texts(node.expression);
    case "Text":
      return [{ text: node.data, at: node.start }];
    default:
      return [];
  }
}

/** The keys that the first arguments of a call of t or tn can be; `unclear` when they are not written there. */
function keysOf(call, name) {
  const all = (node) => {
    if (node?.type === "ConditionalExpression") {
      const [yes, no] = [all(node.consequent), all(node.alternate)];
      return yes === null || no === null ? null : [...yes, ...no];
    }
    if (node?.type === "TSAsExpression" || node?.type === "TSNonNullExpression") return all(node.expression);
    if (node?.type === "Literal" && typeof node.value === "string") return [node.value];
    if (node?.type === "TemplateLiteral" && node.expressions.length === 0) return [node.quasis[0].value.cooked];
    return null;
  };
  if (name === "t") return all(call.arguments[0]);
  const [one, other] = [all(call.arguments[1]), all(call.arguments[2])];
  return one?.length === 1 && other?.length === 1 ? [`${one[0]}|${other[0]}`] : null;
}

const holes = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]))].sort();

/** The names that a call gives values for; null when that cannot be seen here. */
function valuesOf(call, name) {
  const given = call.arguments[name === "t" ? 1 : 3];
  const own = name === "tn" ? ["n"] : [];
  if (given === undefined) return own;
  if (given.type !== "ObjectExpression" || given.properties.some((one) => one.type !== "Property")) return null;
  return [...own, ...given.properties.map((one) => one.key.name ?? one.key.value)];
}

/** What one file says: `used` keys with their lines, and `bare` texts that do not go through t or tn. */
export function readWords(text, file) {
  // What stands around TypeScript is on its first line, so that lines stay what they are.
  const source = file.endsWith(".svelte") ? text : `${SHELL}${text}\n</script>`;
  const used = [];
  const bare = [];
  const told = new Set();
  const say = (text, at, why) => {
    const line = lineAt(source, at);
    const key = `${line}:${text}`;
    if (told.has(key)) return;
    told.add(key);
    bare.push({ text: text.trim().replace(/\s+/g, " "), line, why });
  };
  const sayAll = (list, why) => list.forEach(({ text, at }) => hasWord(text) && say(text, at, why));

  /** Inside of <Words>, whose children fill the holes. */
  let filled = false;
  const called = (node) => {
    const name = node.callee?.type === "Identifier" ? node.callee.name : null;
    if (name !== "t" && name !== "tn") return;
    const keys = keysOf(node, name);
    if (keys === null) return say(source.slice(node.start, Math.min(node.end, node.start + 60)), node.start, "the text is not written in the call");
    const given = filled ? null : valuesOf(node, name);
    for (const key of keys) {
      used.push({ key, line: lineAt(source, node.start) });
      const missing = given === null ? [] : holes(key).filter((hole) => !given.includes(hole));
      if (missing.length > 0) say(key, node.start, `no value for {${missing.join("}, {")}}`);
    }
  };

  const walk = (node, verbatim, markup) => {
    if (node === null || typeof node !== "object") return;
    if (Array.isArray(node)) return node.forEach((one) => walk(one, verbatim, markup));
    if (typeof node.type !== "string") return Object.values(node).forEach((one) => walk(one, verbatim, markup));
    let inside = verbatim;
    switch (node.type) {
      case "CallExpression":
        called(node);
        break;
      case "Text":
        if (markup && !verbatim) sayAll(texts(node), "text");
        return;
      case "ExpressionTag":
        if (markup && !verbatim) sayAll(texts(node.expression), "text");
        break;
      case "StyleDirective":
      case "ClassDirective":
        return walk(node.value ?? node.expression, verbatim, false);
      case "Attribute": {
        const values = Array.isArray(node.value) ? node.value : node.value === true ? [] : [node.value];
        if (READ.has(node.name)) sayAll(values.flatMap(texts), node.name);
        return values.forEach((one) => walk(one.type === "ExpressionTag" ? one.expression : one, verbatim, false));
      }
      case "Property":
        if (node.value !== undefined && READ_MEMBERS.has(node.key?.name ?? node.key?.value)) sayAll(texts(node.value), node.key.name ?? node.key.value);
        break;
      case "AssignmentPattern":
        if (node.left.type === "Identifier" && (READ.has(node.left.name) || READ_MEMBERS.has(node.left.name))) sayAll(texts(node.right), node.left.name);
        break;
      case "RegularElement":
        inside = verbatim || VERBATIM.has(node.name);
        break;
      case "ImportDeclaration":
      case "TSTypeAliasDeclaration":
      case "TSInterfaceDeclaration":
      case "TSTypeAnnotation":
        return;
    }
    const before = filled;
    if (node.type === "Component") filled = node.name === "Words";
    for (const [key, value] of Object.entries(node)) {
      if (!SKIPPED.has(key)) walk(value, inside, markup);
    }
    filled = before;
  };

  const root = parse(source, { modern: true, filename: file });
  walk(root.fragment, false, true);
  for (const script of [root.instance, root.module]) if (script) walk(script.content, false, false);
  return { used, bare };
}

function filesBelow(folder, wanted) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path, wanted);
    return wanted(path) ? [path] : [];
  });
}

/** The catalogs by language, and what is wrong with them by themselves. */
export function readCatalogs(folder) {
  const catalogs = new Map();
  const wrong = [];
  for (const code of readdirSync(folder)) {
    const all = new Map();
    for (const path of filesBelow(join(folder, code), (one) => one.endsWith(".json"))) {
      const area = `${code}/${relative(join(folder, code), path)}`;
      let entries;
      try {
        entries = JSON.parse(readFileSync(path, "utf8"));
      } catch (cause) {
        wrong.push(`${area}: ${cause.message}`);
        continue;
      }
      for (const [key, text] of Object.entries(entries)) {
        const before = all.get(key);
        if (before !== undefined && before.text !== text) wrong.push(`${area}: "${key}" is another text in ${before.area}`);
        if (before === undefined) all.set(key, { text, area });
        if (typeof text !== "string" || text === "") wrong.push(`${area}: "${key}" has no text`);
        else wrong.push(...mistakesIn(key, text).map((why) => `${area}: "${key}" ${why}`));
      }
    }
    catalogs.set(code, all);
  }
  return { catalogs, wrong };
}

/** What is wrong with a translation as far as it can be counted: placeholders and forms. */
export function mistakesIn(key, text) {
  const out = [];
  const [ours, theirs] = [holes(key), holes(text)];
  // One form may say "one" instead of the number.
  const lost = ours.filter((one) => !theirs.includes(one));
  const made = theirs.filter((one) => !ours.includes(one));
  if (lost.length > 0) out.push(`lost {${lost.join("}, {")}}`);
  if (made.length > 0) out.push(`has {${made.join("}, {")}}, which nobody fills`);
  if (key.split("|").length !== text.split("|").length) out.push("has another number of forms");
  return out;
}

function main(asked) {
  const whole = asked.length === 0;
  const isOurs = (path) => /\.(svelte|ts)$/.test(path) && !/\.test\.ts$|\.d\.ts$/.test(path);
  const files = whole ? filesBelow(join(UI, "src"), isOurs) : asked.map((one) => resolve(one)).flatMap((one) => (statSync(one).isDirectory() ? filesBelow(one, isOurs) : isOurs(one) ? [one] : []));
  const same = JSON.parse(readFileSync(join(HERE, "words-same.json"), "utf8"));
  const { catalogs, wrong } = readCatalogs(join(UI, "src/lang"));
  const used = new Set();
  const exempted = new Set();
  for (const path of files) {
    const file = relative(UI, path).replaceAll("\\", "/");
    let words;
    try {
      words = readWords(readFileSync(path, "utf8"), file);
    } catch (cause) {
      wrong.push(`${file}: ${cause.message}`);
      continue;
    }
    for (const { text, line, why } of words.bare) {
      const exempt = same.findIndex((one) => (one.file === undefined || one.file === file || (one.file.endsWith("/") && file.startsWith(one.file))) && (one.texts === undefined || one.texts.includes(text)));
      if (exempt < 0) wrong.push(`${file}:${line}: not translated (${why}): ${text}`);
      else exempted.add(same[exempt]);
    }
    for (const { key, line } of words.used) {
      used.add(key);
      for (const [code, all] of catalogs) if (!all.has(key)) wrong.push(`${file}:${line}: no ${code} for: ${key}`);
    }
  }
  if (whole) {
    for (const [code, all] of catalogs) for (const [key, { area }] of all) if (!used.has(key)) wrong.push(`${area}: nobody uses "${key}"`);
    for (const one of same) if (!exempted.has(one)) wrong.push(`words-same.json: nothing is exempted by ${JSON.stringify(one)}`);
    if (catalogs.size === 0) wrong.push("src/lang: there is no language but English");
  }
  for (const one of wrong) console.error(one);
  console.error(`${files.length} files, ${used.size} texts, ${[...catalogs].map(([code, all]) => `${code} ${all.size}`).join(", ")}: ${wrong.length === 0 ? "all there" : `${wrong.length} to do`}`);
  return wrong.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
