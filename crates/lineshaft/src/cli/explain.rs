//! `lineshaft explain`: the page of an error code or of a driver, without a network.

use std::fmt::Write as _;
use std::process::ExitCode;

use lineshaft_contract::DriverKind;
use lineshaft_drivers::DRIVERS;

use crate::plant::nearest;

/// The pages of all error codes, by code: `docs/errors/`, listed by the build script.
///
/// A test holds the codes in the sources and the pages together.
pub const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Prints the page of `what`. Exit code 0 when there is one, 1 when there is none.
#[must_use]
pub fn run(what: &str) -> ExitCode {
    match page(what, DRIVERS) {
        Ok(page) => {
            println!("{}", page.trim_end());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprint!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The page of an error code or a driver; upper and lower case count as the same.
///
/// # Errors
/// What to say when there is no such page: what was probably meant, or what there is.
pub fn page(what: &str, drivers: &[DriverKind]) -> Result<&'static str, String> {
    let what = what.trim();
    let codes = PAGES.iter().map(|(code, page)| (*code, *page));
    let mut all = codes.chain(drivers.iter().map(|driver| (driver.name, driver.readme)));
    if let Some((_, page)) = all.find(|(name, _)| name.eq_ignore_ascii_case(what)) {
        return Ok(page);
    }
    let kinds: Vec<&str> = drivers.iter().map(|driver| driver.name).collect();
    let mut message = format!("error: there is no page `{what}`\n");
    let alike = PAGES.iter().map(|(code, _)| *code).filter(|code| is_alike(code, what));
    let alike: Vec<&str> =
        alike.chain(nearest(what, kinds.iter().copied())).take(ALIKE_MAX).collect();
    // Writing into a text cannot fail.
    let _ = if alike.is_empty() {
        writeln!(
            message,
            "  = error codes are {} to {}, drivers are {}",
            PAGES[0].0,
            PAGES[PAGES.len() - 1].0,
            kinds.join(", ")
        )
    } else {
        writeln!(message, "  = did you mean {}?", alike.join(", "))
    };
    Err(message)
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
            assert!(page(good, DRIVERS).unwrap().starts_with("# LS-CFG-004: "), "{good}");
        }
        assert_eq!(page("modbus", DRIVERS), Ok(DRIVERS[0].readme));
        for (wrong, meant) in [
            ("CFG-4", "LS-CFG-004"),
            ("LS-CFG-04", "LS-CFG-004"),
            ("LSCFG-004", "LS-CFG-004"),
            ("LS-DRV", "LS-DRV-001, LS-DRV-002"),
            ("modbuss", "modbus"),
        ] {
            let message = page(wrong, DRIVERS).unwrap_err();
            assert!(message.contains(meant), "{wrong}: {message}");
        }
        assert!(page("what?", DRIVERS).unwrap_err().contains("drivers are modbus"));
    }
}
