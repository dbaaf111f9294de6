//! Looking for words in paths and descriptions.

/// The words to look for: each has to be in one of the texts. Upper and lower case are alike.
pub(crate) struct Needles(Vec<Needle>);

impl Needles {
    /// `None` for nothing but spaces: that is no question.
    pub(crate) fn new(words: &str) -> Option<Needles> {
        let needles: Vec<Needle> = words.split_whitespace().map(Needle::new).collect();
        (!needles.is_empty()).then_some(Needles(needles))
    }

    pub(crate) fn are_in(&mut self, texts: &[&str]) -> bool {
        self.0.iter_mut().all(|needle| texts.iter().any(|text| needle.is_in(text)))
    }

    pub(crate) fn any_is_in(&mut self, text: &str) -> bool {
        self.0.iter_mut().any(|needle| needle.is_in(text))
    }

    pub(crate) fn last_is_in(&mut self, text: &str) -> bool {
        self.0.last_mut().is_some_and(|needle| needle.is_in(text))
    }
}

/// A word to look for.
///
/// A word of ASCII letters is compared byte by byte without copying the text; any other word is compared
/// with the text in lower case, for texts that are not ASCII themselves.
struct Needle {
    word: String,
    scratch: String,
}

impl Needle {
    fn new(word: &str) -> Needle {
        Needle { word: word.to_lowercase(), scratch: String::new() }
    }

    fn is_in(&mut self, text: &str) -> bool {
        if self.word.is_ascii() {
            return has_ascii(text.as_bytes(), self.word.as_bytes());
        }
        if text.is_ascii() {
            return false;
        }
        self.scratch.clear();
        self.scratch.extend(text.chars().flat_map(char::to_lowercase));
        self.scratch.contains(&self.word)
    }
}

fn has_ascii(text: &[u8], word: &[u8]) -> bool {
    let Some(first) = word.first() else { return true };
    text.windows(word.len())
        .any(|part| part[0].to_ascii_lowercase() == *first && part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_and_lower_case_are_alike_in_any_language() {
        for (words, text, found) in [
            ("PRESS", "acme/press-1/speed", true),
            ("press-2", "acme/press-1/speed", false),
            ("füller", "Linie 1/FÜLLER/Takt", true),
            ("füller", "acme/filler", false),
            ("takt", "Linie 1/FÜLLER/Takt", true),
            ("d", "speed", true),
            ("speeds", "speed", false),
            ("speed press", "acme/press-1/speed", true),
            ("speed pump", "acme/press-1/speed", false),
        ] {
            let found_now = Needles::new(words).is_some_and(|mut needles| needles.are_in(&[text]));
            assert_eq!(found_now, found, "{words} in {text}");
        }
        assert!(Needles::new("  ").is_none());
    }

    #[test]
    fn words_may_be_in_different_texts() {
        let mut needles = Needles::new("filler contactor").unwrap();
        assert!(needles.are_in(&["acme/filler/on", "Motor contactor"]));
        assert!(!needles.are_in(&["acme/filler/on", "Motor"]));
    }
}
