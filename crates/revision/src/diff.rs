//! The difference of two states, line by line where they are text.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::Files;
use crate::limits::{CONTEXT_LINES, DIFF_BYTES_MAX, DIFF_LINES_MAX};

/// How long one file may be compared; past it the difference is right but not the shortest.
const PATIENCE: Duration = Duration::from_millis(500);

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It came.
    Added,
    /// It went.
    Removed,
    /// Its content is another.
    Changed,
}

/// A file that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Which.
    pub path: String,
    /// What happened to it.
    pub change: FileChange,
    /// How long it was.
    pub old_bytes: Option<u64>,
    /// How long it is.
    pub new_bytes: Option<u64>,
    /// Whether lines are compared; otherwise the sizes are all there is.
    pub is_text: bool,
    /// The lines that differ with three lines around them.
    pub hunks: Vec<Hunk>,
}

/// Lines that differ, with those around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The line of the old file it begins at, from 1; 0 when the old file has no line.
    pub old_start: u32,
    /// The line of the new file it begins at, from 1; 0 when the new file has no line.
    pub new_start: u32,
    /// Its lines.
    pub lines: Vec<HunkLine>,
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkLine {
    /// ` ` in both, `-` in the old file only, `+` in the new one only.
    pub kind: char,
    /// The line without its line feed; a carriage return before it stays, for it may be the difference.
    pub text: String,
}

/// The difference of two texts; `None` stands for a file that is not there.
#[must_use]
pub fn diff_texts(path: &str, old: Option<&str>, new: Option<&str>) -> FileDiff {
    diff_bytes(path, old.map(str::as_bytes), new.map(str::as_bytes))
}

/// The files that are not the same, in the order of their paths.
#[must_use]
pub fn diff_files(old: &Files, new: &Files) -> Vec<FileDiff> {
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let mut diffs = Vec::new();
    for path in paths {
        let (old, new) = (old.get(path), new.get(path));
        if old != new {
            diffs.push(diff_bytes(path, old.map(Vec::as_slice), new.map(Vec::as_slice)));
        }
    }
    diffs
}

fn diff_bytes(path: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> FileDiff {
    let change = match (old, new) {
        (None, _) => FileChange::Added,
        (_, None) => FileChange::Removed,
        _ => FileChange::Changed,
    };
    let hunks = match (text_of(old), text_of(new)) {
        (Some(old), Some(new)) => hunks_of(old, new),
        _ => None,
    };
    FileDiff {
        path: path.to_owned(),
        change,
        old_bytes: old.map(|bytes| bytes.len() as u64),
        new_bytes: new.map(|bytes| bytes.len() as u64),
        is_text: hunks.is_some(),
        hunks: hunks.unwrap_or_default(),
    }
}

/// The text of a file that is small enough to compare; a file that is not there is an empty one.
fn text_of(bytes: Option<&[u8]>) -> Option<&str> {
    let bytes = bytes.unwrap_or_default();
    let is_comparable = bytes.len() <= DIFF_BYTES_MAX && !bytes.contains(&0);
    is_comparable.then(|| std::str::from_utf8(bytes).ok()).flatten()
}

/// `None` when there are more lines than anybody reads.
fn hunks_of(old: &str, new: &str) -> Option<Vec<Hunk>> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let mut hunks = Vec::new();
    let mut count = 0;
    for group in diff.grouped_ops(CONTEXT_LINES) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let start = |first: usize, end: usize| {
            let line = if first == end { first } else { first + 1 };
            u32::try_from(line).unwrap_or(u32::MAX)
        };
        let mut lines = Vec::new();
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let text = change.value();
            let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
            lines.push(HunkLine { kind, text });
        }
        count += lines.len();
        if count > DIFF_LINES_MAX {
            return None;
        }
        hunks.push(Hunk {
            old_start: start(first.old_range().start, last.old_range().end),
            new_start: start(first.new_range().start, last.new_range().end),
            lines,
        });
    }
    Some(hunks)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(old: Option<&str>, new: Option<&str>, expect: Expect) {
        let diff = diff_texts("a.toml", old, new);
        let mut shown = format!("{:?} {:?} {:?}\n", diff.change, diff.old_bytes, diff.new_bytes);
        for hunk in diff.hunks {
            let _ = writeln!(shown, "@@ -{} +{} @@", hunk.old_start, hunk.new_start);
            for line in hunk.lines {
                let _ = writeln!(shown, "{}{}", line.kind, line.text.escape_debug());
            }
        }
        expect.assert_eq(&shown);
    }

    #[test]
    fn a_changed_line_has_three_lines_around_it() {
        check(
            Some("1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
            Some("1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            expect![[r#"
                Changed Some(18) Some(21)
                @@ -2 +2 @@
                 2
                 3
                 4
                -5
                +five
                 6
                 7
                 8
            "#]],
        );
    }

    #[test]
    fn a_new_file_has_only_new_lines_and_a_removed_one_only_old() {
        check(
            None,
            Some("a\nb"),
            expect![[r#"
                Added None Some(3)
                @@ -0 +1 @@
                +a
                +b
            "#]],
        );
        check(
            Some("a\n"),
            None,
            expect![[r#"
                Removed Some(2) None
                @@ -1 +0 @@
                -a
            "#]],
        );
    }

    #[test]
    fn another_line_end_is_a_difference() {
        check(
            Some("a\r\n"),
            Some("a\n"),
            expect![[r#"
                Changed Some(3) Some(2)
                @@ -1 +1 @@
                -a\r
                +a
            "#]],
        );
    }

    #[test]
    fn what_is_not_text_or_too_long_is_compared_by_size() {
        let long = "x\n".repeat(DIFF_BYTES_MAX / 2 + 1);
        for (old, new) in [
            (Some(&b"\xff\xfe"[..]), Some(&b"a"[..])),
            (Some(b"a"), Some(b"a\0b")),
            (Some(b"a"), Some(long.as_bytes())),
            (None, Some("a\n".repeat(DIFF_LINES_MAX + 1).as_bytes())),
        ] {
            let diff = diff_bytes("t.csv", old, new);
            assert!(!diff.is_text && diff.hunks.is_empty());
            assert_eq!(diff.new_bytes, new.map(|bytes| bytes.len() as u64));
        }
    }
}
