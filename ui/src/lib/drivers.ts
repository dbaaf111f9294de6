// Drivers, configured devices, and the workshop: trying a connection, looking what a device has, listening to its frames.
// Not here: how a device does (api.ts), and changing the plant folder (plantchange.ts).
import { get, query, send, type Quality, type Value } from "./api";
import type { JsonSchema } from "./schema";

export interface Driver {
  driver: string;
  title: string;
  endpoints: { scheme: string; example: string; about: string }[];
  /** Of its own settings. */
  settings: JsonSchema;
  /** Of the keys that all drivers share. */
  device: JsonSchema;
  types: string[];
  address: { examples: string[]; about: string };
  browse: "scan" | "tree" | null;
}

export type Table = Record<string, unknown>;

export interface PlantDevice {
  device: string;
  /** Where it is written. */
  file: string;
  /** As it is written, without what is left to its default. */
  table: Table;
  tags_file: string | null;
  writable: boolean;
  enabled: boolean;
}

/** What a device is reached with. */
export interface Reach {
  driver: string;
  endpoint: string;
  timeout?: string;
  settings?: Table;
}

export type StepName = "settings" | "name" | "port" | "connect" | "open" | "tls" | "credentials" | "answer" | "read";

export interface TestStep {
  step: StepName;
  outcome: "ok" | "failed" | "skipped";
  took_ms: number;
  what: string;
  code: string | null;
  remedy: string | null;
}

export interface TestValue {
  name: string;
  address: string;
  value: Value;
  quality: Quality;
  reason: string | null;
  /** What the device said in place of a value. */
  what?: string | null;
}

export interface TestAnswer {
  ok: boolean;
  took_ms: number;
  steps: TestStep[];
  values: TestValue[];
  /** What is wrong with what was to be tried. */
  mistakes?: { key: string; code: string; what: string; remedy: string }[];
  /** What went over the line. */
  frames?: Frame[];
}

export interface FoundPoint {
  name: string;
  address: string;
  /** Null where it is no point but something to choose first: a unit behind a gateway. */
  type: string | null;
  description: string | null;
  value: Value;
  quality: Quality | null;
  /** What else it could be, with the value it would have. */
  guesses?: { type: string; value: Value }[];
  /** Settings that reach it, where those of the form do not. */
  settings?: Table | null;
  /** Whether there is more below it: only where a device is browsed as a tree. */
  folder?: boolean;
}

export interface BrowsePage {
  found: FoundPoint[];
  next: string | null;
  /** How much of all was looked at, 0 to 1; null where nobody knows. */
  done: number | null;
  note: string | null;
}

export interface Frame {
  n: number;
  timestamp_ms: number;
  direction: "sent" | "received";
  bytes: string;
  text: string;
  took_ms: number | null;
}

export interface TracePage {
  until_ms: number | null;
  frames: Frame[];
  next: number;
  dropped: number;
}

/** The most tags one test reads. */
export const TEST_TAGS_MAX = 32;
/** Points asked for at a time: a page takes the node five seconds at most. */
const BROWSE_PAGE = 200;

const one = (device: string) => `devices/${encodeURIComponent(device)}/trace`;

export const workshop = {
  drivers(signal?: AbortSignal): Promise<Driver[]> {
    return get("drivers", {}, signal);
  },

  configured(signal?: AbortSignal): Promise<PlantDevice[]> {
    return get("plant/devices", {}, signal);
  },

  test(device: Reach, tags: readonly Readonly<Record<string, string>>[], signal?: AbortSignal): Promise<TestAnswer> {
    return send("POST", "devices/test", { device, tags: tags.slice(0, TEST_TAGS_MAX) }, signal);
  },

  browse(device: Reach, options: Table, after: string | null, signal?: AbortSignal): Promise<BrowsePage> {
    return send("POST", "devices/browse", { device, options, after, limit: BROWSE_PAGE }, signal);
  },

  trace(device: string, after: number, signal?: AbortSignal): Promise<TracePage> {
    return get(one(device), { after }, signal);
  },

  /** 0 ends it. */
  startTrace(device: string, seconds: number): Promise<unknown> {
    return send("POST", one(device), { seconds });
  },
};

/** Keys of settings that most devices need somebody to look at; a schema can say so itself with `x-essential`. */
export const ESSENTIAL = ["unit", "rack", "slot", "security", "username", "password", "community"];

export type DeviceTab = "overview" | "tags" | "settings" | "diagnostics";
const TABS: readonly DeviceTab[] = ["overview", "tags", "settings", "diagnostics"];

export type DevicesRoute = { view: "list" } | { view: "new" } | { view: "device"; device: string; tab: DeviceTab };

/** `#/devices`, `#/devices/new`, `#/devices/press-1`, `#/devices/press-1/tags`. A device called `new` is at `new/overview`. */
export function parseDevices(path: string): DevicesRoute {
  const [device = "", tab] = path.split("/");
  if (device === "") return { view: "list" };
  if (device === "new" && tab === undefined) return { view: "new" };
  return { view: "device", device, tab: TABS.find((known) => known === tab) ?? "overview" };
}

export function deviceLink(device: string, tab: DeviceTab = "overview", params: Record<string, string | undefined> = {}): string {
  const tail = tab === "overview" && device !== "new" ? "" : `/${tab}`;
  return `#/devices/${encodeURIComponent(device)}${tail}${query(params)}`;
}
