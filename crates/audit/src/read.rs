//! Reading entries: by number, or page by page what a query asks for.
//!
//! A call does a bounded amount of work. The lines are looked at before they are parsed: most of what a query does
//! not want falls out by a comparison of bytes.

use std::sync::Arc;

use lineshaft_model::Timestamp;

use crate::core::Core;
use crate::entry::{split_seq, time_of};
use crate::format::Kind;
use crate::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX, SCAN_BYTES_MAX, SCAN_ENTRIES_MAX};
use crate::scan::{Scan, Step};
use crate::segment::{Block, Segment};
use crate::{Entry, Outcome, ReadError, metrics};

/// What is asked for. The default asks for everything, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Newest first; otherwise oldest first.
    pub newest_first: bool,
    /// The page before ended here (its `next`): goes on with the entry after it in the order asked for.
    pub after: Option<u64>,
    /// How many entries at most, 1 to [`PAGE_ENTRIES_MAX`]; what is outside is moved to the nearest.
    pub limit: u32,
    /// Exactly this actor's name.
    pub who: Option<String>,
    /// This action (`tag.write`), or all of a category (`tag`).
    pub action: Option<String>,
    /// The object has this in it.
    pub object: Option<String>,
    /// This outcome.
    pub result: Option<Outcome>,
    /// Not before this time.
    pub start: Option<Timestamp>,
    /// Before this time.
    pub end: Option<Timestamp>,
    /// The line has this anywhere in it, in any case.
    pub text: Option<String>,
}

/// Some of the entries asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In the order asked for. May be empty although there is a `next`: one call does a bounded amount of work.
    pub entries: Vec<Entry>,
    /// Ask again with this as `after`; `None` when there is nothing more.
    pub next: Option<u64>,
}

/// A query made ready for looking at many lines.
struct Sieve<'a> {
    query: &'a Query,
    /// The member as it stands in a line of this action; of a category without its end.
    action: Option<(String, String)>,
    result: Option<String>,
    /// As it stands in JSON, in lower case.
    text: Option<String>,
}

impl Sieve<'_> {
    fn new(query: &Query) -> Sieve<'_> {
        let action = query.action.as_ref().map(|word| {
            let word = escaped(word);
            (format!("\"action\":\"{word}\""), format!("\"action\":\"{word}."))
        });
        let result = query.result.and_then(|result| serde_json::to_string(&result).ok());
        let result = result.map(|word| format!("\"result\":{word}"));
        let text = query.text.as_ref().filter(|text| !text.is_empty());
        Sieve { query, action, result, text: text.map(|text| escaped(text).to_lowercase()) }
    }

    /// Whether a line can be one that is asked for. Never says no to one that is.
    fn may_pass(&self, line: &str) -> bool {
        if let Some((word, category)) = &self.action
            && !(line.contains(word.as_str()) || line.contains(category.as_str()))
        {
            return false;
        }
        if self.result.as_ref().is_some_and(|result| !line.contains(result.as_str())) {
            return false;
        }
        if self.query.start.is_some() || self.query.end.is_some() {
            let Some(time) = time_of(line.as_bytes()) else { return false };
            let early = self.query.start.is_some_and(|start| time < start);
            if early || self.query.end.is_some_and(|end| time >= end) {
                return false;
            }
        }
        self.text.as_ref().is_none_or(|text| contains_in_any_case(line, text))
    }

    /// Whether an entry is one that is asked for.
    fn passes(&self, entry: &Entry) -> bool {
        let (query, act) = (self.query, &entry.act);
        let word = act.action.word();
        let category = word.split('.').next();
        query.who.as_ref().is_none_or(|who| *who == *act.who.name)
            && query.object.as_ref().is_none_or(|object| act.object.contains(object.as_str()))
            && query.result.is_none_or(|result| result == act.result)
            && query
                .action
                .as_ref()
                .is_none_or(|action| action == word || Some(action.as_str()) == category)
    }
}

/// A text as it stands between the quotes of JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// `needle` is in lower case already.
fn contains_in_any_case(line: &str, needle: &str) -> bool {
    if !needle.is_ascii() || !line.is_ascii() {
        return line.to_lowercase().contains(needle);
    }
    let (line, needle) = (line.as_bytes(), needle.as_bytes());
    let Some(first) = needle.first() else { return true };
    let mut windows = line.windows(needle.len());
    windows.any(|w| w[0].to_ascii_lowercase() == *first && w.eq_ignore_ascii_case(needle))
}

/// The lines of a block with where each stands in `text`.
struct Lines {
    text: Vec<u8>,
    lines: Vec<(u64, std::ops::Range<usize>)>,
}

impl Core {
    /// The entries of a block that are numbered `from..to`; what is damaged is passed over and counted.
    fn lines(
        &self,
        segment: &Segment,
        block: Block,
        from: u64,
        to: u64,
    ) -> Result<Lines, ReadError> {
        let io = |error| self.read_error(segment, error);
        let file = self.disk.open(&segment.path).map_err(io)?;
        let mut scan = Scan::new(Arc::clone(&file), block.at, block.end);
        let mut out = Lines { text: Vec::new(), lines: Vec::new() };
        loop {
            let at = scan.at;
            match scan.step().map_err(io)? {
                Step::End => return Ok(out),
                Step::Record(found) if found.kind == Kind::Entry => {
                    let seq = split_seq(found.bytes).map(|(seq, _)| seq);
                    if let Some(seq) = seq.filter(|seq| (from..to).contains(seq)) {
                        let start = out.text.len();
                        out.text.extend_from_slice(found.bytes);
                        out.lines.push((seq, start..out.text.len()));
                    }
                }
                Step::Record(_) => {}
                Step::Bad(what) => {
                    scan.resync().map_err(io)?;
                    ::metrics::counter!(metrics::DAMAGED).increment(scan.at - at);
                    let path = segment.path.display();
                    tracing::error!(%path, at, what, "the audit trail is damaged");
                }
            }
        }
    }

    /// One entry; `None` when there is none of this number.
    pub(crate) fn entry(&self, seq: u64) -> Result<Option<Entry>, ReadError> {
        let (checkpoint, segments) = self.snapshot();
        if seq >= checkpoint.size() {
            return Ok(None);
        }
        let Some(segment) = segment_of(&segments, seq) else {
            let oldest = segments.first().map_or(checkpoint.size(), |segment| segment.first);
            return Err(ReadError::Archived { oldest });
        };
        let damaged = || ReadError::Damaged { what: "entry", at: seq };
        let block = segment.block_of(&*self.disk, seq);
        let block = block.map_err(|error| self.read_error(segment, error))?.ok_or_else(damaged)?;
        let lines = self.lines(segment, block, seq, seq + 1)?;
        let (_, range) = lines.lines.first().ok_or_else(damaged)?;
        let line = std::str::from_utf8(&lines.text[range.clone()]).unwrap_or_default();
        Entry::parse(line).map(Some).map_err(|_malformed| damaged())
    }

    /// A page of what is asked for.
    pub(crate) fn read(&self, query: &Query) -> Result<Page, ReadError> {
        let (checkpoint, segments) = self.snapshot();
        let oldest = segments.first().map_or(checkpoint.size(), |segment| segment.first);
        // What is still to be looked at.
        let (mut from, mut to) = (oldest, checkpoint.size());
        match query.after {
            Some(after) if query.newest_first => to = to.min(after),
            Some(after) => from = from.max(after.saturating_add(1)),
            None => {}
        }
        let sieve = Sieve::new(query);
        let mut reading = Reading::new(query);
        while from < to && !reading.is_done() {
            let seq = if query.newest_first { to - 1 } else { from };
            let Some(segment) = segment_of(&segments, seq) else { break };
            let block = segment.block_of(&*self.disk, seq);
            let Some(block) = block.map_err(|error| self.read_error(segment, error))? else {
                // Nothing at the front of this segment can be read.
                if query.newest_first {
                    to = segment.first
                } else {
                    from = seq + 1
                }
                continue;
            };
            let lines = self.lines(segment, block, from, to)?;
            let done = if query.newest_first {
                reading.take(lines.lines.iter().rev(), &lines.text, &sieve)
            } else {
                reading.take(lines.lines.iter(), &lines.text, &sieve)
            };
            reading.bytes += block.end - block.at;
            match done {
                Some(last) if query.newest_first => to = last,
                Some(last) => from = last + 1,
                None if query.newest_first => to = block.first.min(seq),
                None => from = block.next.max(seq + 1),
            }
        }
        let next = if query.newest_first { to } else { from.saturating_sub(1) };
        Ok(Page { entries: reading.entries, next: (from < to).then_some(next) })
    }
}

/// A page that is being filled.
struct Reading {
    entries: Vec<Entry>,
    limit: usize,
    line_bytes: usize,
    scanned: u64,
    bytes: u64,
}

impl Reading {
    fn new(query: &Query) -> Reading {
        let limit = query.limit.clamp(1, PAGE_ENTRIES_MAX) as usize;
        Reading { entries: Vec::new(), limit, line_bytes: 0, scanned: 0, bytes: 0 }
    }

    fn is_done(&self) -> bool {
        self.entries.len() >= self.limit
            || self.line_bytes >= PAGE_BYTES_MAX
            || self.scanned >= SCAN_ENTRIES_MAX
            || self.bytes >= SCAN_BYTES_MAX
    }

    /// Takes the lines of a block that pass; the last one looked at when the page is done with it.
    fn take<'a>(
        &mut self,
        lines: impl Iterator<Item = &'a (u64, std::ops::Range<usize>)>,
        text: &[u8],
        sieve: &Sieve<'_>,
    ) -> Option<u64> {
        for (seq, range) in lines {
            self.scanned += 1;
            let line = std::str::from_utf8(&text[range.clone()]).unwrap_or_default();
            if sieve.may_pass(line)
                && let Ok(entry) = Entry::parse(line)
                && sieve.passes(&entry)
            {
                self.line_bytes += line.len();
                self.entries.push(entry);
            }
            if self.is_done() {
                return Some(*seq);
            }
        }
        None
    }
}

/// The segment that an entry is in.
pub(crate) fn segment_of(segments: &[Arc<Segment>], seq: u64) -> Option<&Arc<Segment>> {
    let after = segments.partition_point(|segment| segment.first <= seq);
    after.checked_sub(1).and_then(|index| segments.get(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_in_any_case_and_as_json_writes_it() {
        let line = r#"{"object":"Öl \"heiß\"","why":"Druck"}"#;
        for (needle, expected) in
            [("druck", true), ("DRUCK", true), ("öl", true), ("\"HEIß\"", true), ("kalt", false)]
        {
            let query = Query { text: Some(needle.into()), ..Query::default() };
            assert_eq!(Sieve::new(&query).may_pass(line), expected, "{needle}");
        }
    }
}
