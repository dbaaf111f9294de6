//! Reads a whole segment file and tells a torn tail from damage. Used when the shaft is opened (for
//! the newest segment) and by `verify` (for all).
//!
//! A group of records is written only after the sync of the group before it came back. So when a sound
//! record that begins a later group follows a bad one, the bad one had been synced and was damaged
//! since: that is reported, never cut. When none follows, the bad one belongs to the last group, whose
//! sync may never have come back, so nobody was told that it is on disk: that is a torn tail, and it
//! is cut.
//!
//! What is left of the last group is handed out to be written again: after a sync that failed, its pages
//! can read back well and be marked clean, and then no later sync would bring them to the disk.

use std::io;
use std::sync::Arc;

use lineshaft_model::Timestamp;
use lineshaft_runtime::DiskFile;

use crate::Offset;
use crate::format::{FLAG_GROUP, Head, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::limits::DAMAGES_MAX;
use crate::scan::{Scan, Step};
use crate::segment::Map;
use crate::verify::Damage;

/// What a segment file holds.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) head: Head,
    /// Records that can be read.
    pub(crate) records: u64,
    /// Synced, and damaged since.
    pub(crate) damages: Vec<Damage>,
    /// Where the sound part ends: the file's length, unless its tail is torn.
    pub(crate) end: u64,
    /// The number after the last record of the sound part.
    pub(crate) next: Offset,
    /// When the last record of it arrived.
    pub(crate) newest: Option<Timestamp>,
    pub(crate) map: Map,
    /// The last group, as far as it is sound; `None` when it is not known where it begins.
    pub(crate) tail: Option<Tail>,
}

/// The sound part of a segment's last group, header and preamble included when it is the first one.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub(crate) at: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Reads a segment file of `len` bytes. `following` is the first number of the segment after it: then
/// the whole file had been synced and it has no torn tail.
pub(crate) fn examine(
    file: &Arc<dyn DiskFile>,
    len: u64,
    first: Offset,
    following: Option<Offset>,
) -> io::Result<Examination> {
    let head = read_head(file)?;
    let mut map = Map::new(first);
    let (mut records, mut damages, mut newest) = (0, Vec::new(), None);
    // Damage or torn tail: what follows decides. The map and the count are those before it.
    let mut doubts: Vec<Damage> = Vec::new();
    let mut before = None;
    if !matches!(head, Head::Segment(header) if header.first == first) {
        doubts.push(Damage {
            at: 0,
            from: first,
            to: first,
            what: "the segment's header is damaged",
        });
        before = Some((map.clone(), 0, None));
    }
    let mut tail = match head {
        Head::Segment(header) => {
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            Some(Tail { at: 0, bytes })
        }
        Head::Newer(_) | Head::Damaged => None,
    };
    let head_bytes = SEGMENT_HEADER_BYTES as u64;
    let mut scan = Scan::new(Arc::clone(file), head_bytes.min(len), first);
    loop {
        // Without a following segment a record can be as far ahead as there are bytes for records.
        let limit = following.unwrap_or_else(|| scan.next.saturating_add(len.max(1)));
        match scan.step(len)? {
            Step::End => break,
            Step::Record(found) => {
                let header = found.header;
                if header.flags & FLAG_GROUP != 0 && header.offset > first {
                    damages.append(&mut doubts);
                    before = None;
                    let mut bytes = tail.take().map_or_else(Vec::new, |tail| tail.bytes);
                    bytes.clear();
                    tail = Some(Tail { at: found.at, bytes });
                }
                if let Some(tail) = &mut tail {
                    tail.bytes.extend_from_slice(found.bytes());
                }
                map.note(&header, found.at);
                newest = Some(header.arrived);
                records += header.numbers();
            }
            Step::Bad(what) => {
                let (at, from) = (scan.at, scan.next);
                before.get_or_insert_with(|| (map.clone(), records, tail.clone()));
                tail = None;
                let found = scan.resync(len, limit)?;
                let to = if found { scan.next } else { following.unwrap_or(from) };
                if doubts.len() + damages.len() < DAMAGES_MAX {
                    doubts.push(Damage { at, from, to: to.max(from), what });
                }
            }
        }
    }
    if let Some(following) = following {
        damages.append(&mut doubts);
        if map.next < following && damages.last().is_none_or(|last| last.to < following) {
            let what = "records are missing at the end";
            damages.push(Damage { at: len, from: map.next, to: following, what });
        }
        return Ok(Examination {
            head,
            records,
            damages,
            end: len,
            next: following,
            newest,
            map,
            tail,
        });
    }
    let mut end = len;
    if let Some((sound, count, group)) = before {
        end = doubts.first().map_or(sound.at, |doubt| doubt.at).min(len);
        (map, records, tail) = (sound, count, group);
    }
    Ok(Examination { head, records, damages, end, next: map.next, newest, map, tail })
}

pub(crate) fn read_head(file: &Arc<dyn DiskFile>) -> io::Result<Head> {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    let read = file.read_at(&mut bytes, 0)?;
    Ok(SegmentHeader::parse(&bytes[..read]))
}
