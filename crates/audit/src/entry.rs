//! The line of an entry: written once, hashed, and read strictly.
//!
//! The line is JSON with its members in one order. What is hashed and kept is the line, never something written
//! again from what was read.

use std::fmt::Write as _;
use std::sync::Arc;

use lineshaft_model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::checkpoint::decimal;
use crate::{Act, Action, Actor, EntryError, Hash, Outcome};

/// An act with its time and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 0: the order of things.
    pub seq: u64,
    /// When, UTC, as the clock said. A clock that was set back shows here, and has its own entry.
    pub time: Timestamp,
    /// Who did what.
    pub act: Act,
    /// The line to the byte: what is hashed.
    pub line: Arc<str>,
}

/// The members from `who` to `detail`, in their order.
#[derive(Serialize)]
struct Members<'a> {
    who: &'a Actor,
    action: Action,
    object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    result: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// The whole line as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    time: String,
    who: Actor,
    action: Action,
    object: String,
    #[serde(default, deserialize_with = "present")]
    old: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    new: Option<Value>,
    #[serde(default)]
    why: Option<String>,
    result: Outcome,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

/// A member that is there is there, also when it is `null`.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// The members of an act without the braces around them.
pub(crate) fn members(act: &Act) -> Vec<u8> {
    let members = Members {
        who: &act.who,
        action: act.action,
        object: &act.object,
        old: act.old.as_ref(),
        new: act.new.as_ref(),
        why: act.why.as_deref(),
        result: act.result,
        detail: act.detail.as_deref(),
    };
    let mut bytes = Vec::with_capacity(256);
    // Strings, numbers and maps with text keys always become JSON in memory.
    if serde_json::to_writer(&mut bytes, &members).is_err() {
        return Vec::new();
    }
    bytes.pop();
    bytes.remove(0);
    bytes
}

/// Bytes that [`write_line`] adds to the members, at most.
pub(crate) const LINE_FRAME_BYTES_MAX: usize = 160;

/// Adds the line of an entry. `after` is the hash of the checkpoint before, for the first entry of a group.
pub(crate) fn write_line(
    out: &mut Vec<u8>,
    seq: u64,
    time: Timestamp,
    members: &[u8],
    after: Option<&Hash>,
) {
    let mut head = String::with_capacity(72);
    let _ = write!(head, "{{\"seq\":{seq},\"time\":\"{time}\",");
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(members);
    if let Some(after) = after {
        head.clear();
        let _ = write!(head, ",\"after\":\"{after}\"");
        out.extend_from_slice(head.as_bytes());
    }
    out.push(b'}');
}

/// The number in a line, and the rest behind it; `None` when it does not begin as entries do.
pub(crate) fn split_seq(line: &[u8]) -> Option<(u64, &[u8])> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let digits = rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let seq = decimal(std::str::from_utf8(&rest[..digits]).ok()?)?;
    Some((seq, rest[digits..].strip_prefix(b",\"time\":\"")?))
}

/// The time in a line.
pub(crate) fn time_of(line: &[u8]) -> Option<Timestamp> {
    let (_, rest) = split_seq(line)?;
    let end = rest.iter().take(40).position(|byte| *byte == b'"')?;
    Timestamp::parse(std::str::from_utf8(&rest[..end]).ok()?)
}

/// The hash at the end of the first line of a group.
///
/// Exact, not a guess: the last member of a line is a string of its own, in which a quote has a backslash before
/// it, so that these bytes cannot stand in it.
pub(crate) fn after_of(line: &[u8]) -> Option<Hash> {
    let at = line.len().checked_sub(AFTER_OPEN.len() + 64 + 2)?;
    let hash = line[at..].strip_prefix(AFTER_OPEN)?.strip_suffix(b"\"}")?;
    Hash::from_hex(std::str::from_utf8(hash).ok()?)
}

const AFTER_OPEN: &[u8] = b",\"after\":\"";

impl Entry {
    /// Reads a line.
    ///
    /// # Errors
    /// [`EntryError`] when it is not JSON with exactly the members of an entry, each once, each of its kind.
    pub fn parse(line: &str) -> Result<Entry, EntryError> {
        let read: Line =
            serde_json::from_str(line).map_err(|source| EntryError::Json { source })?;
        if line.contains(['\n', '\r']) {
            return Err(EntryError::Form { what: "it has a line break" });
        }
        let wrong = |what| EntryError::Form { what };
        if !line.ends_with('}') {
            return Err(wrong("something stands behind it"));
        }
        let (seq, _) = split_seq(line.as_bytes()).ok_or(wrong("`seq` and `time` come first"))?;
        let time = time_of(line.as_bytes()).ok_or(wrong("`time` is no time"))?;
        if seq != read.seq || time.to_string() != read.time {
            return Err(wrong("`seq` or `time` is not in its one form"));
        }
        if read.after.is_some() != after_of(line.as_bytes()).is_some() {
            return Err(wrong("`after` is not a hash at the end"));
        }
        let act = Act {
            who: read.who,
            action: read.action,
            object: read.object,
            old: read.old,
            new: read.new,
            why: read.why,
            result: read.result,
            detail: read.detail,
        };
        Ok(Entry { seq, time, act, line: line.into() })
    }

    /// The hash of the checkpoint before this entry's group; only the first entry of a group has it.
    #[must_use]
    pub fn after(&self) -> Option<Hash> {
        after_of(self.line.as_bytes())
    }

    /// Its hash as a leaf of the tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        crate::leaf_hash(self.line.as_bytes())
    }
}
