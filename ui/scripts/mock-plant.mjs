// A made-up plant for looking at the page without a node: values are functions of time, so any
// stretch of history exists without being stored. A development tool, no part of the product.

/** Deterministic noise in -1..1: the same tag shows the same past after a reload. */
function noise(seed, step) {
  let x = Math.imul(seed ^ Math.imul(step, 0x9e3779b1), 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
}

function smooth(seed, t, period) {
  const at = t / period;
  const step = Math.floor(at);
  const f = at - step;
  const s = f * f * (3 - 2 * f);
  return noise(seed, step) * (1 - s) + noise(seed, step + 1) * s;
}

const analog = (mid, swing, period = 90_000) => (seed, t) =>
  mid + swing * (0.6 * smooth(seed, t, period) + 0.3 * smooth(seed + 7, t, period / 6) + 0.1 * noise(seed, Math.floor(t / 1000)));
const counter = (perSecond) => (seed, t) => Math.floor(((t / 1000) % 864_000) * perSecond);
const flag = (share, period = 240_000) => (seed, t) => smooth(seed, t, period) < share * 2 - 1;
const words = (list, period = 900_000) => (seed, t) =>
  list[Math.floor(((smooth(seed, t - (t % period), period * 3) + 1) / 2) * list.length) % list.length];
const fixed = (value) => () => value;

const RUNNING = ["running", "bool", "", "Motor contactor", flag(0.93)];
const COMMON = [
  RUNNING,
  ["state", "text", "", "Machine state", words(["execute", "execute", "execute", "held", "idle", "execute"])],
  ["fault", "bool", "", "Common fault", flag(0.04, 600_000)],
  ["hours", "u32", "h", "Hours in operation", (s, t) => Math.floor(t / 3_600_000) % 40_000],
  ["power", "f32", "kW", "Electrical power", analog(7.4, 2.2)],
  ["energy", "f64", "kW.h", "Energy since commissioning", (s, t) => 48_210 + (t % 8.64e8) / 3.6e6 * 7.4],
];

const KINDS = {
  filler: [
    ["speed", "f32", "1/min", "Bottles per minute", analog(412, 38), "read-write"],
    ["temperature", "f32", "Cel", "Product temperature", analog(6.4, 1.1, 400_000)],
    ["pressure", "f32", "bar", "Bowl pressure", analog(2.41, 0.18)],
    ["level", "f32", "%", "Bowl level", analog(71, 9)],
    ["count", "u32", "1", "Bottles filled this week", counter(6.8)],
    ["rejects", "u32", "1", "Bottles rejected", counter(0.04)],
    ["recipe", "text", "", "Product being filled", words(["still 0.5 l", "still 1.5 l", "sparkling 0.5 l"], 7_200_000), "read-write"],
    ["speed_setpoint", "f32", "1/min", "Speed asked for", fixed(420), "read-write"],
  ],
  capper: [
    ["speed", "f32", "1/min", "Caps per minute", analog(411, 38)],
    ["torque", "f32", "N.m", "Closing torque", analog(1.62, 0.22)],
    ["count", "u32", "1", "Caps closed", counter(6.8)],
  ],
  labeller: [
    ["speed", "f32", "1/min", "Labels per minute", analog(409, 40)],
    ["web_tension", "f32", "N", "Tension of the label web", analog(18.2, 1.9)],
    ["glue_temperature", "f32", "Cel", "Glue temperature", analog(152, 4.5)],
  ],
  packer: [
    ["rate", "f32", "1/min", "Cases per minute", analog(34, 3.1)],
    ["air_pressure", "f32", "bar", "Compressed air at the inlet", analog(5.9, 0.25)],
    ["magazine_level", "u8", "%", "Blanks left", (s, t) => 100 - Math.floor((t / 9_000) % 100)],
  ],
  palletizer: [
    ["rate", "f32", "1/h", "Pallets per hour", analog(41, 4)],
    ["layer", "u8", "1", "Layer being built", (s, t) => Math.floor(t / 20_000) % 7],
    ["vibration", "f32", "mm/s", "Velocity RMS at the lift", analog(2.1, 0.8)],
  ],
  compressor: [
    ["pressure", "f32", "bar", "Network pressure", analog(7.1, 0.35)],
    ["flow", "f32", "m3/h", "Delivered air", analog(612, 140)],
    ["oil_temperature", "f32", "Cel", "Oil temperature", analog(81, 6)],
    ["dew_point", "f32", "Cel", "Pressure dew point", analog(-38, 4)],
  ],
  boiler: [
    ["steam_pressure", "f32", "bar", "Drum pressure", analog(9.6, 0.4)],
    ["steam_flow", "f32", "t/h", "Steam flow", analog(4.2, 1.3)],
    ["feed_temperature", "f32", "Cel", "Feed water temperature", analog(103.5, 1.2)],
    ["o2", "f32", "%", "Oxygen in the flue gas", analog(3.4, 0.7)],
  ],
  chiller: [
    ["supply_temperature", "f32", "Cel", "Brine supply", analog(-4.2, 0.6)],
    ["return_temperature", "f32", "Cel", "Brine return", analog(1.4, 0.9)],
    ["flow", "f32", "m3/h", "Brine flow", analog(96, 8)],
  ],
  mixer: [
    ["level", "f32", "%", "Tank level", analog(58, 30, 1_200_000)],
    ["temperature", "f32", "Cel", "Tank temperature", analog(12.4, 2.6)],
    ["agitator_speed", "f32", "1/min", "Agitator speed", analog(62, 4), "read-write"],
    ["brix", "f32", "%", "Dissolved sugar", analog(11.2, 0.3)],
    ["weight", "f64", "kg", "Tank weight", analog(12_480, 2_300, 1_200_000)],
  ],
};

const DIAG = [
  ["connected", "bool", "", "Whether the device answers", fixed(true)],
  ["round_trip", "f32", "ms", "Time of the last answer", analog(2.1, 1.4, 20_000)],
  ["requests", "u64", "1", "Requests sent", counter(4)],
  ["errors", "u64", "1", "Requests that failed", fixed(3)],
];

const MACHINES = [
  ...["line-1", "line-2"].flatMap((line) =>
    ["filler", "capper", "labeller", "packer", "palletizer"].map((kind) => [`packaging/${line}/${kind}`, kind])),
  ["blending/mixer-1", "mixer"], ["blending/mixer-2", "mixer"], ["blending/mixer-3", "mixer"],
  ["utilities/compressor-1", "compressor"], ["utilities/compressor-2", "compressor"],
  ["utilities/boiler", "boiler"], ["utilities/chiller", "chiller"],
];

export const ROOT = "acme/rotterdam";

/** `extra` adds that many plain tags, to feel what a large plant is like. */
export function buildPlant(extra) {
  const tags = [];
  const devices = [];
  const add = (device, path, [name, type, unit, description, value, access = "read"]) =>
    tags.push({
      tag: `${path}/${name}`, device, type, unit: unit === "" ? null : unit, description, access,
      step: type === "bool" || type === "text" || /^[iu]/.test(type), f: value, seed: tags.length * 131 + 17,
    });
  for (const [place, kind] of MACHINES) {
    const path = `${ROOT}/${place}`;
    const device = place.split("/").slice(1).join("-");
    devices.push({ device, path, kind });
    for (const one of DIAG) add(device, `${path}/_diag`, one);
    for (const one of [...KINDS[kind], ...COMMON]) add(device, path, one);
  }
  for (let at = 0; at < extra; at += 1) {
    const path = `${ROOT}/warehouse/rack-${String(Math.floor(at / 50) + 1).padStart(3, "0")}`;
    add("warehouse", path, [`slot-${String(at % 50).padStart(2, "0")}`, "f32", "Cel", "Slot temperature", analog(4, 1.5)]);
  }
  tags.sort((a, b) => {
    const x = a.tag.split("/"), y = b.tag.split("/");
    for (let i = 0; i < Math.min(x.length, y.length); i += 1) if (x[i] !== y[i]) return x[i] < y[i] ? -1 : 1;
    return x.length - y.length;
  });
  return { tags, devices };
}

const written = new Map();
export const write = (tag, value) => written.set(tag, value);

/** The sample of a tag at a time: one machine is offline, one sensor flickers, one is doubtful. */
export function sampleAt(tag, t, started) {
  const period = tag.type === "text" || tag.type === "bool" ? 5_000 : 1_000;
  const at = t - (t % period);
  const no = (reason) => ({ timestamp_ms: at, value: null, quality: "bad", reason });
  if (tag.tag.includes("line-2/labeller") && !tag.tag.includes("_diag")) {
    if (t > started - 420_000) return { ...no("comm"), timestamp_ms: started - 420_000 };
  }
  if (tag.tag.endsWith("chiller/flow") && Math.floor(t / 90_000) % 4 === 0) return no("range");
  if (tag.tag.endsWith("mixer-3/brix")) return { timestamp_ms: null, value: null, quality: "bad", reason: "not-yet" };
  const value = written.get(tag.tag) ?? tag.f(tag.seed, at);
  const rounded = typeof value === "number" && tag.type === "f32" ? Math.fround(Math.round(value * 1e4) / 1e4) : value;
  const clean = /^[iu]/.test(tag.type) ? Math.round(rounded) : rounded;
  if (tag.tag.endsWith("boiler/o2")) return { timestamp_ms: at, value: clean, quality: "uncertain", reason: "substituted" };
  return { timestamp_ms: at, value: clean, quality: "good", reason: null };
}

/** First, last, least and most of each pixel column, from at most a few thousand looks. */
export function plot(tag, start, end, points, started) {
  const out = { tag: tag.tag, unit: tag.unit, timestamp_ms: [], value: [], quality: [], reason: [] };
  const stop = Math.min(end, Date.now());
  const step = Math.max(1_000, (end - start) / points);
  let last = null;
  for (let t = start; t < stop; t += step) {
    const s = sampleAt(tag, Math.floor(t), started);
    if (s.timestamp_ms === null || s.timestamp_ms < start || s.timestamp_ms === last) continue;
    if (s.quality === "bad" && out.quality.at(-1) === "bad") continue;
    last = s.timestamp_ms;
    out.timestamp_ms.push(s.timestamp_ms);
    out.value.push(s.value);
    out.quality.push(s.quality);
    out.reason.push(s.reason);
  }
  return out;
}
