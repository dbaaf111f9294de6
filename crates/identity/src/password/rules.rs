//! Which passwords are good enough, and for how long.

use std::time::Duration;

use lineshaft_model::Timestamp;
use zeroize::Zeroize as _;

use crate::secret::Secret;

/// What a new password must be.
///
/// | field | unit | range |
/// |---|---|---|
/// | `length_min`, `length_max` | characters (Unicode scalar values, as typed) | 1 to 1,024, min <= max |
/// | `score_min` | zxcvbn's score | 0 (anything) to 4 (very hard to guess) |
/// | `history` | former passwords that may not come back, the present one among them | 0 to 24 |
/// | `lifetime` | how long a password is good; `None` is for ever | |
///
/// No rule asks for digits or signs: they make passwords harder to remember and not harder to guess (NIST SP 800-63B,
/// appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The fewest characters.
    pub length_min: usize,
    /// The most characters.
    pub length_max: usize,
    /// The least score.
    pub score_min: u8,
    /// How many former passwords are remembered.
    pub history: usize,
    /// How long a password is good.
    pub lifetime: Option<Duration>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { length_min: 12, length_max: 128, score_min: 3, history: 5, lifetime: None }
    }
}

impl Rules {
    /// Everything that is wrong with a new password; nothing is good.
    ///
    /// `about` is what others know of its owner (account, full name) and of the place (the node's name): a password
    /// made of these is easy to guess. Takes some milliseconds for the longest ones: not on an executor's thread.
    /// Whether it was used before is a matter of slow hashes and stands apart: [`super::Hasher::is_among`], then
    /// [`Reason::Used`].
    #[must_use]
    pub fn check(&self, password: &Secret, about: &[&str]) -> Vec<Reason> {
        let text = password.reveal();
        let length = text.chars().count();
        let mut reasons = Vec::new();
        if length < self.length_min {
            reasons.push(Reason::Short { length, min: self.length_min });
        }
        if length > self.length_max {
            reasons.push(Reason::Long { length, max: self.length_max });
        }
        if text.chars().any(char::is_control) {
            reasons.push(Reason::Control);
        }
        let words = words(about);
        let inputs: Vec<&str> = words.iter().map(String::as_str).collect();
        let entropy = zxcvbn::zxcvbn(text, &inputs);
        if u8::from(entropy.score()) < self.score_min {
            reasons.push(Reason::Guessable { hints: hints(&entropy) });
        } else if self.score_min > 0 && beside(text, words) * 2 < self.length_min {
            reasons.push(Reason::Names);
        }
        reasons
    }

    /// Until when a password is good that was set at `set`; `None` is for ever.
    #[must_use]
    pub fn good_until(&self, set: Timestamp) -> Option<Timestamp> {
        self.lifetime.map(|lifetime| set.saturating_add(lifetime))
    }

    /// Whether a password that was set at `set` must be changed now: `lifetime` is over or just ends.
    ///
    /// By the time of day: a clock set forward makes passwords due early, one set back late.
    #[must_use]
    pub fn is_due(&self, set: Timestamp, now: Timestamp) -> bool {
        self.good_until(set).is_some_and(|until| now >= until)
    }
}

/// `about` as a whole and in words: `Ada Lovelace` also gives `ada` and `lovelace`.
fn words(about: &[&str]) -> Vec<String> {
    /// A long name shall not make the check slow.
    const WORDS_MAX: usize = 64;
    let parts = about.iter().flat_map(|text| {
        let whole = std::iter::once(text.to_lowercase());
        whole.chain(text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase))
    });
    // One or two letters are in every password.
    let mut words: Vec<String> = Vec::new();
    for word in parts.chain(["lineshaft".to_owned()]).filter(|word| word.chars().count() >= 3) {
        if words.len() < WORDS_MAX && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// How many letters and digits are left of a password beside these words.
///
/// zxcvbn takes a name beside another one for a good password: `AdaLovelace2026` has its score 3.
fn beside(password: &str, mut words: Vec<String>) -> usize {
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = password.to_lowercase();
    for word in &words {
        rest = rest.replace(word.as_str(), " ");
    }
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    rest.zeroize();
    left
}

fn hints(entropy: &zxcvbn::Entropy) -> Vec<String> {
    let Some(feedback) = entropy.feedback() else { return Vec::new() };
    let warning = feedback.warning().map(|warning| warning.to_string());
    warning.into_iter().chain(feedback.suggestions().iter().map(ToString::to_string)).collect()
}

/// Why a password is not good enough, as a sentence for whoever chooses it. Nothing of the password is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Too few characters.
    #[error("It has {length} characters; at least {min} are needed.")]
    Short {
        /// How many it has.
        length: usize,
        /// How many are needed.
        min: usize,
    },
    /// Too many characters.
    #[error("It has {length} characters; at most {max} are allowed.")]
    Long {
        /// How many it has.
        length: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A line break, a tab or the like: hardly meant, and hard to type again.
    #[error(
        "It contains a line break, a tab or another character that cannot be typed everywhere."
    )]
    Control,
    /// A program would guess it.
    #[error("It is too easy to guess.{}{}", if hints.is_empty() { "" } else { " " }, hints.join(" "))]
    Guessable {
        /// What makes it so, and what would help.
        hints: Vec<String>,
    },
    /// Little is left of it without what others know of its owner and of the place.
    #[error(
        "It consists mostly of names: yours, the node's or the program's. Add words that have nothing to do with them."
    )]
    Names,
    /// It was used before.
    #[error("It was used before; choose one that is not among the last {remembered}.")]
    Used {
        /// How many are remembered.
        remembered: usize,
    },
}
