// The made-up people of the mock: sessions, accounts, roles, tokens, as docs/manual/src/http.md has them. Every
// password is `correct horse battery`, every code 123456. Without a cookie one is what POST /mock {"nobody":…} says:
// "visitor" (may do everything, the default), "nothing", "viewer", or "setup" (no administrator yet).
import { randomBytes } from "node:crypto";

export const PASSWORD = "correct horse battery";
const DAY = 86_400_000;
const ALL = ["read-plant", "write-plant", "read-node", "read-config", "change-config", "read-accounts", "change-accounts", "change-certificates", "read-audit", "export-audit", "sign"];
const P = "acme/rotterdam/packaging";
const everywhere = (words) => words.map((permission) => ({ permission, under: [""] }));

export class Refusal {
  constructor(status, code, detail, more = {}) {
    Object.assign(this, { status, body: { type: `/errors/${code}`, title: "Request refused", status, detail, code, ...more } });
  }
}

/** An answer that is no JSON. */
export class TextAnswer {
  constructor(text, type = "text/plain; charset=utf-8", name = null) {
    Object.assign(this, { text, type, name });
  }
}

export const mock = { nobody: "visitor", require_reason: false, four_eyes: false, idle_ms: 30 * 60_000, idle_means: "lock", banner: "Authorised use only. What you do here is recorded.", failing: false };

const roles = [
  { role: "viewer", built_in: true, description: "Sees the plant and how the node does.", rules: everywhere(["read-plant", "read-node"]) },
  { role: "operator", built_in: true, description: "Also writes to devices, and signs.", rules: everywhere(["read-plant", "read-node", "write-plant", "sign"]) },
  { role: "engineer", built_in: true, description: "Also changes the plant folder.", rules: everywhere(["read-plant", "read-node", "write-plant", "sign", "read-config", "change-config"]) },
  { role: "auditor", built_in: true, description: "Sees everything, changes nothing.", rules: everywhere(["read-plant", "read-node", "read-config", "read-accounts", "read-audit", "export-audit", "sign"]) },
  { role: "admin", built_in: true, description: "May do everything.", rules: everywhere(ALL) },
  { role: "filler-crew", built_in: false, description: "Sets the filler, sees the line.", rules: [{ permission: "read-plant", under: [`${P}/line-1`] }, { permission: "write-plant", under: [`${P}/line-1/filler`] }, { permission: "read-node", under: [""] }] },
];

const now = Date.now();
let nextId = 100;
const person = (account, full_name, grants, more = {}) => ({
  id: String(nextId++), account, full_name, kind: "person", grants, enabled: true, locked_until_ms: null, factor: false, password_due: false,
  created_ms: now - 90 * DAY, last_login_ms: now - 3 * DAY, expires_ms: null, certificates: [], ...more,
});
const role = (name, ...under) => ({ role: name, under: under.length > 0 ? under : [""] });
const accounts = [
  person("ada", "Ada Brandt", [role("admin")], { factor: true, last_login_ms: now - 3_600_000 }),
  person("jonas", "Jonas Weiß", [role("engineer")], { last_login_ms: now - 40 * 60_000 }),
  person("oskar", "Oskar Lindqvist", [role("operator", `${P}/line-1`, "acme/rotterdam/utilities")], {}),
  person("mira", "Mira Okonkwo", [role("auditor")], { factor: true, last_login_ms: now - 12 * DAY }),
  person("lena", "Lena Fischer", [role("viewer")], { password_due: true, last_login_ms: null }),
  person("pieter", "Pieter van Dijk", [role("engineer")], { locked_until_ms: now + 11 * 60_000 }),
  person("temp-7", "Contractor, belt refit", [role("filler-crew")], { expires_ms: now - 2 * DAY, last_login_ms: now - 3 * DAY }),
  person("hanna", "Hanna Vos", [role("operator")], { enabled: false, last_login_ms: now - 200 * DAY }),
  person("mes", "Manufacturing execution system", [role("operator", P)], { kind: "machine", last_login_ms: now - 4_000, certificates: ["9f3c6a"] }),
  person("due", "Factor Due", [role("admin")], { factor_due: true }),
];
const tokens = [
  { id: "t1", name: "mes-orders", grants: [role("operator", P)], created_by: "ada", created_ms: now - 60 * DAY, expires_ms: now + 305 * DAY, last_used_ms: now - 9_000, revoked: false },
  { id: "t2", name: "night-report", grants: [role("viewer")], created_by: "jonas", created_ms: now - 350 * DAY, expires_ms: now + 15 * DAY, last_used_ms: now - DAY, revoked: false },
  { id: "t3", name: "old-dashboard", grants: [role("viewer")], created_by: "ada", created_ms: now - 500 * DAY, expires_ms: now - 135 * DAY, last_used_ms: now - 300 * DAY, revoked: true },
];
const AGENTS = ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"];
/** secret → session */
const sessions = new Map();
const begin = (account, state, agent, from) => {
  const secret = randomBytes(16).toString("base64url");
  const at = Date.now();
  sessions.set(secret, { id: randomBytes(8).toString("hex"), account, from, agent, began_ms: at, active_ms: at, ends_ms: at + 12 * 3_600_000, state, signed_before: false });
  return secret;
};
const first = structuredClone({ accounts, tokens, roles });

/** Everybody as at the start, and nobody signed in but those two. */
export function startOver() {
  sessions.clear();
  accounts.splice(0, Infinity, ...structuredClone(first.accounts));
  tokens.splice(0, Infinity, ...structuredClone(first.tokens));
  roles.splice(0, Infinity, ...structuredClone(first.roles));
  seat();
}

function seat() {
  for (const [account, state, agent, from, age] of [["jonas", "live", AGENTS[1], "10.20.1.14", 40 * 60_000], ["oskar", "locked", AGENTS[2], "10.20.3.7", 3 * 3_600_000]]) {
    const one = sessions.get(begin(account, state, agent, from));
    one.began_ms -= age;
    one.active_ms -= age / 8;
    one.ends_ms -= age;
  }
}
seat();

const find = (name) => accounts.find((one) => one.account === name) ?? refuse(404, "LS-API-032", `there is no account ${name}`);
function refuse(...args) {
  throw new Refusal(...args);
}

function permissionsOf(account, state) {
  const out = new Map([["own-account", new Set([""])]]);
  for (const grant of account.grants) {
    for (const rule of roles.find((one) => one.role === grant.role)?.rules ?? []) {
      const limited = !grant.under.includes("") || !rule.under.includes("");
      if (limited && !["read-plant", "write-plant", "read-node"].includes(rule.permission)) continue;
      const set = out.get(rule.permission) ?? new Set();
      (grant.under.includes("") ? rule.under : grant.under).forEach((path) => set.add(path));
      out.set(rule.permission, set);
    }
  }
  const all = [...out].map(([permission, under]) => ({ permission, under: under.has("") ? [""] : [...under] }));
  if (state === "locked") return all.filter((rule) => ["read-plant", "read-node", "own-account"].includes(rule.permission));
  return state === "live" ? all : all.filter((rule) => rule.permission === "own-account");
}

/** Who asks: `{ account, session, permissions }`. */
export function whoIs(request) {
  const secret = /lineshaft_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  const session = sessions.get(secret) ?? null;
  const account = session === null ? null : (accounts.find((one) => one.account === session.account && one.enabled) ?? null);
  if (account === null) {
    const permissions = mock.nobody === "visitor" ? everywhere([...ALL, "own-account"]) : mock.nobody === "viewer" ? everywhere(["read-plant", "read-node"]) : [];
    return { account: null, name: mock.nobody === "visitor" ? "visitor" : "anonymous", session: null, secret: null, permissions };
  }
  if (request.headers["lineshaft-background"] !== "1") session.active_ms = Date.now();
  const asleep = Date.now() - session.active_ms > mock.idle_ms;
  if (session.state === "live" && asleep) session.state = "locked";
  return { account, name: account.account, session, secret, permissions: permissionsOf(account, session.state) };
}

/** Throws what the node would answer when `who` may not. */
export function must(who, permission) {
  if (who.permissions.some((rule) => rule.permission === permission)) return;
  if (who.account === null) refuse(401, "LS-API-023", "nobody is signed in", { title: "Not known", remedy: "Sign in." });
  if (who.session.state === "locked") refuse(423, "LS-API-028", "the session is locked", { title: "Locked", remedy: "Unlock it with the password." });
  if (who.session.state === "password-due") refuse(403, "LS-API-029", "the password must be changed first", { title: "Password change due" });
  if (who.session.state === "factor-due") refuse(403, "LS-API-036", "a second factor must be set up first", { title: "Second factor due" });
  refuse(403, "LS-API-024", `${who.name} may not ${permission}`, { title: "Not allowed", permission, remedy: "Ask an administrator for a role with this permission." });
}

function answerSession(who) {
  const { account, session } = who;
  const visitor = mock.nobody === "visitor";
  return {
    state: session?.state ?? (mock.nobody === "setup" ? "setup" : visitor ? "live" : "anonymous"), node: "edge-1", path: "acme/rotterdam",
    kind: account !== null ? "person" : visitor ? "visitor" : "nobody", account: account?.account ?? (visitor ? "visitor" : null), full_name: account?.full_name ?? null,
    permissions: who.permissions, banner: mock.banner, session: session?.id ?? null, idle_ms: session === null ? null : mock.idle_ms, ends_ms: session?.ends_ms ?? null, idle_means: mock.idle_means,
    require_reason: mock.require_reason, four_eyes: mock.four_eyes, signed_before: session?.signed_before ?? false, factor: account?.factor ?? false,
    notices: account?.account === "ada" ? ["3 failed attempts since your last login"] : [], last_login_ms: account?.last_login_ms ?? null,
  };
}

function checkPassword(password, names) {
  const reasons = [];
  if ([...password].length < 12) reasons.push("It has fewer than 12 characters.");
  if (/password|123456|qwerty|lineshaft/i.test(password)) reasons.push("It is one of the passwords that are tried first.");
  if (names.some((name) => name.length > 2 && password.toLowerCase().includes(name.toLowerCase()))) reasons.push("It contains your name.");
  if (reasons.length > 0) refuse(422, "LS-API-027", "the password is too easy to guess", { title: "Password refused", reasons });
}

const hadWhy = (body) => mock.require_reason && !(body.why ?? "").trim() && refuse(422, "LS-API-031", "a reason is required", { field: "why" });
const entered = (who) => who.session ?? refuse(401, "LS-API-023", "nobody is signed in");
const passwordOf = (account) => account?.secret ?? PASSWORD;
const proven = (body, account) => (body.password !== undefined && body.password === passwordOf(account)) || refuse(401, "LS-API-025", "account, password or code is wrong", { title: "Not accepted" });

/** What the QR code of a made-up secret could look like; it is not a real one. */
function picture() {
  const size = 37;
  const finder = (x, y) => x >= 0 && y >= 0 && x < 7 && y < 7 ? (x === 0 || y === 0 || x === 6 || y === 6 || (x > 1 && x < 5 && y > 1 && y < 5) ? 1 : 0) : null;
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) =>
    finder(x, y) ?? finder(x - size + 7, y) ?? finder(x, y - size + 7) ?? ((x * 7 + y * 13 + x * y * 3) % 5 < 2 ? 1 : 0)).join(""));
}

/** The answer, `{ answer, cookie }` when the session changes, or undefined for what belongs to others. */
export function identityRoutes(method, path, body, who, request) {
  const [, head, name, part] = path.split("/").map(decodeURIComponent);
  const agent = request.headers["user-agent"] ?? "";
  switch (`${method} /${head}${name === undefined ? "" : "/…"}${part === undefined ? "" : `/${part}`}`) {
    case "GET /session": return answerSession(who);
    case "POST /session": {
      const account = accounts.find((one) => one.account === body.account);
      if (account === undefined || !account.enabled || (account.locked_until_ms ?? 0) > Date.now()) proven({});
      proven(body, account);
      if (account.factor && body.code === undefined) refuse(401, "LS-API-026", "a code is needed", { title: "Second factor needed" });
      if (account.factor && body.code !== "123456") proven({});
      const state = account.password_due ? "password-due" : account.factor_due ? "factor-due" : "live";
      const secret = begin(account.account, state, agent, "127.0.0.1");
      const session = sessions.get(secret);
      return { answer: answerSession({ account, session, permissions: permissionsOf(account, state) }), cookie: secret };
    }
    case "DELETE /session": sessions.delete(who.secret); return { answer: {}, cookie: "" };
    case "POST /session/…": {
      const session = entered(who);
      if (name === "unlock") proven(body, who.account);
      session.state = name === "lock" ? "locked" : "live";
      session.active_ms = Date.now();
      return answerSession({ ...who, permissions: permissionsOf(who.account, session.state) });
    }
    case "POST /setup": {
      if (mock.nobody !== "setup" || body.secret !== "first") refuse(403, "LS-API-037", "the link is used up or wrong", { title: "Setup is over" });
      checkPassword(body.password, [body.account]);
      mock.nobody = "nothing";
      const account = accounts.find((one) => one.account === body.account) ?? person(body.account, body.full_name, [role("admin")], { last_login_ms: null, secret: body.password });
      if (!accounts.includes(account)) accounts.push(account);
      const secret = begin(account.account, "live", agent, "127.0.0.1");
      return { answer: answerSession({ account, session: sessions.get(secret), permissions: permissionsOf(account, "live") }), cookie: secret };
    }
    case "POST /account/…":
      if (name === "password") {
        if (body.old !== passwordOf(who.account)) proven({});
        checkPassword(body.new, [who.name]);
        who.account.secret = body.new;
        who.account.password_due = false;
        entered(who).state = "live";
        return {};
      }
      proven(body, who.account);
      return { secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", uri: "otpauth://totp/edge-1:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Lineshaft", qr: picture() };
    case "PUT /account/…":
      if (body.code !== "123456") refuse(401, "LS-API-025", "the code does not fit", { title: "Not accepted", remedy: "Wait for the next code, and check the clock of the telephone." });
      who.account.factor = true;
      who.account.factor_due = false;
      entered(who).state = "live";
      return { recovery_codes: Array.from({ length: 8 }, () => randomBytes(5).toString("hex").replace(/(.{5})(.{5})/, "$1-$2")) };
    case "DELETE /account/…": hadWhy(body); proven(body, who.account); who.account.factor = false; return {};
    case "GET /accounts": must(who, "read-accounts"); return { accounts: accounts.map(({ factor_due, secret, ...one }) => one) };
    case "POST /accounts": {
      must(who, "change-accounts");
      hadWhy(body);
      if (!/^[A-Za-z0-9._@-]{1,64}$/.test(body.account)) refuse(400, "LS-API-005", "account must be 1 to 64 of a-z A-Z 0-9 . _ - @", { field: "account" });
      if (accounts.some((one) => one.account === body.account)) refuse(409, "LS-API-033", `the name ${body.account} is taken, for good`, { title: "Taken", field: "account" });
      if (body.password !== undefined) checkPassword(body.password, [body.account]);
      const fresh = person(body.account, body.full_name, body.grants, { kind: body.kind ?? "person", expires_ms: body.expires_ms ?? null, password_due: body.kind !== "machine", created_ms: Date.now(), last_login_ms: null });
      accounts.push({ ...fresh, secret: body.password });
      return fresh;
    }
    case "PATCH /accounts/…": {
      must(who, "change-accounts");
      hadWhy(body);
      const account = find(name);
      const admins = accounts.filter((one) => one.enabled && one.grants.some((grant) => grant.role === "admin"));
      const stays = body.enabled !== false && (body.grants ?? account.grants).some((grant) => grant.role === "admin");
      if (admins.length === 1 && admins[0] === account && !stays) refuse(409, "LS-API-039", `${name} is the last administrator`, { title: "Change refused", remedy: "Make somebody else an administrator first." });
      const { why, ...change } = body;
      const { secret, ...changed } = Object.assign(account, change);
      return changed;
    }
    case "POST /accounts/…/password": must(who, "change-accounts"); hadWhy(body); checkPassword(body.password, [name]); Object.assign(find(name), { password_due: true, secret: body.password }); return {};
    case "POST /accounts/…/unlock": must(who, "change-accounts"); hadWhy(body); find(name).locked_until_ms = null; return {};
    case "DELETE /accounts/…/factor": must(who, "change-accounts"); hadWhy(body); find(name).factor = false; return {};
    case "GET /roles": must(who, "read-accounts"); return { roles };
    case "PUT /roles/…": {
      must(who, "change-accounts");
      hadWhy(body);
      const at = roles.findIndex((one) => one.role === name);
      if (roles[at]?.built_in) refuse(409, "LS-API-039", `${name} is built in`, { title: "Change refused" });
      roles.splice(at < 0 ? roles.length : at, at < 0 ? 0 : 1, { role: name, built_in: false, description: body.description, rules: body.rules });
      return {};
    }
    case "DELETE /roles/…":
      must(who, "change-accounts");
      hadWhy(body);
      if ([...accounts, ...tokens].some((one) => one.grants.some((grant) => grant.role === name))) refuse(409, "LS-API-039", `somebody has the role ${name}`, { title: "Change refused" });
      roles.splice(roles.findIndex((one) => one.role === name), 1); return {};
    case "GET /tokens": must(who, "read-accounts"); return { tokens };
    case "POST /tokens": {
      must(who, "change-accounts");
      hadWhy(body);
      const token = { id: `t${nextId++}`, name: body.name, grants: body.grants, created_by: who.name, created_ms: Date.now(), expires_ms: body.expires_ms ?? Date.now() + 365 * DAY, last_used_ms: null, revoked: false };
      tokens.push(token);
      return { ...token, secret: `ls_${randomBytes(16).toString("base64url")}${randomBytes(16).toString("base64url")}` };
    }
    case "DELETE /tokens/…": must(who, "change-accounts"); hadWhy(body); tokens.find((one) => one.id === name).revoked = true; return {};
    case "GET /sessions":
      must(who, "read-accounts");
      return { sessions: [...sessions.values()].map(({ signed_before, ...one }) => ({ ...one, own: one.id === who.session?.id })) };
    case "DELETE /sessions/…":
      must(who, "change-accounts");
      hadWhy(body);
      for (const [secret, one] of sessions) if (one.id === name) sessions.delete(secret);
      return {};
    case "GET /access-review":
      must(who, "read-accounts");
      return new TextAnswer(`account,name,grants,last login\n${accounts.map((one) => `${one.account},"${one.full_name}",${one.grants.map((grant) => grant.role).join(" ")},${one.last_login_ms ?? ""}`).join("\n")}\n`, "text/csv", "access-review.csv");
    default: return undefined;
  }
}
