//! The parts of the tag tree that an answer may be made of.
//!
//! Who may see everything asked for gets it straight from the namespace. Who may see parts of it gets those,
//! counts and totals included: nothing tells him whether there is more.

use lineshaft_identity::Prefix;
use lineshaft_namespace::{Child, Counts, Diagnostics, Namespace, Page};

/// The allowed parts of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    under: Prefix,
    /// Disjoint, in the order of the tree.
    parts: Vec<Prefix>,
}

impl View {
    /// The parts of `under`, disjoint and in the order of the tree.
    pub(crate) fn new(under: &str, parts: Vec<Prefix>) -> View {
        View { under: Prefix::new(under), parts }
    }

    pub(crate) fn parts(&self) -> &[Prefix] {
        &self.parts
    }

    /// Whether a path is in it.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.parts.iter().any(|part| part.covers(path))
    }

    fn is_whole(&self) -> bool {
        self.parts.first() == Some(&self.under)
    }

    /// How many tags there are.
    pub(crate) fn count(&self, namespace: &Namespace) -> usize {
        if self.is_whole() && self.under.is_all() {
            return namespace.count();
        }
        self.parts.iter().map(|part| namespace.counts(part.as_str()).tags).sum()
    }

    /// How many tags of it there are at `folder` and below, and how well they do.
    pub(crate) fn tally(
        &self,
        namespace: &Namespace,
        folder: &str,
        diagnostics: Diagnostics,
    ) -> Counts {
        let folder = Prefix::new(folder);
        if self.covers(folder.as_str()) {
            return namespace.tally(folder.as_str(), diagnostics);
        }
        let parts = self.parts.iter().filter(|part| folder.covers(part.as_str()));
        let mut sum = Counts::default();
        for part in parts.filter(|part| counts_in(&folder, part, diagnostics)) {
            let Counts { tags, bad, uncertain } = namespace.tally(part.as_str(), diagnostics);
            sum.tags += tags;
            sum.bad += bad;
            sum.uncertain += uncertain;
        }
        sum
    }

    /// A page of the tags in it, as [`Namespace::list`] has it.
    pub(crate) fn list(
        &self,
        namespace: &Namespace,
        search: Option<&str>,
        after: Option<&lineshaft_model::TagPath>,
        limit: usize,
        diagnostics: Diagnostics,
    ) -> Page {
        if self.is_whole() {
            return namespace.list(self.under.as_str(), search, after, limit, diagnostics);
        }
        let (mut all, mut more) = (Page::default(), false);
        for part in self.parts.iter().filter(|part| counts_in(&self.under, part, diagnostics)) {
            let room = limit - all.ids.len();
            let page = namespace.list(part.as_str(), search, after, room + 1, diagnostics);
            all.total += page.total;
            more |= page.ids.len() > room;
            all.ids.extend(page.ids.into_iter().take(room));
        }
        let last = all.ids.last().filter(|_| more);
        all.next = last.and_then(|id| namespace.meta(*id)).map(|meta| meta.path.clone());
        all
    }

    /// What of it is right below `folder`, as [`Namespace::children`] has it.
    pub(crate) fn children(
        &self,
        namespace: &Namespace,
        folder: &str,
        diagnostics: Diagnostics,
    ) -> Vec<Child> {
        let folder = Prefix::new(folder);
        if self.covers(folder.as_str()) {
            return namespace.children(folder.as_str(), diagnostics);
        }
        let skip = if folder.is_all() { 0 } else { folder.as_str().len() + 1 };
        let mut children: Vec<Child> = Vec::new();
        for part in self.parts.iter().filter(|part| folder.covers(part.as_str())) {
            if !counts_in(&folder, part, diagnostics) {
                continue;
            }
            let Some(found) = child(namespace, part.as_str(), diagnostics) else { continue };
            let below = part.as_str().get(skip..).unwrap_or_default();
            let name = below.split('/').next().unwrap_or(below);
            let path = &part.as_str()[..skip + name.len()];
            // Parts are in the order of the tree, so those of one child are neighbours.
            match children.last_mut().filter(|last| last.path == path) {
                Some(last) => {
                    last.tags += found.tags;
                    last.bad += found.bad;
                    last.uncertain += found.uncertain;
                    last.folder = true;
                }
                None => {
                    let folder = found.folder || name.len() < below.len();
                    let (name, path) = (name.to_owned(), path.to_owned());
                    children.push(Child { name, path, folder, ..found });
                }
            }
        }
        children
    }
}

/// Whether a part counts for who asks for what is below `folder`: not below a segment that starts with `_`, when
/// diagnostics are left out.
fn counts_in(folder: &Prefix, part: &Prefix, diagnostics: Diagnostics) -> bool {
    let below = part.as_str().strip_prefix(folder.as_str()).unwrap_or(part.as_str());
    diagnostics == Diagnostics::Include || !below.split('/').any(|segment| segment.starts_with('_'))
}

/// A path as its parent's child, with its counts.
fn child(namespace: &Namespace, path: &str, diagnostics: Diagnostics) -> Option<Child> {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    namespace.children(parent, diagnostics).into_iter().find(|child| child.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use lineshaft_model::{Access, DataType, TagMeta, TagPath, Tags};

    fn plant() -> Namespace {
        let namespace = Namespace::new(Arc::new(Tags::new()));
        let paths =
            ["a/b/_diag/x", "a/b/one", "a/b/two", "a/b c/three", "a/c/_d/four", "a/c/five", "z"];
        let meta = |path: &&str| TagMeta {
            path: TagPath::new(path).unwrap(),
            data_type: DataType::F64,
            unit: None,
            access: Access::Read,
            step: false,
            description: String::new(),
            device: "".into(),
        };
        namespace.configure(paths.iter().map(meta).collect());
        namespace
    }

    fn view(under: &str, parts: &[&str]) -> View {
        View::new(under, parts.iter().map(|part| Prefix::new(part)).collect())
    }

    #[track_caller]
    fn lists(view: &View, diagnostics: Diagnostics, expect: &[&str]) {
        let namespace = plant();
        for limit in 1..=8 {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = view.list(&namespace, None, after.as_ref(), limit, diagnostics);
                assert_eq!(page.total, expect.len());
                assert!(page.ids.len() <= limit);
                let paths = page.ids.iter().map(|id| namespace.meta(*id).unwrap().path.to_string());
                found.extend(paths);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expect, "in pages of {limit}");
        }
    }

    #[track_caller]
    fn children(view: &View, folder: &str, diagnostics: Diagnostics, expect: &str) {
        let found: Vec<String> = view
            .children(&plant(), folder, diagnostics)
            .iter()
            .map(|child| {
                let Child { name, tags, bad, .. } = child;
                format!("{name}{} {tags} {bad}", if child.folder { "/" } else { "" })
            })
            .collect();
        assert_eq!(found.join(", "), expect);
    }

    #[test]
    fn pages_go_over_the_parts_as_if_there_were_nothing_else() {
        use Diagnostics::{Exclude, Include};
        lists(
            &view("a", &["a/b", "a/c/five"]),
            Include,
            &["a/b/_diag/x", "a/b/one", "a/b/two", "a/c/five"],
        );
        lists(&view("", &["a/b/two", "z"]), Include, &["a/b/two", "z"]);
        lists(&view("", &["a/b", "a/c/_d"]), Exclude, &["a/b/one", "a/b/two"]);
        lists(&view("a/c/_d", &["a/c/_d"]), Exclude, &["a/c/_d/four"]);
        lists(&view("", &["nothing"]), Include, &[]);
    }

    #[test]
    fn the_tree_counts_what_is_seen_and_has_no_other_folders() {
        use Diagnostics::{Exclude, Include};
        let some = view("", &["a/b", "a/c/five"]);
        children(&some, "", Include, "a/ 4 4");
        children(&some, "a", Include, "b/ 3 3, c/ 1 1");
        children(&some, "a", Exclude, "b/ 2 2, c/ 1 1");
        children(&some, "a/c", Include, "five 1 1");
        children(&some, "a/b", Include, "_diag/ 1 1, one 1 1, two 1 1");
        children(&view("", &["a/c/_d", "nothing/here"]), "", Exclude, "");
        children(&view("", &[""]), "", Include, "a/ 6 6, z 1 1");
        assert_eq!(some.count(&plant()), 4);
        let tally = |view: &View, folder: &str, diagnostics| {
            let Counts { tags, bad, .. } = view.tally(&plant(), folder, diagnostics);
            (tags, bad)
        };
        assert_eq!(tally(&some, "", Include), (4, 4));
        assert_eq!(tally(&some, "", Exclude), (3, 3));
        assert_eq!(tally(&some, "a/b", Exclude), (2, 2));
        assert_eq!(tally(&some, "a/c", Include), (1, 1));
        assert_eq!(tally(&some, "z", Include), (0, 0));
        assert_eq!(tally(&view("", &["a/c/_d"]), "", Exclude), (0, 0));
    }
}
