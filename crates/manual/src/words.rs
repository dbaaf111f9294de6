//! Words as they are searched: lower case, without accents, German umlauts both ways (`ä` is `ae` and `a`).

/// The longest word that is kept. Longer ones are keys of certificates and the like.
const WORD_CHARS_MAX: usize = 48;

/// The words of a text, folded, in order. Everything that is neither letter nor digit parts them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    raw(text).map(|(_, word)| fold(word))
}

/// The words of a text as they are written, each with the byte where it begins.
pub(crate) fn raw(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !c.is_alphanumeric()).filter_map(move |word| {
        let start = at;
        // Where the next one begins: behind the one character that parted them.
        at = start
            + word.len()
            + text[start + word.len()..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((start, word))
    })
}

/// What is written as one word of several parts, without what joins them: `seal_after` is `sealafter`, `LS-CFG-004` is
/// `lscfg004`.
pub(crate) fn joined(text: &str) -> impl Iterator<Item = String> {
    let marks = |c: char| !c.is_alphanumeric() && !"_-./".contains(c);
    let outside = |c: char| !c.is_alphanumeric();
    let words = text.split(marks).map(move |word| word.trim_matches(outside));
    words.filter(move |word| word.contains(outside)).map(|word| words_of(word).concat())
}

fn words_of(text: &str) -> Vec<String> {
    words(text).collect()
}

/// A word as it is compared; umlauts as two letters.
pub(crate) fn fold(word: &str) -> String {
    folded(word, ["ae", "oe", "ue"])
}

/// The other way to write a word with umlauts, without their second letter: `Änderung` is also looked for as
/// `anderung`. `None` when it has none.
pub(crate) fn fold_short(word: &str) -> Option<String> {
    word.chars().any(|c| "äöüÄÖÜ".contains(c)).then(|| folded(word, ["a", "o", "u"]))
}

fn folded(word: &str, umlauts: [&str; 3]) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars().take(WORD_CHARS_MAX).flat_map(char::to_lowercase) {
        match c {
            'ä' => out.push_str(umlauts[0]),
            'ö' => out.push_str(umlauts[1]),
            'ü' => out.push_str(umlauts[2]),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' | 'ã' | 'å' => out.push('a'),
            'è' | 'é' | 'ê' | 'ë' => out.push('e'),
            'ì' | 'í' | 'î' | 'ï' => out.push('i'),
            'ò' | 'ó' | 'ô' | 'õ' => out.push('o'),
            'ù' | 'ú' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            other => out.push(other),
        }
    }
    out
}

/// Endings that a word loses before it is looked for by its beginning, longest first: plurals and cases of both languages.
const ENDINGS: [&str; 8] = ["ungen", "ings", "ing", "en", "er", "es", "s", "e"];
/// What must be left of it.
const STEM_CHARS_MIN: usize = 3;

/// A folded word without its ending; `None` when it has none that can be spared.
pub(crate) fn stem(word: &str) -> Option<&str> {
    let cut = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
    cut.into_iter().find(|left| left.len() >= STEM_CHARS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_and_folded() {
        let all: Vec<String> = words("The `seal_after` of Größe, LS-CFG-004…").collect();
        assert_eq!(all, ["the", "seal", "after", "of", "groesse", "ls", "cfg", "004"]);
        let at: Vec<(usize, &str)> = raw("ä—bc d").collect();
        assert_eq!(at, [(0, "ä"), (5, "bc"), (8, "d")]);
    }

    #[test]
    fn a_key_is_one_word_too() {
        let all: Vec<String> = joined("`seal_after`, LS-CFG-004. And so on - a/b").collect();
        assert_eq!(all, ["sealafter", "lscfg004", "ab"]);
    }

    #[test]
    fn an_umlaut_is_found_either_way() {
        assert_eq!(fold("Änderung"), "aenderung");
        assert_eq!(fold_short("Änderung").as_deref(), Some("anderung"));
        assert_eq!(fold_short("change"), None);
    }

    #[test]
    fn an_ending_is_spared_when_enough_is_left() {
        for (word, left) in [
            ("devices", Some("devic")),
            ("tags", Some("tag")),
            ("geraeten", Some("geraet")),
            ("schreiben", Some("schreib")),
            ("bus", None),
        ] {
            assert_eq!(stem(word), left, "{word}");
        }
    }
}
