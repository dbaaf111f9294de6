// Words about devices for people: mistakes in a form, steps of a test, names that cannot be.
import type { NameMistake } from "./deviceform";
import type { StepName, TestStep } from "./drivers";
import { t } from "./language.svelte";
import type { Look } from "./quality";
import type { Mistaken } from "./schema";

export function sayMistake(mistaken: Mistaken | null): string | null {
  if (mistaken === null) return null;
  switch (mistaken.what) {
    case "missing":
      return t("This is needed.");
    case "number":
      return t("A number.");
    case "whole":
      return t("A whole number.");
    case "duration":
      return t("A time with its unit, such as 250ms, 1s or 5m.");
    case "bytes":
      return t("A size with its unit, such as 512KiB or 10MiB.");
    case "json":
      return t("This is no JSON yet.");
    case "choice":
      return t("Not one of the choices.");
    case "range": {
      const { least, most } = mistaken;
      if (least !== null && most !== null) return t("From {least} to {most}.", { least, most });
      return least !== null ? t("{least} or more.", { least }) : t("{most} or less.", { most: most ?? "" });
    }
  }
}

export function sayName(mistake: NameMistake): string | null {
  switch (mistake) {
    case "empty":
      return t("A device needs a name.");
    case "taken":
      return t("There is a device with this name already.");
    case "form":
      return t("A name has no / + # $ and does not begin with _ or a space.");
    case "long":
      return t("A name has at most 64 letters.");
    case null:
      return null;
  }
}

/** A step of a test as a question a person would ask. */
export function sayStep(step: StepName | string): string {
  switch (step) {
    case "settings":
      return t("Settings");
    case "name":
      return t("Name of the host");
    case "port":
      return t("Serial port");
    case "open":
      return t("Opening the port");
    case "connect":
      return t("Connection");
    case "tls":
      return t("Encryption (TLS)");
    case "credentials":
      return t("Credentials");
    case "answer":
      return t("Answer of the device");
    case "read":
      return t("First values");
    default:
      return step;
  }
}

export function lookOfStep(outcome: TestStep["outcome"]): Look {
  if (outcome === "ok") return { shape: "dot", tone: "calm", word: t("ok") };
  if (outcome === "failed") return { shape: "cross", tone: "bad", word: t("failed") };
  return { shape: "bar", tone: "off", word: t("not needed") };
}

/** What a machine says, as a sentence begins. */
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** To the manual's page about a code. */
export const codeLink = (code: string) => `#/manual/${encodeURIComponent(code)}`;
