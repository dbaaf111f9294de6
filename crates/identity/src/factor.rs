//! The second factor: codes from an authenticator app, and recovery codes for the day it is lost.
//!
//! - Source: RFC 6238 (TOTP, SHA-1, 6 digits, 30 s), RFC 4226 §7; the `otpauth://` form that the apps read.
//! - Not here: counting wrong codes (`lockout`: a wrong code is a failed login), where the last step is kept.
//!
//! Codes of the step before and after the present one are taken as well, since clocks differ. A step is taken once:
//! the caller keeps the step [`Factor::check`] gives and hands it in at the next check, and stores it before it answers.
//! Two checks of one account must not run at the same time between these two.
//!
//! ```
//! use lineshaft_identity::factor::{Factor, recovery_codes, take_recovery_code};
//! use lineshaft_model::Timestamp;
//!
//! let factor = Factor::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?; // of RFC 6238; a new one: Factor::random()
//! let now = Timestamp::from_secs(1_111_111_109);
//! let step = factor.check("081 804", now, None);
//! assert_eq!(step, Some(37_037_036));
//! assert_eq!(factor.check("081804", now, step), None); // once
//!
//! let (shown_once, mut kept) = recovery_codes()?;
//! assert!(take_recovery_code(&mut kept, shown_once[0].reveal()));
//! assert!(!take_recovery_code(&mut kept, shown_once[0].reveal()));
//! # Ok::<(), lineshaft_identity::factor::FactorError>(())
//! ```

use std::fmt;

use lineshaft_model::Timestamp;
use qrcode::{Color, EcLevel, QrCode};
use subtle::ConstantTimeEq as _;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::secret::{HIDDEN, NoRandomness, Secret, digest, random_bytes, same_digest};

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 8;

const STEP_SECONDS: u64 = 30;
const DIGITS: u8 = 6;
/// Steps before and after the present one (RFC 6238 §5.2).
const STEPS_AROUND: u64 = 1;
const SECRET_BYTES: usize = 20;
/// 80 bits: beyond trying, even for whoever has the digests.
const RECOVERY_BYTES: usize = 10;

/// Why there is no second factor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// What is stored, or was given, is no base32 of at least 16 bytes.
    #[error("the secret of the second factor is damaged; remove the factor and add it anew")]
    Damaged,
    /// The names are too long for a QR code, or empty.
    #[error("{what} cannot stand in an authenticator app: it is empty or too long")]
    Label {
        /// Which name.
        what: &'static str,
    },
    /// There is no secret without random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl FactorError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            FactorError::Damaged => "LS-AUT-065",
            FactorError::Label { .. } => "LS-AUT-066",
            FactorError::NoRandomness(cause) => cause.code(),
        }
    }
}

/// The secret that an account shares with its owner's app. Wiped when dropped.
pub struct Factor(Totp);

impl Factor {
    /// A new one, of 160 random bits.
    ///
    /// # Errors
    /// [`FactorError::NoRandomness`].
    pub fn random() -> Result<Factor, FactorError> {
        let bytes = Zeroizing::new(random_bytes::<SECRET_BYTES>()?);
        Factor::from_bytes(&*bytes)
    }

    /// One that was kept, or was made elsewhere. Case, spaces and `=` at its end do not count.
    ///
    /// # Errors
    /// [`FactorError::Damaged`] when it is not base32 or has fewer than 16 bytes (RFC 4226 §4).
    pub fn from_base32(text: &str) -> Result<Factor, FactorError> {
        let tidy: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let tidy = Zeroizing::new(tidy.to_ascii_uppercase());
        match totp_rs::Secret::try_from_base32(tidy.trim_end_matches('=')) {
            Ok(secret) => Factor::from_bytes(secret.as_bytes()),
            Err(_where) => Err(FactorError::Damaged),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Factor, FactorError> {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1) // what every app knows; HMAC is not harmed by SHA-1's collisions
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_secret(bytes.to_vec())
            .build();
        totp.map(Factor).map_err(|_too_short| FactorError::Damaged)
    }

    /// The secret as base32: what is kept, and what is typed where no camera is.
    #[must_use]
    pub fn base32(&self) -> Secret {
        Secret::new(self.0.secret().to_base32())
    }

    /// The address an app reads: `otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER`. A secret.
    ///
    /// Colons in the names become spaces, because the colon separates them.
    ///
    /// # Errors
    /// [`FactorError::Label`] when a name is empty.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<Secret, FactorError> {
        let clean = |text: &str| text.replace(':', " ").trim().to_owned();
        let (issuer, account) = (clean(issuer), clean(account));
        for (what, text) in [("the node's name", &issuer), ("the account's name", &account)] {
            if text.is_empty() {
                return Err(FactorError::Label { what });
            }
        }
        let named = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_secret(self.0.secret().as_bytes().to_vec())
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build()
            .and_then(|totp| totp.to_url());
        named.map(Secret::new).map_err(|_label| FactorError::Label { what: "the account's name" })
    }

    /// The step whose code this is; `None` when the code is wrong or its step was taken.
    ///
    /// Spaces in the code do not count. `taken` is the last step that was taken: it and all before it are gone. After
    /// the node's clock was set back by more than a minute no code is right until it has caught up: taking older steps
    /// again would let somebody replay what he saw. The recovery codes still work, and somebody with the right to
    /// change accounts can remove the factor.
    #[must_use]
    pub fn check(&self, code: &str, now: Timestamp, taken: Option<u64>) -> Option<u64> {
        let mut digits = Zeroizing::new(String::with_capacity(usize::from(DIGITS)));
        for c in code.chars().filter(|c| !c.is_whitespace()) {
            if digits.len() == usize::from(DIGITS) || !c.is_ascii_digit() {
                return None;
            }
            digits.push(c);
        }
        let seconds = u64::try_from(now.millis() / 1_000).ok()?;
        let present = seconds / STEP_SECONDS;
        let around = present.saturating_sub(STEPS_AROUND)..=present + STEPS_AROUND;
        // All of them, whichever is right: the time it takes does not say which.
        around.fold(None, |found, step| {
            let right = Zeroizing::new(self.0.generate(step * STEP_SECONDS).to_string());
            let is_right: bool = right.as_bytes().ct_eq(digits.as_bytes()).into();
            let is_free = taken.is_none_or(|taken| step > taken);
            found.or((is_right && is_free).then_some(step))
        })
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Factor({HIDDEN})")
    }
}

/// A QR code as rows of `1` (dark) and `0` (light), without the four light modules around it: the page draws those.
/// As secret as the text in it.
///
/// # Errors
/// [`FactorError::Label`] when the text does not fit: more than some 2,300 bytes.
pub fn qr(text: &Secret) -> Result<Vec<String>, FactorError> {
    let code = QrCode::with_error_correction_level(text.reveal(), EcLevel::M)
        .map_err(|_too_long| FactorError::Label { what: "the account's name" })?;
    let modules = code.to_colors();
    let rows = modules.chunks(code.width().max(1)).map(|row| {
        row.iter().map(|module| if *module == Color::Dark { '1' } else { '0' }).collect()
    });
    Ok(rows.collect())
}

/// New recovery codes, to be shown once, and their digests, to be kept.
///
/// A code is 16 letters and digits of base32 in four groups, `k3fz-2mqx-77ab-yt4c`: 80 random bits.
///
/// # Errors
/// [`FactorError::NoRandomness`].
pub fn recovery_codes() -> Result<(Vec<Secret>, Vec<[u8; 32]>), FactorError> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let bytes = Zeroizing::new(random_bytes::<RECOVERY_BYTES>()?);
        codes.push(Secret::new(grouped(&bytes)));
    }
    let digests = codes.iter().map(|code| digest(&plain(code.reveal()))).collect();
    Ok((codes, digests))
}

/// Takes a recovery code out of the kept ones; `false` when it is none of them, or was taken before.
///
/// Case, spaces and hyphens do not count.
pub fn take_recovery_code(kept: &mut Vec<[u8; 32]>, code: &str) -> bool {
    let entered = digest(&plain(code));
    // All of them, so that the time it takes does not say which.
    let places = kept.iter().enumerate();
    let found = places.fold(
        None,
        |found, (place, one)| {
            if same_digest(one, &entered) { Some(place) } else { found }
        },
    );
    found.map(|place| kept.remove(place)).is_some()
}

/// RFC 4648 §6 in lower case: there is no 0, 1, 8 or 9 to take for a letter.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn grouped(bytes: &[u8; RECOVERY_BYTES]) -> String {
    let mut number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut letters = [0_u8; RECOVERY_BYTES * 8 / 5];
    for letter in letters.iter_mut().rev() {
        *letter = BASE32[(number & 31) as usize];
        number >>= 5;
    }
    let mut text = String::with_capacity(letters.len() + 3);
    for (place, letter) in letters.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(*letter));
    }
    text
}

fn plain(code: &str) -> Zeroizing<String> {
    let kept = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    Zeroizing::new(kept.map(|c| c.to_ascii_lowercase()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The secret of RFC 6238 appendix B for SHA-1: the ASCII text `12345678901234567890`.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        let factor = Factor::from_base32(RFC).unwrap();
        // Appendix B, SHA-1; it has eight digits, of which six digits are the last six.
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            // The last one is in the year 2603, beyond what a timestamp holds.
            let now = at(seconds);
            if now < Timestamp::MAX {
                assert_eq!(factor.check(&eight[2..], now, None), Some(step), "{seconds}");
            }
            assert_eq!(factor.0.generate(step * 30).to_string(), eight[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_is_right_one_step_early_and_late_and_not_two() {
        let factor = Factor::from_base32(RFC).unwrap();
        let code = "050471"; // of 1,111,111,110 to 1,111,111,139
        for (seconds, right) in [
            (1_111_111_079, false),
            (1_111_111_080, true),
            (1_111_111_110, true),
            (1_111_111_139, true),
            (1_111_111_169, true),
            (1_111_111_170, false),
        ] {
            assert_eq!(factor.check(code, at(seconds), None).is_some(), right, "{seconds}");
        }
    }

    #[test]
    fn a_step_is_taken_once_and_so_are_all_before_it() {
        let factor = Factor::from_base32(RFC).unwrap();
        let now = at(1_111_111_111);
        let step = factor.check("050471", now, None).unwrap();
        assert_eq!(factor.check("050471", now, Some(step - 1)), Some(step));
        assert_eq!(factor.check("050471", now, Some(step)), None);
        assert_eq!(factor.check("050471", now, Some(step + 1)), None);
        let next = factor.0.generate((step + 1) * 30).to_string();
        assert_eq!(factor.check(&next, now, Some(step)), Some(step + 1));
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        let factor = Factor::from_base32(RFC).unwrap();
        let now = at(1_111_111_111);
        assert!(factor.check(" 050 471\n", now, None).is_some());
        for code in
            ["", "050472", "50471", "0504711", "05047a", "+50471", "٠٥٠٤٧١", "050471 050471"]
        {
            assert_eq!(factor.check(code, now, None), None, "{code:?}");
        }
        assert_eq!(factor.check("050471", at(-1), None), None);
        let _ = factor.check("000000", at(0), None);
        let _ = factor.check("000000", Timestamp::MAX, Some(u64::MAX));
        let _ = factor.check("000000", Timestamp::MIN, None);
    }

    #[test]
    fn a_kept_secret_is_the_same_factor_and_a_damaged_one_is_refused() {
        let factor = Factor::random().unwrap();
        let kept = factor.base32();
        assert_eq!(kept.reveal().len(), 32);
        assert_eq!(Factor::from_base32(kept.reveal()).unwrap().base32().reveal(), kept.reveal());
        let spaced = RFC.to_lowercase().replace("gy3t", " gy3t ");
        assert_eq!(Factor::from_base32(&spaced).unwrap().base32().reveal(), RFC);
        assert_eq!(format!("{factor:?}"), "Factor(•••)");
        for damaged in ["", "GEZDGNBVGY3TQOJQ", "not base32!", "0189"] {
            let error = Factor::from_base32(damaged).unwrap_err();
            assert_eq!((error.code(), error), ("LS-AUT-065", FactorError::Damaged), "{damaged}");
        }
    }

    #[test]
    fn the_address_is_what_apps_read() {
        let factor = Factor::from_base32(RFC).unwrap();
        let uri = factor.uri("Press hall 7", "ada:lovelace").unwrap();
        assert_eq!(
            uri.reveal(),
            format!(
                "otpauth://totp/Press%20hall%207:ada%20lovelace?secret={RFC}&issuer=Press%20hall%207"
            )
        );
        assert!(factor.uri("node", ":").is_err() && factor.uri("", "ada").is_err());
    }

    #[test]
    fn the_qr_code_is_square_and_has_its_three_corners() {
        let uri = Factor::from_base32(RFC).unwrap().uri("Press hall 7", "ada").unwrap();
        let rows = qr(&uri).unwrap();
        assert!(rows.iter().all(|row| row.len() == rows.len()));
        assert!(rows.iter().flat_map(|row| row.chars()).all(|c| c == '0' || c == '1'));
        // ISO/IEC 18004 §6.3.3: a finder pattern begins with seven dark modules.
        let last = rows.len() - 7;
        for (row, column) in [(0, 0), (0, last), (last, 0)] {
            assert_eq!(&rows[row][column..column + 7], "1111111");
            assert_eq!(&rows[row + 1][column..column + 7], "1000001");
            assert_eq!(&rows[row + 3][column..column + 7], "1011101");
        }
        assert!(qr(&Secret::new("x".repeat(3_000))).is_err());
    }

    #[test]
    fn a_recovery_code_works_once_however_it_is_typed() {
        let (codes, mut kept) = recovery_codes().unwrap();
        assert_eq!((codes.len(), kept.len()), (RECOVERY_CODES, RECOVERY_CODES));
        for (n, code) in codes.iter().enumerate() {
            let text = code.reveal();
            assert!(text.len() == 19 && text.split('-').all(|group| group.len() == 4), "{text}");
            assert!(!take_recovery_code(&mut kept, &text[..18]));
            let typed = match n % 3 {
                0 => text.to_owned(),
                1 => text.to_uppercase().replace('-', " "),
                _ => text.replace('-', ""),
            };
            assert!(take_recovery_code(&mut kept, &typed), "{typed}");
            assert!(!take_recovery_code(&mut kept, &typed), "{typed}");
        }
        assert!(kept.is_empty());
        assert!(!take_recovery_code(&mut kept, codes[0].reveal()));
        assert!(!take_recovery_code(&mut vec![[0; 32]], ""));
    }

    #[test]
    fn recovery_codes_spell_their_bytes() {
        // RFC 4648 §6: 10 bytes are 16 letters without padding. `foobarfoob` by coreutils' base32.
        assert_eq!(grouped(b"foobarfoob"), "mzxw-6ytb-ojtg-633c");
        assert_eq!(grouped(&[0; 10]), "aaaa-aaaa-aaaa-aaaa");
        assert_eq!(grouped(&[0xff; 10]), "7777-7777-7777-7777");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_code_is_taken_within_a_step_and_never_twice(
            seconds in 60_i64..4_000_000_000,
            apart in -2_i64..=2,
        ) {
            let factor = Factor::from_base32(RFC).unwrap();
            let step = u64::try_from(seconds / 30 + apart).unwrap();
            let code = factor.0.generate(step * 30).to_string();
            let found = factor.check(&code, at(seconds), None);
            // Two of the steps around may have the same code, once in 300,000.
            prop_assert_eq!(found.is_some(), apart.abs() <= 1 || found.is_some_and(|f| f != step));
            if let Some(found) = found {
                prop_assert_eq!(factor.check(&code, at(seconds), Some(found.max(step))), None);
            }
        }

        #[test]
        fn any_text_is_a_code_or_not_without_a_panic(code in any::<String>(), nanos in any::<i64>()) {
            let factor = Factor::from_base32(RFC).unwrap();
            let _ = factor.check(&code, Timestamp::from_nanos(nanos), None);
            let _ = take_recovery_code(&mut vec![[0; 32]], &code);
            let _ = Factor::from_base32(&code);
        }
    }
}
