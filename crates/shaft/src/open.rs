//! Opening: what a crash left is put in order before anything is appended.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use lineshaft_runtime::{Clock, Disk};
use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::watch;

use crate::commit::{Active, Pen, is_no_room};
use crate::core::{Core, Log, Pending, Tally};
use crate::cursor::{Cursor, CursorFile, Parked, check_name};
use crate::examine::{examine, read_head};
use crate::format::{Head, parse_segment_name};
use crate::segment::{Extent, Map, Segment};
use crate::{Committed, Offset, Options, Preamble, ShaftError, VERSION};

/// The folder of the cursors, within that of the shaft.
pub(crate) const CURSORS: &str = "cursors";

impl Core {
    /// Takes the lock, cuts a torn tail, counts on from the last record.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
        preamble: Arc<dyn Preamble>,
    ) -> Result<Core, ShaftError> {
        let cursors_dir = dir.join(CURSORS);
        disk.create_dir(&cursors_dir).map_err(ShaftError::io("create", &cursors_dir))?;
        let lock_path = dir.join("lock");
        let lock = disk.lock(&lock_path).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => ShaftError::Locked { path: lock_path.clone() },
            _ => ShaftError::io("lock", &lock_path)(error),
        })?;
        let mut core = Core {
            disk,
            clock,
            dir: dir.into(),
            options,
            preamble,
            pending: Mutex::new(Pending::default()),
            wake: Condvar::new(),
            room: Condvar::new(),
            pen: Mutex::new(Pen::default()),
            log: RwLock::new(Log::default()),
            cursors: Mutex::new(BTreeMap::new()),
            committed: watch::Sender::new(Committed::default()),
            tally: Tally::default(),
            damages: Mutex::default(),
            lock: Mutex::new(Some(lock)),
        };
        let mut next = core.recover()?;
        let read = core.load_cursors(&cursors_dir)?;
        if read > next {
            // Records that a reader has had are gone: their numbers are not given again, or the reader
            // would take the new ones for the old.
            core.report_lost_tail(next, read);
            core.pen.get_mut().active = None;
            next = read;
        }
        let pending = core.pending.get_mut();
        (pending.first, pending.next) = (next, next);
        core.committed.send_modify(|committed| committed.next = next);
        Ok(core)
    }

    /// Reads the heads of all segments and the whole of the newest; the next number.
    fn recover(&mut self) -> Result<Offset, ShaftError> {
        let dir = self.dir.clone();
        let entries = self.disk.list(&dir).map_err(ShaftError::io("list", &dir))?;
        let found: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| parse_segment_name(&entry.name).map(|first| (first, entry)))
            .collect();
        let mut segments = Vec::new();
        let mut next = 0;
        for (index, (first, entry)) in found.iter().enumerate() {
            let path = dir.join(&entry.name);
            let file = self.disk.open(&path).map_err(ShaftError::io("open", &path))?;
            let arrived = match read_head(&file).map_err(ShaftError::io("read", &path))? {
                Head::Newer(found) => {
                    return Err(ShaftError::Newer { path, found, known: VERSION });
                }
                Head::Segment(header) => Some(header.arrived),
                Head::Damaged => None,
            };
            let Some((following, _)) = found.get(index + 1) else {
                let newest = self.recover_newest(&path, entry.len, *first)?;
                next = newest.as_ref().map_or(*first, |segment| segment.extent().next);
                segments.extend(newest);
                break;
            };
            let extent = Extent { bytes: entry.len, next: *following };
            let segment = Segment::new(*first, path, arrived, extent, Map::new(*first));
            segments.push(Arc::new(segment));
        }
        self.disk.sync_dir(&dir).map_err(ShaftError::io("sync", &dir))?;
        self.log.get_mut().segments = segments;
        Ok(next)
    }

    /// Cuts the torn tail of the newest segment; `None` when nothing is left of it.
    fn recover_newest(
        &mut self,
        path: &Path,
        len: u64,
        first: Offset,
    ) -> Result<Option<Arc<Segment>>, ShaftError> {
        let file = self.disk.open(path).map_err(ShaftError::io("open", path))?;
        let seen = examine(&file, len, first, None).map_err(ShaftError::io("read", path))?;
        if seen.end < len {
            *self.tally.torn_bytes.get_mut() = len - seen.end;
            let bytes = len - seen.end;
            tracing::warn!(path = %path.display(), bytes, "cut off what was not yet on disk");
        }
        self.tally.stopped = seen.newest;
        if seen.records == 0 {
            self.disk.remove(path).map_err(ShaftError::io("remove", path))?;
            return Ok(None);
        }
        if seen.end < len {
            file.set_len(seen.end).map_err(ShaftError::io("cut", path))?;
        }
        // After `kill -9` the tail is sound in the page cache and perhaps not yet on disk; it is about
        // to be shown to readers as committed. Written again, because after a failed sync the cache
        // counts as clean and a sync alone would do nothing.
        if let Some(tail) = &seen.tail {
            match file.write_at(&tail.bytes, tail.at) {
                // A file system that writes elsewhere needs room for it; a full disk must still open.
                Err(error) if is_no_room(&error) => {}
                written => written.map_err(ShaftError::io("write", path))?,
            }
        }
        file.sync().map_err(ShaftError::io("sync", path))?;
        let arrived = match seen.head {
            Head::Segment(header) => Some(header.arrived),
            Head::Newer(_) | Head::Damaged => None,
        };
        let head_bytes = seen.map.head_bytes();
        let extent = Extent { bytes: seen.end, next: seen.next };
        let segment = Arc::new(Segment::new(first, path.into(), arrived, extent, seen.map));
        for damage in &seen.damages {
            self.note_damage(&segment, *damage);
        }
        // Behind damage nothing is appended: a new segment with a whole preamble is sure to be read.
        if seen.damages.is_empty() {
            let segment = Arc::clone(&segment);
            self.pen.get_mut().active = Some(Active { segment, file, head_bytes });
        }
        Ok(Some(segment))
    }

    /// Loads all cursors, so that nothing is deleted that a reader not yet open needs; the furthest.
    fn load_cursors(&mut self, dir: &Path) -> Result<Offset, ShaftError> {
        let oldest = self.log.get_mut().segments.first().map_or(0, |segment| segment.first);
        let mut furthest = 0;
        for entry in self.disk.list(dir).map_err(ShaftError::io("list", dir))? {
            if check_name(&entry.name).is_err() {
                continue;
            }
            let (_, parked) = CursorFile::open(&*self.disk, &dir.join(&entry.name))?;
            let offset = match parked {
                Parked::At(offset) => offset,
                // A reader that was never promised a place.
                Parked::Blank => continue,
                Parked::Damaged => {
                    tracing::warn!(
                        reader = entry.name,
                        "the cursor is damaged; the reader starts at the oldest record again"
                    );
                    oldest
                }
            };
            furthest = furthest.max(offset);
            self.cursors.get_mut().insert(entry.name, Arc::new(Cursor::at(offset)));
        }
        Ok(furthest)
    }

    fn report_lost_tail(&mut self, from: Offset, to: Offset) {
        *self.tally.damaged_records.get_mut() += to - from;
        self.damages.get_mut().insert((from, to));
        tracing::error!(from, to, "records at the end of the shaft are gone that a reader has had");
    }
}
