//! Opening: what a crash left is put in order before anything is recorded.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::{Clock, Disk, DiskFile};
use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::Semaphore;

use crate::checkpoint::is_key_name;
use crate::commit::{Active, Pen};
use crate::core::{Core, Health, Log, Queue};
use crate::entry::{members, split_seq};
use crate::examine::{Doubt, Examination, examine, read_before, read_head};
use crate::format::{HEAD_BYTES, Head, Kind, parse_segment_name};
use crate::key::SigningKey;
use crate::limits::QUEUE_UNITS;
use crate::merkle::{Edge, Nodes as _, empty_root};
use crate::reserve::{Reserve, is_no_room};
use crate::scan::{Scan, Step};
use crate::segment::{Extent, Segment};
use crate::tiles::{Growth, HASH_BYTES, TREE, TileReader, Tiles};
use crate::{
    Act, Action, Actor, Checkpoint, OpenError, Options, Outcome, VERSION, leaf_hash, metrics,
};

/// A segment file that was found.
#[derive(Debug, Clone)]
pub(crate) struct FoundSegment {
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

/// The segments of a folder, oldest first.
pub(crate) fn find_segments(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<FoundSegment>> {
    let entries = disk.list(dir)?.into_iter();
    let found = entries.filter_map(|entry| {
        let first = parse_segment_name(&entry.name)?;
        Some(FoundSegment { first, path: dir.join(&entry.name), len: entry.len })
    });
    Ok(found.collect())
}

/// How many entries have a whole hash on disk.
pub(crate) fn whole_hashes(disk: &dyn Disk, dir: &Path) -> io::Result<u64> {
    let tiles = Tiles::open(disk, &dir.join(TREE))?;
    Ok(TileReader::new(tiles).len(0)?.unwrap_or(0) / HASH_BYTES)
}

/// What is kept of the newest segment.
struct Settled {
    edge: Edge,
    checkpoint: Checkpoint,
    /// Where the file ends.
    end: u64,
    /// From where on it is written again.
    group_at: u64,
    growth: Vec<Growth>,
    /// All of it can be read, so entries may follow.
    goes_on: bool,
}

/// What is behind the last checkpoint that holds.
#[derive(Debug, Clone, Copy)]
enum CutOff {
    /// A checkpoint that does not agree with the entries up to it.
    DoNotAgree { to: u64 },
    /// So many whole entries, and no checkpoint.
    Unsigned { whole: usize },
}

/// Puts a folder in order.
struct Recovery<'a> {
    disk: &'a Arc<dyn Disk>,
    dir: &'a Path,
    key: &'a SigningKey,
    tiles: &'a Tiles,
    found: Vec<FoundSegment>,
    /// What was not as it should be, for the entry about it.
    notes: Vec<String>,
    /// Something that had been answered for is damaged.
    damaged: bool,
    owed: Option<Growth>,
    /// Whole hashes of entries that were found. Entries were on disk before their hashes were.
    hashes: u64,
}

impl Core {
    /// Takes the lock, cuts a torn tail, counts on from the last entry.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
    ) -> Result<Core, OpenError> {
        let tree = dir.join(TREE);
        disk.create_dir(&tree).map_err(OpenError::io("create", &tree))?;
        let lock_path = dir.join("lock");
        let lock = disk.lock(&lock_path).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => OpenError::Locked { path: lock_path.clone() },
            _ => OpenError::io("lock", &lock_path)(error),
        })?;
        let found = find_segments(&*disk, dir).map_err(OpenError::io("list", dir))?;
        let key = SigningKey::open(&*disk, dir, &key_name(&options.origin), found.len())?;
        let tiles = Tiles::open(&*disk, &tree).map_err(OpenError::io("open", &tree))?;
        let mut recovery = Recovery {
            disk: &disk,
            dir,
            key: &key,
            tiles: &tiles,
            found,
            notes: Vec::new(),
            damaged: false,
            owed: None,
            hashes: 0,
        };
        let (log, edge, active) = recovery.recover()?;
        let (notes, damaged, owed) = (recovery.notes, recovery.damaged, recovery.owed);
        let mut reserve = Reserve::new(dir, options.reserve_bytes);
        if let Err(error) = reserve.open(&*disk) {
            tracing::warn!(%error, "the reserve of the audit trail is not whole");
        }
        let mut pen = Pen::new(edge, active, reserve);
        pen.owed = owed;
        let mut health = Health::default();
        if pen.owed.is_some() {
            health.full = Some("the hashes of the newest entries cannot be written".into());
        }
        let core = Core {
            disk,
            clock,
            dir: dir.into(),
            options,
            key,
            tiles,
            queue: Mutex::new(Queue::default()),
            wake: Condvar::new(),
            room: Arc::new(Semaphore::new(QUEUE_UNITS as usize)),
            pen: Mutex::new(pen),
            log: RwLock::new(log),
            health: Mutex::new(health),
            moving: Mutex::new(()),
            lock: Mutex::new(Some(lock)),
        };
        let outcome = if damaged { Outcome::Failed } else { Outcome::Done };
        core.report(&notes, outcome);
        core.step();
        Ok(core)
    }

    /// Leaves an entry about what was not as it should be.
    fn report(&self, notes: &[String], outcome: Outcome) {
        for name in [metrics::FULL, metrics::STOPPED, metrics::LOW] {
            ::metrics::gauge!(name).set(0.0);
        }
        if notes.is_empty() {
            return;
        }
        let text = notes.join("; ");
        if outcome == Outcome::Failed {
            tracing::error!(what = text, "the audit trail is damaged; it goes on");
        } else {
            tracing::warn!(what = text, "the audit trail was put in order after a crash");
        }
        self.health.lock().recovered = Some(text.as_str().into());
        let act = Act::done(&Actor::node(), Action::TrailRecovered, "audit trail");
        // Just opened: it takes entries.
        let _ = self.enqueue(members(&act.result(outcome).detail(text)), None);
    }
}

/// The name of a trail as a key can have it.
fn key_name(origin: &str) -> String {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    let name: String = origin.chars().map(|c| if bad(c) { '-' } else { c }).collect();
    if is_key_name(&name) { name } else { "node/audit".into() }
}

impl Recovery<'_> {
    fn recover(&mut self) -> Result<(Log, Edge, Option<Active>), OpenError> {
        for found in &self.found {
            let file = self.disk.open(&found.path).map_err(OpenError::io("open", &found.path))?;
            let head = read_head(&file).map_err(OpenError::io("read", &found.path))?;
            if let Head::Newer(version) = head {
                let path = found.path.clone();
                return Err(OpenError::Newer { path, found: version, known: VERSION });
            }
        }
        self.hashes = whole_hashes(&**self.disk, self.dir)
            .map_err(OpenError::io("read", &self.dir.join(TREE)))?;
        while let Some(newest) = self.found.last().cloned() {
            let path = &newest.path;
            let file = self.disk.open(path).map_err(OpenError::io("open", path))?;
            let edge = self.edge_before(&newest, &file)?;
            let seen = examine(&file, newest.len, newest.first, edge.clone());
            let seen = seen.map_err(OpenError::io("read", path))?;
            match self.settle(&newest, seen, edge)? {
                Some(settled) => return self.take_up(&newest, &file, settled),
                None => drop(self.found.pop()),
            }
        }
        self.cut_tree(0)?;
        let checkpoint = self.key.checkpoint(0, empty_root());
        Ok((Log { segments: Vec::new(), checkpoint }, Edge::default(), None))
    }

    /// The tree before a segment, from the files of hashes, or computed again when those are not what they were.
    fn edge_before(
        &mut self,
        segment: &FoundSegment,
        file: &Arc<dyn DiskFile>,
    ) -> Result<Edge, OpenError> {
        if segment.first == 0 {
            return Ok(Edge::default());
        }
        let before =
            read_before(file, segment.len).map_err(OpenError::io("read", &segment.path))?;
        // A torn copy says nothing; then the tree is taken as it is, and the checkpoints behind say more.
        let before = before.filter(|before| before.size() == segment.first);
        let holds = |edge: &Edge| before.as_ref().is_none_or(|before| before.root() == edge.root());
        let edge = match Edge::at(self.tiles, segment.first) {
            Ok(edge) if holds(&edge) => return Ok(edge),
            Ok(_) => self.rebuild(segment.first)?,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) =>
            {
                self.rebuild(segment.first)?
            }
            Err(error) => return Err(OpenError::io("read", &self.dir.join(TREE))(error)),
        };
        if !holds(&edge) {
            let (path, first) = (segment.path.clone(), segment.first);
            let what = format!("the entries before {first} are not those that were signed");
            return Err(OpenError::Damaged { path, what });
        }
        self.damaged = true;
        self.notes.push("the hashes of the tree were damaged and were computed again".into());
        Ok(edge)
    }

    /// Computes the hashes below `end` again, from every segment that is here.
    fn rebuild(&self, end: u64) -> Result<Edge, OpenError> {
        let tree = self.dir.join(TREE);
        let oldest = self.found.first().map_or(end, |found| found.first);
        let mut edge = Edge::at(self.tiles, oldest).map_err(|error| OpenError::Damaged {
            path: tree.clone(),
            what: format!("hashes of archived entries are gone: {error}"),
        })?;
        for found in self.found.iter().filter(|found| found.first < end) {
            let io = |error| OpenError::io("read", &found.path)(error);
            let file = self.disk.open(&found.path).map_err(io)?;
            let mut scan = Scan::new(file, HEAD_BYTES as u64, found.len);
            let mut growth = Growth::default();
            loop {
                match scan.step().map_err(io)? {
                    Step::End => break,
                    Step::Record(record) if record.kind == Kind::Entry => {
                        let seq = split_seq(record.bytes).map(|(seq, _)| seq);
                        self.bridge(&mut edge, &mut growth, seq.unwrap_or(0))?;
                        if seq == Some(edge.size()) {
                            let leaf = leaf_hash(record.bytes);
                            edge.push(leaf, |height, index, hash| growth.note(height, index, hash));
                        }
                    }
                    Step::Record(_) => {}
                    Step::Bad(_) => drop(scan.resync().map_err(io)?),
                }
            }
            self.tiles.write(&**self.disk, &growth).map_err(OpenError::io("write", &tree))?;
        }
        self.bridge(&mut edge, &mut Growth::default(), end)?;
        self.tiles.sync(&**self.disk).map_err(OpenError::io("sync", &tree))?;
        Ok(edge)
    }

    /// Takes the hashes of entries that cannot be read from the files.
    fn bridge(&self, edge: &mut Edge, growth: &mut Growth, to: u64) -> Result<(), OpenError> {
        while edge.size() < to {
            let leaf = self.tiles.node(0, edge.size()).map_err(|error| OpenError::Damaged {
                path: self.dir.join(TREE),
                what: format!("entry {} and its hash are both gone: {error}", edge.size()),
            })?;
            edge.push(leaf, |height, index, hash| growth.note(height, index, hash));
        }
        Ok(())
    }

    /// Decides how much of the newest segment stays; `None` when nothing does, and then it is gone.
    fn settle(
        &mut self,
        newest: &FoundSegment,
        seen: Examination,
        before: Edge,
    ) -> Result<Option<Settled>, OpenError> {
        let Examination { before: copy, sound, growth, doubt, later, is_proven, leaves } = seen;
        let base = sound.as_ref().map_or(&before, |sound| &sound.edge).clone();
        for (later, end) in later.iter().rev().filter(|_| is_proven) {
            let joined = self.join(&base, later, |seq| leaves.get(&seq).copied());
            let joined = joined.or_else(|| self.join(&base, later, |_| None));
            let signed = self.key.verifier().check(later).is_ok();
            if let (Some((edge, more)), Some(doubt)) = (joined.filter(|_| signed), doubt) {
                self.note_damage(newest, doubt, later.size());
                self.cut(newest, *end, edge.size(), CutOff::Unsigned { whole: 0 })?;
                let group_at = sound.as_ref().map_or(0, |sound| sound.at);
                let growth = vec![growth, more];
                let (checkpoint, end, goes_on) = (later.clone(), *end, false);
                return Ok(Some(Settled { edge, checkpoint, end, group_at, growth, goes_on }));
            }
        }
        self.damaged |= is_proven;
        // Without a head, or in the first segment of all without one whole group, nothing stays.
        let kept = sound.and_then(|mut sound| {
            let checkpoint = sound.checkpoint.take().or(copy)?;
            Some((sound, checkpoint))
        });
        let Some((sound, checkpoint)) = kept else {
            let whole = leaves.range(base.size()..).count();
            if later.is_empty() && whole == 0 && self.hashes <= newest.first {
                self.remove(newest)?;
            } else {
                self.set_aside(newest, whole)?;
            }
            return Ok(None);
        };
        if let Err(error) = self.key.verifier().check(&checkpoint) {
            let path = newest.path.clone();
            let what = format!("the checkpoint of {} entries: {error}", checkpoint.size());
            return Err(OpenError::Damaged { path, what });
        }
        let cut_off = match later.last() {
            Some((later, _)) => CutOff::DoNotAgree { to: later.size() },
            None => CutOff::Unsigned { whole: leaves.range(checkpoint.size()..).count() },
        };
        self.cut(newest, sound.at, checkpoint.size(), cut_off)?;
        let (edge, end, group_at) = (sound.edge, sound.at, sound.group_at);
        let growth = vec![growth];
        Ok(Some(Settled { edge, checkpoint, end, group_at, growth, goes_on: true }))
    }

    fn note_damage(&mut self, newest: &FoundSegment, doubt: Doubt, to: u64) {
        self.damaged = true;
        let Doubt { at, seq, what } = doubt;
        let path = newest.path.display();
        self.notes.push(format!(
            "entry {seq} or what follows it is damaged ({what}, {path} at byte {at}); the trail goes on from entry {to}"
        ));
    }

    /// Goes from a sound tree to a later checkpoint with the hashes of entries, or with those on disk.
    fn join(
        &self,
        base: &Edge,
        later: &Checkpoint,
        leaf: impl Fn(u64) -> Option<crate::Hash>,
    ) -> Option<(Edge, Growth)> {
        let (mut edge, mut growth) = (base.clone(), Growth::default());
        while edge.size() < later.size() {
            let seq = edge.size();
            let hash = leaf(seq).or_else(|| self.tiles.node(0, seq).ok())?;
            edge.push(hash, |height, index, hash| growth.note(height, index, hash));
        }
        (edge.root() == later.root()).then_some((edge, growth))
    }

    /// Cuts what cannot be shown to have been answered for; a copy stays when it is more than a torn entry.
    ///
    /// Whole entries without a checkpoint are mostly a group that a crash cut short. They look the same when only the
    /// checkpoint behind them was damaged, and then somebody was told that they are recorded: so they are kept.
    fn cut(
        &mut self,
        newest: &FoundSegment,
        end: u64,
        size: u64,
        cut_off: CutOff,
    ) -> Result<(), OpenError> {
        if end >= newest.len {
            return Ok(());
        }
        let (path, bytes, were_there) = (&newest.path, newest.len - end, self.hashes > size);
        let file = self.disk.open(path).map_err(OpenError::io("open", path))?;
        let kept = self.dir.join(self.cut_name(size)?);
        let copied = match cut_off {
            CutOff::Unsigned { whole: 0 } if !were_there => Ok(()),
            _ => self.copy(&file, end, newest.len, &kept),
        };
        let moved = match copied {
            Ok(()) => format!("{bytes} bytes were moved to {}", kept.display()),
            // A full disk must still open, and nobody can show that these were ever answered for.
            Err(error) if is_no_room(&error) && matches!(cut_off, CutOff::Unsigned { .. }) => {
                let _ = self.disk.remove(&kept);
                format!("{bytes} bytes were cut, and there was no room for a copy")
            }
            Err(error) => return Err(OpenError::io("write", &kept)(error)),
        };
        self.notes.push(match cut_off {
            CutOff::DoNotAgree { to } => {
                format!("entries {size} to {to} do not agree with their checkpoint; {moved}")
            }
            CutOff::Unsigned { whole: 0 } if were_there => {
                format!("what follows entry {size} cannot be read; {moved}")
            }
            CutOff::Unsigned { whole: 0 } => {
                format!("{bytes} bytes behind entry {size} were never answered for")
            }
            CutOff::Unsigned { whole } => {
                format!(
                    "{whole} whole entries from {size} on have no checkpoint behind them; {moved}"
                )
            }
        });
        file.set_len(end).map_err(OpenError::io("cut", path))
    }

    /// A name for what is cut off that nothing has yet.
    fn cut_name(&self, seq: u64) -> Result<String, OpenError> {
        let names = self.disk.list(self.dir).map_err(OpenError::io("list", self.dir))?;
        let free = |name: &String| names.iter().all(|entry| entry.name != *name);
        let mut numbered = (0..).map(|n| match n {
            0 => format!("cut-{seq}"),
            n => format!("cut-{seq}-{n}"),
        });
        Ok(numbered.find(free).unwrap_or_default())
    }

    fn copy(&self, file: &Arc<dyn DiskFile>, from: u64, to: u64, path: &Path) -> io::Result<()> {
        let mut bytes = vec![0; usize::try_from(to - from).map_err(io::Error::other)?];
        let read = file.read_at(&mut bytes, from)?;
        let copy = self.disk.create(path)?;
        copy.write_at(&bytes[..read], 0)?;
        copy.sync()?;
        self.disk.sync_dir(self.dir)
    }

    /// Takes a segment away that does not go on from the entries before it; its file stays under another name.
    fn set_aside(&mut self, newest: &FoundSegment, whole: usize) -> Result<(), OpenError> {
        let path = &newest.path;
        let kept = self.dir.join(self.cut_name(newest.first)?);
        self.disk.rename(path, &kept).map_err(OpenError::io("rename", path))?;
        let (from, to) = (path.display(), kept.display());
        self.notes.push(format!(
            "{from}, with {whole} whole entries, does not go on from the entries before it: now {to}"
        ));
        self.disk.sync_dir(self.dir).map_err(OpenError::io("sync", self.dir))
    }

    /// Removes a segment that was begun and of which nothing was answered for.
    fn remove(&mut self, newest: &FoundSegment) -> Result<(), OpenError> {
        let path = &newest.path;
        self.disk.remove(path).map_err(OpenError::io("remove", path))?;
        let (bytes, first) = (newest.len, newest.first);
        self.notes.push(format!("{bytes} bytes behind entry {first} were never answered for"));
        self.disk.sync_dir(self.dir).map_err(OpenError::io("sync", self.dir))
    }

    /// Makes what stays durable, and goes on from it.
    fn take_up(
        &mut self,
        newest: &FoundSegment,
        file: &Arc<dyn DiskFile>,
        settled: Settled,
    ) -> Result<(Log, Edge, Option<Active>), OpenError> {
        let Settled { edge, checkpoint, end, group_at, growth, goes_on } = settled;
        let path = &newest.path;
        // After `kill -9` the tail is sound in the page cache and perhaps not yet on disk. Written again,
        // because after a failed sync the cache counts as clean and a sync alone would do nothing.
        let len = usize::try_from(end - group_at).unwrap_or(0);
        let mut tail = vec![0; len];
        let read = file.read_at(&mut tail, group_at).map_err(OpenError::io("read", path))?;
        match file.write_at(&tail[..read], group_at) {
            // A file system that writes elsewhere needs room for it; a full disk must still open.
            Err(error) if is_no_room(&error) => {}
            written => written.map_err(OpenError::io("write", path))?,
        }
        file.sync().map_err(OpenError::io("sync", path))?;
        self.disk.sync_dir(self.dir).map_err(OpenError::io("sync", self.dir))?;
        let tree = self.dir.join(TREE);
        for growth in growth {
            match self.tiles.write(&**self.disk, &growth) {
                // Proofs of the newest entries have to wait for room; entries and checkpoints do not.
                Err(error) if is_no_room(&error) => self.owed = Some(growth),
                written => written.map_err(OpenError::io("write", &tree))?,
            }
        }
        self.cut_tree(edge.size())?;
        let mut segments = Vec::new();
        for (index, found) in self.found.iter().enumerate() {
            let extent = match self.found.get(index + 1) {
                Some(following) => Extent { bytes: found.len, next: following.first },
                None => Extent { bytes: end, next: edge.size() },
            };
            segments.push(Arc::new(Segment::new(found.first, found.path.clone(), extent)));
        }
        // Behind damage nothing is appended: a new segment is sure to be read.
        let active = segments
            .last()
            .filter(|_| goes_on)
            .map(|segment| Active { segment: Arc::clone(segment), file: Arc::clone(file) });
        Ok((Log { segments, checkpoint }, edge, active))
    }

    /// Cuts hashes beyond the newest checkpoint. No crash leaves any: they say that entries are gone.
    fn cut_tree(&mut self, size: u64) -> Result<(), OpenError> {
        let (tree, hashes) = (self.dir.join(TREE), self.hashes);
        if hashes > size {
            self.damaged = true;
            self.notes.push(format!(
                "there are {size} entries and hashes of {hashes}: the newest entries are missing"
            ));
        }
        self.tiles.cut(size).map_err(OpenError::io("cut", &tree))
    }
}
