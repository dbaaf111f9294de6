//! A year of eight pens at 1 Hz, served until Ctrl-C: for measuring trends in a browser (`ui/scripts/trend-bench.mjs`).

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lineshaft_contract::Chain;
use lineshaft_historian::{Historian, Options};
use lineshaft_model::{Reason, Row, Sample, TagId, TagPath, Tags, Timestamp};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, Seed};

use super::{Outcome, poll};
use crate::node::Visitor;

const PENS: u16 = 8;
const DAYS: i64 = 365;
const DAY_S: i64 = 86_400;
const SECOND_NS: i64 = 1_000_000_000;
/// On this day one device is away for half of it, so that the picture has a gap.
const ABSENCE: (u16, i64) = (2, 120);

/// Writes the year, and serves it.
pub(super) fn run(dir: &Path) -> Outcome {
    write_plant(&dir.join("plant")).map_err(|error| error.to_string())?;
    let clock = Clock::real();
    let end = clock.now().nanos() / (DAY_S * SECOND_NS) * DAY_S * SECOND_NS;
    let historian = dir.join("data/historian");
    if !historian.exists() {
        write_year(&historian, end)?;
    }
    poll::serve(dir, Visitor::IsWelcome, async |node| {
        say!("listening {}", node.url());
        tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
        Ok(node)
    })
}

/// Its tags have a place in the namespace and a device that is switched off.
fn write_plant(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir.join("devices"))?;
    fs::create_dir_all(dir.join("tags"))?;
    fs::write(
        dir.join("lineshaft.toml"),
        "[node]\nname = \"bench\"\npath = \"bench/site\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
    )?;
    fs::write(
        dir.join("devices/pens.toml"),
        "[pens]\ndriver = \"modbus\"\nendpoint = \"tcp://127.0.0.1:1\"\npath = \"pens\"\ntags = \"../tags/pens.csv\"\nenabled = false\n",
    )?;
    let rows: String = (1..=PENS).map(|n| format!("pen-{n},hr:{},f32,Cel\n", 2 * n)).collect();
    fs::write(dir.join("tags/pens.csv"), format!("tag,address,type,unit\n{rows}"))
}

fn write_year(dir: &Path, end: i64) -> Outcome {
    let said = |error: &dyn std::error::Error| Chain(error).to_string();
    fs::create_dir_all(dir).map_err(|error| said(&error))?;
    let tags = Arc::new(Tags::new());
    let clock = Clock::simulated(Timestamp::from_nanos(end));
    let historian =
        Historian::open(Arc::new(RealDisk), clock, dir, Options::default(), tags.clone())
            .map_err(|error| said(&error))?;
    let mut pens = Vec::new();
    for n in 1..=PENS {
        let path = TagPath::new(&format!("bench/site/pens/pen-{n}")).map_err(|e| said(&e))?;
        pens.push(Pen { n: n - 1, tag: tags.intern(&path), level: 200.0 });
    }
    let mut seed = Seed::new(11);
    let start = end - DAYS * DAY_S * SECOND_NS;
    let mut offset = historian.covered();
    for day in 0..DAYS {
        for pen in &mut pens {
            historian.ingest(offset, &pen.day(day, start, &mut seed));
            offset += 1;
        }
        historian.seal().map_err(|error| said(&error))?;
    }
    Ok(())
}

/// A level that wanders about, with a daily swing.
struct Pen {
    n: u16,
    tag: TagId,
    level: f64,
}

impl Pen {
    fn day(&mut self, day: i64, start: i64, seed: &mut Seed) -> Vec<Row> {
        let away = (self.n, day) == ABSENCE;
        let mut rows = Vec::new();
        for second in 0..DAY_S {
            let jitter_ms = 490 + second * 7 % 20;
            let at = start + (day * DAY_S + second) * SECOND_NS + jitter_ms * 1_000_000;
            let at = Timestamp::from_nanos(at);
            if away && second < DAY_S / 2 {
                if second == 0 {
                    rows.push(Row { tag: self.tag, sample: Sample::missing(at, Reason::Comm) });
                }
                continue;
            }
            rows.push(Row { tag: self.tag, sample: Sample::good(at, self.next(second, seed)) });
        }
        rows
    }

    /// The next value, with one decimal as a device has it.
    fn next(&mut self, second: i64, seed: &mut Seed) -> f64 {
        let dice = (0..4).map(|_| seed.fraction()).sum::<f64>() - 2.0;
        self.level += dice * 0.4 + (200.0 - self.level) * 0.001;
        #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
        let turn = second as f64 / DAY_S as f64 * std::f64::consts::TAU + f64::from(self.n);
        let swing = (10.0 + 5.0 * f64::from(self.n)) * turn.sin();
        (self.level + swing).round() / 10.0 + 20.0 * f64::from(self.n)
    }
}
