//! Names: one path per value, ISA-95 from left to right.

use std::fmt;
use std::sync::Arc;

/// `enterprise/site/area/line/cell/tag…`: 1–16 segments of 1–64 bytes, at most 512 bytes in all.
///
/// A segment has no `+`, `#`, `$`, `/`, control character or NUL (they mean something to MQTT), and no
/// space at its edges. A segment that starts with `_` belongs to Lineshaft (`_diag`). Upper and lower
/// case differ. The order of paths is the order of the tree: a folder comes right before what is in it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TagPath(Arc<str>);

/// Why a text is not a tag path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing there.
    #[error("a tag path cannot be empty")]
    Empty,
    /// Longer than 512 bytes.
    #[error("a tag path has at most {max} bytes, this one has {len}")]
    TooLong {
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// More than 16 segments.
    #[error("a tag path has at most {max} segments, this one has {count}")]
    TooDeep {
        /// How many it has.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A segment is empty, too long, or starts or ends with a space.
    #[error("segment {index} `{segment}` must have 1 to {max} bytes and no space at its edges")]
    Segment {
        /// Which, counted from 1.
        index: usize,
        /// The segment.
        segment: String,
        /// The limit.
        max: usize,
    },
    /// A character that MQTT or a terminal gives a meaning of its own.
    #[error("segment {index} `{segment}` has `{found}`, which a tag path cannot have")]
    Character {
        /// Which, counted from 1.
        index: usize,
        /// The segment.
        segment: String,
        /// The character, escaped.
        found: String,
    },
}

impl TagPath {
    /// The longest path in bytes.
    pub const BYTES_MAX: usize = 512;
    /// The longest segment in bytes.
    pub const SEGMENT_BYTES_MAX: usize = 64;
    /// The deepest path.
    pub const SEGMENTS_MAX: usize = 16;

    /// Checks and takes a path.
    ///
    /// # Errors
    /// [`PathError`] names the segment and what is wrong with it.
    pub fn new(text: &str) -> Result<TagPath, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.len() > Self::BYTES_MAX {
            return Err(PathError::TooLong { len: text.len(), max: Self::BYTES_MAX });
        }
        let count = text.split('/').count();
        if count > Self::SEGMENTS_MAX {
            return Err(PathError::TooDeep { count, max: Self::SEGMENTS_MAX });
        }
        for (index, segment) in (1..).zip(text.split('/')) {
            check_segment(index, segment)?;
        }
        Ok(TagPath(text.into()))
    }

    /// The path below this one.
    ///
    /// # Errors
    /// As [`TagPath::new`], for the whole path.
    pub fn join(&self, below: &str) -> Result<TagPath, PathError> {
        TagPath::new(&format!("{}/{below}", self.0))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments from left to right.
    pub fn segments(&self) -> std::str::Split<'_, char> {
        self.0.split('/')
    }

    /// The last segment: the tag's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Everything but the last segment; `None` for a path of one segment.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// Whether this path is `folder` or lies below it. The empty folder holds everything.
    #[must_use]
    pub fn is_under(&self, folder: &str) -> bool {
        let folder = folder.trim_matches('/');
        folder.is_empty()
            || self
                .0
                .strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn check_segment(index: usize, segment: &str) -> Result<(), PathError> {
    let max = TagPath::SEGMENT_BYTES_MAX;
    if segment.is_empty() || segment.len() > max || segment.trim() != segment {
        return Err(PathError::Segment { index, segment: segment.into(), max });
    }
    match segment.chars().find(|c| matches!(c, '+' | '#' | '$') || c.is_control()) {
        None => Ok(()),
        Some(found) => Err(PathError::Character {
            index,
            segment: segment.escape_debug().collect(),
            found: found.escape_debug().collect(),
        }),
    }
}

/// Tree order: segment by segment, so `a/b` and all below it come before `a-b`.
impl Ord for TagPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.segments().cmp(other.segments())
    }
}
impl PartialOrd for TagPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagPath({})", self.0)
    }
}
impl AsRef<str> for TagPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl std::str::FromStr for TagPath {
    type Err = PathError;
    fn from_str(text: &str) -> Result<TagPath, PathError> {
        TagPath::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_is_wrong_with_it() {
        for (text, why) in [
            ("", "a tag path cannot be empty"),
            ("a//b", "segment 2 `` must have 1 to 64 bytes and no space at its edges"),
            ("a/ b", "segment 2 ` b` must have 1 to 64 bytes and no space at its edges"),
            ("a/b+", "segment 2 `b+` has `+`, which a tag path cannot have"),
            ("$SYS/x", "segment 1 `$SYS` has `$`, which a tag path cannot have"),
            ("a\0/b", "segment 1 `a\\0` has `\\0`, which a tag path cannot have"),
        ] {
            assert_eq!(TagPath::new(text).unwrap_err().to_string(), why);
        }
        assert!(TagPath::new(&vec!["s"; 17].join("/")).is_err());
        assert!(TagPath::new(&"s".repeat(65)).is_err());
        assert!(TagPath::new("Werk Süd/Linie 1/Füller/Ø").is_ok());
    }

    #[test]
    fn the_order_of_paths_is_the_order_of_the_tree() {
        let mut paths: Vec<TagPath> =
            ["a-b", "a/b/c", "a", "a/b", "a/a"].iter().map(|p| TagPath::new(p).unwrap()).collect();
        paths.sort();
        let texts: Vec<&str> = paths.iter().map(TagPath::as_str).collect();
        assert_eq!(texts, ["a", "a/a", "a/b", "a/b/c", "a-b"]);
    }

    #[test]
    fn under_means_whole_segments() {
        let path = TagPath::new("acme/line-10/speed").unwrap();
        assert!(path.is_under("") && path.is_under("acme") && path.is_under("acme/line-10/speed"));
        assert!(!path.is_under("acme/line-1"));
    }
}
