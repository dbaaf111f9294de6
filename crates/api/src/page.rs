//! The web page, embedded: what `ui/dist` held when the program was built.
//!
//! Files under `assets/` have the hash of their content in their name, so a browser may keep them for
//! ever; `index.html` names them and is asked for again each time. What compresses is compressed once, when
//! the node starts. The page finds its way by `#`, so `/` is the only path it needs; the service worker and the icons
//! stand beside it under fixed names and are asked for again each time too.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use crate::access::{Caller, Public, Scope};
use crate::problem::{ApiError, Code};

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Dist;

/// All files of the page, ready to be sent.
#[derive(Debug)]
pub(crate) struct Page {
    files: HashMap<String, File>,
}

/// What of the page is in this program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFiles {
    /// Files.
    pub files: usize,
    /// Files that its `index.html` names and that are not there.
    pub missing: Vec<String>,
}

/// Looks at the page this program was built with.
#[must_use]
pub fn page_files() -> PageFiles {
    let index = Dist::get("index.html").map(|file| file.data).unwrap_or_default();
    let index = String::from_utf8_lossy(&index);
    let named = index.split('"').filter_map(|text| {
        let file = text.strip_prefix("./").or_else(|| text.strip_prefix('/'))?;
        file.starts_with("assets/").then_some(file)
    });
    let missing = named.filter(|file| Dist::get(file).is_none()).map(str::to_owned).collect();
    PageFiles { files: Dist::iter().count(), missing }
}

#[derive(Debug)]
struct File {
    kind: &'static str,
    tag: HeaderValue,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Page {
    /// The page this program was built with.
    pub(crate) fn embedded() -> Page {
        let files = Dist::iter().filter_map(|name| {
            let file = Dist::get(&name)?;
            let hash = file.metadata.sha256_hash();
            Some((name.into_owned(), File::new(&hash, file.data.into())))
        });
        let mut page = Page { files: files.collect() };
        for (name, file) in &mut page.files {
            file.kind = kind(name);
            if compresses(file.kind) {
                file.gzip = gzip(&file.plain);
            }
        }
        page
    }

    fn answer(&self, name: &str, asked: &HeaderMap) -> Result<Response, ApiError> {
        let Some(file) = self.files.get(name) else {
            let detail = match name {
                "index.html" => "this program was built without its page".into(),
                _ => format!("there is no file `/{name}`"),
            };
            return Err(ApiError::new(Code::NoSuchPath, detail));
        };
        let keep = if name.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let tag = file.tag.to_str().unwrap_or_default();
        let mut response = if known.is_some_and(|tags| tags.split(", ").any(|one| one == tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            match &file.gzip {
                Some(gzip) if takes_gzip(asked) => {
                    ([(header::CONTENT_ENCODING, "gzip")], gzip.clone()).into_response()
                }
                _ => file.plain.clone().into_response(),
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::ETAG, file.tag.clone());
        Ok(response)
    }
}

impl File {
    fn new(hash: &[u8; 32], plain: Vec<u8>) -> File {
        let mut tag = String::from("W/\"");
        for byte in &hash[..12] {
            let _ = write!(tag, "{byte:02x}");
        }
        tag.push('"');
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\""));
        File { kind: "application/octet-stream", tag, plain: plain.into(), gzip: None }
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn compresses(kind: &str) -> bool {
    kind.starts_with("text/") || kind.contains("json") || kind.contains("svg")
}

/// The compressed form, if it is shorter.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < plain.len()).then(|| packed.into())
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter();
    let mut words = values.filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(','));
    words.any(|word| {
        let mut parts = word.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
    })
}

/// The page.
pub(crate) async fn read_page(
    caller: Caller<Public>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may(Scope::Node)?.page.answer("index.html", &asked)
}

/// One of the page's files.
pub(crate) async fn read_asset(
    caller: Caller<Public>,
    Path(file): Path<String>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may(Scope::Node)?.page.answer(&format!("assets/{file}"), &asked)
}

/// The service worker, which lets the page start without its node.
pub(crate) async fn read_worker(
    caller: Caller<Public>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may(Scope::Node)?.page.answer("sw.js", &asked)
}

/// What the page is called and looks like when it is installed as an app.
pub(crate) async fn read_manifest(
    caller: Caller<Public>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may(Scope::Node)?.page.answer("manifest.webmanifest", &asked)
}

/// One of the app's icons.
pub(crate) async fn read_icon(
    caller: Caller<Public>,
    Path(file): Path<String>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may(Scope::Node)?.page.answer(&format!("icons/{file}"), &asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_is_used_only_when_the_client_takes_it() {
        let takes = |text: &'static str| {
            let mut asked = HeaderMap::new();
            asked.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            takes_gzip(&asked)
        };
        assert!(takes("gzip, deflate, br") && takes("br;q=1.0, gzip;q=0.8"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("identity"));
    }
}
