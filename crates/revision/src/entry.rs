//! What the log says: revisions, proposals, rejections, each one line of JSON.

use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Sha256;

/// Who did it, as the trail names him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The name in the trail.
    pub who: String,
    /// The account behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// The road's word.
    pub road: String,
}

impl By {
    /// Whether both are the same person: the same account, or the same name.
    #[must_use]
    pub fn is_same(&self, other: &By) -> bool {
        self.who == other.who || (self.account.is_some() && self.account == other.account)
    }
}

/// A second person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Of which proposal.
    pub proposal: u64,
    /// Whose.
    pub by: By,
    /// Why.
    pub why: String,
}

/// What is noted of a revision or a proposal besides its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who wants it.
    pub by: By,
    /// Why; may be empty.
    pub why: String,
    /// When.
    pub time: Timestamp,
    /// The revision whose files it takes up again.
    pub rolled_back_to: Option<u64>,
    /// The second person's yes, where it comes from a proposal.
    pub approval: Option<Approval>,
}

/// A file of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRef {
    /// Relative to the folder with `/`; one outside of it begins with `/` or `../`.
    pub path: String,
    /// Of its content.
    pub sha256: Sha256,
    /// Its length.
    pub bytes: u64,
}

/// One state of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Counts from 1.
    pub id: u64,
    /// The one before it; `None` of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Of all files, see [`crate::digest_of`].
    pub digest: Sha256,
    /// When it was recorded.
    #[serde(with = "instant")]
    pub time: Timestamp,
    /// Who wanted it.
    pub by: By,
    /// Why.
    pub why: String,
    /// The revision whose files it takes up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<u64>,
    /// The second person's yes, where it comes from a proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Its files in the order of their paths.
    pub files: Vec<FileRef>,
}

/// A change that waits for a second person, as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposed {
    pub(crate) id: u64,
    /// The revision it was made for.
    pub(crate) base: u64,
    pub(crate) digest: Sha256,
    #[serde(with = "instant")]
    pub(crate) time: Timestamp,
    pub(crate) by: By,
    pub(crate) why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rolled_back_to: Option<u64>,
    pub(crate) files: Vec<FileRef>,
}

/// A proposal that was turned down or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Which proposal.
    pub proposal: u64,
    /// When.
    #[serde(with = "instant")]
    pub time: Timestamp,
    /// By whom.
    pub by: By,
    /// Why.
    pub why: String,
}

/// The first line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    pub(crate) format: String,
    pub(crate) version: u32,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Entry {
    Begin(Begin),
    Revision(Revision),
    Proposal(Proposed),
    Rejection(Rejection),
}

/// An instant as RFC 3339 text.
mod instant {
    use lineshaft_model::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        Timestamp::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an instant")))
    }
}
