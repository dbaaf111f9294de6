//! Parts of the plant that somebody may see or watches, for whoever looks many paths up.

use crate::Prefix;
use crate::access::{covering, tidy};

/// Parts of the plant, disjoint and in the order of the tree.
///
/// Whether one of `n` covers a path takes about log2 `n` comparisons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts(Vec<Prefix>);

impl Parts {
    /// Takes parts in any order; what another one covers is left out.
    #[must_use]
    pub fn new(parts: impl IntoIterator<Item = Prefix>) -> Parts {
        Parts(tidy(parts.into_iter().collect()))
    }

    /// Whether a path is in one of them. Allocates nothing.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        covering(&self.0, path).is_some()
    }

    /// What of them is at or below `path`, disjoint and in the order of the tree.
    #[must_use]
    pub fn under(&self, path: &str) -> Vec<Prefix> {
        let under = Prefix::new(path);
        if self.covers(under.as_str()) {
            return vec![under];
        }
        self.0.iter().filter(|part| under.covers(part.as_str())).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(paths: &[&str]) -> Parts {
        Parts::new(paths.iter().map(|path| Prefix::new(path)))
    }

    #[test]
    fn a_path_is_found_among_parts_of_any_order_and_nesting() {
        let some = parts(&["b/c", "a/line-10", "a/line-1/press", "a/line-1", "b/c/d"]);
        for inside in ["a/line-1", "a/line-1/x", "a/line-10/y", "b/c/d/e", "/b/c/"] {
            assert!(some.covers(inside), "{inside}");
        }
        for outside in ["", "a", "a/line-11", "a/line-1 b", "b", "b/cd", "c"] {
            assert!(!some.covers(outside), "{outside}");
        }
        assert!(parts(&["a", ""]).covers("z") && !parts(&[]).covers("z"));
    }

    #[test]
    fn below_a_path_there_is_all_of_it_or_the_parts_in_it() {
        let some = parts(&["b/c", "a/line-1"]);
        assert_eq!(some.under("a/line-1/press"), [Prefix::new("a/line-1/press")]);
        assert_eq!(some.under(""), [Prefix::new("a/line-1"), Prefix::new("b/c")]);
        assert_eq!(some.under("a/line-10"), []);
    }
}
