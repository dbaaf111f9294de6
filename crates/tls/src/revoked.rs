//! Certificates that were taken back: a small text file, and a set that every handshake asks.
//!
//! The file is documented in `docs/formats/certificates.md`.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use lineshaft_model::Timestamp;

use crate::error::TlsError;
use crate::examine::{Facts, sha256};
use crate::files::{Readers, read_own, replace};
use crate::limits::{REVOKED_BYTES_MAX, REVOKED_MAX};
use crate::line::{Fingerprint, hex, parse_fingerprint, unhex};

const HEAD: &str = "lineshaft revoked 1";

/// One certificate that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    fingerprint: Fingerprint,
    at: Timestamp,
    /// Known when the certificate itself was at hand.
    seen: Option<Seen>,
}

/// What identifies a certificate however its signature is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    signed_part: Fingerprint,
    serial: Vec<u8>,
    /// The authority of this node that signed it, all zero when another did.
    authority: Fingerprint,
}

/// All that were taken back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Revoked {
    number: u64,
    entries: Vec<Entry>,
    fingerprints: HashSet<Fingerprint>,
    signed_parts: HashSet<Fingerprint>,
    damage: Option<&'static str>,
}

impl Revoked {
    /// Reads the file; none is an empty list, and a damaged one refuses every client until it is repaired.
    pub(crate) fn read(path: &Path) -> Result<Revoked, TlsError> {
        let Some(bytes) = read_own(path, REVOKED_BYTES_MAX)? else { return Ok(Revoked::default()) };
        Ok(match parse(&bytes) {
            Ok(list) => list,
            Err(why) => Revoked { damage: Some(why), ..Revoked::default() },
        })
    }

    /// What is wrong with the file.
    pub(crate) fn damage(&self) -> Option<&'static str> {
        self.damage
    }

    /// Number of the list, higher with each one that is written.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether a certificate was taken back.
    pub(crate) fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprints.contains(fingerprint)
    }

    /// Whether a presented certificate is refused, also with its signature written in another way.
    pub(crate) fn refuses(&self, facts: &Facts) -> bool {
        self.has(&facts.fingerprint) || self.signed_parts.contains(&facts.signed_part)
    }

    /// Serials and times of what an authority of this node signed.
    pub(crate) fn serials(
        &self,
        authority: &Fingerprint,
    ) -> impl Iterator<Item = (&[u8], Timestamp)> {
        let seen =
            |entry: &'_ Entry| entry.seen.as_ref().is_some_and(|seen| seen.authority == *authority);
        let own: Vec<&Entry> = self.entries.iter().filter(|entry| seen(entry)).collect();
        own.into_iter().filter_map(|entry| Some((entry.seen.as_ref()?.serial.as_slice(), entry.at)))
    }

    /// The list with one more; `None` when it is in it already.
    pub(crate) fn with(
        &self,
        fingerprint: Fingerprint,
        facts: Option<(&Facts, Option<Fingerprint>)>,
        at: Timestamp,
    ) -> Result<Option<Revoked>, TlsError> {
        if self.damage.is_some() {
            return Err(TlsError::Revoke {
                why: "the list is damaged and has to be repaired first",
            });
        }
        if self.has(&fingerprint) {
            return Ok(None);
        }
        if self.entries.len() >= REVOKED_MAX {
            return Err(TlsError::Revoke { why: "the list has 100,000 entries and takes no more" });
        }
        let mut list = self.clone();
        let seen = facts.map(|(facts, authority)| Seen {
            signed_part: facts.signed_part,
            serial: facts.serial.clone(),
            authority: authority.unwrap_or_default(),
        });
        list.push(Entry { fingerprint, at, seen });
        Ok(Some(list))
    }

    /// The same list with the next number: no two lists that others see have one number.
    pub(crate) fn next(&self) -> Revoked {
        Revoked { number: self.number.saturating_add(1), ..self.clone() }
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), TlsError> {
        replace(path, self.text().as_bytes(), Readers::All)
    }

    fn push(&mut self, entry: Entry) {
        self.fingerprints.insert(entry.fingerprint);
        if let Some(seen) = &entry.seen {
            self.signed_parts.insert(seen.signed_part);
        }
        self.entries.push(entry);
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}\nnumber {}\n", self.number);
        for entry in &self.entries {
            let secs = entry.at.nanos().div_euclid(1_000_000_000);
            let _ = write!(text, "{} {secs}", hex(&entry.fingerprint));
            if let Some(seen) = &entry.seen {
                let (part, serial) = (hex(&seen.signed_part), hex(&seen.serial));
                let _ = write!(text, " {part} {serial} {}", hex(&seen.authority));
            }
            text.push('\n');
        }
        let sum = hex(&sha256(text.as_bytes()));
        let _ = writeln!(text, "sha256 {sum}");
        text
    }
}

fn parse(bytes: &[u8]) -> Result<Revoked, &'static str> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Err("it is not text") };
    let at = text.rfind("sha256 ").ok_or("its last line is gone")?;
    let (body, last) = text.split_at(at);
    let sum = last.strip_prefix("sha256 ").and_then(parse_fingerprint);
    if sum != Some(sha256(body.as_bytes())) {
        return Err("its checksum does not fit");
    }
    let mut lines = body.lines();
    if lines.next() != Some(HEAD) {
        return Err("it is of another version");
    }
    let number = lines.next().and_then(|line| line.strip_prefix("number ")?.parse().ok());
    let mut list =
        Revoked { number: number.ok_or("its number cannot be read")?, ..Revoked::default() };
    for line in lines {
        list.push(parse_entry(line).ok_or("an entry cannot be read")?);
    }
    Ok(list)
}

fn parse_entry(line: &str) -> Option<Entry> {
    let mut words = line.split(' ');
    let fingerprint = parse_fingerprint(words.next()?)?;
    let at = Timestamp::from_secs(words.next()?.parse().ok()?);
    let seen = match words.next() {
        None => None,
        Some(part) => Some(Seen {
            signed_part: parse_fingerprint(part)?,
            serial: unhex(words.next()?)?,
            authority: parse_fingerprint(words.next()?)?,
        }),
    };
    words.next().is_none().then_some(Entry { fingerprint, at, seen })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Revoked {
        let mut list = Revoked::default();
        let seen = Seen { signed_part: [2; 32], serial: vec![0x40, 1], authority: [3; 32] };
        list.push(Entry { fingerprint: [1; 32], at: Timestamp::from_secs(10), seen: Some(seen) });
        list.push(Entry { fingerprint: [9; 32], at: Timestamp::from_secs(11), seen: None });
        list.number = 2;
        list
    }

    #[test]
    fn what_was_written_is_read_again() {
        let list = list();
        let read = parse(list.text().as_bytes()).unwrap();
        assert_eq!((read.number, &read.entries), (2, &list.entries));
        assert!(read.has(&[1; 32]) && read.has(&[9; 32]) && !read.has(&[2; 32]));
        assert_eq!(read.serials(&[3; 32]).count(), 1);
        assert_eq!(read.serials(&[0; 32]).count(), 0);
    }

    #[test]
    fn a_list_with_any_byte_changed_or_cut_is_damaged_and_never_a_shorter_list() {
        let text = list().text().into_bytes();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 0x04;
            assert!(parse(&changed).is_err(), "byte {at} changed");
        }
        // Only the final line break may go.
        for end in 0..text.len() - 1 {
            assert!(parse(&text[..end]).is_err(), "cut at {end}");
        }
    }
}
