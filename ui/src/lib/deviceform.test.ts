import { afterEach, expect, test, vi } from "vitest";
import { type Driver, type PlantDevice, workshop } from "./drivers";
import { deviceLink, parseDevices } from "./drivers";
import { deviceEdits, fileNames, formOf, keyOfMistake, nameMistake, newDevice, placeOf, reachOf, renamedText, suggestName, tagsPath, tomlValue } from "./deviceform";
import { DeviceWork } from "./devicework.svelte";
import { revisionsApi } from "./revisions";

afterEach(() => vi.restoreAllMocks());

const DRIVER: Driver = {
  driver: "modbus", title: "Modbus", endpoints: [{ scheme: "tcp", example: "tcp://192.168.0.17:502", about: "" }], types: ["i16"], address: { examples: [], about: "" }, browse: "scan",
  settings: { properties: { unit: { type: "integer", default: 1 }, pause: { type: "string", format: "duration", default: "0ms" } } },
  device: {
    properties: {
      driver: { type: "string" }, endpoint: { type: "string" }, path: { type: ["string", "null"], default: null }, period: { type: "string", format: "duration", default: "1s" },
      timeout: { type: "string", format: "duration", default: "1s" }, tags: { type: "string" }, enabled: { type: "boolean", default: true }, settings: { type: "object" },
    },
    required: ["driver", "endpoint", "tags"],
  },
};
const DEVICE: PlantDevice = {
  device: "press-1", file: "devices/line-1.toml", tags_file: "tags/press-1.csv", writable: true, enabled: true,
  table: { driver: "modbus", endpoint: "tcp://10.0.0.5:502", tags: "../tags/press-1.csv", period: "500ms", odd: 1, settings: { unit: 3, stranger: true } },
};

test("a form that was only opened changes nothing", () => {
  expect(deviceEdits(DRIVER, DEVICE, formOf(DEVICE))).toEqual({ set: [], remove: [] });
});

test("edits name the keys of the device, and of its settings", () => {
  const form = formOf(DEVICE);
  const edits = deviceEdits(DRIVER, DEVICE, { ...form, endpoint: "tcp://10.0.0.6:502", keys: { ...form.keys, period: "1s", enabled: false }, settings: { ...form.settings, unit: 1, pause: "20ms" } });
  expect(edits).toEqual({
    set: [{ key: ["press-1", "endpoint"], value: "tcp://10.0.0.6:502" }, { key: ["press-1", "enabled"], value: false }, { key: ["press-1", "settings", "pause"], value: "20ms" }],
    remove: [["press-1", "period"], ["press-1", "settings", "unit"]],
  });
});

test("a new device's file has what differs from the defaults, and no more", () => {
  const form = { name: "press-2", driver: "modbus", endpoint: "tcp://10.0.0.5:502", keys: { period: "1s", path: "line-1/press-2", description: undefined }, settings: { unit: 2, pause: "0ms" } };
  expect(newDevice(DRIVER, form, fileNames("press-2", [])).text).toBe(
    '[press-2]\ndriver = "modbus"\nendpoint = "tcp://10.0.0.5:502"\npath = "line-1/press-2"\ntags = "../tags/press-2.csv"\n\n[press-2.settings]\nunit = 2\n',
  );
  expect(newDevice(DRIVER, { ...form, name: "a b", keys: {}, settings: {} }, fileNames("a b", [])).text).toBe('["a b"]\ndriver = "modbus"\nendpoint = "tcp://10.0.0.5:502"\ntags = "../tags/a-b.csv"\n');
  expect(tomlValue({ a: [1, "x"], b: true })).toBe('{ a = [1, "x"], b = true }');
});

test("names and files are those that nobody has", () => {
  expect(fileNames("press-1", ["devices/press-1.toml", "tags/Press-1.csv"])).toEqual({ device: "devices/press-1-2.toml", tags: "tags/press-1-2.csv" });
  expect(fileNames("../../x", []).device).toBe("devices/x.toml");
  for (const [host, taken, name] of [["192.168.0.17", [], "modbus-1"], ["192.168.0.17", ["modbus-1"], "modbus-2"], ["PLC-3.plant.local", [], "plc-3"], ["plc-3", ["plc-3"], "plc-3-2"], ["localhost", [], "modbus-1"], ["", [], "modbus-1"]] as const) {
    expect(suggestName("modbus", host, taken)).toBe(name);
  }
  for (const [name, wrong] of [["", "empty"], ["a", "taken"], ["x/y", "form"], ["_x", "form"], ["x".repeat(65), "long"], ["press 1", null]] as const) {
    expect(nameMistake(name, ["a"]), name).toBe(wrong);
  }
});

test("paths are seen from where they are written", () => {
  expect(tagsPath("devices/line-1.toml", "../tags/a.csv")).toBe("tags/a.csv");
  expect(tagsPath("devices/line-1.toml", "a.csv")).toBe("devices/a.csv");
  expect(tagsPath("devices/line-1.toml", "../../a.csv")).toBe(null);
  expect(placeOf("acme/r", { name: "p", keys: {} })).toBe("acme/r/p");
  expect(placeOf("", { name: "p", keys: { path: "l/p" } })).toBe("l/p");
});

test("a device gets another name with all its tables", () => {
  const text = '# a\n[press-1] # mine\ndriver = "modbus"\n[press-1.settings]\nunit = 1\n[press-10]\n[ "press-1".other ]\n';
  expect(renamedText(text, "press-1", "big press")).toBe('# a\n["big press"] # mine\ndriver = "modbus"\n["big press".settings]\nunit = 1\n[press-10]\n[ "big press".other ]\n');
  expect(renamedText("press-1.driver = 1\n", "press-1", "x")).toBe(null);
  expect(renamedText("[press-1.settings]\n", "press-1", "x")).toBe(null);
});

test("a device is tried with what the form says", () => {
  expect(reachOf({ ...formOf(DEVICE), keys: { timeout: "2s" } })).toEqual({ driver: "modbus", endpoint: "tcp://10.0.0.5:502", timeout: "2s", settings: { unit: 3, stranger: true } });
});

test("a mistake in the file is shown at its field", () => {
  const text = '[press-1]\nperiod = "1"\n\n[press-1.settings]\nunit = 900\n';
  expect(keyOfMistake(text, 2, "a duration needs a unit")).toBe("period");
  expect(keyOfMistake(text, 5, "900 is too much")).toBe("settings.unit");
  expect(keyOfMistake(text, 1, "`endpoint` is missing")).toBe("endpoint");
  expect(keyOfMistake(null, 4, "there is no driver `x`")).toBe(null);
});

test("addresses of devices", () => {
  for (const [path, route] of [["", { view: "list" }], ["new", { view: "new" }], ["new/overview", { view: "device", device: "new", tab: "overview" }], ["a b/tags", { view: "device", device: "a b", tab: "tags" }], ["x/y", { view: "device", device: "x", tab: "overview" }]] as const) {
    expect(parseDevices(path)).toEqual(route);
  }
  expect([deviceLink("a b", "tags"), deviceLink("new"), deviceLink("p")]).toEqual(["#/devices/a%20b/tags", "#/devices/new/overview", "#/devices/p"]);
});

test("a device that is not written under a head of its own keeps its name, and gets no half-empty neighbour", async () => {
  const text: Record<string, string> = { "devices/line-1.toml": 'press-1.driver = "modbus"\npress-1.endpoint = "tcp://10.0.0.5:502"\n', "tags/press-1.csv": "tag,address,type\n" };
  vi.spyOn(workshop, "configured").mockResolvedValue([DEVICE]);
  vi.spyOn(revisionsApi, "files").mockResolvedValue({ files: [] } as never);
  vi.spyOn(revisionsApi, "file").mockImplementation((path) => Promise.resolve({ path, text: text[path]!, sha256: path } as never));
  const work = new DeviceWork("press-1", () => DRIVER);
  const named = (name: string) => {
    work.setForm({ name });
    const { files, edits } = work.change();
    const out = [work.isNameFixed, work.isRight, files.length, edits.map((edit) => edit.set.map((one) => one.key.join(".")))];
    work.stop();
    return out;
  };
  await work.read();
  expect(named("press-2")).toEqual([true, false, 0, []]);
  expect(work.dirty).toBe(false);
  work.setForm({ endpoint: "tcp://10.0.0.9:502" });
  expect(named("press-3")).toEqual([true, false, 0, [["press-1.endpoint"]]]);
  expect(named("press-1")).toEqual([false, true, 0, [["press-1.endpoint"]]]);
  text["devices/line-1.toml"] = '[press-1]\ndriver = "modbus"\nendpoint = "tcp://10.0.0.5:502"\n';
  await work.read();
  expect(named("press-2")).toEqual([false, true, 1, []]);
});
