//! By what somebody is known: his connection, a token, a session cookie, or nothing.
//!
//! In this order, and the first that is there decides: a credential that is presented and wrong is an error, never
//! silently nobody. The one exception is a session cookie on a route that is open to everybody: a browser sends it
//! along unasked, and logging in must work with a cookie of yesterday.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use lineshaft_audit::Road;
use lineshaft_identity::{Activity, Kind, Pass, Permission, Scope, Secret};

use crate::Api;
use crate::limits;
use crate::peer::{Peer, Way};
use crate::problem::{ApiError, Code};

/// The session cookie.
pub(crate) const COOKIE: &str = "lineshaft_session";

/// Marks a request that no person caused; it does not keep a session awake.
const BACKGROUND: HeaderName = HeaderName::from_static("lineshaft-background");

/// Whether a browser sends a session along, valid or not.
pub(crate) fn has_session_cookie(headers: &HeaderMap) -> bool {
    !matches!(session(headers), Session::None)
}

/// Says who makes a request to a route that needs `permission`.
///
/// # Errors
/// [`Code::NotKnown`] for credentials that are there and not known.
pub(crate) fn identify(
    api: &Api,
    peer: &Peer,
    headers: &HeaderMap,
    permission: Permission,
) -> Result<Pass, ApiError> {
    let pass = known(api, peer, headers, permission)?;
    if pass.kind() != Kind::Nobody {
        peer.is_known();
    } else if pass.may(Permission::ReadPlant, &Scope::Somewhere).is_ok() {
        // Where the plant lets everybody look, everybody who looks is a guest. One source must not have all places so.
        peer.is_guest(api.limits.guests_max);
    }
    Ok(pass)
}

fn known(
    api: &Api,
    peer: &Peer,
    headers: &HeaderMap,
    permission: Permission,
) -> Result<Pass, ApiError> {
    let (identity, from) = (&api.identity, peer.from());
    match peer.way() {
        Way::Control { user } => return Ok(identity.local(user)),
        Way::Tls { certificate: Some(fingerprint) } => {
            // The handshake may have been before it was taken back.
            if is_revoked(api, peer) {
                return Err(not_known("the client certificate was taken back"));
            }
            return identity.by_certificate(fingerprint, from, Road::Http).map_err(|_unknown| {
                not_known("the client certificate belongs to no account")
                    .remedy("an administrator issues one with `lineshaft cert issue`")
            });
        }
        Way::Tls { certificate: None } | Way::Plain => {}
    }
    if let Some(token) = bearer(headers)? {
        return identity
            .by_token(token, from, Road::Http)
            .map_err(|_unknown| not_known("the token is not known, or not valid any more"));
    }
    match session(headers) {
        Session::None => {}
        Session::One(secret) => match identity.by_session(secret, from, activity(headers)) {
            Ok(pass) => return Ok(pass),
            Err(_) if permission == Permission::Public => {}
            Err(_unknown) => return Err(not_known("the session has ended").remedy("log in again")),
        },
        Session::Several if permission == Permission::Public => {}
        Session::Several => {
            // Another machine under the same name may have set one: which is ours cannot be told.
            let detail = format!("there is more than one cookie `{COOKIE}`");
            return Err(not_known(&detail).remedy("delete the cookies of this site"));
        }
    }
    Ok(identity.nobody(from, Road::Http))
}

/// Whether the client certificate of a connection was taken back since its handshake.
pub(crate) fn is_revoked(api: &Api, peer: &Peer) -> bool {
    let Way::Tls { certificate: Some(fingerprint) } = peer.way() else { return false };
    api.tls.as_ref().is_some_and(|tls| tls.is_revoked(fingerprint))
}

fn not_known(detail: &str) -> ApiError {
    ApiError::new(Code::NotKnown, detail)
}

/// The token of an `Authorization` header (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
    match parts {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && all.next().is_none() => {
            Ok(Some(token.trim()))
        }
        _ => Err(not_known("the `Authorization` header is not understood")
            .remedy("send one `Authorization: Bearer ls_…`")),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Session<'a> {
    None,
    One(&'a str),
    Several,
}

fn session(headers: &HeaderMap) -> Session<'_> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut ours = pairs.filter(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim());
    match (ours.next(), ours.next()) {
        (None, _) => Session::None,
        (Some(secret), None) => Session::One(secret),
        _ => Session::Several,
    }
}

/// A browser can mark no request that opens a WebSocket, and a page opens one again by itself whenever it broke off.
fn activity(headers: &HeaderMap) -> Activity {
    let by_itself = headers.contains_key(BACKGROUND) || headers.contains_key(header::UPGRADE);
    if by_itself { Activity::Background } else { Activity::Person }
}

/// The program that asks, as it calls itself, cut to what is kept.
pub(crate) fn agent(headers: &HeaderMap) -> &str {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default(); // visible ASCII, so any byte is a place to cut
    agent.get(..limits::AGENT_BYTES_MAX).unwrap_or(agent)
}

/// Sets the cookie of a session that ends in `left` at the latest.
pub(crate) fn set_cookie(secret: &Secret, left: Duration, peer: &Peer) -> HeaderValue {
    cookie(secret.reveal(), left.as_secs(), peer)
}

/// Takes the cookie away.
pub(crate) fn unset_cookie(peer: &Peer) -> HeaderValue {
    cookie("", 0, peer)
}

fn cookie(value: &str, seconds: u64, peer: &Peer) -> HeaderValue {
    let mut text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict");
    let _ = write!(text, "; Max-Age={seconds}");
    if peer.is_tls() {
        text.push_str("; Secure");
    }
    let mut header = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_cookie_is_found_among_others_and_two_are_too_many() {
        let none = headers(&[("cookie", "a=b; not_lineshaft_session=x"), ("cookie", "broken")]);
        assert_eq!(session(&none), Session::None);
        let one = headers(&[("cookie", "a=b; lineshaft_session=abc ; c=d")]);
        assert_eq!(session(&one), Session::One("abc"));
        let two =
            headers(&[("cookie", "lineshaft_session=abc"), ("cookie", "lineshaft_session=x")]);
        assert_eq!(session(&two), Session::Several);
    }

    #[test]
    fn a_page_that_connects_again_by_itself_keeps_no_session_awake() {
        assert_eq!(activity(&headers(&[])), Activity::Person);
        assert_eq!(activity(&headers(&[("lineshaft-background", "1")])), Activity::Background);
        assert_eq!(activity(&headers(&[("upgrade", "websocket")])), Activity::Background);
    }

    #[test]
    fn one_bearer_token_is_understood_and_nothing_else() {
        assert_eq!(bearer(&headers(&[])), Ok(None));
        assert_eq!(bearer(&headers(&[("authorization", "bearer ls_x")])), Ok(Some("ls_x")));
        for wrong in ["Basic dTpw", "ls_x", "Bearer"] {
            assert!(bearer(&headers(&[("authorization", wrong)])).is_err(), "{wrong}");
        }
        let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        assert!(bearer(&headers(&two)).is_err());
    }

    /// Proves: CR 3.8.
    #[test]
    fn the_cookie_is_for_this_node_alone() {
        let plain = Peer::new(None, Way::Plain, None);
        let set = set_cookie(&Secret::new("abc"), Duration::from_secs(60), &plain);
        assert_eq!(
            set.to_str().unwrap(),
            "lineshaft_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60"
        );
        let tls = Peer::new(None, Way::Tls { certificate: None }, None);
        assert!(unset_cookie(&tls).to_str().unwrap().ends_with("Max-Age=0; Secure"));
    }
}
