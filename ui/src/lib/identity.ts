// Who may do what: shapes of the contract, one function per request, and the words for people.
// Not here: the session of this page (session.svelte.ts).
import { get, send } from "./api";
import { t, worded } from "./language.svelte";

export const PERMISSIONS = [
  "read-plant",
  "write-plant",
  "annotate",
  "read-node",
  "operate-node",
  "read-config",
  "change-config",
  "read-accounts",
  "change-accounts",
  "change-certificates",
  "read-audit",
  "export-audit",
  "sign",
] as const;

export type Permission = (typeof PERMISSIONS)[number] | "own-account" | "public";

/** Those that are given on parts of the tag tree; the others are about the node as a whole. */
export const ON_TAGS: readonly Permission[] = ["read-plant", "write-plant", "annotate", "read-node"];

const ABOUT = worded((): Record<Permission, string> => ({
  public: t("Nothing about the plant"),
  "own-account": t("Own password, second factor and sessions"),
  "read-plant": t("See tags, values and history"),
  "write-plant": t("Change values in devices"),
  annotate: t("Write annotations, share trends"),
  "operate-node": t("Switch log levels and traces"),
  "read-node": t("See how the node and its devices do"),
  "read-config": t("See the plant folder and its revisions"),
  "change-config": t("Change the plant folder, roll back, approve"),
  "read-accounts": t("See accounts, roles, tokens, sessions, security"),
  "change-accounts": t("Change accounts, roles and tokens; end sessions"),
  "change-certificates": t("Issue and revoke certificates"),
  "read-audit": t("Read, verify and review the audit trail"),
  "export-audit": t("Take a copy of the audit trail"),
  sign: t("Sign records"),
}));

/** What a permission allows, in words; a newer node's own word when this page does not know it. */
export function aboutPermission(permission: string): string {
  return ABOUT()[permission as Permission] ?? permission;
}

export type SessionState = "setup" | "anonymous" | "live" | "locked" | "password-due" | "factor-due";

/** A permission or role with the paths it holds for; `""` is the whole tree. */
export interface Rule {
  permission: string;
  under: string[];
}

export interface Grant {
  role: string;
  under: string[];
}

export interface SessionAnswer {
  state: SessionState;
  node: string;
  path: string;
  kind: "nobody" | "visitor" | "person" | "token" | "certificate" | "local";
  account: string | null;
  full_name: string | null;
  permissions: Rule[];
  banner: string | null;
  session: string | null;
  idle_ms: number | null;
  ends_ms: number | null;
  idle_means: "lock" | "end";
  require_reason: boolean;
  four_eyes: boolean;
  signed_before: boolean;
  factor: boolean;
  notices: string[];
  last_login_ms: number | null;
}

export interface Account {
  id: string | number;
  account: string;
  full_name: string;
  kind: "person" | "machine";
  grants: Grant[];
  enabled: boolean;
  locked_until_ms: number | null;
  factor: boolean;
  password_due: boolean;
  created_ms: number;
  last_login_ms: number | null;
  expires_ms: number | null;
  certificates: string[];
}

export interface Role {
  role: string;
  built_in: boolean;
  description: string;
  rules: Rule[];
}

export interface Token {
  id: string | number;
  name: string;
  grants: Grant[];
  created_by: string;
  created_ms: number;
  expires_ms: number | null;
  last_used_ms: number | null;
  revoked: boolean;
}

export interface SessionLine {
  id: string;
  account: string;
  from: string | null;
  agent: string;
  began_ms: number;
  active_ms: number;
  ends_ms: number;
  state: string;
  own: boolean;
}

export interface FactorOffer {
  secret: string;
  uri: string;
  /** Rows of `0` and `1`; `1` is dark. Without the quiet zone. */
  qr: string[];
}

export interface NewAccount {
  account: string;
  full_name: string;
  kind: "person" | "machine";
  password?: string;
  grants: Grant[];
  expires_ms?: number;
}

const of = (name: string | number) => encodeURIComponent(String(name));

export const identity = {
  session: (signal?: AbortSignal) => get<SessionAnswer>("session", {}, signal),
  login: (account: string, password: string, code?: string) => send<SessionAnswer>("POST", "session", { account, password, code }),
  logout: () => send<unknown>("DELETE", "session"),
  lock: () => send<SessionAnswer>("POST", "session/lock"),
  unlock: (password: string) => send<SessionAnswer>("POST", "session/unlock", { password }),
  setUp: (secret: string, account: string, full_name: string, password: string) =>
    send<SessionAnswer>("POST", "setup", { secret, account, full_name, password }),

  changePassword: (old: string, fresh: string) => send<unknown>("POST", "account/password", { old, new: fresh }),
  offerFactor: (password: string) => send<FactorOffer>("POST", "account/factor", { password }),
  takeFactor: (code: string) => send<{ recovery_codes: string[] }>("PUT", "account/factor", { code }),
  dropFactor: (password: string, why: string) => send<unknown>("DELETE", "account/factor", { password, why }),

  accounts: (signal?: AbortSignal) => get<{ accounts: Account[] }>("accounts", {}, signal),
  addAccount: (fresh: NewAccount, why: string) => send<Account>("POST", "accounts", { ...fresh, why }),
  changeAccount: (account: string, change: Partial<Pick<Account, "full_name" | "grants" | "enabled" | "expires_ms">>, why: string) =>
    send<Account>("PATCH", `accounts/${of(account)}`, { ...change, why }),
  resetPassword: (account: string, password: string, why: string) =>
    send<unknown>("POST", `accounts/${of(account)}/password`, { password, why }),
  unlockAccount: (account: string, why: string) => send<unknown>("POST", `accounts/${of(account)}/unlock`, { why }),
  dropFactorOf: (account: string, why: string) => send<unknown>("DELETE", `accounts/${of(account)}/factor`, { why }),

  roles: (signal?: AbortSignal) => get<{ roles: Role[] }>("roles", {}, signal),
  putRole: (role: string, description: string, rules: Rule[], why: string) =>
    send<unknown>("PUT", `roles/${of(role)}`, { description, rules, why }),
  dropRole: (role: string, why: string) => send<unknown>("DELETE", `roles/${of(role)}`, { why }),

  tokens: (signal?: AbortSignal) => get<{ tokens: Token[] }>("tokens", {}, signal),
  addToken: (name: string, grants: Grant[], expires_ms: number | undefined, why: string) =>
    send<Token & { secret: string }>("POST", "tokens", { name, grants, expires_ms, why }),
  revokeToken: (id: string | number, why: string) => send<unknown>("DELETE", `tokens/${of(id)}`, { why }),

  sessions: (signal?: AbortSignal) => get<{ sessions: SessionLine[] }>("sessions", {}, signal),
  endSession: (id: string, why: string) => send<unknown>("DELETE", `sessions/${of(id)}`, { why }),
};

/** Why the node would not take this as the name of an account or token; null when it would, or when there is none yet. */
export function nameMistake(name: string): string | null {
  return /^[A-Za-z0-9._@-]*$/.test(name) ? null : t("Letters, digits, dot, dash, underscore and @ only.");
}

/** The same for roles. */
export function roleMistake(name: string): string | null {
  return /^[a-z0-9-]*$/.test(name) ? null : t("Small letters, digits and dash only.");
}

/** `acme/line-1` does not cover `acme/line-10`. */
export function covers(prefix: string, path: string): boolean {
  return prefix === "" || path === prefix || path.startsWith(`${prefix}/`);
}

/**
 * Whether these permissions allow something at `path`; without one, anywhere at all. Only for what a screen shows:
 * the node decides.
 */
export function allows(rules: readonly Rule[], permission: Permission, path?: string): boolean {
  return rules.some(
    (rule) => rule.permission === permission && (path === undefined ? rule.under.length > 0 : rule.under.some((one) => covers(one, path))),
  );
}

/** Paths without those that another of them covers: what a grant means, not how it was typed. */
export function tidyPaths(paths: readonly string[]): string[] {
  const clean = [...new Set(paths.map((path) => path.replace(/^\/+|\/+$/g, "")))];
  return clean.filter((path) => !clean.some((other) => other !== path && covers(other, path))).sort();
}

/** `operator in packaging, utilities`; `nothing` when there are none. */
export function grantText(grants: readonly Grant[]): string {
  if (grants.length === 0) return t("nothing");
  return grants.map(({ role, under }) => (under.includes("") ? role : t("{role} in {paths}", { role, paths: under.join(", ") }))).join(" · ");
}

/** Permissions that a limited grant of this role does not give: those that are about the node as a whole. */
export function lostByLimit(role: Role): string[] {
  return role.rules.map((rule) => rule.permission).filter((word) => !ON_TAGS.includes(word as Permission));
}

export const PASSWORD_LEAST = 12;
const RUN_LEAST = 4;

/** How a password looks from here, while it is typed. The node has the last word, with lists that are too long for a page. */
export function passwordHints(password: string, names: readonly string[], least = PASSWORD_LEAST): { text: string; met: boolean }[] {
  const lower = password.toLowerCase();
  const parts = names.flatMap((name) => name.toLowerCase().split(/[\s.@_-]+/)).filter((part) => part.length >= 3);
  return [
    { text: t("At least {least} characters", { least }), met: [...password].length >= least },
    { text: t("Not your name"), met: password !== "" && !parts.some((part) => lower.includes(part)) },
    { text: t("No rows such as 1234, abcd, aaaa or qwerty"), met: password !== "" && !hasRun(lower) },
  ];
}

function hasRun(lower: string): boolean {
  if (["qwer", "wert", "asdf", "sdfg", "zxcv", "yxcv"].some((row) => lower.includes(row))) return true;
  let length = 1;
  let step = NaN;
  for (let at = 1; at < lower.length; at += 1) {
    const now = lower.charCodeAt(at) - lower.charCodeAt(at - 1);
    length = now === step && Math.abs(now) <= 1 ? length + 1 : 2;
    step = now;
    if (length >= RUN_LEAST && Math.abs(now) <= 1) return true;
  }
  return false;
}

/** A QR code as one path, a unit per module: rows of `1` become rectangles, with the quiet zone of four around. */
export function qrPath(rows: readonly string[]): { size: number; path: string } {
  const quiet = 4;
  const path = rows
    .flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index + quiet} ${y + quiet}h${run[0].length}v1h-${run[0].length}z`))
    .join("");
  return { size: rows.length + 2 * quiet, path };
}

/** `JBSW Y3DP …`: groups of four can be typed from a screen. */
export function grouped(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, "$1 ");
}

/** An address inside this page, or the overview: a link from elsewhere must not lead out. */
export function safeNext(next: string | null): string {
  return next !== null && /^#\/(?!login|setup)/.test(next) ? next : "#/overview";
}

/** Letters and digits that nobody mixes up when they are read out or copied from paper. */
const CLEAR = "abcdefghjkmnpqrstuvwxyz23456789";

/** A first password, to be told to somebody and changed by him: four groups of five, 99 bits. */
export function madeUpPassword(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  const out: string[] = [];
  const least = 256 - (256 % CLEAR.length); // above it some letters would come more often
  while (out.length < 20) {
    for (const byte of random(new Uint8Array(32))) if (byte < least && out.length < 20) out.push(CLEAR[byte % CLEAR.length]!);
  }
  return out.join("").replace(/(.{5})(?=.)/g, "$1-");
}
