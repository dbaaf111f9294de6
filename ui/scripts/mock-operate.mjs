// Fakes of operating: doctor, log with levels, storage. A development tool.
const check = (check, group, title, outcome, what, cause = null, fix = null, code = null) => ({ check, group, title, outcome, what, cause, fix, code });

const CHECKS = [
  check("plant-readable", "plant", "The plant folder can be read", "ok", "plant, 312 tags in 17 devices"),
  check("plant-warnings", "plant", "Nothing in it is probably not meant", "ok", "no warnings"),
  check("devices-answer", "devices", "Every device answers", "bad", "no answer from meter-workshop for 4 minutes", "tcp://10.0.4.7:502, unit 7 did not answer in 500ms", "open the device on the page: Test connection names the step that fails", "LS-DRV-002"),
  check("devices-whole", "devices", "Every address is answered", "warn", "tags are refused: meter-boiler-house (1 of 16)", "the device refuses address ir:27 of harmonics", "compare the addresses with the device's manual; many count from one where others count from zero", "LS-DRV-009"),
  check("disk-free", "storage", "There is room on the disk", "warn", "5.1 GiB free of 64.0 GiB (8.0 %)", "with less, disks become slow and history has no room to grow", "make room, or set `[historian] retention`"),
  check("shaft-writes", "storage", "The shaft writes", "ok", "1.2 GiB of 10.0 GiB"),
  check("history-seals", "history", "Samples are sealed into files", "ok", "183204411 samples sealed"),
  check("clock-synchronised", "clock", "The clock is kept in step", "unknown", "this is a container: its clock is that of the machine below it", "from inside it cannot be seen who keeps that one in step", "look on the machine: `timedatectl`"),
  check("serial-ports", "network", "Serial ports can be opened", "skipped", "there are no serial lines"),
  check("trail-writes", "security", "The audit trail is written", "ok", "4711 entries"),
  check("memory", "host", "There is memory left", "ok", "1.2 GiB of 4.0 GiB left (30 %)"),
  check("page-embedded", "page", "The page is in the program", "ok", "43 files"),
];

const SAID = [
  ["info", "lineshaft::node", "the node runs", { listen: "http://127.0.0.1:8080", revision: "3" }],
  ["warn", "lineshaft_drivers::runner::poll", "address refused", { device: "meter-boiler-house", tag: "harmonics", address: "ir:27", code: "LS-DRV-009" }],
  ["info", "lineshaft_drivers::runner::fault", "device is back", { device: "filler" }],
  ["error", "lineshaft_drivers::runner::fault", "device lost", { device: "meter-workshop", code: "LS-DRV-002", error: "tcp://10.0.4.7:502, unit 7 did not answer in 500ms" }],
  ["info", "lineshaft_historian::seal", "sealed", { samples: "16384", segments: "1" }],
];
const STARTED = Date.now();
const RANK = ["error", "warn", "info", "debug", "trace"];
let levels = [];
let fallback = null;

/** One line each three seconds; they are computed, not kept. */
function lines() {
  const count = 40 + Math.floor((Date.now() - STARTED) / 3_000);
  return Array.from({ length: Math.min(count, 2_000) }, (_, at) => {
    const n = at + 1;
    const [level, target, message, fields] = SAID[at % SAID.length];
    return { n, timestamp_ms: STARTED + (n - 40) * 3_000, level, target, message, fields };
  });
}

function shownLevels() {
  const now = Date.now();
  levels = levels.filter((one) => one.until_ms > now);
  if (fallback !== null && fallback.until <= now) fallback = null;
  return {
    default: fallback?.level ?? "info", default_until_ms: fallback?.until ?? null, usual: "info",
    levels, targets: [...new Set(SAID.map(([, target]) => target))].sort(),
  };
}

export function operateRoutes(method, path, params, body) {
  if (method === "GET" && path === "doctor") return { examined_ms: Date.now(), took_ms: 412, checks: CHECKS };
  if (method === "GET" && path === "logs/levels") return shownLevels();
  if (method === "PUT" && path === "logs/levels") {
    const until = (minutes = 15) => Date.now() + minutes * 60_000;
    levels = (body.levels ?? []).map((one) => ({ target: one.target, level: one.level, until_ms: until(one.minutes) }));
    fallback = body.default === undefined ? null : { level: body.default, until: until(body.minutes) };
    return shownLevels();
  }
  if (method === "GET" && path === "logs") {
    const word = (name) => params.get(name) ?? "";
    const all = lines();
    let found = all.filter((line) => {
      const text = `${line.target} ${line.message} ${Object.entries(line.fields).map((pair) => pair.join("=")).join(" ")}`.toLowerCase();
      return (word("level") === "" || RANK.indexOf(line.level) <= RANK.indexOf(word("level"))) && line.target.startsWith(word("target")) && text.includes(word("search").toLowerCase())
        && line.n > Number(word("after") || 0) && line.n < Number(word("before") || Infinity);
    });
    const limit = Number(word("limit") || 500);
    found = params.has("after") ? found.slice(0, limit) : found.slice(-limit);
    return { lines: found, next: all.at(-1).n, first_n: 1, dropped: 0 };
  }
  if (method === "GET" && path === "storage") {
    const GIB = 1_024 ** 3;
    const now = Date.now();
    const day = (ago) => new Date(now - ago * 86_400_000).toISOString().slice(0, 10);
    return {
      measured_ms: now, window_ms: 900_000,
      shaft: { bytes: 1.2 * GIB, quota_bytes: 10 * GIB, segments: 19, oldest_ms: now - 3 * 86_400_000, bytes_per_day: 0.4 * GIB, outage_ms: 25 * 86_400_000 },
      readers: [
        { name: "historian", offset: 812_004, lag_records: 5_100, lag_bytes: 380_000, oldest_ms: now - 1_500_000, records_per_second: 61.2, drain_ms: null },
        { name: "site-above", offset: 402_110, lag_records: 414_994, lag_bytes: 0.5 * GIB, oldest_ms: now - 2 * 86_400_000, records_per_second: 240.5, drain_ms: 2_310_000 },
      ],
      historian: {
        segments: 48, bytes: 0.31 * GIB, samples_sealed: 183_204_411, samples_hot: 91_200, oldest_ms: now - 9 * 86_400_000, bytes_per_sample: 1.8,
        bytes_per_day: 0.035 * GIB, retention_ms: null, days: [8, 7, 6, 5, 4, 3, 2, 1, 0].map((ago) => ({ day: day(ago), segments: ago === 0 ? 9 : 5, bytes: (0.03 + (ago % 3) * 0.004) * GIB })),
      },
      disk: { folder: "/var/lib/lineshaft", kind: "ext4", total_bytes: 64 * GIB, free_bytes: 5.1 * GIB, reserved_bytes: 0.5 * GIB, full_in_ms: 21 * 86_400_000 },
      parts: [
        { part: "shaft", files: 21, bytes: 1.2 * GIB }, { part: "historian", files: 49, bytes: 0.31 * GIB }, { part: "audit", files: 9, bytes: 22_000_000 },
        { part: "revisions", files: 41, bytes: 310_000 }, { part: "identity", files: 2, bytes: 98_000 }, { part: "desk", files: 2, bytes: 61_000 }, { part: "certificates", files: 7, bytes: 3_100 },
      ],
    };
  }
  return undefined;
}
