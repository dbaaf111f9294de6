//! The manual as mdBook and the program see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lineshaft_manual::{Language, Page, contents, page, search, source, summary};

fn folder(language: Language) -> PathBuf {
    let name = match language {
        Language::English => "src",
        Language::German => "de",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual").join(name)
}

fn files(folder: &Path, before: &str, names: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = format!("{before}{}", path.file_stem().unwrap().to_str().unwrap());
        if path.is_dir() {
            files(&path, &format!("{name}/"), names);
        } else {
            names.insert(name);
        }
    }
}

#[test]
fn the_summary_and_the_folder_are_the_same_pages_in_each_language() {
    for language in Language::ALL {
        let mut files_there = BTreeSet::new();
        files(&folder(language), "", &mut files_there);
        files_there.remove("SUMMARY");
        let listed: Vec<&str> = summary(language).map(|(_, page)| page).collect();
        let names: BTreeSet<String> = listed.iter().map(ToString::to_string).collect();
        assert_eq!(listed.len(), names.len(), "a page is listed twice in {language:?}");
        assert_eq!(names, files_there, "{language:?}");
    }
}

#[test]
fn a_translation_is_of_a_page_that_there_is_and_stands_in_the_same_group() {
    let english: BTreeMap<&str, &str> =
        summary(Language::English).map(|(group, page)| (page, group)).collect();
    let order = |language| -> Vec<&str> { summary(language).map(|(_, page)| page).collect() };
    for (group, page) in summary(Language::German) {
        assert_eq!(english.get(page), Some(&group), "{page}");
    }
    let translated: BTreeSet<&str> = order(Language::German).into_iter().collect();
    let mut same = order(Language::English);
    same.retain(|page| translated.contains(page));
    assert_eq!(order(Language::German), same, "another order");
}

/// Every page in a language, rendered.
fn all(language: Language) -> Vec<Page> {
    let entries = contents(language);
    entries.iter().map(|entry| page(&entry.page, language).unwrap()).collect()
}

#[test]
fn every_link_leads_to_a_page_and_a_heading_that_are_there() {
    for language in Language::ALL {
        let pages = all(language);
        let headings: BTreeMap<&str, BTreeSet<&str>> = pages
            .iter()
            .map(|page| {
                (page.page.as_str(), page.headings.iter().map(|one| one.id.as_str()).collect())
            })
            .collect();
        let mut dead = Vec::new();
        for page in &pages {
            for link in page.html.split("href=\"#/manual/").skip(1) {
                let (link, _) = link.split_once('"').unwrap();
                let (target, heading) = link.split_once("?at=").unwrap_or((link, ""));
                let there = headings.get(target);
                let leads = there.is_some_and(|all| heading.is_empty() || all.contains(heading));
                if !leads {
                    dead.push(format!("{}: {link}", page.page));
                }
            }
        }
        assert!(dead.is_empty(), "{language:?}: {dead:#?}");
    }
}

#[test]
fn every_page_has_a_title_and_text_and_no_include_is_left() {
    for language in Language::ALL {
        for page in all(language) {
            let name = &page.page;
            assert!(!page.title.is_empty(), "{name} has no title");
            assert!(page.html.len() > 100, "{name} says nothing");
            assert!(!page.html.contains("{{#"), "{name} has an include that is not resolved");
            assert!(!page.html.contains("<img") && !page.html.contains("<script"), "{name}");
        }
    }
}

/// The screens that have help.
const SCREENS: [&str; 20] = [
    "overview",
    "tags",
    "trend",
    "devices",
    "device-form",
    "device-import",
    "system",
    "storage",
    "logs",
    "doctor",
    "licences",
    "people",
    "audit",
    "revisions",
    "security",
    "account",
    "settings",
    "manual",
    "login",
    "setup",
];

#[test]
fn every_screen_has_its_help_in_each_language() {
    for language in Language::ALL {
        for screen in SCREENS {
            let name = format!("screens/{screen}");
            let help = page(&name, language).unwrap_or_else(|| panic!("no page {name}"));
            assert_eq!((help.language, help.group), (language, "screens"), "{name}");
            // It is read beside the screen: short, and with something to look up.
            assert!(!help.headings.is_empty(), "{name} has no headings");
            let text = source(&name, language).unwrap();
            assert!(text.len() < 4_000, "{name} has {} bytes", text.len());
        }
    }
}

#[test]
fn what_people_ask_for_is_found() {
    for (query, language, wanted) in [
        ("test connection", Language::English, "screens/device-form"),
        ("paste spreadsheet", Language::English, "screens/device-import"),
        ("disk full", Language::English, "storage"),
        ("password forgotten", Language::English, "screens/login"),
        ("deadband", Language::English, "operators"),
        ("Verbindung testen", Language::German, "screens/device-form"),
        ("Platte voll", Language::German, "storage"),
        ("Schreibmaschine", Language::German, ""),
        ("Rückgängig", Language::German, "screens/device-import"),
        ("passwort vergessen", Language::German, "screens/login"),
        ("totband", Language::German, "operators"),
    ] {
        let hits = search(query, language, 5);
        let pages: Vec<&str> = hits.iter().map(|hit| hit.page.as_str()).collect();
        if wanted.is_empty() {
            assert!(pages.is_empty(), "{query}: {pages:?}");
        } else {
            assert!(pages.contains(&wanted), "{query}: {pages:?}");
        }
    }
}
