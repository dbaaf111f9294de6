//! References to secrets in the plant folder: `env:NAME` and `file:/path`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Secret;

/// Where a secret is to be found. The plant folder holds only such references, never the secret.
///
/// `env:NAME` is a variable of the environment, `file:/path` the content of a file without the line break at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// A variable of the environment.
    Env(String),
    /// A file, by its absolute path.
    File(PathBuf),
}

impl SecretRef {
    /// The most a secret may have: a certificate chain with its key fits.
    pub const BYTES_MAX: u64 = 64 * 1024;

    /// Reads a reference as it stands in the plant folder.
    ///
    /// # Errors
    /// [`ReferenceError::NotAReference`], [`ReferenceError::Name`] or [`ReferenceError::Relative`]; the text is in
    /// none of them, because it may be the secret itself.
    pub fn parse(text: &str) -> Result<SecretRef, ReferenceError> {
        if let Some(name) = text.strip_prefix("env:") {
            let good = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit());
            return if good {
                Ok(SecretRef::Env(name.to_owned()))
            } else {
                Err(ReferenceError::Name)
            };
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = Path::new(path);
            return if path.is_absolute() && !text.contains('\0') {
                Ok(SecretRef::File(path.to_owned()))
            } else {
                Err(ReferenceError::Relative)
            };
        }
        Err(ReferenceError::NotAReference)
    }

    /// Reads the secret. Blocks on a file: a few microseconds on a disk, for ever on a dead network share.
    ///
    /// # Errors
    /// [`ReferenceError`] when it is not there, cannot be read, is empty, too large or not UTF-8.
    pub fn read(&self) -> Result<Secret, ReferenceError> {
        self.read_with(|name| std::env::var_os(name))
    }

    /// As [`SecretRef::read`], with the environment given.
    fn read_with(
        &self,
        environment: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> Result<Secret, ReferenceError> {
        let unusable = |why| ReferenceError::Unusable { reference: self.clone(), why };
        let text = match self {
            SecretRef::Env(name) => {
                let value = environment(name)
                    .ok_or_else(|| ReferenceError::NotSet { name: name.clone() })?;
                // The text that is not UTF-8 stays where it came from: the environment, which outlives us anyway.
                Zeroizing::new(value.into_string().map_err(|_kept| unusable("not UTF-8"))?)
            }
            SecretRef::File(path) => {
                let bytes = read_file(path)
                    .map_err(|source| ReferenceError::File { path: path.clone(), source })?;
                let text = str::from_utf8(&bytes).map_err(|_position| unusable("not UTF-8"))?;
                let text = text.strip_suffix('\n').unwrap_or(text);
                Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned())
            }
        };
        if text.len() as u64 > SecretRef::BYTES_MAX {
            return Err(unusable("longer than 64 KiB"));
        }
        if text.is_empty() {
            return Err(unusable("empty"));
        }
        let mut text = text;
        Ok(Secret::new(std::mem::take(&mut *text)))
    }

    /// Whether others than its owner may read the file; `false` for the environment and where nobody can tell.
    ///
    /// A finding for the security posture and no refusal: container secrets are readable by all inside.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        match self {
            SecretRef::Env(_) => false,
            SecretRef::File(path) => is_readable_by_others(path),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "env:{name}"),
            SecretRef::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it from the start: a growing buffer would leave copies of the secret behind.
    let room = usize::try_from(SecretRef::BYTES_MAX).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.saturating_add(64)));
    // One byte and a line break more than allowed, so that too much is seen and no more is read.
    File::open(path)?.take(SecretRef::BYTES_MAX + 3).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
}

/// Why a reference gives no secret.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// Neither `env:` nor `file:`.
    #[error("a secret is given as `env:NAME` or `file:/path`, never in the plant folder itself")]
    NotAReference,
    /// What follows `env:` cannot be the name of a variable.
    #[error(
        "what follows `env:` must be the name of a variable: letters, digits and `_`, no digit first"
    )]
    Name,
    /// What follows `file:` is not an absolute path.
    #[error("what follows `file:` must be an absolute path, as in `file:/etc/lineshaft/key`")]
    Relative,
    /// The variable is not set.
    #[error("the variable `{name}` is not set in the environment of this process")]
    NotSet {
        /// Its name.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read the secret from {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is something, and it is no secret.
    #[error("what `{reference}` holds is {why}")]
    Unusable {
        /// The reference.
        reference: SecretRef,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl ReferenceError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ReferenceError::NotAReference => "LS-AUT-051",
            ReferenceError::Name => "LS-AUT-052",
            ReferenceError::Relative => "LS-AUT-053",
            ReferenceError::NotSet { .. } => "LS-AUT-054",
            ReferenceError::File { .. } | ReferenceError::Unusable { .. } => "LS-AUT-055",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = match SecretRef::parse(text) {
            Ok(reference) => reference.to_string(),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn a_reference_says_where_the_secret_is_and_anything_else_is_refused() {
        check("env:PLANT_KEY", "env:PLANT_KEY");
        check("env:_1", "env:_1");
        check("file:/etc/lineshaft/key", "file:/etc/lineshaft/key");
        check("", "LS-AUT-051");
        check("hunter2", "LS-AUT-051");
        check("ENV:PLANT_KEY", "LS-AUT-051");
        check(" env:PLANT_KEY", "LS-AUT-051");
        check("env:", "LS-AUT-052");
        check("env:1KEY", "LS-AUT-052");
        check("env:PLANT KEY", "LS-AUT-052");
        check("env:PLÄNT", "LS-AUT-052");
        check("env:A=B", "LS-AUT-052");
        check("file:", "LS-AUT-053");
        check("file:key", "LS-AUT-053");
        check("file:../key", "LS-AUT-053");
        check("file:/a\0b", "LS-AUT-053");
    }

    #[test]
    fn no_error_repeats_what_was_given() {
        for text in ["canary-4711", "env:canary-4711", "file:canary-4711"] {
            let error = SecretRef::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_variable_is_read_as_it_is() {
        let read = |value: Option<&'static str>| {
            SecretRef::Env("KEY".into()).read_with(|_| value.map(OsString::from))
        };
        assert_eq!(read(Some("a b\n")).unwrap().reveal(), "a b\n");
        assert!(read(None).unwrap_err().to_string().contains("`KEY` is not set"));
        assert!(read(Some("")).unwrap_err().to_string().contains("`env:KEY` holds is empty"));
    }

    #[test]
    fn a_file_is_read_without_the_line_break_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let read = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            SecretRef::File(path.clone()).read().map(|secret| secret.reveal().to_owned())
        };
        for (content, want) in [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n")] {
            assert_eq!(read(content.as_bytes()).unwrap(), want, "{content:?}");
        }
        let full = vec![b'x'; 65_536];
        assert_eq!(read(&full).unwrap().len(), 65_536);
        let with_break = [full.as_slice(), b"\r\n"].concat();
        assert_eq!(read(&with_break).unwrap().len(), 65_536);
        for (content, want) in [
            (vec![], "empty"),
            (b"\n".to_vec(), "empty"),
            (vec![0xff], "not UTF-8"),
            (vec![b'x'; 65_537], "longer than 64 KiB"),
            (vec![b'x'; 1_000_000], "longer than 64 KiB"),
        ] {
            let error = read(&content).unwrap_err().to_string();
            assert!(error.ends_with(want), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        let error = SecretRef::File(path.clone()).read().unwrap_err();
        assert!(matches!(error, ReferenceError::File { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_exposed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "x").unwrap();
        for (mode, want) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(SecretRef::File(path.clone()).is_exposed(), want, "{mode:o}");
        }
        assert!(!SecretRef::Env("KEY".into()).is_exposed());
    }
}
