//! `lineshaft explain`: the page of an error code, a driver, an operator or a part of the plant folder, without a network.

use std::fmt::Write as _;
use std::process::ExitCode;

use lineshaft_drivers::DRIVERS;
use lineshaft_manual::{Language, errors};
use lineshaft_pipeline::op;

use crate::plant::nearest;

/// The parts of the plant folder that have a page: by its word, the heading in the manual's page.
pub const SECTIONS: [(&str, &str); 11] = [
    ("node", "## `[node]`"),
    ("http", "## `[http]`"),
    ("security", "## `[security]`"),
    ("audit", "## `[audit]`"),
    ("shaft", "## `[shaft]`"),
    ("historian", "## `[historian]`"),
    ("devices", "## `devices/*.toml`"),
    ("tags", "## `tags/*.csv`"),
    ("pipelines", "## `pipelines/*.toml`"),
    ("assets", "## `assets/*.toml`"),
    ("reload", "## Reload"),
];

/// Prints the page of `what`. Exit code 0 when there is one, 1 when there is none.
#[must_use]
pub fn run(what: &str) -> ExitCode {
    match page(what) {
        Ok(page) => {
            say!("{}", page.trim_end());
            ExitCode::SUCCESS
        }
        Err(message) => {
            complain!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The page of an error code, a driver, an operator or a part of the plant folder; upper and lower case count as the
/// same.
///
/// # Errors
/// What to say when there is no such page: what was probably meant, or what there is.
pub fn page(what: &str) -> Result<&'static str, String> {
    let what = what.trim();
    let drivers = DRIVERS.iter().map(|driver| (driver.name, driver.readme));
    let sections = SECTIONS.iter().map(|(word, heading)| (*word, section(heading)));
    let kinds: Vec<(&str, &'static str)> =
        drivers.clone().chain(op::PAGES).chain(sections).collect();
    let mut all = errors().iter().chain(&kinds);
    if let Some((_, page)) = all.find(|(name, _)| name.eq_ignore_ascii_case(what)) {
        return Ok(page);
    }
    let mut message = format!("error: there is no page `{what}`\n");
    let codes = errors();
    let alike = codes.iter().map(|(code, _)| *code).filter(|code| is_alike(code, what));
    let words = kinds.iter().map(|(word, _)| *word);
    let alike: Vec<&str> = alike.chain(nearest(what, words)).take(ALIKE_MAX).collect();
    // Writing into a text cannot fail.
    let _ = if alike.is_empty() {
        let listed =
            |words: &mut dyn Iterator<Item = &'static str>| words.collect::<Vec<_>>().join(", ");
        writeln!(
            message,
            "  = error codes are {} to {}\n  = drivers are {}\n  = operators are {}\n  = parts of the plant folder are {}",
            codes[0].0,
            codes[codes.len() - 1].0,
            listed(&mut drivers.map(|(word, _)| word)),
            listed(&mut op::PAGES.into_iter().map(|(word, _)| word)),
            listed(&mut SECTIONS.into_iter().map(|(word, _)| word)),
        )
    } else {
        writeln!(message, "  = did you mean {}?", alike.join(", "))
    };
    Err(message)
}

/// The section of the plant folder's page below a heading, with the heading.
fn section(heading: &str) -> &'static str {
    let page = lineshaft_manual::source("plant-folder", Language::English).unwrap_or_default();
    let section = &page[page.find(heading).unwrap_or(page.len())..];
    let end = section.match_indices("\n## ").map(|(at, _)| at).next();
    &section[..end.unwrap_or(section.len())]
}

/// How many pages are offered.
const ALIKE_MAX: usize = 8;

/// One slip away, or the same number or family without the rest: `CFG-4`, `004`, `LS-CFG`.
fn is_alike(code: &str, what: &str) -> bool {
    let plain = |text: &str| text.to_uppercase().replace('_', "-");
    let (code_plain, what) = (plain(code), plain(what));
    let number = what.rsplit('-').next().and_then(|number| number.parse::<u32>().ok());
    let same_number =
        number.is_some() && code.rsplit('-').next().and_then(|n| n.parse().ok()) == number;
    let family = what.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let same_family = !family.is_empty() && code_plain.contains(family);
    match (number.is_some(), family.is_empty()) {
        (true, true) => same_number,
        (true, false) => same_number && same_family || nearest(&what, [code]).is_some(),
        (false, _) => same_family || nearest(&what, [code]).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_any_case_and_a_slip_is_seen_through() {
        for good in ["LS-CFG-004", "ls-cfg-004", " LS-CFG-004 "] {
            assert!(page(good).unwrap().starts_with("# LS-CFG-004: "), "{good}");
        }
        assert_eq!(page("modbus"), Ok(DRIVERS[0].readme));
        for (wrong, meant) in [
            ("CFG-4", "LS-CFG-004"),
            ("LS-CFG-04", "LS-CFG-004"),
            ("LSCFG-004", "LS-CFG-004"),
            ("LS-DRV", "LS-DRV-001, LS-DRV-002"),
            ("modbuss", "modbus"),
            ("deadbnd", "deadband"),
            ("historan", "historian"),
        ] {
            let message = page(wrong).unwrap_err();
            assert!(message.contains(meant), "{wrong}: {message}");
        }
        assert!(page("what?").unwrap_err().contains("drivers are modbus"));
    }
    #[test]
    fn operators_and_parts_of_the_plant_folder_have_pages() {
        for (word, page) in op::PAGES {
            assert_eq!(self::page(word), Ok(page));
        }
        for (word, heading) in SECTIONS {
            let page = page(word).unwrap();
            assert!(page.starts_with(heading) && page.len() > 200, "{word}: {page}");
            assert_eq!(page.matches("\n## ").count(), 0, "{word} goes on behind its end");
        }
    }
}
