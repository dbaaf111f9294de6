//! What people and time do to a plant, a data folder and a machine.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, Disk};

use super::{Patient, Seed};

const DAY: Duration = Duration::from_secs(86_400);
const FILE: &str = "plant/lineshaft.toml";
const DEVICE: &str = "plant/devices/press.toml";
const TABLE: &str = "plant/tags/press.csv";

const fn seed(name: &'static str, check: &'static str, seed: fn(&mut Patient)) -> Seed {
    Seed { name, check, seed }
}

pub(super) const SEEDS: &[Seed] = &[
    seed("a key is misspelt", "plant-readable", |it| it.add(FILE, "[shafft]\nquota = \"1GiB\"\n")),
    seed("a device lies beside its folder", "plant-warnings", |it| {
        it.put("plant/press-2.toml", "")
    }),
    seed("the ending of a file is misspelt", "plant-unread", |it| {
        it.put("plant/devices/press.tml", "")
    }),
    seed("a tag table is outside of the folder", "plant-tables", |it| {
        fs::rename(it.plant().join("tags/press.csv"), it.dir.path().join("press.csv")).unwrap();
        it.replace(DEVICE, "../tags/press.csv", "../../press.csv");
    }),
    seed("no device is left", "plant-work", |it| {
        fs::remove_file(it.plant().join("devices/press.toml")).unwrap()
    }),
    seed("everybody may change the plant", "plant-rights", |it| it.mode("plant", 0o777)),
    seed("a device was switched off for a repair", "devices-disabled", |it| {
        it.replace(DEVICE, "timeout", "enabled = false\ntimeout");
    }),
    seed("a device was copied with its unit", "devices-twice", |it| {
        let copy = it.read(DEVICE).replace("[press", "[press-copy");
        it.put("plant/devices/copy.toml", &copy);
    }),
    seed("a row was copied with its address", "devices-addresses", |it| {
        it.add(TABLE, "again,ir:0,u32,read\n")
    }),
    seed("a slow serial line is asked too often", "devices-line-load", |it| {
        serial(it, "period = \"20ms\"")
    }),
    seed("a serial adapter is not plugged in", "serial-ports", |it| serial(it, "period = \"10s\"")),
    seed("a host name is misspelt", "device-names", |it| host(it)),
    seed("the machine has no name server", "name-servers", |it| {
        host(it);
        it.put("root/etc/resolv.conf", "# nothing\n");
    }),
    seed("another program has the port", "listen-port", |it| {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = format!("listen = \"{}\"", taken.local_addr().unwrap());
        it.replace(FILE, "listen = \"127.0.0.1:0\"", &listen);
        it.held.push(Box::new(taken));
    }),
    seed("the page is open to the network without TLS", "listen-reach", |it| {
        it.replace(FILE, "listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:0\"\ntls = \"off\"");
        it.add(FILE, "[security]\ninsecure = [\"http-without-tls\"]\n");
    }),
    seed("a protection was taken away", "insecure-choices", |it| {
        it.add(FILE, "[security]\ninsecure = [\"setup-over-network\"]\n");
    }),
    seed("the node has a name nobody knows", "own-names", |it| {
        it.replace(FILE, "[http]\n", "[http]\nnames = [\"press-hall.invalid\"]\n");
    }),
    seed("the quota is larger than the disk", "disk-quota", |it| {
        it.replace(FILE, "64MiB", "900TiB")
    }),
    seed("the quota holds some hours", "shaft-outage", |it| it.replace(DEVICE, "10s", "10ms")),
    seed("history may take all of the memory", "history-memory", |it| {
        it.replace(FILE, "[historian]\n", "[historian]\nhot_memory = \"7GiB\"\n");
    }),
    seed("a role of the plant file is misspelt", "roles-known", |it| {
        it.add(FILE, "[security]\nsecond_factor = [\"enginer\"]\n");
    }),
    seed("short passwords are taken", "passwords", |it| {
        it.add(FILE, "[security]\npassword_length_min = 8\n");
    }),
    seed("everybody is let in", "anonymous", |it| {
        it.add(FILE, "[security]\nanonymous = \"viewer\"\n")
    }),
    seed("a token lasts ten years", "tokens-lasting", |it| token(it, "3650")),
    seed("a token ends next week", "tokens-ending", |it| token(it, "7")),
    seed("nobody has used a token or an account since spring", "accounts-unused", |it| {
        it.clock = Clock::simulated(Clock::real().now().saturating_add(DAY * 100));
    }),
    seed("the key of the certificate can be read by everybody", "certificates", |it| {
        for file in ["server.pem", "server.key"] {
            fs::copy(it.data().join("tls").join(file), it.dir.path().join(file)).unwrap();
        }
        it.mode("server.key", 0o644);
        let at = it.dir.path().display();
        let pair = format!(
            "[http]\ncertificate = \"file:{at}/server.pem\"\nkey = \"file:{at}/server.key\"\n"
        );
        it.replace(FILE, "[http]\n", &pair);
    }),
    seed("everybody may look into the data folder", "data-rights", |it| it.mode("data", 0o755)),
    seed("the data folder is in memory", "data-file-system", |it| {
        let at = it.data().canonicalize().unwrap();
        it.add(
            "root/proc/self/mountinfo",
            &format!("2 1 0:5 / {} rw - tmpfs tmpfs rw\n", at.display()),
        );
    }),
    seed("another program has the data folder", "data-alone", |it| {
        it.held.push(Box::new(RealDisk.lock(&it.data().join("lock")).unwrap()));
    }),
    seed("the node was killed", "data-alone", |it| {
        drop(UnixListener::bind(it.data().join("control.sock")).unwrap());
    }),
    seed("a bit of the shaft has turned", "shaft-sound", |it| turn(it, "shaft", "shaft", 200)),
    seed("a later version has run here", "data-formats", |it| {
        let file = newest(it, "shaft", "shaft");
        let mut bytes = fs::read(&file).unwrap();
        bytes[8] = 9;
        let checksum = crc32c::crc32c(&bytes[..36]);
        bytes[36..40].copy_from_slice(&checksum.to_le_bytes());
        fs::write(file, bytes).unwrap();
    }),
    seed("a bit of history has turned", "history-sound", |it| turn(it, "historian", "seg", 60)),
    seed("somebody has changed the trail", "trail-sound", |it| turn(it, "audit", "audit", 400)),
    seed("a revision is damaged", "revisions-sound", |it| turn(it, "revisions", "log", 30)),
    seed("what people wrote is damaged", "desk-sound", |it| it.put("data/desk.db", "no database")),
    seed("the accounts are damaged", "accounts-open", |it| {
        it.put("data/identity.db", "no database")
    }),
    seed("the clock was set back", "clock-behind", |it| {
        it.clock = Clock::simulated(Clock::real().now().saturating_sub(DAY * 30));
    }),
    seed("the clock was never set", "clock-plausible", |it| {
        it.clock = Clock::simulated(Timestamp::from_secs(3_600));
    }),
    seed("nothing keeps the clock in step", "clock-synchronised", |it| {
        fs::remove_dir_all(it.root().join("run")).unwrap();
    }),
    seed("the time zone is gone", "clock-zone", |it| {
        let link = it.root().join("etc/localtime");
        std::os::unix::fs::symlink("/usr/share/zoneinfo/Nowhere", link).unwrap();
    }),
    seed("few files may be open", "open-files", |it| {
        it.replace("root/proc/self/limits", "65536 ", "256   ")
    }),
    seed("the memory is used up", "memory", |it| {
        it.replace("root/proc/meminfo", "6000000", "90000")
    }),
    seed("the container is small", "memory-limit", |it| {
        it.put("root/sys/fs/cgroup/memory.max", "134217728\n")
    }),
    seed("memory is on the disk", "swap", |it| {
        it.replace("root/proc/meminfo", "SwapFree: 1000000", "SwapFree: 1000")
    }),
    seed("the machine is overloaded", "processors", |it| {
        it.put("root/proc/loadavg", "9.0 9.5 8.0 9/100 1\n")
    }),
    seed("an update waits for a restart", "program-replaced", |it| {
        let program = it.root().join("proc/self/exe");
        std::os::unix::fs::symlink("/usr/bin/lineshaft (deleted)", program).unwrap();
    }),
];

/// Puts the device on a serial line that is not there.
fn serial(it: &Patient, period: &str) {
    let text = it.read(DEVICE);
    let endpoint = text.lines().find(|line| line.starts_with("endpoint")).unwrap();
    it.replace(DEVICE, endpoint, "endpoint = \"serial:///dev/ttyNOT0?baud=1200\"");
    it.replace(DEVICE, "period = \"10s\"", period);
}

/// Gives the device a name that nobody knows.
fn host(it: &Patient) {
    it.replace(DEVICE, "tcp://127.0.0.1:", "tcp://plc-7.invalid:");
}

fn token(it: &Patient, days: &str) {
    let (plant, data) = (it.plant(), it.data());
    let (plant, data) = (plant.to_str().unwrap(), data.to_str().unwrap());
    let arguments = ["token", "create", "--name", "script", "--role", "viewer", "--days", days];
    let ended = crate::harness::run(arguments.iter().chain(&["--plant", plant, "--data", data]));
    assert!(ended.status.success(), "{ended:?}");
}

/// The file of this ending with the most to lose.
fn newest(it: &Patient, folder: &str, ending: &str) -> std::path::PathBuf {
    let files = fs::read_dir(it.data().join(folder)).unwrap().flatten().map(|file| file.path());
    let of_kind = files.filter(|file| {
        let name = file.file_name().unwrap().to_string_lossy();
        name == ending || name.ends_with(&format!(".{ending}"))
    });
    of_kind.max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap()
}

/// Turns one bit.
fn turn(it: &Patient, folder: &str, ending: &str, at: usize) {
    let file = newest(it, folder, ending);
    let mut bytes = fs::read(&file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}
