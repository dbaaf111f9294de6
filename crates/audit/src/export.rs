//! A part of the trail as one text that proves itself.
//!
//! Besides the entries it has the signed checkpoint and the hashes left and right of them: whoever has the key adds
//! up the tree and compares. `docs/verify_audit_export.py` does so with nothing but Python's standard library.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use crate::core::Core;
use crate::entry::split_seq;
use crate::format::{HEAD_BYTES, Kind};
use crate::merkle::{Nodes as _, complete};
use crate::read::segment_of;
use crate::scan::{Scan, Step};
use crate::{Hash, ReadError};

/// The first line of an export.
const FIRST_LINE: &str = "lineshaft audit export 1";

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// The numbers of its entries.
    pub range: Range<u64>,
    /// Entries the trail had.
    pub size: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Counts what goes through.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Core {
    /// Writes the entries `range` and all that is needed to prove them. An end beyond the trail means its end.
    pub(crate) fn export(
        &self,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<ExportSummary, ReadError> {
        let (checkpoint, segments) = self.snapshot();
        let size = checkpoint.size();
        let range = range.start..range.end.min(size);
        if range.start > range.end {
            return Err(ReadError::Outside { what: "entry", asked: range.start, size });
        }
        let oldest = segments.first().map_or(size, |segment| segment.first);
        if range.start < oldest {
            return Err(ReadError::Archived { oldest });
        }
        let path = self.dir.join(crate::tiles::TREE);
        let roots = |part: Range<u64>| -> io::Result<Vec<Hash>> {
            let parts = complete(part.start, part.end);
            parts.map(|(height, index)| self.tiles.node(height, index)).collect()
        };
        let left = roots(0..range.start).map_err(ReadError::io("read", &path))?;
        let right = roots(range.end..size).map_err(ReadError::io("read", &path))?;
        let mut out = Counted { out, bytes: 0 };
        let failed = |source| ReadError::Export { source };
        let text = checkpoint.text();
        write!(out, "{FIRST_LINE}\nkey {}\n", self.key.verifier()).map_err(failed)?;
        writeln!(out, "entries {} {}", range.start, range.end).map_err(failed)?;
        for (side, hashes) in [("left", left), ("right", right)] {
            writeln!(out, "{side} {}", hashes.len()).map_err(failed)?;
            for hash in hashes {
                writeln!(out, "{}", hash.to_base64()).map_err(failed)?;
            }
        }
        write!(out, "checkpoint {}\n{text}", text.lines().count()).map_err(failed)?;
        let mut next = range.start;
        while next < range.end {
            let damaged = ReadError::Damaged { what: "entry", at: next };
            let Some(segment) = segment_of(&segments, next) else { return Err(damaged) };
            let io = |error| self.read_error(segment, error);
            let file = self.disk.open(&segment.path).map_err(io)?;
            let block = segment.block_of(&*self.disk, next).map_err(io)?;
            let at = block.map_or(HEAD_BYTES as u64, |block| block.at);
            let mut scan = Scan::new(Arc::clone(&file), at, segment.extent().bytes);
            while next < range.end {
                match scan.step().map_err(io)? {
                    Step::End => break,
                    Step::Bad(_) => return Err(ReadError::Damaged { what: "entry", at: next }),
                    Step::Record(found) if found.kind == Kind::Entry => {
                        let seq = split_seq(found.bytes).map(|(seq, _)| seq);
                        if seq == Some(next) {
                            out.write_all(found.bytes).map_err(failed)?;
                            out.write_all(b"\n").map_err(failed)?;
                            next += 1;
                        }
                    }
                    Step::Record(_) => {}
                }
            }
            if segment_of(&segments, next).is_some_and(|other| other.first == segment.first)
                && next < range.end
            {
                return Err(ReadError::Damaged { what: "entry", at: next });
            }
        }
        out.flush().map_err(failed)?;
        Ok(ExportSummary { range, size, bytes: out.bytes })
    }
}
