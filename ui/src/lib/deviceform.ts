// A device as a form: what it begins with, what is written of it, and names for its files.
// Not here: what its fields are (schema.ts), and its tags (tagcsv.ts).
import { ESSENTIAL, type Driver, type PlantDevice, type Reach, type Table } from "./drivers";
import { editsOf, fieldsOf, type Field, type Form, type KeyEdits } from "./schema";

/** Keys that have a place of their own in the form. */
const APART = ["driver", "endpoint", "tags", "settings", "enabled", "path"];

export interface DeviceForm {
  name: string;
  driver: string;
  endpoint: string;
  /** All other keys that drivers share. */
  keys: Form;
  settings: Form;
}

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value);

export function formOf(device: PlantDevice): DeviceForm {
  const { driver, endpoint, settings, ...keys } = device.table;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return { name: device.device, driver: text(driver), endpoint: text(endpoint), keys, settings: isTable(settings) ? settings : {} };
}

export function settingsFields(driver: Driver): Field[] {
  return fieldsOf(driver.settings, ESSENTIAL);
}

/** Those that drivers share and that are shown as they come. */
export function sharedFields(driver: Driver): Field[] {
  return fieldsOf(driver.device).filter((field) => !APART.includes(field.key));
}

function allShared(driver: Driver): Field[] {
  return fieldsOf(driver.device).filter((field) => field.key !== "settings");
}

/** What changes in the device's own table; nothing when the form says what is written. */
export function deviceEdits(driver: Driver, device: PlantDevice, form: DeviceForm): KeyEdits {
  const { settings: written, ...keys } = device.table;
  const shared = editsOf(allShared(driver), keys, { ...form.keys, driver: form.driver, endpoint: form.endpoint }, [form.name]);
  // Settings of another driver mean nothing to the new one.
  if (device.table.driver !== form.driver) {
    const fresh = editsOf(settingsFields(driver), {}, form.settings, [form.name, "settings"]);
    return { set: [...shared.set, ...fresh.set], remove: [...shared.remove, ...(isTable(written) ? [[form.name, "settings"]] : [])] };
  }
  const own = editsOf(settingsFields(driver), isTable(written) ? written : {}, form.settings, [form.name, "settings"]);
  return { set: [...shared.set, ...own.set], remove: [...shared.remove, ...own.remove] };
}

/** How a key is written in TOML. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

export function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (isTable(value)) return `{ ${Object.entries(value).filter(([, one]) => one !== undefined && one !== null).map(([key, one]) => `${tomlKey(key)} = ${tomlValue(one)}`).join(", ")} }`;
  return JSON.stringify(value);
}

export interface NewDevice {
  /** Relative to the plant folder. */
  file: string;
  text: string;
  tagsFile: string;
}

/** The file of a new device. Only what differs from the defaults is in it. */
export function newDevice(driver: Driver, form: DeviceForm, files: { device: string; tags: string }): NewDevice {
  const name = form.name;
  const given = { ...form.keys, driver: form.driver, endpoint: form.endpoint, tags: `../${files.tags}` };
  const shared = editsOf(allShared(driver), {}, given, [name]);
  const order = ["driver", "endpoint", "path", "period", "tags"];
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const lines = shared.set.filter((one) => one.key.length === 2).sort((a, b) => place(a.key[1]!) - place(b.key[1]!)).map((one) => `${tomlKey(one.key[1]!)} = ${tomlValue(one.value)}`);
  const own = editsOf(settingsFields(driver), {}, form.settings, []);
  const settings = own.set.map((one) => `${one.key.map(tomlKey).join(".")} = ${tomlValue(one.value)}`);
  const text = [`[${tomlKey(name)}]`, ...lines, ...(settings.length === 0 ? [] : ["", `[${tomlKey(name)}.settings]`, ...settings]), ""].join("\n");
  return { file: files.device, text, tagsFile: files.tags };
}

/**
 * A file with a device under another name: the heads of its tables. Null when it is written in another way (dotted keys,
 * inline), which is better changed as text.
 */
export function renamedText(text: string, from: string, to: string): string | null {
  const escaped = from.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const head = new RegExp(`^([ \\t]*\\[[ \\t]*)(?:${escaped}|"${escaped}"|'${escaped}')(?=[ \\t]*[.\\]])`, "gm");
  const own = new RegExp(`${head.source}[ \\t]*\\]`, "m");
  return own.test(text) ? text.replace(head, (_, open: string) => open + tomlKey(to)) : null;
}

/** Names of files for a device that nobody has yet. */
export function fileNames(name: string, taken: readonly string[]): { device: string; tags: string } {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+/, "") || "device";
  const free = (folder: string, end: string) => {
    for (let n = 1; ; n += 1) {
      const path = `${folder}/${plain}${n === 1 ? "" : `-${n}`}${end}`;
      if (!taken.some((one) => one.toLowerCase() === path.toLowerCase())) return path;
    }
  };
  return { device: free("devices", ".toml"), tags: free("tags", ".csv") };
}

/** A name for a device that is reached there: its host's when that has one, otherwise the driver with a number. */
export function suggestName(driver: string, host: string, taken: readonly string[]): string {
  const label = host.split(".")[0]!.toLowerCase();
  const own = /^[a-z][a-z0-9-]*$/.test(label) && label !== "localhost" && !/^com\d+$/.test(label) ? label : null;
  for (let n = 1; ; n += 1) {
    const name = own === null ? `${driver}-${n}` : n === 1 ? own : `${own}-${n}`;
    if (!taken.includes(name)) return name;
  }
}

export type NameMistake = "empty" | "taken" | "form" | "long" | null;

/** Why a device cannot be called so; the node has the last word. */
export function nameMistake(name: string, taken: readonly string[]): NameMistake {
  if (name.trim() === "") return "empty";
  if (taken.includes(name)) return "taken";
  if (/[/+#$"\\]|[\u0000-\u001f\u007f]/.test(name) || name.startsWith("_") || name.trim() !== name) return "form";
  return new TextEncoder().encode(name).length > 64 ? "long" : null;
}

/** What a device is tried and browsed with. */
export function reachOf(form: DeviceForm): Reach {
  const timeout = form.keys.timeout;
  return {
    driver: form.driver,
    endpoint: form.endpoint,
    ...(typeof timeout === "string" && timeout !== "" ? { timeout } : {}),
    settings: Object.fromEntries(Object.entries(form.settings).filter(([, value]) => value !== undefined)),
  };
}

/** Where the tags of a device are in the tree. */
export function placeOf(nodePath: string, form: Pick<DeviceForm, "name" | "keys">): string {
  const own = form.keys.path;
  return [nodePath, typeof own === "string" && own !== "" ? own : form.name].filter((part) => part !== "").join("/");
}

/** The file that a device's `tags` key names, seen from the plant folder; null for one that is outside. */
export function tagsPath(deviceFile: string, tags: string): string | null {
  if (tags.startsWith("/")) return null;
  const parts = [...deviceFile.split("/").slice(0, -1), ...tags.split("/")];
  const out: string[] = [];
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part !== "..") out.push(part);
    else if (out.pop() === undefined) return null;
  }
  return out.join("/");
}

/** The key of a form that a mistake in a device's file is about: by its line, or by what it says. */
export function keyOfMistake(text: string | null, line: number | null, what: string): string | null {
  if (text !== null && line !== null) {
    const lines = text.split("\n");
    const key = /^\s*([A-Za-z0-9_-]+)\s*=/.exec(lines[line - 1] ?? "")?.[1];
    if (key !== undefined) {
      const head = lines.slice(0, line).reverse().find((one) => /^\s*\[/.test(one));
      return head !== undefined && /\.\s*settings\s*\]/.test(head) ? `settings.${key}` : key;
    }
  }
  return /^`([a-z_]+)` (?:is|must|has)/.exec(what)?.[1] ?? null;
}
