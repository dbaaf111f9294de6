import { parseRoute, type Route } from "./route";

class Router {
  route = $state.raw<Route>(parseRoute(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.route = parseRoute(location.hash)));
  }

  go(link: string): void {
    if (link !== location.hash) location.hash = link;
  }

  /** For what is state rather than a step: Back should not walk through every keystroke. */
  replace(link: string): void {
    if (link === location.hash) return;
    history.replaceState(null, "", link);
    this.route = parseRoute(link);
  }
}

export const router = new Router();
