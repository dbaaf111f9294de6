//! What a signature says, what it takes to give one, and whether it still holds.
//!
//! - Source: 21 CFR 11.50 (name, time and meaning are part of the signature), 11.70 (it cannot be cut off or put under
//!   something else), 11.200 (components, continuous period of access).
//! - Not here: checking passwords and codes, storing, the trail. Time for challenges is steady time
//!   ([`lineshaft_runtime::Clock::steady`]), so that setting the clock revives none.
//!
//! A signature is the [`Statement`]: a text that names record, content, signer, meaning, time and reason. Its SHA-256
//! stands in the audit trail, so whoever can write to the database can forge neither. [`check`] compares all of them.
//!
//! ```
//! use std::time::Duration;
//! use lineshaft_identity::signature::{Challenges, Record, Signer, Statement};
//! use lineshaft_identity::Meaning;
//! use lineshaft_model::Timestamp;
//!
//! let record = Record { kind: "revision".into(), id: "12".into(), digest: "9f86…".into() };
//! let ada = Signer { account: 7, name: "ada".into(), full_name: "Ada Lovelace".into() };
//! let mut challenges = Challenges::new();
//! let now = Duration::ZERO;
//! let issued = challenges.issue("session-1", record, ada, Meaning::Approved, now)?;
//! // She reads `issued.intent.text()`, types her password, and it is right.
//! let intent = challenges.redeem(issued.challenge.reveal(), "session-1", 7, "9f86…", now)?;
//! let statement = Statement { intent, time: Timestamp::from_secs(0), why: "tested".into() };
//! assert!(statement.text().contains("meaning: approved\n"));
//! assert_eq!(Statement::parse(&statement.text()), Some(statement));
//! // The challenge is gone.
//! assert!(challenges.redeem(issued.challenge.reveal(), "session-1", 7, "9f86…", now).is_err());
//! # Ok::<(), lineshaft_identity::signature::ChallengeError>(())
//! ```

use lineshaft_model::Timestamp;

use crate::signing::Meaning;
use crate::{secret, secret::hex};

mod challenge;
mod rules;

pub use challenge::{ChallengeError, Challenges, Issued};
pub use rules::{Component, Periods, RuleError, SecondFactor, Series, complete, may_sign, needed};

/// The first line of every statement; its number changes when the form does.
const HEAD: &str = "lineshaft signature 1";
const MEANINGS: [(Meaning, &str); 4] = [
    (Meaning::Authored, "authored"),
    (Meaning::Reviewed, "reviewed"),
    (Meaning::Approved, "approved"),
    (Meaning::Responsible, "responsible"),
];

/// A record with what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// What it is: `revision`.
    pub kind: String,
    /// Which one: `12`.
    pub id: String,
    /// SHA-256 of its content, in lower case hexadecimal.
    pub digest: String,
}

impl Record {
    /// Whether both are the same record, whatever is in it.
    #[must_use]
    pub fn is_same(&self, other: &Record) -> bool {
        self.kind == other.kind && self.id == other.id
    }
}

/// A person as signatures name him (21 CFR 11.50 (a) (1)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signer {
    /// The account's number, never reused.
    pub account: u64,
    /// The account's name.
    pub name: String,
    /// His printed name at the time.
    pub full_name: String,
}

/// What somebody is about to sign: what he is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Intent {
    /// The record.
    pub record: Record,
    /// Who signs.
    pub signer: Signer,
    /// What the signature says.
    pub meaning: Meaning,
    /// The challenge it answers: makes every statement another one. No secret any more once it is used.
    pub challenge: String,
}

impl Intent {
    /// The text, a line a member. Line breaks, other control characters and marks that turn the direction of writing
    /// are written as escapes, so no member can look like another one.
    #[must_use]
    pub fn text(&self) -> String {
        let Intent { record, signer, meaning, challenge } = self;
        let number = signer.account.to_string();
        lines(&[
            ("kind", &record.kind),
            ("record", &record.id),
            ("sha256", &record.digest),
            ("account", &signer.name),
            ("number", &number),
            ("name", &signer.full_name),
            ("meaning", word(*meaning)),
            ("challenge", challenge),
        ])
    }
}

/// What somebody has signed. Its text is the signature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Statement {
    /// What he was shown.
    pub intent: Intent,
    /// When, UTC.
    pub time: Timestamp,
    /// Why, in his words; may be empty.
    pub why: String,
}

impl Statement {
    /// The canonical text: [`Intent::text`] with `time` and `why` after it. The same statement has the same text and
    /// another one has another.
    #[must_use]
    pub fn text(&self) -> String {
        let (time, why) = (self.time.to_string(), escaped(&self.why));
        format!("{HEAD}\n{}time: {time}\nwhy: {why}\n", self.intent.text())
    }

    /// SHA-256 of the text, in lower case hexadecimal: what the trail's entry holds.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&secret::digest(&self.text()))
    }

    /// Reads a text back; `None` when it is not exactly what [`Statement::text`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Statement> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next() != Some(HEAD) {
            return None;
        }
        let mut member =
            |name: &str| unescaped(lines.next()?.strip_prefix(name)?.strip_prefix(": ")?);
        let record =
            Record { kind: member("kind")?, id: member("record")?, digest: member("sha256")? };
        let name = member("account")?;
        let account = member("number")?.parse().ok()?;
        let signer = Signer { account, name, full_name: member("name")? };
        let meaning = meaning_of(&member("meaning")?)?;
        let intent = Intent { record, signer, meaning, challenge: member("challenge")? };
        let time = Timestamp::parse(&member("time")?)?;
        let statement = Statement { intent, time, why: member("why")? };
        // `number: 07` or another spelling of the time would be a second text of the same statement.
        (statement.text() == text).then_some(statement)
    }
}

/// A signature as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What was signed.
    pub statement: Statement,
    /// [`Statement::digest`] when it was signed.
    pub digest: String,
}

impl Signature {
    /// The signature of a statement.
    #[must_use]
    pub fn of(statement: Statement) -> Signature {
        Signature { digest: statement.digest(), statement }
    }
}

/// What the trail says about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor<'a> {
    /// The statement's digest that the signature's entry holds.
    Entry(&'a str),
    /// There is no such entry, or it is of something else.
    Missing,
    /// Nobody looked: the segment is archived. Only what the database says is compared.
    NotRead,
}

/// Whether a signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// It does.
    Valid,
    /// It does not.
    Invalid(Invalid),
}

/// Why a signature does not hold: a sentence for whoever relies on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// What is kept is not what was signed.
    #[error("the signature was edited after it was given")]
    Edited,
    /// The trail has no entry of it.
    #[error("the audit trail has no entry of this signature")]
    NotInTrail,
    /// The trail says something else.
    #[error("the audit trail has another signature in its place")]
    OtherInTrail,
    /// It stands under another record than the one that was signed.
    #[error("it was given for {kind} {id} and not for this record")]
    Transplanted {
        /// What was signed.
        kind: String,
        /// Which one.
        id: String,
    },
    /// What is in the record is not what was signed.
    #[error("the record was changed after it was signed")]
    RecordChanged,
    /// There is no such account.
    #[error("there is no account with the signer's number {number}")]
    UnknownSigner {
        /// Its number.
        number: u64,
    },
    /// The number is of another account.
    #[error("the account with the signer's number {number} is `{name}`")]
    OtherSigner {
        /// Its number.
        number: u64,
        /// Its name.
        name: String,
    },
}

/// Whether a signature holds for the record under which it stands, as that is now.
///
/// `name_of` gives the name of the account with a number, disabled ones too. The printed name may change, it is as it
/// was; the account's name does not.
#[must_use]
pub fn check(
    signature: &Signature,
    record: &Record,
    anchor: Anchor<'_>,
    name_of: impl Fn(u64) -> Option<String>,
) -> Validity {
    let Intent { record: signed, signer, .. } = &signature.statement.intent;
    let number = signer.account;
    let why = if signature.statement.digest() != signature.digest {
        Invalid::Edited
    } else if anchor == Anchor::Missing {
        Invalid::NotInTrail
    } else if matches!(anchor, Anchor::Entry(digest) if digest != signature.digest) {
        Invalid::OtherInTrail
    } else if !signed.is_same(record) {
        Invalid::Transplanted { kind: signed.kind.clone(), id: signed.id.clone() }
    } else if signed.digest != record.digest {
        Invalid::RecordChanged
    } else {
        match name_of(number) {
            None => Invalid::UnknownSigner { number },
            Some(name) if name != signer.name => Invalid::OtherSigner { number, name },
            Some(_) => return Validity::Valid,
        }
    };
    Validity::Invalid(why)
}

fn word(meaning: Meaning) -> &'static str {
    MEANINGS.iter().find(|(one, _)| *one == meaning).map_or("", |(_, word)| word)
}

fn meaning_of(word: &str) -> Option<Meaning> {
    MEANINGS.iter().find(|(_, one)| *one == word).map(|(meaning, _)| *meaning)
}

fn lines(members: &[(&str, &str)]) -> String {
    members.iter().fold(String::new(), |mut text, (name, value)| {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(&escaped(value));
        text.push('\n');
        text
    })
}

/// Whether a character could make a text look like another one: control characters, and what is not seen or turns the
/// direction of writing (Unicode TR 36 §3).
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if is_treacherous(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = match after.chars().next()? {
            '\\' => {
                out.push('\\');
                &after[1..]
            }
            'n' => {
                out.push('\n');
                &after[1..]
            }
            'u' => {
                let (digits, after) = after.strip_prefix("u{")?.split_once('}')?;
                out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                after
            }
            _ => return None,
        };
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests;
