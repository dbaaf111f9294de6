// The screens as files, loaded when they are first opened: who only looks at the home screen needs none of
// the others.
import type { Component } from "svelte";
import type { Page } from "./route";

export type PageProps = { path: string; params: URLSearchParams };
type Lazy = { default: Component<PageProps> };

const later = import.meta.glob<Lazy>(["../pages/*.svelte", "!../pages/Overview.svelte"]);

export type HelpProps = { page: string; onclose: () => void };
const help = import.meta.glob<{ default: Component<HelpProps> }>("../parts/Help.svelte");

export function fileOf(page: Page): string {
  return page.charAt(0).toUpperCase() + page.slice(1);
}

export function hasPage(page: Page): boolean {
  return page === "overview" || `../pages/${fileOf(page)}.svelte` in later;
}

export function loadPage(name: string): Promise<Lazy> {
  const file = later[`../pages/${name}.svelte`];
  return file === undefined ? Promise.reject(new Error(`there is no page ${name}`)) : file();
}

/** The drawer with the manual's page about a screen; null where this page was built without one. */
export function helpPart(): (() => Promise<{ default: Component<HelpProps> }>) | null {
  return Object.values(help)[0] ?? null;
}
