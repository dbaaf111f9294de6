// How people want the page, for the mock: one answer an account, as docs/manual/src/http.md has it.
import { Refusal } from "./mock-identity.mjs";

const DEFAULTS = { language: null, time_zone: null, theme: "system", density: "desk", numbers: "plain", home: null };
const kept = new Map();

/** `undefined` where the question is about something else. */
export function settingsRoutes(method, path, body, who) {
  if (path !== "/account/settings") return undefined;
  if (who.account === null) throw new Refusal(404, "LS-API-056", "settings are kept for accounts, and this caller has none", { title: "No account" });
  if (method === "PUT") kept.set(who.account.account, { ...DEFAULTS, ...body });
  return kept.get(who.account.account) ?? DEFAULTS;
}
