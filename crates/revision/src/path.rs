//! Which paths there can be in the folder. Everything not allowed is refused.
//!
//! Why so narrow: a path comes from whoever may change the plant, and ends in a rename. Names are shown on a page and
//! typed into shells, so they have letters, digits and a few marks.

use crate::limits::{PATH_BYTES_MAX, PATH_WRITTEN_BYTES_MAX};

/// Which files a folder has.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Files directly in it, by name.
    pub files: &'static [&'static str],
    /// Folders in it, each with the ending of its files; nothing is deeper.
    pub folders: &'static [(&'static str, &'static str)],
}

/// A path that no file of the folder can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("LS-REV-005: `{}` {why}", path.escape_debug())]
pub struct PathError {
    /// The path.
    pub path: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Layout {
    /// Whether a file of this path may be written.
    ///
    /// # Errors
    /// [`PathError`] with the reason.
    pub fn check(&self, path: &str) -> Result<(), PathError> {
        let wrong = |why| Err(PathError { path: shortened(path), why });
        if path.is_empty() {
            return wrong("is empty");
        }
        if path.len() > PATH_WRITTEN_BYTES_MAX {
            return wrong("is too long: 200 bytes at most");
        }
        if path.starts_with('/') {
            return wrong("is absolute; paths are relative to the folder");
        }
        if path.contains('\\') {
            return wrong("has a backslash; folders are separated by `/`");
        }
        if path.contains(':') {
            return wrong("has a colon");
        }
        for part in path.split('/') {
            match part {
                "" => return wrong("has an empty part"),
                "." | ".." => return wrong("leaves the folder or goes in circles"),
                _ => {}
            }
            if part.starts_with(['.', '~', '#']) || part.ends_with('~') {
                return wrong("is hidden, or what an editor leaves behind");
            }
            if !part.chars().all(is_plain) || part.starts_with(' ') || part.ends_with([' ', '.']) {
                return wrong("has other characters than letters, digits, spaces and `-_.,()+@&=`");
            }
        }
        if !self.has(path) {
            return wrong("is in none of the folders this node reads, or has another ending");
        }
        Ok(())
    }

    /// Whether a file of this path belongs to the folder, whatever it is called.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        match path.split_once('/') {
            None => self.files.contains(&path),
            Some((folder, name)) => {
                let ending = self.folders.iter().find(|(known, _)| *known == folder);
                ending.is_some_and(|(_, ending)| !name.contains('/') && has_ending(name, ending))
            }
        }
    }
}

/// Whether a path of a revision is outside the folder: a tag table that is only referred to.
#[must_use]
pub fn is_outside(path: &str) -> bool {
    path.starts_with('/') || path.starts_with("../")
}

/// Whether the log can have this path. Wider than what may be written: names are whatever is on disk.
pub(crate) fn check_noted(path: &str) -> Result<(), PathError> {
    let wrong = |why| Err(PathError { path: shortened(path), why });
    if path.is_empty() || path.len() > PATH_BYTES_MAX {
        return wrong("is empty or longer than 1,024 bytes");
    }
    if path.chars().any(char::is_control) {
        return wrong("has a control character in it");
    }
    Ok(())
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, own)| {
        !stem.is_empty() && !name.starts_with('.') && own.eq_ignore_ascii_case(ending)
    })
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || " -_.,()+@&=".contains(c)
}

/// As much of a path as an error shows.
fn shortened(path: &str) -> String {
    path.chars().take(PATH_WRITTEN_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout {
        files: &["lineshaft.toml"],
        folders: &[("devices", "toml"), ("tags", "csv"), ("pipelines", "toml")],
    };

    #[test]
    fn a_file_lies_where_the_node_reads_it() {
        for good in [
            "lineshaft.toml",
            "devices/line-1.toml",
            "devices/Halle 3 (Nord).TOML",
            "tags/größe_2,5.csv",
            "tags/press.2026.csv",
        ] {
            assert_eq!(LAYOUT.check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let long = format!("devices/{}.toml", "a".repeat(200));
        for wrong in [
            "",
            ".",
            "..",
            "/etc/passwd",
            "//etc/passwd",
            "../lineshaft.toml",
            "devices/../../x.toml",
            "devices/../lineshaft.toml",
            "devices/./a.toml",
            "./lineshaft.toml",
            "devices//a.toml",
            "devices/a.toml/",
            "devices/",
            "devices",
            "devices/sub/a.toml",
            "devices\\a.toml",
            "..\\lineshaft.toml",
            "C:\\a.toml",
            "C:/a.toml",
            "devices/a.toml:stream",
            "devices/a\0.toml",
            "devices/a.toml\0.csv",
            "devices/a\n.toml",
            "devices/a\u{202e}lmot.toml",
            "devices/.a.toml",
            "devices/.toml",
            "devices/~a.toml",
            "devices/a.toml~",
            "devices/#a.toml",
            "devices/a.toml ",
            "devices/ a.toml",
            "devices/a.toml.",
            "devices/a.csv",
            "devices/a",
            "devices/%2e%2e%2fx.toml",
            "devices/$(id).toml",
            "devices/a;b.toml",
            "devices/<b>.toml",
            "tags/a.toml",
            "other/a.toml",
            "Devices/a.toml",
            ".git/config",
            "other.toml",
            "LINESHAFT.TOML",
            "data/lock",
            &long,
        ] {
            assert!(LAYOUT.check(wrong).is_err(), "{wrong:?}");
        }
    }
}
