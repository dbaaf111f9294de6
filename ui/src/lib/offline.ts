// The page without its node: registers the service worker (scripts/worker.js), which keeps the page's own files, and lets
// a new version take over when no tab is in the middle of something.
// Not here: what is shown while there is no node (App.svelte).
import { activity } from "./activity";
import { isUnapplied } from "./unapplied.svelte";

/** How often a waiting version asks whether it may, and how often the node is asked for a new one. */
const ASK_MS = 60_000;
const LOOK_MS = 3_600_000;
/** Nobody has touched a tab for this long: then it may load anew. */
const QUIET_MS = 120_000;
/** How long the other tabs have to say that they are busy. */
const ANSWER_MS = 1_000;

/** Whether somebody would lose something if this tab were loaded anew now. */
export function isBusy(now: number, view: Document = document): boolean {
  if (activity.idleMs(now) < QUIET_MS && !view.hidden) return true;
  // Changes of devices and plant files live as long as the page does, whichever screen is shown.
  if (isUnapplied()) return true;
  // What is written and not sent yet is in a field, or below something that says so itself.
  if (view.querySelector('dialog[open], [role="dialog"], [role="alertdialog"], [data-unsaved]') !== null) return true;
  const fields = view.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('form input:not([type="checkbox"], [type="radio"], [type="hidden"]), textarea');
  return [...fields].some((field) => field.value !== field.defaultValue);
}

class Tabs {
  private readonly channel = new BroadcastChannel("lineshaft-version");
  private objected = false;

  constructor() {
    this.channel.onmessage = ({ data }) => {
      if (data === "may-i" && isBusy(Date.now())) this.channel.postMessage("no");
      if (data === "no") this.objected = true;
    };
  }

  /** Whether no tab objects, this one included. */
  async allow(): Promise<boolean> {
    if (isBusy(Date.now())) return false;
    this.objected = false;
    this.channel.postMessage("may-i");
    await new Promise((done) => setTimeout(done, ANSWER_MS));
    return !this.objected && !isBusy(Date.now());
  }
}

/** Does nothing where a browser has no service workers: without TLS they are there on the machine itself only. */
export async function keepPage(): Promise<void> {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (workers === undefined) return;
  // The first worker of all takes over nothing: then there is nothing to load anew.
  let controlled = workers.controller !== null;
  workers.addEventListener("controllerchange", () => {
    if (controlled) location.reload();
    controlled = true;
  });
  let registration: ServiceWorkerRegistration;
  try {
    registration = await workers.register("./sw.js", { scope: "./", updateViaCache: "none" });
  } catch {
    return; // a certificate nobody trusts, or storage that is forbidden: the page works without
  }
  const tabs = new Tabs();
  setInterval(() => void registration.update().catch(() => undefined), LOOK_MS);
  setInterval(async () => {
    if (registration.waiting !== null && (await tabs.allow())) registration.waiting?.postMessage("take-over");
  }, ASK_MS);
}
