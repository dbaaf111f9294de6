//! Which tags a rule is for.

use lineshaft_model::{PathError, TagPath};

/// A path below the node's path with `*` (any letters within a segment) and `**` (any number of segments, also none).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exactly(String),
    Like(String),
    Any,
}

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// `**` beside other letters.
    #[error("`**` stands for whole segments, `{segment}` has other letters beside it")]
    Mixed {
        /// The segment.
        segment: String,
    },
    /// What is left without the stars is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn new(text: &str) -> Result<Pattern, PatternError> {
        // A star is allowed in a path, so the rules for paths are those for patterns.
        TagPath::new(text)?;
        let mut segments: Vec<Segment> = Vec::new();
        for segment in text.split('/') {
            let next = match segment {
                "**" => Segment::Any,
                mixed if mixed.contains("**") => {
                    return Err(PatternError::Mixed { segment: mixed.into() });
                }
                like if like.contains('*') => Segment::Like(like.into()),
                exactly => Segment::Exactly(exactly.into()),
            };
            // Two in a row say what one says, and cost the square of it.
            if next != Segment::Any || segments.last() != Some(&Segment::Any) {
                segments.push(next);
            }
        }
        Ok(Pattern { segments })
    }

    /// Whether a path, relative to the node's path, is meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        matches_segments(&self.segments, Some(path))
    }
}

/// As for file names: at a `**`, try with one segment more until the rest fits; only the last `**` needs to go back,
/// because what an earlier one took could be taken by the later one too.
fn matches_segments(mut pattern: &[Segment], mut path: Option<&str>) -> bool {
    let mut back: Option<(&[Segment], Option<&str>)> = None;
    loop {
        let fits = match (pattern.split_first(), path) {
            (Some((Segment::Any, rest)), _) => {
                back = Some((rest, path));
                pattern = rest;
                continue;
            }
            (None, None) => return true,
            (Some((segment, rest)), Some(text)) => {
                let (name, below) = match text.split_once('/') {
                    Some((name, below)) => (name, Some(below)),
                    None => (text, None),
                };
                let same = match segment {
                    Segment::Exactly(exactly) => exactly == name,
                    Segment::Like(like) => is_like(like.as_bytes(), name.as_bytes()),
                    Segment::Any => false,
                };
                if same {
                    (pattern, path) = (rest, below);
                }
                same
            }
            _ => false,
        };
        if !fits {
            let Some((rest, Some(from))) = back else { return false };
            let from = from.split_once('/').map(|(_, below)| below);
            back = Some((rest, from));
            (pattern, path) = (rest, from);
        }
    }
}

fn is_like(mut like: &[u8], mut name: &[u8]) -> bool {
    let mut back: Option<(&[u8], &[u8])> = None;
    loop {
        match (like.split_first(), name.split_first()) {
            (Some((b'*', rest)), _) => {
                back = Some((rest, name));
                like = rest;
            }
            (None, None) => return true,
            (Some((a, rest)), Some((b, below))) if a == b => (like, name) = (rest, below),
            _ => {
                let Some((rest, [_, from @ ..])) = back else { return false };
                back = Some((rest, from));
                (like, name) = (rest, from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_letters_or_segments() {
        for (pattern, path, matches) in [
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/*", "a", false),
            ("**", "a/b/c", true),
            ("a/**", "a", true),
            ("a/**/t", "a/t", true),
            ("a/**/t", "a/b/c/t", true),
            ("a/**/t", "a/b/t/c", false),
            ("**/line-*/t", "x/line-1/t", true),
            ("**/line-*/t", "x/line/t", false),
            ("**/b/**/t", "a/b/c/b/d/t", true),
            ("*a*b", "xxaxxb", true),
            ("*a*b", "xxaxxbx", false),
            ("a/**/**/t", "a/t", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(path), matches, "{pattern} {path}");
        }
        assert_eq!(
            Pattern::new("a/b**").unwrap_err().to_string(),
            "`**` stands for whole segments, `b**` has other letters beside it"
        );
        assert!(Pattern::new("a//b").is_err());
    }

    fn simplest(pattern: &[&str], path: &[&str]) -> bool {
        fn like(pattern: &[u8], name: &[u8]) -> bool {
            match (pattern, name) {
                ([], []) => true,
                ([b'*', rest @ ..], _) => {
                    like(rest, name) || (!name.is_empty() && like(pattern, &name[1..]))
                }
                ([a, rest @ ..], [b, below @ ..]) => a == b && like(rest, below),
                _ => false,
            }
        }
        match (pattern, path) {
            ([], []) => true,
            (["**", rest @ ..], _) => {
                simplest(rest, path) || (!path.is_empty() && simplest(pattern, &path[1..]))
            }
            ([segment, rest @ ..], [name, below @ ..]) => {
                like(segment.as_bytes(), name.as_bytes()) && simplest(rest, below)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_simplest_matcher_does(
            pattern in proptest::collection::vec("\\*\\*|[ab*]{1,3}", 1..5),
            path in proptest::collection::vec("[ab]{1,3}", 1..5),
        ) {
            if let Ok(compiled) = Pattern::new(&pattern.join("/")) {
                let pattern: Vec<&str> = pattern.iter().map(String::as_str).collect();
                let segments: Vec<&str> = path.iter().map(String::as_str).collect();
                prop_assert_eq!(compiled.matches(&path.join("/")), simplest(&pattern, &segments));
            }
        }
    }
}
