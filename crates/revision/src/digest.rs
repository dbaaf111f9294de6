//! SHA-256, and the digest of a whole folder.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{FileRef, Files};

/// A SHA-256 (FIPS 180-4), printed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Sha256 {
        let mut out = [0; 32];
        out.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Sha256(out)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 has 64 lower-case hexadecimal digits")]
pub struct NotSha256;

impl FromStr for Sha256 {
    type Err = NotSha256;

    fn from_str(text: &str) -> Result<Sha256, NotSha256> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut out = [0; 32];
        if text.len() != 64 {
            return Err(NotSha256);
        }
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            match (digit(pair[0]), digit(pair[1])) {
                (Some(high), Some(low)) => *byte = high << 4 | low,
                _ => return Err(NotSha256),
            }
        }
        Ok(Sha256(out))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Sha256, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The digest of a folder: SHA-256 of what `sha256sum` prints for its files in the order of their paths.
///
/// One line per file, `<sha256><two spaces><path><line feed>`; no path has a line break in it.
#[must_use]
pub fn digest_of(files: &[FileRef]) -> Sha256 {
    let mut lines = String::with_capacity(files.len() * 100);
    for file in files {
        let _ = writeln!(lines, "{}  {}", file.sha256, file.path);
    }
    Sha256::of(lines.as_bytes())
}

/// The digests of files, in the order of their paths.
#[must_use]
pub fn refs_of(files: &Files) -> Vec<FileRef> {
    let one = |(path, bytes): (&String, &Vec<u8>)| FileRef {
        path: path.clone(),
        sha256: Sha256::of(bytes),
        bytes: bytes.len() as u64,
    };
    files.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_standard() {
        // FIPS 180-4, example of one block.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256::of(b"abc").to_string(), text);
        assert_eq!(text.parse(), Ok(Sha256::of(b"abc")));
        for wrong in ["", "ab", &text.to_uppercase(), &format!("{text}0"), &text.replace('b', "g")]
        {
            assert_eq!(wrong.parse::<Sha256>(), Err(NotSha256), "{wrong}");
        }
    }

    #[test]
    fn a_folder_digest_can_be_had_from_sha256sum() {
        // printf abc > a; printf '' > b; sha256sum a b | sha256sum
        let file = |path: &str, content: &[u8]| FileRef {
            path: path.into(),
            sha256: Sha256::of(content),
            bytes: content.len() as u64,
        };
        let digest = digest_of(&[file("a", b"abc"), file("b", b"")]);
        let expected = "09c7e0b8a02d027d95ec0375a600ed4ad4d6b26a1c93f16d9150cab5fec761a6";
        assert_eq!(digest.to_string(), expected);
    }
}
