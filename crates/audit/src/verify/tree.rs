//! The tree of the entries beside the hashes on disk, and what follows from where they differ.

use std::io;

use super::walk::{Difference, Walk};
use super::{Broken, KnownCheckpoint, KnownOutcome, Report};
use crate::checkpoint::VerifierKey;
use crate::limits::BROKEN_MAX;
use crate::merkle::Edge;
use crate::tiles::{FILES, HASH_BYTES, LEVELS_PER_FILE, TREE, file_bytes, file_of};
use crate::{Checkpoint, Hash, VerifyError};

/// What can be said of a checkpoint by the key alone; that it holds is not known before its size is reached.
pub(super) fn judge(key: Option<&VerifierKey>, checkpoint: &Checkpoint) -> KnownCheckpoint {
    let outcome = match key {
        None => KnownOutcome::OtherKey,
        Some(key) if key.name() != checkpoint.origin() => KnownOutcome::OtherTrail,
        Some(key) if !checkpoint.signers().contains(&key.signer()) => KnownOutcome::OtherKey,
        Some(key) if key.check(checkpoint).is_err() => KnownOutcome::BadSignature,
        Some(_) => KnownOutcome::Truncated,
    };
    KnownCheckpoint { checkpoint: checkpoint.clone(), outcome }
}

impl Walk<'_> {
    /// Takes the next leaf in, which stands at `at` of the file that is being read.
    pub(super) fn leaf(&mut self, hash: Hash, at: u64) -> io::Result<()> {
        let seq = self.edge.size();
        let on_disk = self.tiles.get(0, seq)?.unwrap_or(hash);
        if on_disk != hash {
            self.stored.get_or_insert_with(|| self.edge.clone());
            self.differ(0, seq, at);
        }
        let mut above: [Option<(u64, Hash)>; FILES] = [None; FILES];
        self.edge.push(hash, |height, index, node| {
            if let Some(number) = file_of(height) {
                above[number] = Some((index, node));
            }
        });
        if !self.lost && self.stored.is_none() {
            for (number, node) in above.into_iter().enumerate().skip(1) {
                if let Some((index, node)) = node
                    && self.tiles.get(number, index)?.is_some_and(|found| found != node)
                {
                    self.differ(number, index, at);
                }
            }
        }
        if let Some(stored) = &mut self.stored {
            stored.push(on_disk, |_, _, _| {});
        }
        self.compare_known();
        Ok(())
    }

    fn differ(&mut self, number: usize, index: u64, at: u64) {
        if self.differences.len() < BROKEN_MAX {
            let file = self.file.clone();
            self.differences.push(Difference { number, index, file, at });
        }
    }

    /// Goes on at an entry further on, with the hashes on disk for those in between.
    pub(super) fn fill(&mut self, to: u64) -> io::Result<()> {
        while self.edge.size() < to {
            let seq = self.edge.size();
            match self.tiles.get(0, seq)? {
                Some(hash) => self.leaf(hash, 0)?,
                None => {
                    self.lost = true;
                    (self.edge, self.stored) = (Edge::blank(to), None);
                    self.differences.clear();
                }
            }
        }
        Ok(())
    }

    /// Compares the tree with a checkpoint that stands behind it at `at`.
    pub(super) fn agree(&mut self, checkpoint: &Checkpoint, first: u64, at: u64) {
        if self.lost {
            return self.blame_entries();
        }
        if self.edge.root() == checkpoint.root() {
            return self.blame_files();
        }
        if let Some(stored) = self.stored.take_if(|stored| stored.root() == checkpoint.root()) {
            // Only those that differ were changed; all others are as they were signed.
            self.edge = stored;
            return self.blame_entries();
        }
        if self.differences.iter().all(|difference| difference.number > 0) {
            let what = "the entries up to here do not have the root that was signed";
            self.doubt(first, Some(at), what.into());
            self.promote();
        }
        self.blame_entries();
        self.lost = true;
    }

    /// The entries are those that were signed: where hashes on disk differ, those were changed.
    pub(super) fn blame_files(&mut self) {
        self.stored = None;
        for Difference { number, index, .. } in std::mem::take(&mut self.differences) {
            if self.is_unsynced(number, index) {
                self.report.stale_hashes += 1;
                continue;
            }
            self.found(Broken {
                seq: Some(index << (LEVELS_PER_FILE as usize * number)),
                file: format!("{TREE}/{number}"),
                at: Some(index * HASH_BYTES),
                what: "the hash is not that of the entries".into(),
            });
        }
    }

    /// Whether a crash may have taken a hash: those of the newest segment are not synced.
    fn is_unsynced(&self, number: usize, index: u64) -> bool {
        (index + 1) << (LEVELS_PER_FILE as usize * number) > self.unsynced_from
    }

    /// The entries are not those that were signed.
    fn blame_entries(&mut self) {
        self.stored = None;
        for Difference { number, index, file, at } in std::mem::take(&mut self.differences) {
            if number == 0 {
                let what = "the entry is not the one that was signed".into();
                self.found(Broken { seq: Some(index), file, at: Some(at), what });
            }
        }
    }

    pub(super) fn found(&mut self, broken: Broken) {
        if self.report.broken.len() < BROKEN_MAX {
            self.report.broken.push(broken);
        }
    }

    /// Notes something that is broken if another group follows, or else a torn tail.
    pub(super) fn doubt(&mut self, seq: u64, at: Option<u64>, what: String) {
        if self.doubts.len() < BROKEN_MAX {
            self.doubts.push(Broken { seq: Some(seq), file: self.file.clone(), at, what });
        }
    }

    /// What was doubtful had been answered for.
    pub(super) fn promote(&mut self) {
        for doubt in std::mem::take(&mut self.doubts) {
            self.found(doubt);
        }
    }

    /// Compares those checkpoints handed in whose size is reached.
    pub(super) fn compare_known(&mut self) {
        let size = self.edge.size();
        if !self.sizes.contains(&size) {
            return;
        }
        let root = self.edge.root();
        for known in &mut self.report.known {
            if known.checkpoint.size() == size && known.outcome == KnownOutcome::Truncated {
                let holds = known.checkpoint.root() == root;
                known.outcome = if holds { KnownOutcome::Holds } else { KnownOutcome::Changed };
            }
        }
    }

    /// What can only be said when everything was read.
    pub(super) fn finish(mut self) -> Result<Report, VerifyError> {
        let size = self.last.as_ref().map_or(0, Checkpoint::size);
        for known in &mut self.report.known {
            if known.outcome == KnownOutcome::Holds && known.checkpoint.size() > size {
                known.outcome = KnownOutcome::Truncated;
            }
        }
        let mut known = self.report.known.iter();
        if known.any(|known| known.outcome == KnownOutcome::Truncated) {
            // Somebody was answered for more than holds.
            self.promote();
        }
        self.check_missing(size);
        if let Some(up_to) = self.up_to.filter(|up_to| *up_to > size) {
            self.doubt(size, None, format!("the checkpoint of {up_to} entries is not there"));
            self.promote();
        }
        if self.report.oldest > self.archived {
            let oldest = self.report.oldest;
            let what = format!(
                "entries before {oldest} are missing, and no entry says that they were archived"
            );
            self.found(Broken { seq: Some(0), file: TREE.into(), at: None, what });
        }
        if let (Some(key), Some(last)) = (&self.key, &self.last)
            && let Err(error) = key.check(last)
        {
            let what = format!("the checkpoint of {size} entries: {error}");
            self.found(Broken {
                seq: size.checked_sub(1),
                file: self.file.clone(),
                at: None,
                what,
            });
        }
        self.check_lengths(size)?;
        self.report.entries = size;
        self.report.checkpoint = self.last;
        Ok(self.report)
    }

    /// More hashes than entries is nothing that a crash leaves: entries are synced before their hashes are written.
    fn check_missing(&mut self, size: u64) {
        let hashes = self.hashes;
        if hashes <= size {
            return;
        }
        // They had been on disk as a whole, so what is doubtful behind the last checkpoint is no torn tail.
        self.promote();
        let first = self.edge.size();
        let seq = if hashes > first { first } else { size };
        self.found(Broken {
            seq: Some(seq),
            file: format!("{TREE}/0"),
            at: Some(seq * HASH_BYTES),
            what: format!(
                "there are hashes of {hashes} entries, and {size} that were signed: the newest are missing"
            ),
        });
    }

    fn check_lengths(&mut self, size: u64) -> Result<(), VerifyError> {
        let tree = self.tree();
        for number in 0..FILES {
            let wanted = file_bytes(number, size);
            let found =
                self.tiles.len(number).map_err(VerifyError::io("read", &tree))?.unwrap_or(0);
            if found < wanted {
                let first = found / HASH_BYTES;
                if self.is_unsynced(number, first) {
                    self.report.stale_hashes += (wanted - found).div_ceil(HASH_BYTES);
                    continue;
                }
                let seq = Some(first << (LEVELS_PER_FILE as usize * number));
                let (file, at) = (format!("{TREE}/{number}"), Some(found));
                let what = "hashes are missing at the end".into();
                self.found(Broken { seq, file, at, what });
            } else if self.up_to.is_none() {
                self.report.tail_bytes += found - wanted;
            }
        }
        Ok(())
    }
}
