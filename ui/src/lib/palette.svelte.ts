// The palette's answers: what this page knows, what the node finds, what was used lately.
import { api, get, Problem, type Device, type Tag } from "./api";
import { readAssets, type Asset } from "./assets";
import { formatUnit, humanName, leaf, parent, relative } from "./format";
import { LANGUAGES, language, type Language, t } from "./language.svelte";
import { node } from "./node.svelte";
import { type Entry, type Kept, rank, readKept, remember, type Section } from "./palette";
import { hasPage } from "./pages";
import { loginLink, overviewLink, tagsLink, trendLink } from "./route";
import { router } from "./router.svelte";
import { isOffered, SCREENS } from "./screens";
import { session } from "./session.svelte";
import { type Density, settings, type ThemeChoice } from "./settings.svelte";
import { shell } from "./shell.svelte";

/** Typing goes on: the node is asked when it pauses. */
const SETTLE_MS = 120;
/** More than is shown, so that what begins with the word can be put before what only has it inside. */
const TAGS_ASKED = 60;
const MACHINES_ASKED = 12;
const PAGES_ASKED = 6;

interface ManualHit {
  page: string;
  title: string;
  heading: { id: string; title: string } | null;
  excerpt: string;
}

export class Palette {
  query = $state("");
  active = $state(0);
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  private found = $state.raw<Entry[]>([]);
  private devices = $state.raw<Device[]>([]);
  private recent = $state.raw<Kept[]>([]);
  private abort = new AbortController();
  /** What is asked for once: typing must not end it. */
  private readonly life = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly sections = $derived<Section[]>(rank(this.query, this.all(), this.used()));
  readonly flat = $derived(this.sections.flatMap((section) => section.entries));

  constructor() {
    this.recent = readKept(stored());
    if (session.may("read-node")) {
      api.devices(this.life.signal).then((devices) => (this.devices = devices), () => {});
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort.abort();
    this.life.abort();
  }

  /** To be called with every change of the text. */
  typed(): void {
    this.active = 0;
    clearTimeout(this.timer);
    this.abort.abort();
    this.abort = new AbortController();
    this.problem = null;
    this.busy = false;
    const asked = this.query.trim();
    if (asked === "") {
      this.found = [];
      return;
    }
    this.busy = true;
    const signal = this.abort.signal;
    this.timer = setTimeout(() => void this.search(asked, signal), SETTLE_MS);
  }

  step(by: number): void {
    const count = this.flat.length;
    if (count > 0) this.active = (this.active + by + count) % count;
  }

  /** Does what an entry is for, and remembers it. */
  pick(entry: Entry, which: "link" | "other" = "link"): void {
    this.recent = remember(this.recent, entry);
    store(this.recent);
    const link = which === "other" ? (entry.other?.link ?? entry.link) : entry.link;
    if (entry.run !== undefined) entry.run();
    else if (link !== undefined) router.go(link);
  }

  private all(): Entry[] {
    return [...screens(), ...this.devices.map(deviceEntry), ...actions(), ...this.found];
  }

  /** What was used lately and is still there to be used. */
  private used(): Entry[] {
    const here = new Map([...screens(), ...actions()].map((entry) => [entry.id, entry]));
    return this.recent.flatMap((kept): Entry[] => {
      const entry = here.get(kept.id);
      if (entry !== undefined) return [entry];
      return kept.link === undefined || kept.kind === "screen" ? [] : [kept];
    });
  }

  private async search(asked: string, signal: AbortSignal): Promise<void> {
    const mayRead = session.may("read-plant");
    const diagnostics = asked.includes("_") ? "include" : "exclude";
    const [tags, machines, pages] = await Promise.allSettled([
      mayRead ? api.tags({ search: asked, diagnostics, limit: TAGS_ASKED }, signal).then((page) => page.tags.map(tagEntry)) : [],
      mayRead ? readAssets({ search: asked, limit: MACHINES_ASKED, values: "none" }, signal).then((answer) => answer.children.map(machineEntry)) : [],
      hasPage("manual") ? get<ManualHit[]>("manual/search", { q: asked, language: language.code, limit: PAGES_ASKED }, signal).then((hits) => hits.map(pageEntry)) : [],
    ]);
    if (signal.aborted) return;
    const of = <T>(result: PromiseSettledResult<T[]>): T[] => (result.status === "fulfilled" ? result.value : []);
    this.found = [...of(machines), ...of(tags), ...of(pages)];
    this.problem = tags.status === "rejected" ? Problem.of(tags.reason) : null;
    this.busy = false;
    this.active = 0;
  }
}

function screens(): Entry[] {
  return SCREENS.filter((screen) => isOffered(screen, (permission) => (permission === "own-account" ? session.known : session.may(permission)), hasPage)).map((screen) => ({
    id: `screen:${screen.page}`,
    kind: "screen",
    icon: screen.icon,
    title: screen.title(),
    detail: "",
    words: screen.words(),
    link: `#/${screen.page}`,
    keys: screen.key === null ? undefined : `g ${screen.key}`,
  }));
}

function action(id: string, icon: Entry["icon"], title: string, words: string, run: () => void, keys?: string): Entry {
  return { id: `action:${id}`, kind: "action", icon, title, detail: "", words, run, keys };
}

function actions(): Entry[] {
  const themes: [ThemeChoice, Entry["icon"], string][] = [
    ["light", "sun", t("Light theme")],
    ["dark", "moon", t("Dark theme")],
    ["contrast", "eye", t("High contrast")],
  ];
  const densities: [Density, string][] = [
    ["desk", t("Density: desk")],
    ["touch", t("Density: touch")],
    ["wall", t("Density: wall, to be read from three metres")],
  ];
  const quiet = (run: () => Promise<unknown>) => () => void run().catch(() => {});
  const all = [
    ...themes.filter(([theme]) => theme !== settings.theme).map(([theme, icon, title]) => action(`theme-${theme}`, icon, title, t("theme colours night day"), () => settings.change({ theme }))),
    ...densities.filter(([density]) => density !== settings.density).map(([density, title]) => action(`density-${density}`, "settings", title, t("size large small wall tablet"), () => settings.change({ density }))),
    ...(Object.keys(LANGUAGES) as Language[])
      .filter((code) => code !== language.code)
      .map((code) => action(`language-${code}`, "manual", t("Language: {name}", { name: LANGUAGES[code] }), "language sprache", () => settings.change({ language: code }))),
    action("keys", "keyboard", t("Keys of this page"), t("keyboard shortcuts"), () => (shell.over = "keys"), "k"),
    action("help", "help", t("Help for this screen"), t("manual explain"), () => (shell.over = "help"), "?"),
    action("nav", "sidebar", t("Fold or unfold the navigation"), t("sidebar menu"), () => shell.fold(), "["),
  ];
  if (session.known && session.seen?.session != null) {
    if (session.seen.idle_means === "lock") all.push(action("lock", "lock", t("Lock"), t("leave the desk"), quiet(() => session.lock())));
    all.push(action("sign-out", "out", t("Sign out"), t("log out leave"), quiet(() => session.logout())));
  } else if (!session.known) {
    all.push(action("sign-in", "person", t("Sign in"), t("log in account"), () => router.go(loginLink(router.hash))));
  }
  return all;
}

const placeOf = (path: string) => relative(parent(path), node.path);

function tagEntry(tag: Tag): Entry {
  const unit = formatUnit(tag.unit);
  return {
    id: `tag:${tag.tag}`,
    kind: "tag",
    icon: "tags",
    title: leaf(tag.tag),
    detail: [placeOf(tag.tag), tag.description ?? "", unit].filter((part) => part !== "").join(" · "),
    words: tag.tag,
    link: tagsLink({ under: parent(tag.tag), tag: tag.tag, diagnostics: tag.tag.includes("/_") ? "include" : "exclude" }),
    other: { title: t("Trend"), link: trendLink({ tags: [tag.tag], range: "1h" }) },
    found: true,
  };
}

function machineEntry(asset: Asset): Entry {
  return {
    id: `machine:${asset.path}`,
    kind: "machine",
    icon: asset.leaf ? "machine" : "tree",
    title: asset.title ?? humanName(asset.name),
    detail: placeOf(asset.path),
    words: `${asset.path} ${asset.type ?? ""}`,
    link: overviewLink(asset.path),
    found: true,
  };
}

function deviceEntry(device: Device): Entry {
  return {
    id: `device:${device.device}`,
    kind: "device",
    icon: "devices",
    title: device.device,
    detail: `${device.driver} · ${device.endpoint}`,
    words: device.path,
    link: `#/devices/${encodeURIComponent(device.device)}`,
  };
}

function pageEntry(hit: ManualHit): Entry {
  return {
    id: `manual:${hit.page}#${hit.heading?.id ?? ""}`,
    kind: "manual",
    icon: "manual",
    title: hit.heading?.title ?? hit.title,
    detail: hit.heading === null ? hit.excerpt : `${hit.title} · ${hit.excerpt}`,
    link: `#/manual/${hit.page}${hit.heading === null ? "" : `?at=${encodeURIComponent(hit.heading.id)}`}`,
    found: true,
  };
}

/** Each person's own: what one looked for is nobody else's business at the same desk. */
const keyOf = () => `lineshaft.recent.${session.account ?? ""}`;

function stored(): string | null {
  try {
    return localStorage.getItem(keyOf());
  } catch {
    return null; // storage can be forbidden; the page works without
  }
}

function store(recent: Kept[]): void {
  try {
    localStorage.setItem(keyOf(), JSON.stringify(recent));
  } catch {
    // See above.
  }
}
