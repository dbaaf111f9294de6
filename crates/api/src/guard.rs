//! What every request passes before its handler: whose name it uses, whose page it comes from.
//!
//! A listener on loopback is open to every web page in a browser on this machine, by two tricks. *DNS
//! rebinding*: the page's own name suddenly resolves to 127.0.0.1, so requests count as same-origin; they
//! still name that host, so only hosts that mean this machine are answered. *Cross-site requests*: the page
//! opens a WebSocket or posts a form to 127.0.0.1; the browser then says where it comes from, and that must
//! be this node's own page. Programs other than browsers send no `Origin` and are not concerned.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::metrics;
use crate::problem::{ApiError, Code};
use crate::server::Shared;

/// Nothing from anywhere else, no page around ours, no scripts inside the HTML.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Checks host and origin, counts, and adds the headers every answer carries.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let begun = shared.api.clock.steady();
    let route = matched.map_or("none".to_owned(), |path| path.as_str().to_owned());
    let checked = check(request.method(), request.uri(), request.headers(), shared.address.ip());
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let took = shared.api.clock.steady().saturating_sub(begun);
    metrics::answered(route, response.status().as_u16(), took.as_secs_f64());
    response
}

fn check(method: &Method, uri: &Uri, headers: &HeaderMap, own: IpAddr) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let other =
        uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host));
    if other || hosts.next().is_some() || !means_us(host, own) {
        return Err(ApiError::new(Code::Host, format!("this node is not `{host}`"))
            .remedy("use `localhost` or the address the node listens on"));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads && !headers.contains_key(header::UPGRADE) {
        return Ok(()); // a page of another site cannot read the answer: there are no CORS headers
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let site = origin.to_str().ok().and_then(|text| text.split_once("://")).map(|(_, site)| site);
    if origins.next().is_none() && site.is_some_and(|site| site.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    let from = String::from_utf8_lossy(origin.as_bytes());
    Err(ApiError::new(Code::Origin, format!("the request comes from `{from}`, not from `{host}`")))
}

/// Whether `host`, as in a `Host` header, can only mean this machine. The port may be another one: a tunnel
/// changes it, a rebound name cannot hide behind it.
fn means_us(host: &str, own: IpAddr) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _port)) => v6,
        None => host.split_once(':').map_or(host, |(name, _port)| name),
    };
    match name.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip == own,
        Err(_name) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let own: IpAddr = [127, 0, 0, 1].into();
        for ours in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080"] {
            assert!(means_us(ours, own), "{ours}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "[::1",
        ] {
            assert!(!means_us(other, own), "{other}");
        }
        assert!(means_us("10.0.0.1:80", [10, 0, 0, 1].into()));
    }

    #[track_caller]
    fn checked(method: Method, headers: &[(&'static str, &'static str)]) -> Option<Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        check(&method, &Uri::from_static("/x"), &map, [127, 0, 0, 1].into()).err().map(|e| e.code)
    }

    #[test]
    fn a_page_of_another_site_can_neither_write_nor_listen() {
        let host = ("host", "localhost:8080");
        let evil = ("origin", "http://evil.example");
        assert_eq!(checked(Method::GET, &[host, evil]), None);
        assert_eq!(
            checked(Method::GET, &[host, evil, ("upgrade", "websocket")]),
            Some(Code::Origin)
        );
        assert_eq!(checked(Method::POST, &[host, evil]), Some(Code::Origin));
        assert_eq!(checked(Method::POST, &[host, ("origin", "null")]), Some(Code::Origin));
        assert_eq!(
            checked(Method::POST, &[host, ("origin", "http://localhost:9")]),
            Some(Code::Origin)
        );
        assert_eq!(checked(Method::POST, &[host, ("origin", "http://localhost:8080")]), None);
        assert_eq!(checked(Method::POST, &[host]), None);
        assert_eq!(checked(Method::GET, &[host, ("host", "evil.example")]), Some(Code::Host));
    }
}
