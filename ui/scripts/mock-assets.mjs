// The made-up plant as assets. The node knows more ways to tell what a tag is for; here its name has to do.

const LIMITS = { pressure: { low: 1, high: 9 }, temperature: { high: 90, high_high: 105 }, vibration: { high: 4.5, high_high: 7.1, from: 0, to: 9 }, power: { from: 0, to: 400 } };
const LEVELS = ["enterprise", "enterprise", "site", "area", "line"];
const NUMERIC = /^[iuf]\d/;

/** `tree` lists a level of the plant, `under` the tags below a path, `show` a tag with its last value. */
export function assetAnswer(ask, { tree, under, show }) {
  const point = (tag, role) => {
    const name = tag.tag.split("/").at(-1);
    const known = Object.keys(LIMITS).find((word) => name.includes(word));
    return { ...show(tag), role, limits: role === "value" && known !== undefined ? LIMITS[known] : null, setpoint: null };
  };
  const own = (path) => under(path).filter((tag) => !tag.tag.slice(path.length + 1).includes("/"));
  const folders = (path) => tree(path, 1, "exclude").children.filter((child) => child.folder);
  const roleOf = (tag) => {
    if (tag.access !== "read") return "setpoint";
    if (/count|total|hours|energy/.test(tag.tag)) return "counter";
    return NUMERIC.test(tag.type) && tag.unit !== null ? "value" : "other";
  };

  function asset(node, levels) {
    const inside = node.path === "" ? tree("", 1, "exclude").children : folders(node.path);
    const leaf = inside.length === 0;
    const tags = node.path === "" ? [] : own(node.path);
    const state = tags.find((tag) => tag.type === "bool" && /run|_on$/.test(tag.tag)) ?? tags.find((tag) => tag.type === "text");
    const values = tags.filter((tag) => roleOf(tag) === "value").slice(0, 4);
    const depth = node.path === "" ? 0 : node.path.split("/").length;
    return {
      path: node.path, name: node.name, title: null, level: leaf ? "machine" : LEVELS[Math.min(depth, 4)],
      type: leaf ? node.name.replace(/[-_\d]+$/, "") : null, type_title: null, inferred: true, leaf,
      state: state === undefined ? null : point(state, "state"), states: null, values: values.map((tag) => point(tag, "value")),
      abnormal: 0, tags: node.tags, bad: node.bad, uncertain: node.uncertain,
      ...(levels > 0 ? { children: inside.map((child) => asset(child, levels - 1)) } : {}),
    };
  }

  let path = (ask.get("under") ?? "").replace(/^\/|\/$/g, "");
  for (;;) {
    const inside = tree(path, 1, "exclude").children;
    if (ask.get("start") !== "choice" || ask.has("under") || inside.length !== 1 || !inside[0].folder || folders(inside[0].path).length === 0) break;
    path = inside[0].path;
  }
  const whole = tree(path, 1, "exclude").children.reduce(
    (sum, child) => ({ ...sum, tags: sum.tags + child.tags, bad: sum.bad + child.bad, uncertain: sum.uncertain + child.uncertain }),
    { path, name: path.split("/").at(-1), tags: 0, bad: 0, uncertain: 0 },
  );
  const words = (ask.get("search") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const levels = words.length > 0 ? 8 : Number(ask.get("levels") ?? 1);
  const answer = asset(whole, levels);
  if (words.length > 0) {
    const all = [];
    const walk = (one) => {
      const { children, ...rest } = one;
      if (one.path !== "" && words.every((word) => one.path.toLowerCase().includes(word)) && one.name.toLowerCase().includes(words.at(-1))) all.push(rest);
      children?.forEach(walk);
    };
    walk(answer);
    answer.children = all.slice(0, Number(ask.get("limit") ?? 500));
  }
  const above = path.split("/").slice(0, -1).map((_, at, all) => ({ path: all.slice(0, at + 1).join("/"), title: null }));
  return { ...answer, above, children: answer.children ?? [], next: null, members: path === "" ? [] : own(path).map((tag) => point(tag, roleOf(tag))) };
}
