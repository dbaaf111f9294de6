//! Annotations: what somebody says about a part of the plant at a time.

use lineshaft_model::{TagPath, Timestamp};

use crate::ChangeError;
use crate::limits::{ANNOTATION_TAGS_MAX, PAGE_BYTES_MAX, TEXT_BYTES_MAX};

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name, as the audit trail has it.
    pub name: String,
    /// The number of the account, which is never given twice; a program has none.
    pub account: Option<u64>,
}

impl Author {
    /// Whether what `other` wrote is this one's own. Accounts are told apart by number, all others by name.
    #[must_use]
    pub fn is(&self, other: &Author) -> bool {
        match (self.account, other.account) {
            (Some(one), Some(two)) => one == two,
            (None, None) => self.name == other.name,
            _ => false,
        }
    }
}

/// What an annotation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A path and everything below it; the empty path is the whole plant.
    Path(String),
    /// These tags, at least one.
    Tags(Vec<TagPath>),
}

/// That an annotation does not count any more. It stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// By whom.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// Why; may be empty.
    pub why: String,
}

/// What somebody says about a part of the plant at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Its number, from 1; never given twice.
    pub id: u64,
    /// About what. Never changes.
    pub on: On,
    /// From when. Never changes.
    pub start: Timestamp,
    /// Until when; `None` for an instant. Never changes.
    pub end: Option<Timestamp>,
    /// What.
    pub text: String,
    /// Who. Never changes.
    pub by: Author,
    /// When it was made.
    pub made: Timestamp,
    /// When its text was last changed.
    pub changed: Option<Timestamp>,
    /// Whether it was withdrawn.
    pub withdrawn: Option<Withdrawn>,
}

/// An annotation before it has its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnnotation {
    /// About what.
    pub on: On,
    /// From when.
    pub start: Timestamp,
    /// Until when; `None` for an instant.
    pub end: Option<Timestamp>,
    /// What.
    pub text: String,
    /// Who.
    pub by: Author,
}

impl NewAnnotation {
    pub(crate) fn check(&self) -> Result<(), ChangeError> {
        check_text(&self.text)?;
        if self.end.is_some_and(|end| end < self.start) {
            return Err(invalid("end_ms", "`end_ms` must not be earlier than `start_ms`"));
        }
        match &self.on {
            On::Tags(tags) if tags.is_empty() => Err(invalid("tags", "`tags` is empty")),
            On::Tags(tags) if tags.len() > ANNOTATION_TAGS_MAX => Err(invalid(
                "tags",
                format!(
                    "an annotation is about at most {ANNOTATION_TAGS_MAX} tags, or about a path"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Checks the text of an annotation.
pub(crate) fn check_text(text: &str) -> Result<(), ChangeError> {
    if text.trim().is_empty() {
        return Err(invalid("text", "an annotation says something"));
    }
    if text.len() > TEXT_BYTES_MAX {
        let why = format!("the text has {} bytes, at most {TEXT_BYTES_MAX}", text.len());
        return Err(invalid("text", why));
    }
    Ok(())
}

pub(crate) fn invalid(member: &'static str, why: impl Into<String>) -> ChangeError {
    ChangeError::Invalid { member, why: why.into() }
}

/// In which order annotations come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By their start, oldest first.
    #[default]
    OldestFirst,
    /// By their start, newest first.
    NewestFirst,
}

/// Where a page left off: this annotation has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its start.
    pub start: Timestamp,
    /// Its number.
    pub id: u64,
}

/// Which annotations are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationQuery {
    /// Those that reach to this instant or begin after it.
    pub start: Option<Timestamp>,
    /// Those that begin before this instant.
    pub end: Option<Timestamp>,
    /// Those that were withdrawn too.
    pub withdrawn: bool,
    /// In which order.
    pub order: Order,
    /// How many at most.
    pub limit: usize,
    /// Where the page before left off.
    pub after: Option<Place>,
}

/// Some of the annotations asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnnotationPage {
    /// In the order asked for.
    pub annotations: Vec<Annotation>,
    /// Where the next page goes on; `None` on the last one.
    pub next: Option<Place>,
}

/// A page that fills up.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    page: AnnotationPage,
    bytes: usize,
}

impl Filling {
    /// Takes one more, unless the page is full; says whether it did.
    pub(crate) fn take(&mut self, annotation: Annotation, limit: usize) -> Took {
        let room = self.page.annotations.len() < limit && self.bytes < PAGE_BYTES_MAX;
        if !room {
            let last = self.page.annotations.last();
            self.page.next = last.map(|last| Place { start: last.start, id: last.id });
            return Took::No;
        }
        self.bytes += annotation.text.len();
        self.page.annotations.push(annotation);
        Took::Yes
    }

    pub(crate) fn finish(self) -> AnnotationPage {
        self.page
    }
}

/// Whether there was room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Took {
    Yes,
    No,
}
