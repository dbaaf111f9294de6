// Every screen: what it is called, where it stands in the navigation, and the key that leads to it.
import type { IconName } from "../parts/Icon.svelte";
import { t } from "./language.svelte";
import { needs, type Page } from "./route";

export type Group = "operate" | "build" | "prove" | "node";

export interface Screen {
  page: Page;
  icon: IconName;
  title: () => string;
  /** In the navigation; the others are reached from where they belong. */
  group: Group | null;
  /** The letter after `g`. */
  key: string | null;
  /** Further words one might look for. */
  words: () => string;
}

export const SCREENS: readonly Screen[] = [
  { page: "overview", icon: "overview", group: "operate", key: "h", title: () => t("Home"), words: () => t("overview plant machines lines start") },
  { page: "trend", icon: "trend", group: "operate", key: "r", title: () => t("Trends"), words: () => t("chart curve history pens") },
  { page: "devices", icon: "devices", group: "build", key: "d", title: () => t("Devices"), words: () => t("connections drivers add device") },
  { page: "tags", icon: "tags", group: "build", key: "t", title: () => t("Tags"), words: () => t("values points browse") },
  { page: "audit", icon: "audit", group: "prove", key: "a", title: () => t("Audit"), words: () => t("trail who did what") },
  { page: "revisions", icon: "revisions", group: "prove", key: "v", title: () => t("Revisions"), words: () => t("changes versions roll back plant folder") },
  { page: "people", icon: "people", group: "prove", key: "p", title: () => t("People"), words: () => t("accounts roles tokens sessions") },
  { page: "security", icon: "security", group: "prove", key: "c", title: () => t("Security"), words: () => t("certificates posture") },
  { page: "system", icon: "system", group: "node", key: "s", title: () => t("System"), words: () => t("storage logs doctor shaft historian licences status") },
  { page: "manual", icon: "manual", group: "node", key: "m", title: () => t("Manual"), words: () => t("help documentation") },
  { page: "settings", icon: "settings", group: null, key: "e", title: () => t("Settings"), words: () => t("language theme time zone density") },
  { page: "account", icon: "person", group: null, key: null, title: () => t("My account"), words: () => t("password second factor") },
];

const OTHERS: Partial<Record<Page, () => string>> = {
  login: () => t("Sign in"),
  setup: () => t("Set up"),
  gallery: () => t("Gallery"),
};

export function groupTitle(group: Group): string {
  switch (group) {
    case "operate": return t("Operate");
    case "build": return t("Build");
    case "prove": return t("Prove");
    case "node": return t("Node");
  }
}

export const GROUPS: readonly Group[] = ["operate", "build", "prove", "node"];

export function screenTitle(page: Page): string {
  const screen = SCREENS.find((one) => one.page === page);
  return screen?.title() ?? OTHERS[page]?.() ?? "";
}

/** About the plant: always in the navigation, also for those who have to sign in first. */
const ALWAYS: readonly Page[] = ["overview", "trend", "devices", "tags", "system"];

export function isOffered(screen: Screen, may: (permission: NonNullable<ReturnType<typeof needs>>) => boolean, exists: (page: Page) => boolean): boolean {
  if (!exists(screen.page)) return false;
  const permission = needs(screen.page);
  return ALWAYS.includes(screen.page) || permission === null || may(permission);
}
