import { parseRoute, type Route } from "./route";

class Router {
  hash = $state(location.hash);
  readonly route = $derived<Route>(parseRoute(this.hash));

  constructor() {
    addEventListener("hashchange", () => (this.hash = location.hash));
  }

  go(link: string): void {
    if (link !== location.hash) location.hash = link;
  }

  /** For what is state rather than a step: Back should not walk through every keystroke. */
  replace(link: string): void {
    if (link === location.hash) return;
    history.replaceState(null, "", link);
    this.hash = location.hash;
  }
}

export const router = new Router();
