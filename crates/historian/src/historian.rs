//! The historian: memory, segments and the questions about both.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    HistorianStatus, History, HistoryError, HistoryPage, HistoryRequest, Statistics,
    StatisticsRequest,
};
use lineshaft_model::{Row, TagId, Tags, Timestamp};
use lineshaft_runtime::{Clock, Disk};
use lineshaft_shaft::Reader;
use parking_lot::{Mutex, RwLock};

use crate::error::HistorianError;
use crate::hot::{Copied, Hot};
use crate::manifest::{self, Manifest};
use crate::options::Options;
use crate::retrieve::{self, View};
use crate::seal::Sealer;
use crate::segment::{Segment, Store};
use crate::{Offset, metrics};

/// A sample further ahead of the clock than this is counted as one from the future.
const FUTURE: Duration = Duration::from_secs(3_600);

/// Keeps history. One per data folder.
#[derive(Debug)]
pub struct Historian {
    pub(crate) clock: Clock,
    pub(crate) tags: Arc<Tags>,
    pub(crate) options: Options,
    pub(crate) store: Arc<Store>,
    pub(crate) state: RwLock<State>,
    /// Held while something is sealed or dropped; never while samples come in or questions are answered.
    pub(crate) sealer: Mutex<Sealer>,
    /// Why the last seal failed; `None` when it did not.
    pub(crate) failure: Mutex<Option<String>>,
    leftovers: u32,
}

/// Everything there is to answer from. Changes as a whole, so that a sample is always in exactly one place.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) hot: Hot,
    /// When the oldest record in memory was taken in, by the steady clock.
    pub(crate) hot_since: Option<Duration>,
    /// Being sealed.
    pub(crate) frozen: Option<Arc<Hot>>,
    /// In the order of their seals, which is that of arrival.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Records below this offset are in them.
    pub(crate) covered: Offset,
}

impl Historian {
    /// Opens the historian of a folder, or makes it. What an unfinished seal left behind is removed.
    ///
    /// # Errors
    /// [`HistorianError`] when the folder cannot be read or written, or its manifest is damaged or newer.
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
        tags: Arc<Tags>,
    ) -> Result<Arc<Historian>, HistorianError> {
        disk.create_dir(dir).map_err(HistorianError::disk("make", dir))?;
        let manifest = Manifest::open(disk.clone(), dir)?;
        if manifest.torn {
            tracing::warn!(dir = %dir.display(), "the last change of the manifest was torn and is undone");
        }
        let store = Store::new(disk, dir, options.known_bytes_max);
        let leftovers = remove_leftovers(&store, &manifest)?;
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        for meta in manifest.state.segments.values() {
            segments.push(Arc::new(Segment::new(&store, *meta)));
        }
        segments.sort_by_key(in_order);
        let covered = manifest.state.covered;
        let hot = Hot::from_offset(covered);
        let state = State { hot, hot_since: None, frozen: None, segments, covered };
        let historian = Historian {
            clock,
            tags,
            options,
            store,
            state: RwLock::new(state),
            sealer: Mutex::new(Sealer::new(manifest)),
            failure: Mutex::new(None),
            leftovers,
        };
        historian.measure();
        Ok(Arc::new(historian))
    }

    /// The offset of the shaft from which samples must be taken in (again): all before it are in segments.
    #[must_use]
    pub fn covered(&self) -> Offset {
        self.state.read().covered
    }

    /// Records of the shaft below this offset are in memory or in segments: history answers from them.
    #[must_use]
    pub fn taken_in(&self) -> Offset {
        self.state.read().hot.upto()
    }

    /// How many files of unfinished seals were removed at the start.
    #[must_use]
    pub const fn leftovers(&self) -> u32 {
        self.leftovers
    }

    /// Why samples cannot be sealed at the moment; `None` while they can. Nothing is lost: they stay in memory
    /// and in the shaft, and it is tried again.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    /// Takes in the rows of one record of the shaft; one that was taken in before does nothing.
    pub fn ingest(&self, offset: Offset, rows: &[Row]) {
        let future = self.clock.now().saturating_add(FUTURE);
        let ahead = rows.iter().filter(|row| row.sample.ts > future).count();
        let mut state = self.state.write();
        if offset < state.hot.upto() {
            return;
        }
        if state.hot_since.is_none() && !rows.is_empty() {
            state.hot_since = Some(self.clock.steady());
        }
        state.hot.take_in(rows, offset + 1);
        drop(state);
        ::metrics::counter!(metrics::SAMPLES).increment(rows.len() as u64);
        if ahead > 0 {
            ::metrics::counter!(metrics::FUTURE_SAMPLES).increment(ahead as u64);
        }
    }

    /// Notes that all records below an offset were read, whether they held samples or not.
    pub fn pass(&self, next: Offset) {
        let mut state = self.state.write();
        if next > state.hot.upto() {
            state.hot.take_in(&[], next);
        }
    }

    /// Moves a reader to where segments end. Before anything is appended to a shaft that was just opened: a shaft that
    /// lost its end, or was begun anew, numbers new records from an earlier offset on, and they are not the covered ones.
    ///
    /// # Errors
    /// [`HistorianError::Disk`] when that cannot be put on disk; then nothing may be read yet.
    pub fn seek(&self, reader: &mut Reader) -> Result<(), HistorianError> {
        let mut sealer = self.sealer.lock();
        let covered = sealer.covered();
        let at = reader.seek(covered);
        if at == covered {
            return Ok(());
        }
        tracing::error!(
            covered,
            at,
            "the shaft ends before what the historian has of it; going on from there"
        );
        // On disk before anything is taken in, or the next start would take the new records for covered ones.
        sealer.rebase(at, &self.store)?;
        let mut state = self.state.write();
        state.covered = at;
        state.hot.take_in(&[], at);
        Ok(())
    }

    /// Bytes of samples in memory that are not being sealed yet.
    #[must_use]
    pub fn hot_bytes(&self) -> usize {
        self.state.read().hot.bytes()
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> HistorianStatus {
        let state = self.state.read();
        let hot = state.frozen.iter().map(|frozen| &**frozen).chain([&state.hot]);
        let sealed = || state.segments.iter().map(|segment| &segment.meta);
        let oldest_hot = hot.clone().filter_map(Hot::oldest).min();
        let oldest_sealed = sealed().map(|meta| meta.oldest).min();
        HistorianStatus {
            segments: state.segments.len() as u32,
            bytes: sealed().map(|meta| meta.bytes).sum(),
            samples_sealed: sealed().map(|meta| meta.samples).sum(),
            samples_hot: hot.map(Hot::samples).sum(),
            oldest: oldest_hot.into_iter().chain(oldest_sealed).min().map(Timestamp::from_nanos),
            error: self.error(),
        }
    }

    pub(crate) fn measure(&self) {
        let state = self.state.read();
        let hot = || state.frozen.iter().map(|frozen| &**frozen).chain([&state.hot]);
        let bytes: u64 = state.segments.iter().map(|segment| segment.meta.bytes).sum();
        ::metrics::gauge!(metrics::HOT_BYTES).set(hot().map(Hot::bytes).sum::<usize>() as f64);
        ::metrics::gauge!(metrics::HOT_SAMPLES).set(hot().map(Hot::samples).sum::<u64>() as f64);
        ::metrics::gauge!(metrics::SEGMENTS).set(state.segments.len() as f64);
        ::metrics::gauge!(metrics::SEGMENT_BYTES).set(bytes as f64);
    }

    /// What a question is answered from, as it is at this moment.
    fn view(&self, tag: TagId) -> Option<View> {
        let path = self.tags.path(tag)?;
        let state = self.state.read();
        // Copied as bytes, which is short, and decoded when nobody waits.
        let frozen = state.frozen.clone();
        let hot = state.hot.copy(tag);
        let segments = state.segments.clone();
        drop(state);
        let frozen = frozen.and_then(|frozen| frozen.copy(tag));
        let memory = frozen.iter().chain(&hot).map(Copied::rows).collect();
        Some(View { store: self.store.clone(), tag, path, segments, memory })
    }
}

/// Segments are ordered by the arrival of their samples.
pub(crate) fn in_order(segment: &Arc<Segment>) -> (u64, i32, u8) {
    let id = segment.meta.id;
    (id.sequence, id.day, id.level)
}

impl History for Historian {
    fn read(&self, request: &HistoryRequest) -> Result<HistoryPage, HistoryError> {
        let Some(view) = self.view(request.tag) else {
            return Err(HistoryError::Request("no such tag".into()));
        };
        retrieve::read(&view, &self.clock, request)
    }

    fn statistics(&self, request: &StatisticsRequest) -> Result<Statistics, HistoryError> {
        let Some(view) = self.view(request.tag) else {
            return Err(HistoryError::Request("no such tag".into()));
        };
        retrieve::statistics(&view, &self.clock, request)
    }
}

/// Removes the files that no change in the manifest names.
fn remove_leftovers(store: &Store, manifest: &Manifest) -> Result<u32, HistorianError> {
    let known: BTreeSet<String> = manifest.state.segments.keys().map(|id| id.file_name()).collect();
    let entries = store.disk.list(&store.dir).map_err(HistorianError::disk("list", &store.dir))?;
    let mut removed = 0;
    for entry in &entries {
        let ours = [".seg", ".tmp", ".new"].iter().any(|end| entry.name.ends_with(end));
        if !ours || known.contains(&entry.name) || entry.name == manifest::NAME {
            continue;
        }
        let path = store.dir.join(&entry.name);
        store.disk.remove(&path).map_err(HistorianError::disk("remove", path))?;
        removed += 1;
    }
    if removed > 0 {
        ::metrics::counter!(metrics::LEFTOVERS).increment(u64::from(removed));
        tracing::info!(files = removed, "removed what an unfinished seal had left");
    }
    for name in known {
        if !entries.iter().any(|entry| entry.name == name) {
            tracing::error!(file = %name, "a segment is missing; questions about its day will fail");
        }
    }
    Ok(removed)
}
