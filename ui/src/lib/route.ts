// Hash routes: every screen can be bookmarked and sent to a colleague.
import type { Diagnostics } from "./api";
import type { Permission } from "./identity";

/** Each page with the permission without which there is nothing to see on it; null for those everybody may open. */
const NEEDS = {
  overview: "read-plant",
  tags: "read-plant",
  trend: "read-plant",
  devices: "read-node",
  system: "read-node",
  people: "read-accounts",
  audit: "read-audit",
  revisions: "read-config",
  security: "read-accounts",
  account: "own-account",
  settings: null,
  manual: null,
  gallery: null,
  login: null,
  setup: null,
} as const satisfies Record<string, Permission | null>;

export type Page = keyof typeof NEEDS;

export const PAGES = Object.keys(NEEDS) as readonly Page[];

/** Pages whose address goes on after their name. */
const WITH_PATH: readonly Page[] = ["overview", "devices", "system", "people", "audit", "revisions", "security", "account", "manual", "gallery"];

export function needs(page: Page): Permission | null {
  return NEEDS[page];
}

export interface Route {
  page: Page;
  /** What follows the page's name: a tree path of the overview, a sub-view of People, a number of Revisions. */
  path: string;
  params: URLSearchParams;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % in a hand-typed address
  }
}

/** Never fails: an address nobody knows shows the overview. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#?\/?/, "");
  const cut = text.indexOf("?");
  const path = cut < 0 ? text : text.slice(0, cut);
  const params = new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1));
  const [head = "", ...rest] = path.split("/").filter((part) => part !== "");
  const page = PAGES.find((one) => one === head) ?? "overview";
  const tail = page === head && WITH_PATH.includes(page) ? rest.map(decoded).join("/") : "";
  return { page, path: tail, params };
}

/** The tabs of System that have a page of their own in the manual. */
const SYSTEM_TABS = ["storage", "logs", "doctor", "licences"];

/** The manual's page about a screen: `screens/<this>`. */
export function helpPage({ page, path }: Pick<Route, "page" | "path">): string {
  if (page === "system" && SYSTEM_TABS.includes(path)) return path;
  if (page === "devices" && (path === "new" || path.endsWith("/settings"))) return "device-form";
  if (page === "devices" && path.endsWith("/tags")) return "device-import";
  return page;
}

export function overviewLink(path: string): string {
  const tail = path.split("/").map(encodeURIComponent).join("/");
  return path === "" ? "#/overview" : `#/overview/${tail}`;
}

function link(page: Page, params: URLSearchParams): string {
  // Slashes are legal in a query and paths are full of them: keep addresses readable.
  const text = params.toString().replaceAll("%2F", "/");
  return text === "" ? `#/${page}` : `#/${page}?${text}`;
}

/** To the login, and back to where one was. */
export function loginLink(from: string): string {
  const params = new URLSearchParams();
  if (from.startsWith("#/") && !from.startsWith("#/login")) params.set("next", from);
  return link("login", params);
}

export function tagsLink(ask: { under?: string; search?: string; tag?: string; diagnostics?: Diagnostics }): string {
  const params = new URLSearchParams();
  if (ask.under) params.set("under", ask.under);
  if (ask.search) params.set("search", ask.search);
  if (ask.tag) params.set("tag", ask.tag);
  if (ask.diagnostics === "include") params.set("diagnostics", "include");
  return link("tags", params);
}

export interface TrendAsk {
  tags: string[];
  range?: string;
  start?: number;
  end?: number;
}

export function trendLink(ask: TrendAsk): string {
  const params = new URLSearchParams();
  ask.tags.forEach((tag) => params.append("tag", tag));
  if (ask.start !== undefined && ask.end !== undefined) {
    params.set("start", String(Math.round(ask.start)));
    params.set("end", String(Math.round(ask.end)));
  } else if (ask.range !== undefined) {
    params.set("range", ask.range);
  }
  return link("trend", params);
}

export function parseTrend(params: URLSearchParams): TrendAsk {
  const tags = [...new Set(params.getAll("tag").filter((tag) => tag !== ""))];
  const start = Number(params.get("start") ?? NaN);
  const end = Number(params.get("end") ?? NaN);
  if (Number.isFinite(start) && Number.isFinite(end) && start < end) return { tags, start, end };
  return { tags, range: params.get("range") ?? undefined };
}
