// Every screen of the page: its address, and what is there when it has painted what it is for.
// A screen that is not in this list is seen by no test of accessibility, width and colour; see screens.test.mjs.
import { id, numericTags } from "./harness.mjs";

const ALL = [
  { name: "home", hash: "#/overview", ready: id("tag-value") },
  { name: "machine", hash: "#/overview/acme/rotterdam/packaging/line-1/filler", ready: id("machine") },
  { name: "tags", hash: "#/tags", ready: id("tag-value") },
  { name: "trend", hash: async () => `#/trend?range=5m&${(await numericTags(3)).map(({ tag }) => `tag=${tag}`).join("&")}`, ready: `${id("trend-canvas")}[data-loading="false"]` },
  { name: "trend-empty", hash: "#/trend", ready: id("trend") },
  { name: "devices", hash: "#/devices", ready: id("device-row") },
  { name: "device-new", hash: "#/devices/new", ready: id("endpoint-host") },
  { name: "device", hash: "#/devices/filler", ready: id("device-state") },
  { name: "device-tags", hash: "#/devices/filler/tags", ready: id("sheet-row") },
  { name: "device-settings", hash: "#/devices/filler/settings", ready: id("field-name") },
  { name: "device-diagnostics", hash: "#/devices/filler/diagnostics", ready: id("trace") },
  { name: "system", hash: "#/system", ready: id("shaft") },
  { name: "storage", hash: "#/system/storage", ready: id("storage") },
  { name: "logs", hash: "#/system/logs", ready: id("log-line") },
  { name: "doctor", hash: "#/system/doctor", ready: id("doctor-sum") },
  { name: "licences", hash: "#/system/licences", ready: id("licences") },
  { name: "people", hash: "#/people/accounts", ready: id("people") },
  { name: "roles", hash: "#/people/roles", ready: id("role-add") },
  { name: "tokens", hash: "#/people/tokens", ready: id("token-add") },
  { name: "sessions", hash: "#/people/sessions", ready: id("people") },
  { name: "audit", hash: "#/audit", ready: id("audit-row") },
  { name: "revisions", hash: "#/revisions", ready: id("revision-row") },
  { name: "plant-files", hash: "#/revisions?view=files&path=lineshaft.toml", ready: id("plant-text") },
  { name: "security", hash: "#/security", ready: id("findings") },
  { name: "settings", hash: "#/settings", ready: id("settings") },
  { name: "manual", hash: "#/manual", ready: id("manual") },
  { name: "manual-page", hash: "#/manual/modbus", ready: `${id("manual-page")} h1` },
  { name: "gallery", hash: "#/gallery", ready: id("gallery") },
  { name: "login", hash: "#/login", ready: id("login-account") },
  { name: "account", hash: "#/account", ready: id("account"), signedIn: true },
];

/** All of them, or those that SCREENS names: `SCREENS=home,tags npm run e2e`. */
const only = process.env.SCREENS?.split(",");
export const SCREENS = ALL.filter(({ name }) => only === undefined || only.includes(name));

const press = (key) => (page) => page.keyboard.press(key);
const click = (name) => (page) => page.locator(id(name)).first().click();

/** What comes over a screen or beside it: from where, by which steps, and what is there then. */
export const OVER = [
  { name: "palette", on: "home", steps: [press("Control+k")], ready: id("palette-entry") },
  { name: "keymap", on: "home", steps: [press("k")], ready: id("keymap") },
  { name: "help", on: "devices", steps: [press("F1")], ready: `${id("help")} .prose h2` },
  { name: "tag", on: "tags", steps: [click("tag-row")], ready: `${id("tag-detail")} tbody tr` },
  { name: "statistics", on: "trend", steps: [click("trend-tab-statistics")], ready: `${id("statistics")} td + td` },
  { name: "compare", on: "trend", steps: [click("compare")], ready: id("compare-none") },
  { name: "pen", on: "trend", steps: [click("pen-settings")], ready: id("pen-dialog") },
  { name: "annotation", on: "trend", steps: [click("trend-tab-annotations"), click("annotate")], ready: id("annotation-dialog") },
  { name: "save", on: "trend", steps: [click("trend-menu"), click("menu-save")], ready: id("save-dialog") },
  { name: "export", on: "trend", steps: [click("trend-menu"), click("menu-export")], ready: id("export-dialog") },
  { name: "import", on: "device-new", steps: [click("import-file"), click("import-source-paste"), (page) => page.locator(id("import-text")).fill("tag,address,type\nlevel,hr:1,i16\n")], ready: `${id("import-preview")} td` },
  { name: "switch-off", on: "device", steps: [click("device-menu"), click("act-disable")], ready: `${id("review-dialog")} ${id("why")}` },
  { name: "role", on: "roles", steps: [click("role-add")], ready: id("role-dialog") },
  { name: "account-new", on: "people", steps: [click("account-add")], ready: id("new-account") },
  { name: "entry", on: "audit", steps: [click("audit-row")], ready: id("entry-json") },
];
