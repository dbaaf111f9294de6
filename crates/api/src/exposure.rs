//! Whether the interface may be reached from other machines.
//!
//! Beyond loopback the passwords of people travel over wires that others share, so TLS and accounts must be there; or
//! the plant file says in words what is insecure by choice.

use std::net::{IpAddr, SocketAddr};

/// What is insecure by choice, in the words of the plant file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Insecure {
    /// Passwords and values travel readable.
    HttpWithoutTls,
    /// Whoever reaches the node first, and has the link, makes himself its administrator.
    SetupOverNetwork,
    /// Who does not say who he is may see, or more.
    AnonymousOverNetwork,
}

impl Insecure {
    /// Every choice there is.
    pub const ALL: [Insecure; 3] =
        [Insecure::HttpWithoutTls, Insecure::SetupOverNetwork, Insecure::AnonymousOverNetwork];

    /// The word in `[security] insecure`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Insecure::HttpWithoutTls => "http-without-tls",
            Insecure::SetupOverNetwork => "setup-over-network",
            Insecure::AnonymousOverNetwork => "anonymous-over-network",
        }
    }

    /// The choice of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Insecure> {
        Insecure::ALL.into_iter().find(|choice| choice.word() == word)
    }
}

/// What decides whether a listener may be reached from other machines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exposure {
    /// The listener speaks TLS.
    pub tls: bool,
    /// There is an administrator.
    pub accounts: bool,
    /// `[security] anonymous` gives a role to whoever does not say who he is.
    pub anonymous: bool,
    /// What is insecure by choice.
    pub insecure: Vec<Insecure>,
}

/// Whether only this machine reaches an address, in whatever spelling: `::ffff:127.0.0.1` is 127.0.0.1.
#[must_use]
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Says whether the HTTP interface may listen on `address`.
///
/// # Errors
/// [`ExposureError`] for an address that is not loopback, where something is missing that the plant file does not do
/// without in words.
pub fn check_listen(address: SocketAddr, exposure: &Exposure) -> Result<(), ExposureError> {
    if is_loopback(address.ip()) {
        return Ok(());
    }
    let chosen = |choice| exposure.insecure.contains(&choice);
    if !exposure.tls && !chosen(Insecure::HttpWithoutTls) {
        return Err(ExposureError::Plain { address });
    }
    if !exposure.accounts && !chosen(Insecure::SetupOverNetwork) {
        return Err(ExposureError::NoAccounts { address });
    }
    if exposure.anonymous && !chosen(Insecure::AnonymousOverNetwork) {
        return Err(ExposureError::Anonymous { address });
    }
    Ok(())
}

/// Why a listener may not be reached from other machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExposureError {
    /// No TLS.
    #[error(
        "{address} can be reached from other machines and `[http] tls` is off; switch it on, listen on 127.0.0.1, or add \"http-without-tls\" to `[security] insecure`"
    )]
    Plain {
        /// The address.
        address: SocketAddr,
    },
    /// Nobody could log in.
    #[error(
        "{address} can be reached from other machines and nobody has an account; make one with `lineshaft user add NAME --admin`, listen on 127.0.0.1, or add \"setup-over-network\" to `[security] insecure`"
    )]
    NoAccounts {
        /// The address.
        address: SocketAddr,
    },
    /// Everybody may see.
    #[error(
        "{address} can be reached from other machines and `[security] anonymous` lets everybody in; take it out, listen on 127.0.0.1, or add \"anonymous-over-network\" to `[security] insecure`"
    )]
    Anonymous {
        /// The address.
        address: SocketAddr,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, exposure: &Exposure, expect: &str) {
        let text = match check_listen(address.parse().unwrap(), exposure) {
            Ok(()) => "fine".into(),
            Err(error) => error.to_string(),
        };
        assert!(text.contains(expect), "{text}");
    }

    /// Proves: CR 7.7.
    #[test]
    fn beyond_loopback_there_is_tls_and_an_account_or_the_plant_file_says_so_in_words() {
        let bare = Exposure::default();
        check("127.0.0.1:80", &bare, "fine");
        check("[::ffff:127.0.0.1]:80", &bare, "fine");
        check("[::1]:80", &Exposure { anonymous: true, ..bare.clone() }, "fine");
        check("0.0.0.0:80", &bare, "http-without-tls");
        let tls = Exposure { tls: true, ..bare.clone() };
        check("0.0.0.0:80", &tls, "lineshaft user add");
        let sound = Exposure { accounts: true, ..tls.clone() };
        check("[::]:443", &sound, "fine");
        let open = Exposure { anonymous: true, ..sound };
        check("10.1.2.3:443", &open, "anonymous-over-network");
        let chosen = Exposure { insecure: Insecure::ALL.to_vec(), anonymous: true, ..bare };
        check("10.1.2.3:80", &chosen, "fine");
    }

    #[test]
    fn a_choice_is_found_by_its_word() {
        for choice in Insecure::ALL {
            assert_eq!(Insecure::of(choice.word()), Some(choice));
        }
        assert_eq!(Insecure::of("everything"), None);
    }
}
