//! Which pages there are, in which order and language.

use std::sync::OnceLock;

use crate::render::{Heading, plain, render};

include!(concat!(env!("OUT_DIR"), "/shelves.rs"));

/// A language of the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// The language in which everything is there.
    English,
    /// What is not there in German is shown in English.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::English, Language::German];

    /// Its ISO 639-1 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// The language of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.code() == code)
    }

    fn shelf(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Language::English => ENGLISH,
            Language::German => GERMAN,
        }
    }
}

/// A line of the table of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of the page, as in its address: `modbus`, `screens/trend`, `errors/LS-CFG-004`.
    pub page: String,
    /// Its title.
    pub title: String,
    /// `guide`, `screens`, `drivers`, `operators`, `reference` or `errors`.
    pub group: &'static str,
    /// The language it is there in: English when there is none in the language asked for.
    pub language: Language,
    /// Its Markdown.
    pub(crate) text: &'static str,
}

/// A page before or behind another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// Its name.
    pub page: String,
    /// Its title.
    pub title: String,
}

/// A page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its name.
    pub page: String,
    /// Its title; not in `html`.
    pub title: String,
    /// The group it is in.
    pub group: &'static str,
    /// The language it is written in.
    pub language: Language,
    /// Its text, without the title.
    pub html: String,
    /// Its headings, without the title.
    pub headings: Vec<Heading>,
    /// The page before it.
    pub previous: Option<Near>,
    /// The page behind it.
    pub next: Option<Near>,
}

/// The group of the pages that `SUMMARY.md` does not list: one for each error code.
const ERROR_GROUP: &str = "errors";
/// Where they are.
const ERROR_FOLDER: &str = "errors/";
const SUMMARY: &str = "SUMMARY";

/// The table of contents in the order of `SUMMARY.md`, then the pages of all error codes.
#[must_use]
pub fn contents(language: Language) -> &'static [Entry] {
    static CONTENTS: [OnceLock<Vec<Entry>>; 2] = [OnceLock::new(), OnceLock::new()];
    let at = usize::from(language == Language::German);
    CONTENTS[at].get_or_init(|| {
        let listed = summary(Language::English).filter_map(|(group, page)| {
            let in_language = [language, Language::English].into_iter();
            let (language, text) =
                in_language.filter_map(|one| Some((one, source(page, one)?))).next()?;
            Some(Entry { page: page.into(), title: title(text), group, language, text })
        });
        let errors = ERRORS.iter().map(|(code, text)| Entry {
            page: format!("{ERROR_FOLDER}{code}"),
            title: title(text),
            group: ERROR_GROUP,
            language: Language::English,
            text,
        });
        listed.chain(errors).collect()
    })
}

/// The pages that the `SUMMARY.md` of a language lists, in order, with the group they stand in.
pub fn summary(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = source(SUMMARY, language).unwrap_or_default();
    let mut group = "guide";
    text.lines().filter_map(move |line| {
        if let Some(part) = line.strip_prefix("# ") {
            group = group_word(part.trim()).unwrap_or(group);
            return None;
        }
        let (_, link) = line.split_once("](")?;
        Some((group, link.split_once(".md)")?.0.trim_start_matches("./")))
    })
}

/// The word of a part title of `SUMMARY.md`, in either language.
fn group_word(part: &str) -> Option<&'static str> {
    Some(match part {
        "Guide" | "Leitfaden" => "guide",
        "Screens" | "Ansichten" => "screens",
        "Drivers" | "Treiber" => "drivers",
        "Operators" | "Operatoren" => "operators",
        "Reference" | "Nachschlagen" => "reference",
        _ => return None,
    })
}

/// The Markdown of a page of the manual in one language, with what it includes.
#[must_use]
pub fn source(page: &str, language: Language) -> Option<&'static str> {
    language.shelf().iter().find(|(name, _)| *name == page).map(|(_, text)| *text)
}

/// Every error code with its page, in order.
#[must_use]
pub fn errors() -> &'static [(&'static str, &'static str)] {
    ERRORS
}

/// The first heading of a page, without its marks.
fn title(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("# "));
    plain(line.unwrap_or_default())
}

/// Where a page is in the table of contents. An error code alone is the name of its page too, in any case.
pub(crate) fn position(entries: &[Entry], name: &str) -> Option<usize> {
    let name = name.trim_matches('/');
    let code = name.strip_prefix(ERROR_FOLDER).unwrap_or(name);
    entries.iter().position(|entry| match entry.page.strip_prefix(ERROR_FOLDER) {
        Some(known) => known.eq_ignore_ascii_case(code),
        None => entry.page == name,
    })
}

/// Whether it is the code of a page of errors.
pub(crate) fn is_code(text: &str) -> bool {
    ERRORS.binary_search_by(|(code, _)| (*code).cmp(text)).is_ok()
}

/// A page, rendered; `None` when there is none of this name.
#[must_use]
pub fn page(name: &str, language: Language) -> Option<Page> {
    let entries = contents(language);
    let at = position(entries, name)?;
    let entry = &entries[at];
    let rendered = render(&entry.page, entry.text);
    // Nobody reads on from the last page of the manual into the first error.
    let near = |other: &Entry| {
        let both = (other.group == ERROR_GROUP) == (entry.group == ERROR_GROUP);
        both.then(|| Near { page: other.page.clone(), title: other.title.clone() })
    };
    Some(Page {
        page: entry.page.clone(),
        title: entry.title.clone(),
        group: entry.group,
        language: entry.language,
        html: rendered.html,
        headings: rendered.headings,
        previous: at.checked_sub(1).and_then(|before| near(&entries[before])),
        next: entries.get(at + 1).and_then(near),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_alone_is_the_name_of_its_page() {
        for name in ["LS-CFG-004", "ls-cfg-004", "errors/LS-CFG-004", "/errors/ls-cfg-004/"] {
            assert_eq!(page(name, Language::English).unwrap().page, "errors/LS-CFG-004", "{name}");
        }
        assert_eq!(page("LS-CFG", Language::English), None);
        assert_eq!(page("SUMMARY", Language::English), None);
    }

    #[test]
    fn what_is_not_translated_is_there_in_english_under_the_same_name() {
        let (english, german) = (contents(Language::English), contents(Language::German));
        assert_eq!(english.len(), german.len());
        for (english, german) in english.iter().zip(german) {
            assert_eq!((&english.page, english.group), (&german.page, german.group));
        }
        let first = page("first-steps", Language::German).unwrap();
        assert_eq!(first.language, Language::German);
        assert_eq!(page("http", Language::German).unwrap().language, Language::English);
    }

    #[test]
    fn one_reads_on_through_the_manual_and_not_into_the_errors() {
        let entries = contents(Language::English);
        let first = page(&entries[0].page, Language::English).unwrap();
        assert_eq!((first.previous, first.next.unwrap().page), (None, entries[1].page.clone()));
        let last = entries.iter().rposition(|entry| entry.group != ERROR_GROUP).unwrap();
        assert_eq!(page(&entries[last].page, Language::English).unwrap().next, None);
    }
}
