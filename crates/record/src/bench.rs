//! Measures the shaft on a real disk, for `lineshaft bench shaft`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::{Batch, OriginId, Sample, TagId, TagPath, Tags, Timestamp};
use lineshaft_runtime::{Clock, Disk, Seed};
use lineshaft_shaft::{From, Options, ReadOutcome};

use crate::{Decoded, DecodedBatch, Decoder, OpenError, open};

/// Samples in each batch.
const ROWS: u32 = 1000;
/// Tags of the simulated plant.
const TAGS: u32 = 10_000;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Samples on disk.
    pub samples: u64,
    /// Samples read back; all of them, or something is wrong.
    pub samples_read: u64,
    /// Bytes they take there, with headers, checksums and dictionary.
    pub bytes: u64,
    /// Appending, until the last was synced.
    pub append: Duration,
    /// Opening the shaft again.
    pub recovery: Duration,
    /// Reading and decoding everything.
    pub read: Duration,
}

impl Figures {
    /// Durable samples per second.
    #[must_use]
    pub fn samples_per_second(&self) -> f64 {
        ratio(self.samples) / self.append.as_secs_f64()
    }

    /// Bytes on disk per sample.
    #[must_use]
    pub fn bytes_per_sample(&self) -> f64 {
        ratio(self.bytes) / ratio(self.samples)
    }

    /// Samples read and decoded per second.
    #[must_use]
    pub fn samples_read_per_second(&self) -> f64 {
        ratio(self.samples_read) / self.read.as_secs_f64()
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn ratio(count: u64) -> f64 {
    count as f64
}

/// Appends batches of 1,000 numeric samples of 10,000 tags for as long as `time`, opens the shaft again,
/// and reads it. `dir` should be empty; what was written stays there.
///
/// Half of the values need eight bytes (scaled registers), a quarter four, a quarter are whole numbers.
/// Times are those of polls: equal within a batch.
///
/// # Errors
/// [`OpenError`].
pub fn append(disk: &Arc<dyn Disk>, dir: &Path, time: Duration) -> Result<Figures, OpenError> {
    let clock = Clock::real();
    let options = Options { free_bytes_min: 0, ..Options::default() };
    let tags = Arc::new(Tags::new());
    let ids = intern(&tags);
    let (shaft, mut writer) =
        open(Arc::clone(disk), clock.clone(), dir, options.clone(), Arc::clone(&tags))?;
    let mut batches = Batches { ids, seed: Seed::new(1), first: 0 };
    let mut batch = Batch::new(OriginId(1), clock.now());
    let (started, mut samples, mut last) = (clock.steady(), 0, 0);
    while clock.steady().saturating_sub(started) < time {
        batches.fill(&mut batch, clock.now());
        last = writer.append(&batch)?;
        samples += u64::from(ROWS);
    }
    while shaft.committed().borrow().next <= last {
        shaft.commit();
    }
    let append = clock.steady().saturating_sub(started);
    let bytes = shaft.status().bytes;
    drop(writer);
    shaft.close();
    drop(shaft);

    let started = clock.steady();
    let (shaft, _writer) = open(Arc::clone(disk), clock.clone(), dir, options, Arc::clone(&tags))?;
    let recovery = clock.steady().saturating_sub(started);
    let started = clock.steady();
    let mut reader = shaft.reader("bench", From::Oldest)?;
    let mut decoder = Decoder::new(tags);
    let (mut records, mut decoded, mut read) = (Vec::new(), DecodedBatch::default(), 0);
    while reader.next(1 << 20, &mut records)? != ReadOutcome::End {
        for record in &records {
            if decoder.decode(record, &mut decoded) == Ok(Decoded::Batch) {
                read += decoded.rows.len() as u64;
            }
        }
    }
    let took = clock.steady().saturating_sub(started);
    Ok(Figures { samples, samples_read: read, bytes, append, recovery, read: took })
}

fn intern(tags: &Tags) -> Vec<TagId> {
    let paths = (0..TAGS).filter_map(|i| {
        let text =
            format!("acme/rotterdam/line-{}/press-{}/register-{}", i / 1000, i / 100 % 10, i % 100);
        TagPath::new(&text).ok()
    });
    paths.map(|path| tags.intern(&path)).collect()
}

struct Batches {
    ids: Vec<TagId>,
    seed: Seed,
    first: usize,
}

impl Batches {
    fn fill(&mut self, batch: &mut Batch, now: Timestamp) {
        batch.rows.clear();
        batch.arrived = now;
        let ids = self.ids.iter().skip(self.first).take(ROWS as usize);
        let mut bits = 0;
        for (index, id) in ids.enumerate() {
            if index % 4 == 0 {
                bits = self.seed.next_u64();
            }
            let reading = i16::from_le_bytes([bits.to_le_bytes()[0], bits.to_le_bytes()[1]]);
            bits >>= 16;
            let sample = match index / 100 % 4 {
                0 | 1 => Sample::good(now, f64::from(reading) * 0.1),
                2 => Sample::good(now, f64::from(reading) / 16.0),
                _ => Sample::good(now, i64::from(reading)),
            };
            batch.push(*id, sample);
        }
        self.first = (self.first + ROWS as usize) % self.ids.len().max(1);
    }
}
