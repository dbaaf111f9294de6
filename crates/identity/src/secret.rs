//! Secrets: texts that nobody but their owner may read, where they come from, and how they are kept.
//!
//! - Source: RFC 4648 §5 (base64url); NIST SP 800-63B §5.1 (128 bits of randomness for what a machine presents).
//! - Not here: passwords, which are hashed slowly (`password`); what is random already is kept as its SHA-256.
//!
//! A [`Secret`] is wiped when it is dropped, prints as `•••` and cannot be written to JSON. None of the errors
//! here repeats what was given: whoever writes a password where a reference belongs shall not find it in a log.
//!
//! ```
//! use lineshaft_identity::secret::{Secret, SecretRef, Token, digest, same_digest};
//!
//! let typed = Secret::new("correct horse battery staple");
//! assert_eq!(format!("{typed} {typed:?}"), "••• •••");
//! assert!(SecretRef::parse("hunter2").is_err_and(|why| !why.to_string().contains("hunter2")));
//!
//! let token = Token::random()?;
//! let kept = token.digest(); // this is stored, the token is shown once
//! let presented = Token::parse(token.text().reveal())?;
//! assert!(same_digest(&presented.digest(), &kept));
//! assert!(!same_digest(&digest("another"), &kept));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

mod reference;
mod token;

pub use reference::{ReferenceError, SecretRef};
pub use token::{Token, TokenError};

/// What is printed in the place of a secret.
pub const HIDDEN: &str = "•••";

/// A text that a person typed or a file held, and that nobody else may read.
///
/// Wiped when dropped. There is no `Serialize` and no `PartialEq`: compare with [`Secret::is`].
/// It can be read from JSON; a value of another type is refused without being repeated.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text; a `String` is taken over and not copied.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself. Whoever calls this sees to it that it does not get away.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are the same text. The time it takes does not say where they differ.
    #[must_use]
    pub fn is(&self, other: &Secret) -> bool {
        same_digest(&digest(&self.0), &digest(&other.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        // Not `deserialize_string`: there the format itself complains, in its own words.
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Serde's own visitor would say `invalid type: integer 4711, expected a string`, with the PIN in it.
struct SecretVisitor;

impl SecretVisitor {
    fn refuse<E: serde::de::Error>() -> Result<Secret, E> {
        Err(E::custom("a secret must be a text"))
    }
}

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        Err(A::Error::custom("a secret must be a text"))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        Err(A::Error::custom("a secret must be a text"))
    }
}

/// The operating system gives no random numbers: nothing secret can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers; no secret can be made")]
pub struct NoRandomness;

impl NoRandomness {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "LS-AUT-050"
    }
}

/// `N` random bytes from the operating system.
///
/// # Errors
/// [`NoRandomness`] when there are none, as very early after power-up or in a broken sandbox.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0_u8; N];
    // ring's error says nothing at all, by design.
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| NoRandomness)?;
    Ok(bytes)
}

/// A random secret of 128 bits as 22 characters of base64url: sessions, challenges, the setup link.
///
/// # Errors
/// [`NoRandomness`], see [`random_bytes`].
pub fn random_secret() -> Result<Secret, NoRandomness> {
    let bytes = Zeroizing::new(random_bytes::<16>()?);
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

/// SHA-256 of a secret: how a random one is kept. Never for passwords, which are not random.
#[must_use]
pub fn digest(secret: &str) -> [u8; 32] {
    digest_of(secret.as_bytes())
}

/// SHA-256 of bytes.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut out = [0_u8; 32];
    out.copy_from_slice(digest.as_ref()); // both are 32 bytes by definition of SHA-256
    out
}

/// Whether two digests are equal. The time it takes does not say where they differ.
#[must_use]
pub fn same_digest(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.ct_eq(other).into()
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: CR 1.10.
    #[test]
    fn a_secret_prints_as_dots_wherever_it_stands() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "only its Debug is looked at")]
        struct Login {
            account: &'static str,
            password: Secret,
        }
        let login = Login { account: "ada", password: Secret::new("s3cret-canary") };
        let shown = format!("{login:?} {login:#?} {}", login.password);
        assert!(!shown.contains("canary") && shown.contains(HIDDEN), "{shown}");
    }

    #[test]
    fn a_secret_of_another_type_is_refused_without_being_repeated() {
        for json in ["4711", "-4711", "47.11", "true", "null", "[4711]", r#"{"4711":4711}"#] {
            let error = serde_json::from_str::<Secret>(json).unwrap_err().to_string();
            assert!(error.starts_with("a secret must be a text"), "{json}: {error}");
            assert!(!error.contains("47"), "{error}");
        }
        assert_eq!(serde_json::from_str::<Secret>(r#""a\nb""#).unwrap().reveal(), "a\nb");
    }

    /// Proves: A03, CR 1.14.
    #[test]
    fn random_secrets_have_128_bits_and_do_not_repeat() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_000 {
            let secret = random_secret().unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(secret.reveal()).unwrap().len(), 16);
            assert!(seen.insert(secret.reveal().to_owned()));
        }
    }

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-4, the example of one block.
        assert_eq!(
            hex(&digest("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn equal_is_equal_and_one_bit_is_not() {
        let one = digest("a");
        assert!(same_digest(&one, &one));
        for bit in 0..256 {
            let mut other = one;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!same_digest(&one, &other), "bit {bit}");
        }
        assert!(Secret::new("x").is(&Secret::new("x")) && !Secret::new("x").is(&Secret::new("y")));
    }
}
