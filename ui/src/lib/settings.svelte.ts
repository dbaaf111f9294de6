// How this person wants the page: language, time zone, theme, density, form of numbers, where it begins. Kept with the
// account on the node (`account/settings`), and in this browser: for the first paint, and for whoever has no account.
import { get, Problem, send } from "./api";
import { firstLanguage, language, LANGUAGES, type Language } from "./language.svelte";
import { knownZone, locale, type Numbers } from "./locale.svelte";
import { session } from "./session.svelte";

export type ThemeChoice = "light" | "dark" | "contrast" | "system";
export type Theme = Exclude<ThemeChoice, "system">;
export type Density = "desk" | "touch" | "wall";

/** As `account/settings` writes it; null is "as this browser has it". */
export interface Settings {
  language: Language | null;
  time_zone: string | null;
  theme: ThemeChoice;
  density: Density;
  numbers: Numbers;
  /** Where the page begins: an address inside it, with its `#`. */
  home: string | null;
}

export const DEFAULTS: Readonly<Settings> = { language: null, time_zone: null, theme: "system", density: "desk", numbers: "plain", home: null };

const KEY = "lineshaft.settings";
/** Where the theme alone was kept before there were settings. */
const KEY_THEME = "lineshaft.theme";
/** Several changes in a row are one request. */
const SEND_AFTER_MS = 400;

const THEMES: readonly string[] = ["light", "dark", "contrast", "system"];
const DENSITIES: readonly string[] = ["desk", "touch", "wall"];

/** What can be used of what was found: from an older page, a newer node, or a hand in the browser's storage. */
export function readSettings(found: unknown): Settings {
  const said = (typeof found === "object" && found !== null ? found : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof said[key] === "string" ? (said[key] as string) : "");
  const code = text("language");
  const zone = text("time_zone");
  return {
    language: code in LANGUAGES ? (code as Language) : null,
    time_zone: zone !== "" && knownZone(zone) ? zone : null,
    theme: THEMES.includes(text("theme")) ? (text("theme") as ThemeChoice) : DEFAULTS.theme,
    density: DENSITIES.includes(text("density")) ? (text("density") as Density) : DEFAULTS.density,
    numbers: text("numbers") === "language" ? "language" : DEFAULTS.numbers,
    home: /^#\/(?!login|setup)/.test(text("home")) ? text("home") : null,
  };
}

/** Whether nothing of it was ever chosen: the node answers the same for whoever has no settings yet. */
export function isDefault(settings: Settings): boolean {
  return Object.entries(DEFAULTS).every(([key, value]) => settings[key as keyof Settings] === value);
}

function kept(): Settings {
  try {
    const text = localStorage.getItem(KEY);
    if (text !== null) return readSettings(JSON.parse(text));
    return readSettings({ theme: localStorage.getItem(KEY_THEME) });
  } catch {
    return { ...DEFAULTS }; // storage can be forbidden, or hold something else; the page works without
  }
}

class Chosen {
  private all = $state.raw<Settings>({ ...DEFAULTS });
  private dark = $state(false);
  private contrast = $state(false);
  /** Why the account did not take the last change; it holds in this browser. */
  problem = $state.raw<Problem | null>(null);
  /** Whether they are kept with the account, or in this browser alone. */
  stored = $state<"account" | "browser">("browser");

  private timer: ReturnType<typeof setTimeout> | null = null;
  private whose: string | null = null;
  private asked = 0;

  /** The language that is shown. */
  get language(): Language {
    return language.code;
  }

  /** The zone that times are shown in; "" is the one of this browser. */
  get timeZone(): string {
    return this.all.time_zone ?? "";
  }

  get theme(): Theme {
    if (this.all.theme !== "system") return this.all.theme;
    if (this.contrast) return "contrast";
    return this.dark ? "dark" : "light";
  }

  get density(): Density {
    return this.all.density;
  }

  /** What the height of rows is multiplied by: `--rows` of tokens.css. */
  get rows(): number {
    return { desk: 1, touch: 1.15, wall: 1.6 }[this.all.density];
  }

  get numbers(): Numbers {
    return this.all.numbers;
  }

  get home(): string | null {
    return this.all.home;
  }

  /** What was chosen, not what comes of it. */
  get chosen(): Readonly<Settings> {
    return this.all;
  }

  /** What the desk prefers when nothing is chosen. */
  get preferred(): Theme {
    return this.contrast ? "contrast" : this.dark ? "dark" : "light";
  }

  /** To be called once, before the first paint; resolves when the words are there. */
  async start(): Promise<void> {
    const follow = (query: string, take: (matches: boolean) => void) => {
      const list = matchMedia(query);
      take(list.matches);
      list.addEventListener("change", () => {
        take(list.matches);
        this.paint();
      });
    };
    follow("(prefers-color-scheme: dark)", (matches) => (this.dark = matches));
    follow("(prefers-contrast: more)", (matches) => (this.contrast = matches));
    addEventListener("storage", (event) => event.key === KEY && void this.apply(kept()));
    await this.apply(kept());
    $effect.root(() => {
      $effect(() => {
        const account = session.known && session.state === "live" ? session.account : null;
        if (account !== this.whose) void this.load(account);
      });
    });
  }

  /** Takes over some of them: at once here, soon on the node. */
  change(some: Partial<Settings>): void {
    const next = readSettings({ ...this.all, ...some });
    this.keep(next);
    void this.apply(next);
    if (this.stored !== "account") return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.put(), SEND_AFTER_MS);
  }

  /** Sends what the account did not take, once more. */
  async put(): Promise<void> {
    this.timer = null;
    const whose = this.whose;
    try {
      await send("PUT", "account/settings", this.all);
      this.problem = null;
    } catch (cause) {
      if (whose === this.whose) this.problem = Problem.of(cause);
    }
  }

  private async load(account: string | null): Promise<void> {
    this.whose = account;
    this.problem = null;
    this.stored = "browser";
    if (this.timer !== null) clearTimeout(this.timer);
    // An answer that is still under way was for somebody else.
    const turn = ++this.asked;
    if (account === null) return;
    try {
      const found = readSettings(await get<unknown>("account/settings"));
      if (turn !== this.asked) return;
      this.stored = "account";
      // Who has never chosen anything keeps what this screen has: the language, above all, in which he signed in.
      if (isDefault(found)) return;
      this.keep(found);
      await this.apply(found);
    } catch {
      // A token, a visitor, an older node: what this browser keeps is good enough.
    }
  }

  private keep(next: Settings): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
      localStorage.removeItem(KEY_THEME);
    } catch {
      // See kept().
    }
  }

  private async apply(next: Settings): Promise<void> {
    this.all = next;
    locale.zone = next.time_zone ?? "";
    locale.numbers = next.numbers;
    this.paint();
    const code = firstLanguage(next.language, navigator.languages);
    if (code === language.wanted && document.documentElement.lang === code) return;
    try {
      await language.use(code);
    } catch {
      // The words could not be loaded; English is always there.
    }
  }

  private paint(): void {
    document.documentElement.dataset.theme = this.theme;
    document.documentElement.dataset.density = this.density;
  }
}

export const settings = new Chosen();
