//! One walk over all segments, beside the files of hashes.

use std::io;
use std::path::Path;

use lineshaft_runtime::Disk;
use serde_json::Value;

use super::tree::judge;
use super::{Broken, Report, UpTo};
use crate::archive::UP_TO;
use crate::checkpoint::VerifierKey;
use crate::entry::{after_of, split_seq};
use crate::examine::read_head;
use crate::format::{HEAD_BYTES, Head, Kind, RECORD_HEAD_BYTES, segment_name};
use crate::merkle::Edge;
use crate::open::FoundSegment;
use crate::scan::{Found, Scan, Step};
use crate::tiles::{HASH_BYTES, TREE, TileReader, Tiles};
use crate::{Action, Checkpoint, Entry, Hash, VERSION, VerifyError, leaf_hash};

pub(super) struct Walk<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) dir: &'a Path,
    pub(super) key: Option<VerifierKey>,
    pub(super) tiles: TileReader,
    pub(super) report: Report,
    /// The sizes of the checkpoints handed in.
    pub(super) sizes: Vec<u64>,
    /// The newest checkpoint of a trail that is being written; what follows it is not looked at.
    pub(super) up_to: Option<u64>,
    /// Whole hashes of entries beside a trail that is not open: so many were once on disk.
    pub(super) hashes: u64,
    /// The tree of the entries.
    pub(super) edge: Edge,
    /// The tree of the hashes on disk, since the two first differed.
    pub(super) stored: Option<Edge>,
    /// Where they differ since the last checkpoint.
    pub(super) differences: Vec<Difference>,
    /// The two cannot be brought together any more; said once.
    pub(super) lost: bool,
    /// The last checkpoint that holds.
    pub(super) last: Option<Checkpoint>,
    /// The hash of the text of the last checkpoint seen.
    pub(super) last_text: Option<Hash>,
    /// Where the newest segment is sound up to.
    pub(super) sound_at: u64,
    /// Entries stand behind the last checkpoint.
    pub(super) is_open: bool,
    /// Something is missing since the last checkpoint: what would follow from it is not said too.
    pub(super) is_torn: bool,
    /// What is wrong behind the last checkpoint: broken if another group follows, or else a torn tail.
    pub(super) doubts: Vec<Broken>,
    pub(super) archived: u64,
    /// Hashes of entries from here on need not be on disk yet.
    pub(super) unsynced_from: u64,
    pub(super) file: String,
}

/// A hash on disk that is not that of the entries.
pub(super) struct Difference {
    pub(super) number: usize,
    pub(super) index: u64,
    pub(super) file: String,
    pub(super) at: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        disk: &'a dyn Disk,
        dir: &'a Path,
        key: Option<VerifierKey>,
        tiles: Tiles,
        known: &[Checkpoint],
        mut report: Report,
        up_to: UpTo,
    ) -> Walk<'a> {
        let (up_to, hashes) = match up_to {
            UpTo::Checkpoint(size) => (Some(size), 0),
            UpTo::End { hashes } => (None, hashes),
        };
        report.known = known.iter().map(|known| judge(key.as_ref(), known)).collect();
        Walk {
            disk,
            dir,
            key,
            tiles: TileReader::new(tiles),
            report,
            sizes: known.iter().map(Checkpoint::size).collect(),
            up_to,
            hashes,
            edge: Edge::default(),
            stored: None,
            differences: Vec::new(),
            lost: false,
            last: None,
            last_text: None,
            sound_at: 0,
            is_open: false,
            is_torn: false,
            doubts: Vec::new(),
            archived: 0,
            unsynced_from: u64::MAX,
            file: String::new(),
        }
    }

    pub(super) fn walk(mut self, found: &[FoundSegment]) -> Result<Report, VerifyError> {
        self.report.segments = u32::try_from(found.len()).unwrap_or(u32::MAX);
        self.compare_known();
        if let Some(oldest) = found.first() {
            self.report.oldest = oldest.first;
            self.take_archived(oldest.first).map_err(VerifyError::io("read", &self.tree()))?;
        }
        if let (Some(newest), None) = (found.last(), self.up_to) {
            self.unsynced_from = newest.first;
        }
        for (index, segment) in found.iter().enumerate() {
            self.segment(segment, found.len() - index - 1)?;
            if index + 1 == found.len() {
                let end = if self.is_done() { segment.len.min(self.sound_at) } else { segment.len };
                self.report.tail_bytes += end.saturating_sub(self.sound_at);
            }
        }
        self.finish()
    }

    pub(super) fn tree(&self) -> std::path::PathBuf {
        self.dir.join(TREE)
    }

    fn is_done(&self) -> bool {
        self.up_to.is_some_and(|size| self.last.as_ref().map_or(0, Checkpoint::size) >= size)
    }

    /// Takes the hashes of archived entries in, whose text is not here.
    fn take_archived(&mut self, oldest: u64) -> io::Result<()> {
        self.file = format!("{TREE}/0");
        while self.edge.size() < oldest {
            let seq = self.edge.size();
            let Some(hash) = self.tiles.get(0, seq)? else {
                self.doubt(seq, None, "the hashes of archived entries are missing".into());
                self.promote();
                self.lost = true;
                // Counts on without them.
                (self.edge, self.stored) = (Edge::blank(oldest), None);
                return Ok(());
            };
            self.leaf(hash, seq * HASH_BYTES)?;
        }
        // What differs in them can only be a file of hashes.
        self.blame_files();
        Ok(())
    }

    fn segment(&mut self, segment: &FoundSegment, following: usize) -> Result<(), VerifyError> {
        let path = &segment.path;
        self.file = segment_name(segment.first);
        let file = self.disk.open(path).map_err(VerifyError::io("open", path))?;
        self.report.bytes += segment.len;
        self.sound_at = 0;
        match read_head(&file).map_err(VerifyError::io("read", path))? {
            Head::Newer(found) => {
                return Err(VerifyError::Newer { path: path.clone(), found, known: VERSION });
            }
            Head::Segment(first) if first == segment.first => {}
            Head::Segment(_) | Head::Damaged => {
                let what = "the head of the segment is damaged";
                self.doubt(segment.first, Some(0), what.into());
                self.is_torn = true;
            }
        }
        if segment.first != self.edge.size() {
            let (from, to) = (self.edge.size(), segment.first);
            self.doubt(from, None, format!("entry {from} should follow, entry {to} does"));
            self.promote();
            self.last_text = None;
            self.fill(to).map_err(VerifyError::io("read", &self.tree()))?;
        }
        let mut scan = Scan::new(file, HEAD_BYTES as u64, segment.len);
        let mut expects_before = segment.first > 0;
        if !expects_before && self.doubts.is_empty() {
            self.sound_at = HEAD_BYTES as u64;
        }
        while !self.is_done() {
            let at = scan.at;
            match scan.step().map_err(VerifyError::io("read", path))? {
                Step::End => break,
                Step::Record(found) => {
                    if expects_before {
                        self.before(&found, segment.first);
                        expects_before = false;
                        if found.kind == Kind::Before {
                            continue;
                        }
                    }
                    self.record(&found).map_err(VerifyError::io("read", path))?;
                }
                Step::Bad(what) => {
                    self.doubt(self.edge.size(), Some(at), what.into());
                    self.is_torn = true;
                    scan.resync().map_err(VerifyError::io("read", path))?;
                }
            }
        }
        if following > 0 {
            if self.is_open {
                let what = "the segment does not end with a checkpoint";
                self.doubt(self.edge.size(), Some(segment.len), what.into());
            }
            self.promote();
        }
        Ok(())
    }

    /// The copy of the checkpoint before a segment.
    fn before(&mut self, found: &Found<'_>, first: u64) {
        let copy =
            if found.kind == Kind::Before { Checkpoint::parse(found.text()).ok() } else { None };
        let Some(copy) = copy else {
            let what = "the copy of the checkpoint before the segment is missing";
            return self.tampered(first, Some(found.at), what.into());
        };
        let hash = Hash::of(found.bytes);
        let holds = match self.last_text {
            Some(last) => last == hash,
            // The one it is a copy of was archived.
            None => {
                let signed = self.key.as_ref().is_some_and(|key| key.check(&copy).is_ok());
                if signed && copy.size() == first && !self.lost && copy.root() != self.edge.root() {
                    let file = format!("{TREE}/0");
                    let what =
                        "the hashes of archived entries are not those that were signed".into();
                    self.found(Broken { seq: Some(0), file, at: None, what });
                    self.lost = true;
                }
                signed && copy.size() == first
            }
        };
        if !holds {
            let what = "the checkpoint before the segment is not the one that was signed";
            self.doubt(first, Some(found.at), what.into());
            self.promote();
        }
        self.last_text = Some(hash);
        if self.doubts.is_empty() {
            self.sound_at = found.at + (RECORD_HEAD_BYTES + found.bytes.len()) as u64;
            if self.last.is_none() {
                self.last = Some(copy);
            }
        }
    }

    fn record(&mut self, found: &Found<'_>) -> io::Result<()> {
        match found.kind {
            Kind::Entry => self.entry(found),
            Kind::Checkpoint => {
                self.checkpoint(found);
                Ok(())
            }
            Kind::Before => {
                let what = "a copy of a checkpoint stands between the entries";
                self.doubt(self.edge.size(), Some(found.at), what.into());
                self.promote();
                Ok(())
            }
        }
    }

    fn entry(&mut self, found: &Found<'_>) -> io::Result<()> {
        let (expected, at) = (self.edge.size(), Some(found.at));
        let Some((seq, _)) = split_seq(found.bytes) else {
            self.tampered(expected, at, "a line does not begin as an entry does".into());
            return Ok(());
        };
        if seq != expected {
            let what = format!("entry {seq} stands where entry {expected} belongs");
            self.tampered(expected, at, what);
            if seq < expected || self.tiles.get(0, seq - 1)?.is_none() {
                return Ok(());
            }
            self.fill(seq)?;
        }
        if found.bytes.contains(&b'\n') {
            self.tampered(seq, at, "the entry has a line break".into());
        }
        self.link(found, seq);
        self.is_open = true;
        self.look_for_archiving(found.text());
        self.leaf(leaf_hash(found.bytes), found.at)
    }

    /// Something that no crash leaves, unless something torn stands before it.
    fn tampered(&mut self, seq: u64, at: Option<u64>, what: String) {
        self.doubt(seq, at, what);
        if !self.is_torn {
            self.promote();
        }
        self.is_torn = true;
    }

    /// The first entry of a group names the checkpoint before it, and no other does.
    fn link(&mut self, found: &Found<'_>, seq: u64) {
        let after = after_of(found.bytes);
        let base = self.last.as_ref().map_or(0, Checkpoint::size);
        if after.is_some() && seq > base {
            // Another group was begun, so all before it had been answered for.
            self.promote();
        }
        let expected = if self.is_open { None } else { self.last_text };
        if !self.is_torn && after != expected {
            let what = "the entry does not name the checkpoint that belongs before it";
            self.tampered(seq, Some(found.at), what.into());
        }
    }

    fn look_for_archiving(&mut self, line: &str) {
        if !line.contains("\"action\":\"audit.archive\"") {
            return;
        }
        let Ok(entry) = Entry::parse(line) else { return };
        let up_to = entry.act.new.as_ref().and_then(|new| new.get(UP_TO)).and_then(Value::as_u64);
        if entry.act.action == Action::AuditArchive {
            self.archived = self.archived.max(up_to.unwrap_or(0));
        }
    }

    fn checkpoint(&mut self, found: &Found<'_>) {
        self.report.checkpoints += 1;
        let (size, at) = (self.edge.size(), Some(found.at));
        let first = self.last.as_ref().map_or(0, Checkpoint::size);
        let was_open = std::mem::take(&mut self.is_open);
        self.last_text = Some(Hash::of(found.bytes));
        let checkpoint = match Checkpoint::parse(found.text()) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return self.tampered(first, at, error.to_string()),
        };
        let name = self.key.as_ref().map(VerifierKey::name);
        let wrong = if name.is_some_and(|name| name != checkpoint.origin()) {
            Some("the checkpoint is of another trail")
        } else if !was_open && !self.is_torn {
            Some("a checkpoint stands where an entry belongs")
        } else if checkpoint.size() != size && !self.is_torn {
            Some("the checkpoint does not count the entries before it")
        } else {
            None
        };
        if let Some(what) = wrong {
            return self.tampered(first, at, what.into());
        }
        if std::mem::take(&mut self.is_torn) {
            // Perhaps the rest of a group that nobody was answered for: what follows tells.
            if checkpoint.size() != size || checkpoint.root() != self.edge.root() {
                (self.lost, self.stored) = (true, None);
                self.differences.clear();
            }
            if checkpoint.size() > size {
                self.edge = Edge::blank(checkpoint.size());
            }
            return;
        }
        self.agree(&checkpoint, first, found.at);
        self.sound_at = found.at + (RECORD_HEAD_BYTES + found.bytes.len()) as u64;
        self.last = Some(checkpoint);
    }
}
