//! The licences of everything the program is built from: an allow list, and packages that may never come in.

use crate::metadata::Metadata;
use crate::{Failed, bill};

/// Licences under which Lineshaft may ship, as SPDX ids. MPL-2.0 asks for changes to its own files only.
const ALLOWED: [&str; 18] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    // SQLite is in the public domain; this is the name SPDX gave that.
    "blessing",
];

/// Packages that may never come in, whatever they say about themselves, and why.
const DENIED: [(&str, &str); 5] = [
    ("rodbus", "its licence forbids commercial use"),
    ("dnp3", "its licence forbids commercial use"),
    ("iec60870-5", "its licence forbids commercial use"),
    ("lib60870", "GPL"),
    ("j1939", "its licence does not allow redistribution"),
];

/// Checks every package of the workspace, for all platforms, and that the list of what is shipped is of now.
///
/// # Errors
/// [`Failed::Wrong`] lists all that are wrong.
pub fn run() -> Result<(), Failed> {
    check_packages()?;
    bill::check()
}

/// Checks every package and writes the list of what is shipped anew.
///
/// # Errors
/// [`Failed::Wrong`] lists all that are wrong.
pub fn write() -> Result<(), Failed> {
    check_packages()?;
    bill::write()
}

fn check_packages() -> Result<(), Failed> {
    let metadata = Metadata::load()?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for package in metadata.others() {
        count += 1;
        let name = format!("{} {}", package.name, package.version);
        if let Some((_, why)) = DENIED.iter().find(|(denied, _)| *denied == package.name) {
            wrong.push(format!("{name}: may not be used: {why}"));
        }
        match package.license.as_deref().map(|text| (text, may_ship(text))) {
            Some((_, Some(true))) => {}
            Some((text, Some(false))) => wrong.push(format!("{name}: {text} is not allowed")),
            Some((text, None)) => wrong.push(format!("{name}: `{text}` cannot be read")),
            None => wrong.push(format!("{name}: says no licence")),
        }
    }
    if wrong.is_empty() {
        println!("{count} packages, every licence allowed");
        return Ok(());
    }
    Err(Failed::Wrong(wrong.join("\n")))
}

/// Whether an SPDX expression leaves a way that is allowed; `None` when it cannot be read.
#[must_use]
pub fn may_ship(expression: &str) -> Option<bool> {
    // `MIT/Apache-2.0` is how crates said it before SPDX.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = any(&mut words)?;
    words.next().is_none().then_some(answer)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>) -> Option<bool> {
    let mut answer = all(words)?;
    while words.next_if_eq(&"OR").is_some() {
        answer |= all(words)?;
    }
    Some(answer)
}

fn all(words: &mut Words<'_>) -> Option<bool> {
    let mut answer = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        answer &= one(words)?;
    }
    Some(answer)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    if words.next_if_eq(&"(").is_some() {
        let answer = any(words)?;
        return words.next_if_eq(&")").map(|_| answer);
    }
    let mut licence = words.next().filter(|word| !matches!(*word, "OR" | "AND" | ")"))?.to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next()?);
    }
    Some(ALLOWED.contains(&licence.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_allowed_when_one_way_through_it_is() {
        for (expression, answer) in [
            ("MIT", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("MIT OR GPL-3.0-only", Some(true)),
            ("MIT AND GPL-3.0-only", Some(false)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some(true)),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("GPL-2.0 WITH Classpath-exception-2.0", Some(false)),
            ("MIT OR", None),
            ("(MIT", None),
            ("", None),
        ] {
            assert_eq!(may_ship(expression), answer, "{expression}");
        }
    }
}
