// What an entry of the audit trail says, in plain words: what was done, how it ended, and on which road it came.
import type { Entry, Outcome } from "./audit";
import { t, worded } from "./language.svelte";
import type { Look } from "./quality";

/** `done` is said of what happened, `tried` of what was refused, failed or is not known, `about` of what was asked for. */
interface Words {
  done: string;
  tried: string;
  about: string;
}

/** Some just happen: nobody tries to. */
const words = (done: string, tried = done, about = done): Words => ({ done, tried, about });

const ACTIONS = worded((): Readonly<Record<string, Words>> => ({
  "node.start": words(t("Started the node"), t("Tried to start the node"), t("About to start the node")),
  "node.stop": words(t("Stopped the node"), t("Tried to stop the node"), t("About to stop the node")),
  "clock.step": words(t("The system clock was set")),
  "audit.recovered": words(t("The trail was repaired after a crash"), t("The trail was found damaged"), t("The trail was found damaged")),
  "audit.read": words(t("Read the audit trail"), t("Tried to read the audit trail"), t("About to read the audit trail")),
  "audit.export": words(t("Took a copy of the audit trail"), t("Tried to take a copy of the audit trail"), t("About to take a copy of the audit trail")),
  "audit.verify": words(t("Had the audit trail verified"), t("Tried to have the audit trail verified"), t("About to have the audit trail verified")),
  "audit.review": words(t("Reviewed the audit trail"), t("Tried to mark the audit trail as reviewed"), t("About to mark the audit trail as reviewed")),
  "session.login": words(t("Logged in"), t("Tried to log in"), t("About to log in")),
  "session.logout": words(t("Logged out"), t("Tried to log out"), t("About to log out")),
  "session.lock": words(t("The session was locked"), t("Tried to lock the session"), t("About to lock the session")),
  "session.unlock": words(t("Unlocked the session"), t("Tried to unlock the session"), t("About to unlock the session")),
  "session.end": words(t("Ended a session"), t("Tried to end a session"), t("About to end a session")),
  "account.lockout": words(t("Locked out after too many failures")),
  "account.unlock": words(t("Lifted a lockout"), t("Tried to lift a lockout"), t("About to lift a lockout")),
  "access.denied": words(t("Asked for something not allowed")),
  "account.setup": words(t("Set up the first account"), t("Tried to set up the first account"), t("About to set up the first account")),
  "account.create": words(t("Created an account"), t("Tried to create an account"), t("About to create an account")),
  "account.change": words(t("Changed an account"), t("Tried to change an account"), t("About to change an account")),
  "account.disable": words(t("Disabled an account"), t("Tried to disable an account"), t("About to disable an account")),
  "account.enable": words(t("Enabled an account"), t("Tried to enable an account"), t("About to enable an account")),
  "account.password-change": words(t("Changed the own password"), t("Tried to change the own password"), t("About to change the own password")),
  "account.password-reset": words(t("Reset somebody's password"), t("Tried to reset somebody's password"), t("About to reset somebody's password")),
  "account.factor-add": words(t("Added a second factor"), t("Tried to add a second factor"), t("About to add a second factor")),
  "account.factor-remove": words(t("Removed a second factor"), t("Tried to remove a second factor"), t("About to remove a second factor")),
  "role.create": words(t("Created a role"), t("Tried to create a role"), t("About to create a role")),
  "role.change": words(t("Changed a role"), t("Tried to change a role"), t("About to change a role")),
  "role.delete": words(t("Deleted a role"), t("Tried to delete a role"), t("About to delete a role")),
  "token.create": words(t("Created a token"), t("Tried to create a token"), t("About to create a token")),
  "token.revoke": words(t("Revoked a token"), t("Tried to revoke a token"), t("About to revoke a token")),
  "certificate.add": words(t("Added a certificate"), t("Tried to add a certificate"), t("About to add a certificate")),
  "certificate.renew": words(t("Renewed the node's certificate"), t("Tried to renew the node's certificate"), t("About to renew the node's certificate")),
  "certificate.revoke": words(t("Revoked a certificate"), t("Tried to revoke a certificate"), t("About to revoke a certificate")),
  "tag.write": words(t("Wrote a value"), t("Tried to write a value"), t("About to write a value")),
  "plant.change": words(t("Changed the plant"), t("Tried to change the plant"), t("About to change the plant")),
  "plant.refuse": words(t("Proposed plant files with mistakes"), t("Tried to change the plant"), t("About to change the plant")),
  "plant.roll-back": words(t("Rolled the plant back"), t("Tried to roll the plant back"), t("About to roll the plant back")),
  "plant.propose": words(t("Proposed a change of the plant"), t("Tried to propose a change of the plant"), t("About to propose a change of the plant")),
  "plant.approve": words(t("Approved a change of the plant"), t("Tried to approve a change of the plant"), t("About to approve a change of the plant")),
  "plant.reject": words(t("Rejected a change of the plant"), t("Tried to reject a change of the plant"), t("About to reject a change of the plant")),
  "signature.sign": words(t("Signed a record"), t("Tried to sign a record"), t("About to sign a record")),
  "annotation.make": words(t("Wrote an annotation"), t("Tried to write an annotation"), t("About to write an annotation")),
  "annotation.change": words(t("Reworded an annotation"), t("Tried to reword an annotation"), t("About to reword an annotation")),
  "annotation.withdraw": words(t("Withdrew an annotation"), t("Tried to withdraw an annotation"), t("About to withdraw an annotation")),
  "trend.keep": words(t("Saved a trend"), t("Tried to save a trend"), t("About to save a trend")),
  "trend.change": words(t("Changed a saved trend"), t("Tried to change a saved trend"), t("About to change a saved trend")),
  "trend.delete": words(t("Deleted a saved trend"), t("Tried to delete a saved trend"), t("About to delete a saved trend")),
  "account.settings": words(t("Changed the own settings"), t("Tried to change the own settings"), t("About to change the own settings")),
  "device.test": words(t("Tested a device"), t("Tried to test a device"), t("About to test a device")),
  "device.browse": words(t("Browsed a device"), t("Tried to browse a device"), t("About to browse a device")),
  "device.trace": words(t("Switched the trace of a device"), t("Tried to switch the trace of a device"), t("About to switch the trace of a device")),
  "log.levels": words(t("Changed log levels"), t("Tried to change log levels"), t("About to change log levels")),
  "export.take": words(t("Took an export"), t("Tried to take an export"), t("About to take an export")),
}));

const CATEGORIES = worded((): Readonly<Record<string, string>> => ({
  node: t("Node"),
  clock: t("Clock"),
  audit: t("Audit trail"),
  session: t("Sessions"),
  account: t("Accounts"),
  access: t("Access"),
  role: t("Roles"),
  token: t("Tokens"),
  certificate: t("Certificates"),
  tag: t("Values"),
  plant: t("Plant"),
  signature: t("Signatures"),
  annotation: t("Annotations"),
  trend: t("Saved trends"),
  device: t("Devices"),
  log: t("Logs"),
  export: t("Exports"),
}));

/** What happened as a sentence without its subject. A word nobody knows is shown as it is. */
export function sentence(entry: Pick<Entry, "action" | "result">): string {
  const known = ACTIONS()[entry.action];
  if (known === undefined) return entry.action;
  if (entry.result === "requested") return known.about;
  return entry.result === "done" ? known.done : known.tried;
}

export interface ActionGroup {
  category: string;
  word: string;
  actions: { action: string; word: string }[];
}

/** Categories with their actions, for choosing from. */
export const actionGroups = worded((): readonly ActionGroup[] =>
  Object.entries(CATEGORIES()).map(([category, word]) => ({
    category,
    word,
    actions: Object.entries(ACTIONS())
      .filter(([action]) => action.startsWith(`${category}.`))
      .map(([action, said]) => ({ action, word: said.done })),
  })),
);

const OUTCOMES = worded((): Readonly<Record<Outcome, Look>> => ({
  done: { shape: "dot", tone: "calm", word: t("Done") },
  requested: { shape: "half", tone: "off", word: t("Requested") },
  refused: { shape: "triangle", tone: "warn", word: t("Refused") },
  failed: { shape: "cross", tone: "bad", word: t("Failed") },
  unknown: { shape: "ring", tone: "warn", word: t("Unknown") },
}));

export function outcomeWords(): { outcome: string; word: string }[] {
  return Object.entries(OUTCOMES()).map(([outcome, look]) => ({ outcome, word: look.word }));
}

export function lookOfOutcome(outcome: string): Look {
  return OUTCOMES()[outcome as Outcome] ?? { shape: "ring", tone: "warn", word: outcome };
}

const ROADS = worded((): Readonly<Record<string, string>> => ({
  http: t("over the network (HTTP)"),
  local: t("on the machine itself (command line)"),
  disk: t("by editing files on disk"),
  node: t("by the node itself"),
}));

export function roadWords(road: string): string {
  return ROADS()[road] ?? road;
}
