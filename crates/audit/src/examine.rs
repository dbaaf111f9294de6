//! Reads the newest segment after a stop and says how far it is what was answered for.
//!
//! Everything up to the last checkpoint that agrees with the entries before it is *sound*. Behind it there is either
//! a torn tail, or something that had been synced and was damaged since: then a *later* checkpoint follows.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use lineshaft_runtime::DiskFile;

use crate::entry::{after_of, split_seq};
use crate::format::{HEAD_BYTES, Head, Kind, parse_head};
use crate::merkle::Edge;
use crate::scan::{Found, Scan, Step};
use crate::tiles::Growth;
use crate::{Checkpoint, Hash, leaf_hash};

/// The last group may be torn as well; before it, one checkpoint after the other is tried.
const LATER_MAX: usize = 16;

/// A segment file that was read from front to back.
#[derive(Debug)]
pub(crate) struct Examination {
    /// The checkpoint before the segment, if its copy is sound.
    pub(crate) before: Option<Checkpoint>,
    /// How far it is what was answered for; `None` when not even its head is.
    pub(crate) sound: Option<Sound>,
    /// The hashes of the entries that stand one behind the other from the first on.
    pub(crate) growth: Growth,
    /// The first thing that is not as it should be.
    pub(crate) doubt: Option<Doubt>,
    /// The last checkpoints behind the doubt, and where each ends; newest last.
    pub(crate) later: Vec<(Checkpoint, u64)>,
    /// Another group was begun behind the doubtful one, so that one had been answered for.
    pub(crate) is_proven: bool,
    /// Entries behind what is sound that can be read.
    pub(crate) leaves: BTreeMap<u64, Hash>,
}

/// How far a segment is what was answered for.
#[derive(Debug, Clone)]
pub(crate) struct Sound {
    /// The byte behind it.
    pub(crate) at: u64,
    /// Where its last group begins.
    pub(crate) group_at: u64,
    pub(crate) edge: Edge,
    /// The last checkpoint; `None` in a segment without a group.
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// A place that is not as it should be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doubt {
    pub(crate) at: u64,
    pub(crate) seq: u64,
    pub(crate) what: &'static str,
}

pub(crate) fn read_head(file: &Arc<dyn DiskFile>) -> io::Result<Head> {
    let mut bytes = [0; HEAD_BYTES];
    let read = file.read_at(&mut bytes, 0)?;
    Ok(parse_head(&bytes[..read]))
}

/// The copy of the checkpoint before a segment, right behind its head.
pub(crate) fn read_before(file: &Arc<dyn DiskFile>, len: u64) -> io::Result<Option<Checkpoint>> {
    let mut scan = Scan::new(Arc::clone(file), HEAD_BYTES as u64, len);
    match scan.step()? {
        Step::Record(found) if found.kind == Kind::Before => {
            Ok(Checkpoint::parse(found.text()).ok())
        }
        _ => Ok(None),
    }
}

/// Reads a segment that begins with entry `first`; `edge` is the tree before it.
pub(crate) fn examine(
    file: &Arc<dyn DiskFile>,
    len: u64,
    first: u64,
    edge: Edge,
) -> io::Result<Examination> {
    let head = read_head(file)?;
    let mut seen = Examination {
        before: None,
        sound: None,
        growth: Growth::default(),
        doubt: None,
        later: Vec::new(),
        is_proven: false,
        leaves: BTreeMap::new(),
    };
    let mut edge = edge;
    let mut scan = Scan::new(Arc::clone(file), HEAD_BYTES as u64, len);
    if head == Head::Segment(first) {
        seen.begin(&mut scan, first, &edge)?;
    } else {
        seen.doubt(0, first, "the head of the segment is damaged");
    }
    loop {
        let at = scan.at;
        match scan.step()? {
            Step::End => return Ok(seen),
            Step::Record(found) => {
                let behind = found.at + crate::format::RECORD_HEAD_BYTES as u64;
                let end = behind + found.bytes.len() as u64;
                if seen.doubt.is_some() {
                    seen.take_doubtful(&found, end, first);
                } else if let Err(what) = seen.take(&found, end, &mut edge) {
                    seen.doubt(found.at, edge.size(), what);
                    seen.take_doubtful(&found, end, first);
                }
            }
            Step::Bad(what) => {
                seen.doubt(at, edge.size(), what);
                scan.resync()?;
            }
        }
    }
}

impl Examination {
    fn doubt(&mut self, at: u64, seq: u64, what: &'static str) {
        self.doubt.get_or_insert(Doubt { at, seq, what });
    }

    /// Reads the copy of the checkpoint before the segment, which only the first one has not.
    fn begin(&mut self, scan: &mut Scan, first: u64, edge: &Edge) -> io::Result<()> {
        let mut end = HEAD_BYTES as u64;
        if first > 0 {
            self.before = match scan.step()? {
                Step::Record(found) if found.kind == Kind::Before => {
                    Checkpoint::parse(found.text()).ok()
                }
                Step::Record(_) | Step::End | Step::Bad(_) => None,
            };
            let holds =
                |before: &&Checkpoint| before.size() == first && before.root() == edge.root();
            if self.before.as_ref().filter(holds).is_none() {
                scan.at = end;
                self.doubt(end, first, "the checkpoint before the segment is damaged");
                return Ok(());
            }
            end = scan.at;
        }
        let edge = edge.clone();
        self.sound = Some(Sound { at: end, group_at: 0, edge, checkpoint: None });
        Ok(())
    }

    /// Takes a record in that stands where all before it is as it should be.
    fn take(&mut self, found: &Found<'_>, end: u64, edge: &mut Edge) -> Result<(), &'static str> {
        match found.kind {
            Kind::Before => Err("a copy of a checkpoint stands between the entries"),
            Kind::Entry => {
                let seq = split_seq(found.bytes).map(|(seq, _)| seq);
                if seq != Some(edge.size()) {
                    return Err("an entry has the wrong number");
                }
                let leaf = leaf_hash(found.bytes);
                self.leaves.insert(edge.size(), leaf);
                let growth = &mut self.growth;
                edge.push(leaf, |height, index, hash| growth.note(height, index, hash));
                Ok(())
            }
            Kind::Checkpoint => {
                let checkpoint = Checkpoint::parse(found.text());
                let checkpoint = checkpoint.map_err(|_malformed| "a checkpoint is malformed")?;
                if checkpoint.size() != edge.size() || checkpoint.root() != edge.root() {
                    return Err("a checkpoint does not agree with the entries before it");
                }
                let sound = self.sound.as_ref();
                let group_at = match sound {
                    Some(Sound { at, checkpoint: Some(_), .. }) => *at,
                    _ => 0,
                };
                let (edge, checkpoint) = (edge.clone(), Some(checkpoint));
                self.sound = Some(Sound { at: end, group_at, edge, checkpoint });
                self.leaves.clear();
                Ok(())
            }
        }
    }

    /// Takes a record in that stands behind something that is not as it should be.
    fn take_doubtful(&mut self, found: &Found<'_>, end: u64, first: u64) {
        let base = self.sound.as_ref().map_or(first, |sound| sound.edge.size());
        match found.kind {
            Kind::Before => {}
            Kind::Entry => {
                if let Some((seq, _)) = split_seq(found.bytes) {
                    self.is_proven |= seq > base && after_of(found.bytes).is_some();
                    self.leaves.entry(seq).or_insert_with(|| leaf_hash(found.bytes));
                }
            }
            Kind::Checkpoint => {
                let checkpoint = Checkpoint::parse(found.text()).ok();
                if let Some(checkpoint) = checkpoint.filter(|later| later.size() > base) {
                    if self.later.len() == LATER_MAX {
                        self.later.remove(0);
                    }
                    self.later.push((checkpoint, end));
                }
            }
        }
    }
}
