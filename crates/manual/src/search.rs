//! Looking for words in the manual.
//!
//! Every word that was asked for must be on the page; the last letters of a word may be missing, and so may its ending.
//! A word in a title weighs most, then one in a heading, then one in the text. A page comes once for itself, or with
//! the part of it that fits best, and with up to two more parts that have all the words.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use crate::render::{Section, render};
use crate::shelf::{Entry, Language, contents};
use crate::words::{fold, fold_short, joined, raw, stem, words};

/// Words of a question beyond this many are not looked at.
const WORDS_MAX: usize = 8;
/// Parts of one page in an answer.
const PARTS_MAX: usize = 3;
/// How often a word counts in one part.
const COUNT_MAX: u16 = 4;
const TITLE_WEIGHT: u16 = 24;
const HEADING_WEIGHT: u16 = 8;
/// A whole word against one of which only the beginning was asked for.
const EXACT: f32 = 2.0;
/// A word found without its ending.
const STEMMED: f32 = 0.6;
/// Characters of an excerpt before and behind the first word found.
const BEFORE_CHARS: usize = 60;
const BEHIND_CHARS: usize = 120;

/// A place where all the words are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The page.
    pub page: String,
    /// Its title.
    pub title: String,
    /// Its group.
    pub group: &'static str,
    /// The language it is written in.
    pub language: Language,
    /// The heading above the place: its id and its text; `None` when the page as a whole is meant.
    pub heading: Option<(String, String)>,
    /// Text around the first word found, without marks.
    pub excerpt: String,
}

/// Looks for all words of `query`; the best first, at most `limit`.
#[must_use]
pub fn search(query: &str, language: Language, limit: usize) -> Vec<Hit> {
    static INDEX: [OnceLock<Index>; 2] = [OnceLock::new(), OnceLock::new()];
    let at = usize::from(language == Language::German);
    INDEX[at].get_or_init(|| Index::new(contents(language))).search(query, limit)
}

/// Where a word stands, and how much that counts.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: u32,
    weight: u16,
}

#[derive(Debug)]
struct Index {
    entries: &'static [Entry],
    parts: Vec<(usize, Section)>,
    words: BTreeMap<String, Vec<Place>>,
}

impl Index {
    fn new(entries: &'static [Entry]) -> Index {
        let mut index = Index { entries, parts: Vec::new(), words: BTreeMap::new() };
        for (at, entry) in entries.iter().enumerate() {
            let mut title = Some(&entry.title);
            for section in render(&entry.page, entry.text).sections {
                index.add(at, title.take(), section);
            }
        }
        index
    }

    fn add(&mut self, entry: usize, title: Option<&String>, section: Section) {
        let part = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        let mut weights: HashMap<String, u16> = HashMap::new();
        let heading = section.heading.as_ref().map(|heading| heading.title.as_str());
        let texts = [
            (title.map(String::as_str), TITLE_WEIGHT, TITLE_WEIGHT),
            (heading, HEADING_WEIGHT, HEADING_WEIGHT),
            (Some(section.text.as_str()), 1, COUNT_MAX),
        ];
        for (text, weight, most) in texts {
            let mut counts: HashMap<String, u16> = HashMap::new();
            let text = text.unwrap_or_default();
            let ways = raw(text).flat_map(|(_, word)| [Some(fold(word)), fold_short(word)]);
            for word in ways.flatten().chain(joined(text)) {
                let count = counts.entry(word).or_default();
                *count = (*count + weight).min(most);
            }
            for (word, count) in counts {
                *weights.entry(word).or_default() += count;
            }
        }
        for (word, weight) in weights {
            self.words.entry(word).or_default().push(Place { part, weight });
        }
        self.parts.push((entry, section));
    }

    fn search(&self, query: &str, limit: usize) -> Vec<Hit> {
        let asked: Vec<String> = words(query).take(WORDS_MAX).collect();
        let found: Vec<HashMap<u32, f32>> = asked.iter().map(|word| self.places(word)).collect();
        if found.is_empty() {
            return Vec::new();
        }
        // By page: for each word the best part, for each part the sum and how many words it has.
        let mut pages: HashMap<usize, Candidate> = HashMap::new();
        for (at, places) in found.iter().enumerate() {
            for (part, score) in places {
                let page = pages.entry(self.parts[*part as usize].0).or_default();
                page.best.resize(found.len(), 0.0);
                page.best[at] = page.best[at].max(*score);
                let own = page.parts.entry(*part).or_default();
                own.0 += *score;
                own.1 += 1;
            }
        }
        // A key or a code that is asked for whole is worth more than its parts here and there.
        for word in joined(query).take(WORDS_MAX) {
            for (part, score) in self.places(&word) {
                let page = pages.entry(self.parts[part as usize].0).or_default();
                page.whole = page.whole.max(score);
                page.parts.entry(part).or_default().0 += score;
            }
        }
        let mut hits = Vec::new();
        for (entry, page) in pages {
            if !page.best.is_empty() && page.best.iter().all(|score| *score > 0.0) {
                self.take(entry, &page, &mut hits);
            }
        }
        hits.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
        hits.truncate(limit);
        hits.into_iter().map(|(_, part)| self.hit(part, &asked)).collect()
    }

    /// The parts of a page that are shown, with their scores.
    fn take(&self, entry: usize, page: &Candidate, hits: &mut Vec<(f32, u32)>) {
        let weight = match self.entries[entry].group {
            "errors" => 0.6,
            "reference" => 0.7,
            _ => 1.0,
        };
        let mut parts: Vec<(f32, u32, usize)> =
            page.parts.iter().map(|(part, (score, count))| (*score, *part, *count)).collect();
        parts.sort_by(|(a, x, _), (b, y, _)| b.total_cmp(a).then(x.cmp(y)));
        let whole: f32 = page.whole + page.best.iter().sum::<f32>();
        for (at, (score, part, count)) in parts.into_iter().take(PARTS_MAX).enumerate() {
            if at == 0 {
                hits.push((whole * weight, part));
            } else if count == page.best.len() {
                hits.push((score * weight * 0.5, part));
            }
        }
    }

    /// The parts that have a word, or one that begins with it, each with its score.
    fn places(&self, word: &str) -> HashMap<u32, f32> {
        let mut places = HashMap::new();
        self.beginning(word, 1.0, &mut places);
        if let Some(stem) = stem(word) {
            self.beginning(stem, STEMMED, &mut places);
        }
        // What stands everywhere says little.
        let rare = (1.0 + self.parts.len() as f32 / (1.0 + places.len() as f32)).ln();
        for score in places.values_mut() {
            *score *= rare;
        }
        places
    }

    fn beginning(&self, beginning: &str, factor: f32, places: &mut HashMap<u32, f32>) {
        let from = self.words.range(beginning.to_owned()..);
        for (word, all) in from.take_while(|(word, _)| word.starts_with(beginning)) {
            let factor = if word.len() == beginning.len() { factor * EXACT } else { factor };
            for place in all {
                let score = places.entry(place.part).or_default();
                *score = score.max(factor * f32::from(place.weight).sqrt());
            }
        }
    }

    fn hit(&self, part: u32, asked: &[String]) -> Hit {
        let (entry, section) = &self.parts[part as usize];
        let entry = &self.entries[*entry];
        let heading = section.heading.as_ref().map(|one| (one.id.clone(), one.title.clone()));
        Hit {
            page: entry.page.clone(),
            title: entry.title.clone(),
            group: entry.group,
            language: entry.language,
            heading,
            excerpt: excerpt(&section.text, asked),
        }
    }
}

/// A page on the way to the answer.
#[derive(Debug, Default)]
struct Candidate {
    /// For each word asked for, its best score.
    best: Vec<f32>,
    /// For what was asked for as one word of several parts.
    whole: f32,
    /// For each part, the sum of its scores and how many of the words it has.
    parts: HashMap<u32, (f32, usize)>,
}

/// The text around the first word that was asked for, or its beginning.
fn excerpt(text: &str, asked: &[String]) -> String {
    let fits = |word: &str| {
        let ways = [Some(fold(word)), fold_short(word)];
        ways.into_iter()
            .flatten()
            .any(|word| asked.iter().any(|one| word.starts_with(stem(one).unwrap_or(one))))
    };
    let at = raw(text).find(|(_, word)| fits(word)).map_or(0, |(at, _)| at);
    let from = text[..at].char_indices().rev().nth(BEFORE_CHARS).map_or(0, |(from, _)| from);
    // Not in the middle of a word.
    let from = if from == 0 { 0 } else { from + text[from..at].find(' ').map_or(0, |gap| gap + 1) };
    let end = text[at..].char_indices().nth(BEHIND_CHARS).map_or(text.len(), |(end, _)| at + end);
    let end = if end == text.len() { end } else { text[..end].rfind(' ').unwrap_or(end).max(at) };
    let middle: Vec<&str> = text[from..end].split_whitespace().collect();
    let (before, behind) =
        (if from > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{}{behind}", middle.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn first(query: &str, language: Language) -> (String, Option<String>) {
        let hits = search(query, language, 5);
        let hit = hits.first().unwrap_or_else(|| panic!("nothing for `{query}`"));
        (hit.page.clone(), hit.heading.as_ref().map(|(id, _)| id.clone()))
    }

    #[test]
    fn a_title_comes_before_everything_that_mentions_it() {
        for (query, page) in [
            ("modbus", "modbus"),
            ("Modb", "modbus"),
            ("certificates", "certificates"),
            ("first steps", "first-steps"),
            ("LS-CFG-004", "errors/LS-CFG-004"),
            ("cfg 004", "errors/LS-CFG-004"),
            ("plant folder", "plant-folder"),
        ] {
            assert_eq!(first(query, Language::English).0, page, "{query}");
        }
    }

    #[test]
    fn all_words_must_be_there_and_a_key_is_found_with_its_heading() {
        let (page, heading) = first("seal_after", Language::English);
        assert_eq!((page.as_str(), heading.as_deref()), ("plant-folder", Some("historian")));
        assert_eq!(search("modbus xyzzyplugh", Language::English, 5), []);
        assert_eq!(search("  …  ", Language::English, 5), []);
    }

    #[test]
    fn german_words_are_found_with_and_without_umlauts_and_endings() {
        for query in ["Anlagenordner", "anlagenord"] {
            assert_eq!(first(query, Language::German).0, "plant-folder", "{query}");
        }
        let pages = |query: &str| -> Vec<String> {
            search(query, Language::German, 50).into_iter().map(|hit| hit.page).collect()
        };
        for (one, other) in [("Geräte", "geraete"), ("Geräte", "gerate"), ("größe", "groesse")]
        {
            let (one, other) = (pages(one), pages(other));
            assert!(!one.is_empty() && one == other, "{one:?} {other:?}");
        }
    }

    #[test]
    fn an_excerpt_shows_the_word_in_its_sentence() {
        let text = "Alpha beta gamma. The historian seals its samples after an hour, or when the memory is full. ".repeat(4);
        let asked = ["seals".to_owned()];
        let shown = excerpt(&text, &asked);
        assert!(
            shown.starts_with("Alpha beta")
                && shown.contains("historian seals")
                && shown.ends_with('…'),
            "{shown}"
        );
        assert!(shown.chars().count() < 200);
        assert_eq!(excerpt("short", &asked), "short");
        let umlauts = "ä".repeat(300);
        assert!(excerpt(&umlauts, &asked).chars().count() < 200);
    }
}
