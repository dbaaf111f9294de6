//! Proofs, from the files of hashes alone: no entry is read for one.

use crate::core::Core;
use crate::merkle::Nodes as _;
use crate::{Checkpoint, Proof, ReadError};

/// The first line of a proof in text.
const TLOG_PROOF: &str = "c2sp.org/tlog-proof@v1";

impl Core {
    /// That entry `seq` is in the tree of `size` entries.
    pub(crate) fn inclusion(&self, seq: u64, size: u64) -> Result<Proof, ReadError> {
        self.check_size(size)?;
        if seq >= size {
            return Err(ReadError::Outside { what: "entry", asked: seq, size });
        }
        let path = self.dir.join(crate::tiles::TREE);
        let hashes = self.tiles.inclusion(seq, size).map_err(ReadError::io("read", &path))?;
        Ok(Proof { hashes })
    }

    /// That the tree of `to` entries begins with that of `from` entries.
    pub(crate) fn consistency(&self, from: u64, to: u64) -> Result<Proof, ReadError> {
        self.check_size(to)?;
        if from > to {
            return Err(ReadError::Outside { what: "size", asked: from, size: to });
        }
        let path = self.dir.join(crate::tiles::TREE);
        let hashes = self.tiles.consistency(from, to).map_err(ReadError::io("read", &path))?;
        Ok(Proof { hashes })
    }

    fn check_size(&self, asked: u64) -> Result<(), ReadError> {
        let size = self.log.read().size();
        if asked > size {
            return Err(ReadError::Outside { what: "size", asked, size });
        }
        Ok(())
    }
}

impl Proof {
    /// An inclusion proof as one text with its checkpoint, which proves itself to whoever has the key.
    ///
    /// # Source
    /// C2SP `tlog-proof`.
    #[must_use]
    pub fn to_text(&self, seq: u64, checkpoint: &Checkpoint) -> String {
        format!("{TLOG_PROOF}\nindex {seq}\n{}\n{checkpoint}", self.to_lines())
    }

    /// Reads what [`Proof::to_text`] wrote: the number of the entry, the proof, the checkpoint. Extra bytes, which
    /// nobody signed, are passed over.
    ///
    /// # Errors
    /// [`crate::CheckpointError`] when the text is not such a proof.
    pub fn parse_text(text: &str) -> Result<(u64, Proof, Checkpoint), crate::CheckpointError> {
        let wrong = |what| crate::CheckpointError { what };
        let (head, checkpoint) = text.split_once("\n\n").ok_or(wrong("it has no empty line"))?;
        let mut lines = head.lines();
        if lines.next() != Some(TLOG_PROOF) {
            return Err(wrong("it does not begin as a proof"));
        }
        let mut line = lines.next().unwrap_or_default();
        if line.starts_with("extra ") {
            line = lines.next().unwrap_or_default();
        }
        let seq = line.strip_prefix("index ").and_then(crate::checkpoint::decimal);
        let seq = seq.ok_or(wrong("it does not say of which entry"))?;
        let hashes: Option<Vec<_>> = lines.map(crate::Hash::from_base64).collect();
        let hashes = hashes.ok_or(wrong("one of its hashes is none"))?;
        Ok((seq, Proof { hashes }, Checkpoint::parse(checkpoint)?))
    }
}
