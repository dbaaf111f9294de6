// Electronic signatures: what was signed, by whom, and with which meaning (21 CFR 11.50, 11.70, 11.200).
import { get, send } from "./api";
import { t, worded } from "./language.svelte";
import type { Look } from "./quality";
import { formatMoment } from "./zone";

export type Meaning = "authored" | "reviewed" | "approved" | "responsible";

export interface Signature {
  id: number;
  kind: string;
  record: string | number;
  digest: string;
  account: string;
  full_name: string;
  meaning: string;
  time_ms: number;
  why: string | null;
  valid: boolean;
  invalid_why: string | null;
  /** Its entry in the trail. */
  seq: number;
}

export interface Challenge {
  challenge: string;
  digest: string;
  /** What the signer sets the name under, word for word. */
  statement: string;
  needs: ("account" | "password" | "code")[];
}

export const meanings = worded((): readonly { meaning: Meaning; word: string; says: string }[] => [
  { meaning: "authored", word: t("Authored"), says: t("I made this.") },
  { meaning: "reviewed", word: t("Reviewed"), says: t("I read it and found it correct.") },
  { meaning: "approved", word: t("Approved"), says: t("It may be used. Needs another person than its author.") },
  { meaning: "responsible", word: t("Responsible"), says: t("I answer for it.") },
]);

export function meaningWord(meaning: string): string {
  return meanings().find((one) => one.meaning === meaning)?.word ?? meaning;
}

export function lookOfSignature({ valid }: Pick<Signature, "valid">): Look {
  return valid ? { shape: "dot", tone: "calm", word: t("Valid") } : { shape: "cross", tone: "bad", word: t("Not valid") };
}

/** The printed name, when, and what it means: shown wherever the record is shown. */
export function manifestation(signature: Pick<Signature, "full_name" | "account" | "meaning" | "time_ms">): string {
  const { full_name, account } = signature;
  const name = full_name === "" || full_name === account ? account : `${full_name} (${account})`;
  return `${name}, ${formatMoment(signature.time_ms)}, ${meaningWord(signature.meaning).toLowerCase()}`;
}

export const signaturesApi = {
  async list(kind: string, id: string, signal?: AbortSignal): Promise<Signature[]> {
    return (await get<{ signatures: Signature[] }>("signatures", { kind, id }, signal)).signatures;
  },

  challenge(kind: string, record: string, meaning: Meaning, signal?: AbortSignal): Promise<Challenge> {
    return send("POST", "signatures/challenge", { kind, record, meaning }, signal);
  },

  sign(ask: { challenge: string; account?: string; password: string; code?: string; why: string }): Promise<Signature> {
    return send("POST", "signatures", ask);
  },
};
