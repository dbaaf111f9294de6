//! The text form of an API token: recognised by secret scanners, and typing mistakes noticed before anything is asked.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{HIDDEN, NoRandomness, Secret, digest, digest_of, random_secret};

const PREFIX: &str = "ls_";
/// 16 bytes as base64url.
const SECRET_CHARS: usize = 22;
/// 4 bytes as base64url.
const CHECK_CHARS: usize = 6;

/// An API token: `ls_`, 22 characters of base64url (128 random bits), 6 characters of checksum.
///
/// The checksum is the first 4 bytes of SHA-256 over `ls_` and the 22 characters, as base64url. It lets a secret
/// scanner tell a token from other text (`\bls_[A-Za-z0-9_-]{28}` and the checksum: one false alarm in 4·10⁹) and
/// lets us tell a typing mistake from a revoked token. It protects nothing: the 128 bits do.
#[derive(Clone)]
pub struct Token(Secret);

impl Token {
    /// How long the text is, in characters and bytes.
    pub const LENGTH: usize = PREFIX.len() + SECRET_CHARS + CHECK_CHARS;

    /// A new token.
    ///
    /// # Errors
    /// [`NoRandomness`] when the operating system gives no random numbers.
    pub fn random() -> Result<Token, NoRandomness> {
        let secret = random_secret()?;
        let mut text = Zeroizing::new(String::with_capacity(Token::LENGTH)); // never grows, so leaves no copy
        text.push_str(PREFIX);
        text.push_str(secret.reveal());
        let check = checksum(&text);
        text.push_str(&check);
        Ok(Token(Secret::new(std::mem::take(&mut *text))))
    }

    /// Reads a token as it was presented. Space around it does not count: it comes from copying.
    ///
    /// # Errors
    /// [`TokenError`]; the text is not in it.
    pub fn parse(text: &str) -> Result<Token, TokenError> {
        let text = text.trim();
        if !text.starts_with(PREFIX) {
            return Err(TokenError::NotAToken);
        }
        if text.len() != Token::LENGTH || !text.is_ascii() {
            return Err(TokenError::Length { have: text.chars().count(), want: Token::LENGTH });
        }
        let (body, check) = text.split_at(Token::LENGTH - CHECK_CHARS);
        let bytes = URL_SAFE_NO_PAD.decode(&body[PREFIX.len()..]).map(Zeroizing::new);
        let same: bool = checksum(body).as_bytes().ct_eq(check.as_bytes()).into();
        if bytes.is_err() || !same {
            return Err(TokenError::Mistyped);
        }
        Ok(Token(Secret::new(text)))
    }

    /// The text: shown once, to whoever made the token.
    #[must_use]
    pub fn text(&self) -> &Secret {
        &self.0
    }

    /// What is stored in its place: SHA-256 of the whole text.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(self.0.reveal())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{HIDDEN}")
    }
}

fn checksum(body: &str) -> String {
    let digest = digest_of(body.as_bytes());
    URL_SAFE_NO_PAD.encode([digest[0], digest[1], digest[2], digest[3]])
}

/// Why a text is no token. What was given is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin with `ls_`.
    #[error("this is not a token of lineshaft: those begin with `ls_`")]
    NotAToken,
    /// It was cut, or something else hangs on it.
    #[error("a token has {want} characters, this text has {have}: copy it whole")]
    Length {
        /// How many it has.
        have: usize,
        /// How many it should have.
        want: usize,
    },
    /// Its checksum is wrong.
    #[error("the token has a typing mistake: its checksum is wrong")]
    Mistyped,
}

impl TokenError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "LS-AUT-056"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_keeps_quiet() {
        for _ in 0..200 {
            let token = Token::random().unwrap();
            let text = token.text().reveal().to_owned();
            assert_eq!(text.len(), Token::LENGTH);
            assert_eq!(Token::parse(&format!(" {text}\n")).unwrap().digest(), token.digest());
            assert_eq!(format!("{token:?}"), "ls_•••");
        }
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let token = Token::random().unwrap();
        let text = token.text().reveal();
        for at in 0..text.len() {
            for wrong in ['A', 'b', '7', '-', '_', '+', ' ', 'é'] {
                let mut chars: Vec<char> = text.chars().collect();
                if chars[at] == wrong {
                    continue;
                }
                chars[at] = wrong;
                let mistyped: String = chars.into_iter().collect();
                let error = Token::parse(&mistyped).unwrap_err().to_string();
                assert!(!error.contains(&mistyped), "{error}");
            }
        }
    }

    #[test]
    fn what_is_no_token_is_named_by_kind() {
        for (text, want) in [
            ("", "begin with `ls_`"),
            ("Bearer ls_x", "begin with `ls_`"),
            ("ls_", "31 characters, this text has 3"),
            ("ls_AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "typing mistake"),
            ("ls_AAAAAAAAAAAAAAAAAAAAAA", "this text has 25"),
            ("ls_€€€€€€€€€", "this text has 12"),
        ] {
            let error = Token::parse(text).unwrap_err();
            assert!(error.to_string().contains(want), "{text}: {error}");
            assert_eq!(error.code(), "LS-AUT-056");
        }
    }

    #[test]
    fn the_checksum_is_what_the_documentation_says() {
        // printf %s ls_AAAAAAAAAAAAAAAAAAAAAA | sha256sum, its first four bytes as base64url.
        assert_eq!(checksum("ls_AAAAAAAAAAAAAAAAAAAAAA"), "FyKT9Q");
    }
}
