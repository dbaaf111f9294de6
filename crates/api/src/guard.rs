//! What every request passes before its handler: whose name it uses, whose page it comes from.
//!
//! A listener is open to every web page in a browser of whoever can reach it, by two tricks. *DNS
//! rebinding*: the page's own name suddenly resolves to our address, so requests count as same-origin; they
//! still name that host, so only hosts that mean this node are answered. *Cross-site requests*: the page
//! opens a WebSocket or posts a form to it; the browser then says where it comes from, and that must
//! be this node's own page. Programs other than browsers send no `Origin` and are not concerned.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::metrics;
use crate::peer::Peer;
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

/// Two years, as browsers' preload lists ask for; without subdomains, which are other machines.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What a browser says about where a request comes from (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks host and origin, counts, and adds the headers every answer carries.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let begun = shared.api.clock.steady();
    let route = matched.map_or("none".to_owned(), |path| path.as_str().to_owned());
    let (is_tls, is_control) = match request.extensions().get::<Peer>() {
        Some(peer) => (peer.is_tls(), peer.is_control()),
        None => (false, false),
    };
    let checked = if is_control {
        Ok(()) // no browser opens a Unix socket
    } else {
        let names = Names { own: shared.address, names: &shared.api.names };
        let transport = if is_tls { Transport::Tls } else { Transport::Plain };
        check(request.method(), request.uri(), request.headers(), &names, transport)
    };
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if is_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    let took = shared.api.clock.steady().saturating_sub(begun);
    metrics::answered(route, response.status().as_u16(), took.as_secs_f64());
    response
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Plain,
    Tls,
}

/// By which names this node is meant.
struct Names<'a> {
    /// The address it listens on.
    own: Option<SocketAddr>,
    /// Names people use for it.
    names: &'a [String],
}

fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    names: &Names<'_>,
    transport: Transport,
) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let other =
        uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host));
    if other || hosts.next().is_some() || !names.mean_us(host) {
        return Err(ApiError::new(Code::Host, format!("this node is not `{host}`")).remedy(
            "use `localhost`, the address the node listens on, or a name in `[http] names`",
        ));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads && !headers.contains_key(header::UPGRADE) {
        return Ok(()); // a page of another site cannot read the answer: there are no CORS headers
    }
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return Err(ApiError::new(Code::Origin, "the request comes from a page of another site"));
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let parts = origin.to_str().ok().and_then(|text| text.split_once("://"));
    let ours = parts.is_some_and(|(scheme, site)| {
        // Without TLS of our own, a proxy before us may have it.
        let scheme_fits = scheme == "https" || (scheme == "http" && transport == Transport::Plain);
        scheme_fits && site.eq_ignore_ascii_case(host)
    });
    if ours && origins.next().is_none() {
        return Ok(());
    }
    let from = String::from_utf8_lossy(origin.as_bytes());
    Err(ApiError::new(Code::Origin, format!("the request comes from `{from}`, not from `{host}`")))
}

impl Names<'_> {
    /// Whether `host`, as in a `Host` header, can only mean this node. The port may be another one: a tunnel
    /// changes it, a rebound name cannot hide behind it. An address cannot be rebound, so a listener on all
    /// addresses answers to each.
    fn mean_us(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((v6, _port)) => v6,
            None => host.split_once(':').map_or(host, |(name, _port)| name),
        };
        match name.parse::<IpAddr>() {
            Ok(ip) => {
                let own = self.own.map(|own| own.ip());
                ip.is_loopback() || own.is_some_and(|own| ip == own || own.is_unspecified())
            }
            Err(_name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let mut names = self.names.iter().map(String::as_str).chain(["localhost"]);
                names.any(|own| name.eq_ignore_ascii_case(own))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(own: &str) -> Names<'_> {
        Names { own: Some(own.parse().unwrap()), names: &[] }
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let own = names("127.0.0.1:80");
        for ours in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080"] {
            assert!(own.mean_us(ours), "{ours}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "[::1",
        ] {
            assert!(!own.mean_us(other), "{other}");
        }
        assert!(names("10.0.0.1:80").mean_us("10.0.0.1:80"));
    }

    #[test]
    fn a_listener_on_all_addresses_answers_to_each_and_to_its_own_names() {
        let configured = ["plant.example".to_owned()];
        let own = Names { own: Some(([0, 0, 0, 0], 443).into()), names: &configured };
        for ours in ["10.1.2.3", "[2001:db8::1]:443", "Plant.example:443", "plant.example."] {
            assert!(own.mean_us(ours), "{ours}");
        }
        assert!(!own.mean_us("evil.example") && !own.mean_us("x.plant.example"));
    }

    #[track_caller]
    fn checked(
        transport: Transport,
        method: Method,
        headers: &[(&'static str, &'static str)],
    ) -> Option<Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let uri = Uri::from_static("/x");
        check(&method, &uri, &map, &names("127.0.0.1:80"), transport).err().map(|e| e.code)
    }

    #[test]
    fn a_page_of_another_site_can_neither_write_nor_listen() {
        let plain = |method, headers: &[_]| checked(Transport::Plain, method, headers);
        let host = ("host", "localhost:8080");
        let evil = ("origin", "http://evil.example");
        assert_eq!(plain(Method::GET, &[host, evil]), None);
        let upgrade = ("upgrade", "websocket");
        assert_eq!(plain(Method::GET, &[host, evil, upgrade]), Some(Code::Origin));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(plain(method, &[host, evil]), Some(Code::Origin));
        }
        assert_eq!(plain(Method::POST, &[host, ("origin", "null")]), Some(Code::Origin));
        let port = ("origin", "http://localhost:9");
        assert_eq!(plain(Method::POST, &[host, port]), Some(Code::Origin));
        let own = ("origin", "http://localhost:8080");
        assert_eq!(plain(Method::POST, &[host, own]), None);
        assert_eq!(plain(Method::POST, &[host]), None);
        assert_eq!(plain(Method::GET, &[host, ("host", "evil.example")]), Some(Code::Host));
        for (site, code) in [("cross-site", Some(Code::Origin)), ("same-origin", None)] {
            assert_eq!(plain(Method::DELETE, &[host, ("sec-fetch-site", site)]), code);
        }
    }

    #[test]
    fn under_tls_the_page_comes_over_tls_too() {
        let host = ("host", "localhost");
        for (origin, code) in
            [("http://localhost", Some(Code::Origin)), ("https://localhost", None)]
        {
            let headers = [host, ("origin", origin)];
            assert_eq!(checked(Transport::Tls, Method::POST, &headers), code);
        }
        let proxied = [host, ("origin", "https://localhost")];
        assert_eq!(checked(Transport::Plain, Method::POST, &proxied), None);
    }
}
