//! Looking for a word in paths and descriptions.

/// A word to look for; upper and lower case are alike.
///
/// A word of ASCII letters is compared byte by byte without copying the text; any other word is compared
/// with the text in lower case, for texts that are not ASCII themselves.
pub(crate) struct Needle {
    word: String,
    scratch: String,
}

impl Needle {
    /// `None` for a word of nothing but spaces: that is no question.
    pub(crate) fn new(word: &str) -> Option<Needle> {
        let word = word.trim().to_lowercase();
        (!word.is_empty()).then_some(Needle { word, scratch: String::new() })
    }

    pub(crate) fn is_in(&mut self, text: &str) -> bool {
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
        for (word, text, found) in [
            ("PRESS", "acme/press-1/speed", true),
            ("press-2", "acme/press-1/speed", false),
            ("füller", "Linie 1/FÜLLER/Takt", true),
            ("füller", "acme/filler", false),
            ("takt", "Linie 1/FÜLLER/Takt", true),
            ("d", "speed", true),
            ("speeds", "speed", false),
        ] {
            let found_now = Needle::new(word).is_some_and(|mut needle| needle.is_in(text));
            assert_eq!(found_now, found, "{word} in {text}");
        }
        assert!(Needle::new("  ").is_none());
    }
}
