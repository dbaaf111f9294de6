// The security posture and the certificates: what a person who answers for this node wants to see on one page.
import { get, getText, send } from "./api";
import { formatCount } from "./format";
import { t, tn, worded } from "./language.svelte";
import type { Look } from "./quality";

export type Severity = "bad" | "warn" | "ok";

export interface Finding {
  severity: Severity;
  code: string;
  what: string;
  remedy: string | null;
}

export interface Listener {
  address: string;
  road: string;
  tls: boolean;
  reach: "loopback" | "network";
}

export interface Certificate {
  purpose: "authority" | "server" | "client";
  subject: string;
  names: string[];
  not_before_ms: number;
  not_after_ms: number;
  fingerprint: string;
  issuer: string;
  revoked: boolean;
  source: string;
}

export interface Posture {
  listeners: Listener[];
  findings: Finding[];
  certificates: Certificate[];
  accounts: Record<string, number>;
  insecure: string[];
}

/** The key is answered once and kept nowhere. */
export interface Issued {
  certificate: string;
  key: string;
  chain: string;
}

export const securityApi = {
  posture(signal?: AbortSignal): Promise<Posture> {
    return get("security", {}, signal);
  },

  authority(signal?: AbortSignal): Promise<string> {
    return getText("certificates/authority", {}, signal);
  },

  issue(account: string, days: number, why: string): Promise<Issued> {
    return send("POST", "certificates", { account, days, why });
  },

  revoke(fingerprint: string, why: string): Promise<unknown> {
    return send("POST", `certificates/${encodeURIComponent(fingerprint)}/revoke`, { why });
  },

  renew(why: string): Promise<unknown> {
    return send("POST", "certificates/renew", { why });
  },
};

const SEVERITIES = worded((): Readonly<Record<Severity, Look>> => ({
  bad: { shape: "cross", tone: "bad", word: t("Act now") },
  warn: { shape: "triangle", tone: "warn", word: t("Look into") },
  ok: { shape: "dot", tone: "calm", word: t("In order") },
}));

export function lookOfSeverity(severity: string): Look {
  return SEVERITIES()[severity as Severity] ?? { shape: "ring", tone: "warn", word: severity };
}

const ORDER: readonly string[] = ["bad", "warn", "ok"];

/** Worst first; a severity nobody knows counts as bad rather than being lost at the end. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const rank = (finding: Finding) => Math.max(0, ORDER.indexOf(finding.severity));
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

const DAY_MS = 86_400_000;
/** When the node itself begins to remind: `renew_due` reports at 30, 7 and 1 days. */
const SOON_DAYS = 30;
const URGENT_DAYS = 7;

export interface Life {
  look: Look;
  /** "213 days left", "expired 3 days ago". */
  said: string;
}

export function lifeOf(certificate: Pick<Certificate, "not_before_ms" | "not_after_ms" | "revoked">, now: number): Life {
  if (certificate.revoked) return { look: { shape: "bar", tone: "off", word: t("Revoked") }, said: t("revoked") };
  if (now < certificate.not_before_ms) {
    const ahead = Math.ceil((certificate.not_before_ms - now) / DAY_MS);
    return { look: { shape: "half", tone: "warn", word: t("Not yet valid") }, said: tn(ahead, "valid in {n} day", "valid in {n} days", { n: formatCount(ahead) }) };
  }
  if (now >= certificate.not_after_ms) {
    const ago = Math.floor((now - certificate.not_after_ms) / DAY_MS);
    return { look: { shape: "cross", tone: "bad", word: t("Expired") }, said: ago === 0 ? t("expired today") : tn(ago, "expired {n} day ago", "expired {n} days ago", { n: formatCount(ago) }) };
  }
  const left = Math.floor((certificate.not_after_ms - now) / DAY_MS);
  const said = left === 0 ? t("less than a day left") : tn(left, "{n} day left", "{n} days left", { n: formatCount(left) });
  if (left < URGENT_DAYS) return { look: { shape: "cross", tone: "bad", word: t("Expires very soon") }, said };
  if (left < SOON_DAYS) return { look: { shape: "triangle", tone: "warn", word: t("Expires soon") }, said };
  return { look: { shape: "dot", tone: "calm", word: t("Valid") }, said };
}

/** "CN=press-07" without what every one of them begins with. */
export function subjectName(subject: string): string {
  return /^CN=([^,+=]+)$/.exec(subject)?.[1] ?? subject;
}

const PURPOSES = worded((): Readonly<Record<string, string>> => ({ authority: t("Authority of this node"), server: t("This node"), client: t("Client") }));

export function purposeWord(purpose: string): string {
  return PURPOSES()[purpose] ?? purpose;
}

const INSECURE = worded((): Readonly<Record<string, string>> => ({
  "http-without-tls": t("Passwords and values cross the network unencrypted."),
  "setup-over-network": t("Whoever reaches the node first may set up the first account."),
  "anonymous-over-network": t("Whoever reaches the node gets in without saying who it is."),
}));

/** What a word of `security.insecure` means for the plant. */
export function insecureMeans(word: string): string | null {
  return INSECURE()[word] ?? null;
}

const COUNTS = worded((): Readonly<Record<string, string>> => ({
  people: t("People"),
  machines: t("Machines"),
  disabled: t("Disabled"),
  locked: t("Locked"),
  without_factor: t("Without second factor"),
  unused: t("Unused for 90 days"),
  tokens: t("Tokens"),
  sessions: t("Sessions"),
}));

/** Counts that the page does not know by name are still shown: "wait_for_reset" -> "Wait for reset". */
export function countLabel(key: string): string {
  const text = key.replaceAll("_", " ");
  return COUNTS()[key] ?? text.charAt(0).toUpperCase() + text.slice(1);
}

/** Sixteen bytes a line as "3f:a2:…", as other tools print fingerprints. */
export function fingerprintLines(fingerprint: string): string[] {
  if (!/^[0-9a-f]+$/i.test(fingerprint)) return [fingerprint];
  return (fingerprint.match(/.{1,32}/g) ?? []).map((line) => (line.match(/../g) ?? []).join(":"));
}
