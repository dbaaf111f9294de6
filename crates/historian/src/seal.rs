//! From memory to segments, and segments out by age.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use lineshaft_model::TagPath;

use crate::error::HistorianError;
use crate::historian::{Historian, in_order};
use crate::hot::{Column, Copied, Hot};
use crate::limits::DAY_NANOS;
use crate::manifest::{Change, Manifest};
use crate::rows::Rows;
use crate::segment::{Segment, SegmentId, SegmentMeta, SegmentWriter, Store};
use crate::{Offset, metrics};

/// Days that are written side by side: each has an open file and a buffer.
const DAYS_MAX: usize = 16;

/// Writes segments and the manifest; one at a time.
#[derive(Debug)]
pub(crate) struct Sealer {
    manifest: Manifest,
    /// Written, but whether the manifest has it is not known: its files must stay until it does.
    pending: Option<Change>,
}

/// A seal that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sealed {
    /// Records below this offset are in segments: the shaft's cursor may move here.
    pub covered: Offset,
    /// Samples sealed.
    pub samples: u64,
    /// Files written.
    pub segments: u32,
}

impl Sealer {
    pub(crate) const fn new(manifest: Manifest) -> Sealer {
        Sealer { manifest, pending: None }
    }

    pub(crate) const fn covered(&self) -> Offset {
        self.manifest.state.covered
    }

    /// Makes it durable that records are covered up to an earlier offset only.
    pub(crate) fn rebase(&mut self, covered: Offset, store: &Store) -> Result<(), HistorianError> {
        let change = Change { covered, ..Change::default() };
        let committed = self.manifest.commit(&change);
        committed.map_err(HistorianError::disk("write the manifest in", &store.dir))
    }
}

impl Historian {
    /// Seals everything that is in memory now. Samples come in and questions are answered meanwhile.
    ///
    /// The order makes a crash harmless at any point: segment files are written under temporary names, synced and
    /// named; the folder is synced; one change in the manifest names all of them and the offset they reach to;
    /// then memory is dropped and the caller may move the shaft's cursor. Before the change is on disk the
    /// files are leftovers; after it, the records are covered.
    ///
    /// # Errors
    /// [`HistorianError`] from the disk. The samples stay in memory and can be asked for; the next call tries
    /// again.
    pub fn seal(&self) -> Result<Sealed, HistorianError> {
        self.finish_frozen()?; // what failed before, if anything did
        self.freeze();
        self.finish_frozen()
    }

    /// Sets what is in memory aside to be sealed, unless something is already.
    pub(crate) fn freeze(&self) -> bool {
        let mut state = self.state.write();
        if state.frozen.is_some() {
            return false;
        }
        let upto = state.hot.upto();
        let hot = std::mem::replace(&mut state.hot, Hot::from_offset(upto));
        state.hot_since = None;
        state.frozen = Some(Arc::new(hot));
        true
    }

    /// Seals what was set aside, if anything was.
    pub(crate) fn finish_frozen(&self) -> Result<Sealed, HistorianError> {
        let result = self.seal_frozen();
        *self.failure.lock() = result.as_ref().err().map(|error| {
            ::metrics::counter!(metrics::SEAL_ERRORS).increment(1);
            lineshaft_contract::Chain(error).to_string()
        });
        self.measure();
        result
    }

    fn seal_frozen(&self) -> Result<Sealed, HistorianError> {
        let mut sealer = self.sealer.lock();
        let Some(frozen) = self.state.read().frozen.clone() else {
            return Ok(Sealed { covered: sealer.covered(), ..Sealed::default() });
        };
        let started = self.clock.steady();
        let change = match sealer.pending.take() {
            Some(change) => change,
            None if frozen.upto() == sealer.covered() && frozen.samples() == 0 => {
                self.state.write().frozen = None;
                return Ok(Sealed { covered: sealer.covered(), ..Sealed::default() });
            }
            None => self.write(&frozen, sealer.manifest.state.sequence)?,
        };
        if let Err(error) = sealer.manifest.commit(&change) {
            sealer.pending = Some(change);
            return Err(HistorianError::disk("write the manifest in", &self.store.dir)(error));
        }
        let mut state = self.state.write();
        for meta in &change.add {
            state.segments.push(Arc::new(Segment::new(&self.store, *meta)));
        }
        state.segments.sort_by_key(in_order);
        state.covered = change.covered;
        state.frozen = None;
        drop(state);
        let samples = change.add.iter().map(|meta| meta.samples).sum();
        let seconds = self.clock.steady().saturating_sub(started).as_secs_f64();
        ::metrics::counter!(metrics::SEALED_SAMPLES).increment(samples);
        ::metrics::histogram!(metrics::SEAL_SECONDS).record(seconds);
        Ok(Sealed { covered: change.covered, samples, segments: change.add.len() as u32 })
    }

    /// Writes one segment for each UTC day; after an error none of them is left, as far as the disk lets us.
    fn write(&self, frozen: &Hot, sequence: u64) -> Result<Change, HistorianError> {
        let mut columns: Vec<(TagPath, &Column)> = frozen
            .columns()
            .filter_map(|column| Some((self.tags.path(column.tag())?, column)))
            .collect();
        columns.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut days: BTreeSet<i32> = BTreeSet::new();
        for (_, column) in &columns {
            days.extend(days_of(frozen, column));
        }
        let days: Vec<i32> = days.into_iter().collect();
        let mut add: Vec<SegmentMeta> = Vec::new();
        for some in days.chunks(DAYS_MAX) {
            if let Err(error) = self.write_days(frozen, &columns, some, sequence, &mut add) {
                for day in &days {
                    self.forget(SegmentId { day: *day, level: 0, sequence });
                }
                return Err(HistorianError::disk("write a segment in", &self.store.dir)(error));
            }
        }
        if !add.is_empty() {
            let synced = self.store.disk.sync_dir(&self.store.dir);
            synced.map_err(HistorianError::disk("sync", &self.store.dir))?;
        }
        Ok(Change { covered: frozen.upto(), add, remove: Vec::new() })
    }

    fn write_days(
        &self,
        frozen: &Hot,
        columns: &[(TagPath, &Column)],
        days: &[i32],
        sequence: u64,
        add: &mut Vec<SegmentMeta>,
    ) -> io::Result<()> {
        let mut writers: BTreeMap<i32, SegmentWriter> = BTreeMap::new();
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(()) };
        let mut copied = Copied::default();
        for (path, column) in columns {
            if day_of(column.newest()) < *first || day_of(column.oldest()) > *last {
                continue;
            }
            frozen.copy_to(column, &mut copied);
            let rows = copied.rows();
            for (day, range) in by_day(&rows.ts) {
                if !days.contains(&day) {
                    continue;
                }
                let writer = match writers.entry(day) {
                    std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        let id = SegmentId { day, level: 0, sequence };
                        let (disk, dir) = (self.store.disk.clone(), &self.store.dir);
                        entry.insert(SegmentWriter::create(disk, dir, id)?)
                    }
                };
                if range.len() == rows.len() {
                    writer.add(path, &rows)?;
                } else {
                    writer.add(
                        path,
                        &Rows {
                            ts: rows.ts[range.clone()].to_vec(),
                            marks: rows.marks[range.clone()].to_vec(),
                            values: rows.values[range].to_vec(),
                        },
                    )?;
                }
            }
        }
        for writer in writers.into_values() {
            add.push(writer.finish()?);
        }
        Ok(())
    }

    fn forget(&self, id: SegmentId) {
        let path = self.store.dir.join(id.file_name());
        for path in [path.with_extension("tmp"), path] {
            match self.store.disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(file = %path.display(), %error, "a leftover stays until the next start");
                }
                _ => {}
            }
        }
    }

    /// Drops the segments that are past their age; how many.
    ///
    /// # Errors
    /// [`HistorianError`] when the manifest cannot be written: then they stay.
    pub fn expire(&self) -> Result<u32, HistorianError> {
        let Some(age) = self.options.retention else { return Ok(0) };
        let mut sealer = self.sealer.lock();
        if sealer.pending.is_some() {
            return Ok(0); // the manifest has to be written first
        }
        let limit = {
            let state = self.state.read();
            let sealed = state.segments.iter().map(|segment| segment.meta.newest).max();
            let hot = state.frozen.iter().map(|frozen| &**frozen).chain([&state.hot]);
            let newest = hot.filter_map(Hot::newest).chain(sealed).max().unwrap_or(i64::MIN);
            let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
            self.clock.now().nanos().min(newest).saturating_sub(age)
        };
        let old: Vec<Arc<Segment>> = {
            let state = self.state.read();
            let is_old = |segment: &&Arc<Segment>| segment.meta.newest < limit;
            state.segments.iter().filter(is_old).cloned().collect()
        };
        if old.is_empty() {
            return Ok(0);
        }
        let remove: Vec<SegmentId> = old.iter().map(|segment| segment.meta.id).collect();
        let change = Change { covered: sealer.covered(), add: Vec::new(), remove };
        let committed = sealer.manifest.commit(&change);
        committed.map_err(HistorianError::disk("write the manifest in", &self.store.dir))?;
        self.state.write().segments.retain(|segment| segment.meta.newest >= limit);
        old.iter().for_each(|segment| segment.retire());
        ::metrics::counter!(metrics::EXPIRED).increment(old.len() as u64);
        Ok(old.len() as u32)
    }
}

fn day_of(ts: i64) -> i32 {
    ts.div_euclid(DAY_NANOS) as i32
}

/// The days a column has samples of: found without decoding it where it has one or two.
fn days_of(frozen: &Hot, column: &Column) -> Vec<i32> {
    let (first, last) = (day_of(column.oldest()), day_of(column.newest()));
    if last - first <= 1 {
        return (first..=last).collect();
    }
    let mut copied = Copied::default();
    frozen.copy_to(column, &mut copied);
    by_day(&copied.rows().ts).map(|(day, _)| day).collect()
}

fn by_day(ts: &[i64]) -> impl Iterator<Item = (i32, std::ops::Range<usize>)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let day = day_of(*ts.get(start)?);
        let len = ts[start..].partition_point(|ts| day_of(*ts) <= day);
        let range = start..start + len;
        start += len;
        Some((day, range))
    })
}
