//! Query strings and JSON bodies, read strictly: an unknown parameter is a mistake, not a wish ignored.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use lineshaft_model::{TagPath, Timestamp, parse_duration};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::limits;
use crate::peer::{Busy, Peer};
use crate::problem::{ApiError, Code};
use crate::routes::Door;

/// The parameters of a request, in order. An empty one counts as absent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Params, ApiError> {
        Ok(Params::of(parts.uri.query().unwrap_or_default()))
    }
}

/// As a query string shows them, unescaped: for people.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.0.iter().enumerate() {
            let before = if at == 0 { "" } else { "&" };
            write!(f, "{before}{key}={value}")?;
        }
        Ok(())
    }
}

impl Params {
    pub(crate) fn of(query: &str) -> Params {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Params(
            pairs
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Refuses parameters that are not in `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.0.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                let error = ApiError::query(key, format!("there is no parameter `{key}`"));
                Err(match nearest(key, known.iter().copied()) {
                    Some(meant) => error.remedy(format!("did you mean `{meant}`?")),
                    None => error.remedy(format!("the parameters are {}", known.join(", "))),
                })
            }
        }
    }

    /// The only value of `key`.
    pub(crate) fn one(&self, key: &str) -> Result<Option<&str>, ApiError> {
        let mut values =
            self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(ApiError::query(key, format!("`{key}` is given more than once"))),
        }
    }

    /// Every value of `key`.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// One of `words`, the first of them when there is none.
    pub(crate) fn choice(
        &self,
        key: &str,
        words: &[&'static str],
    ) -> Result<&'static str, ApiError> {
        let Some(text) = self.one(key)? else {
            return Ok(words.first().copied().unwrap_or_default());
        };
        words.iter().find(|word| **word == text).copied().ok_or_else(|| {
            let all = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
            ApiError::query(key, format!("`{key}` is `{text}`, it must be {all}"))
        })
    }

    /// A whole number within `range`, or `otherwise`.
    pub(crate) fn number<N>(
        &self,
        key: &str,
        range: RangeInclusive<N>,
        otherwise: N,
    ) -> Result<N, ApiError>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.one(key)? else { return Ok(otherwise) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            ApiError::query(key, format!("`{key}` is `{text}`, it must be {least} to {most}"))
        })
    }

    /// An instant that must be there.
    pub(crate) fn instant(&self, key: &str) -> Result<Timestamp, ApiError> {
        let text = self
            .one(key)?
            .ok_or_else(|| ApiError::query(key, format!("`{key}` is missing")).remedy(INSTANT))?;
        // A `+` that was not escaped arrives as a space.
        Timestamp::parse(&text.replace(' ', "+")).ok_or_else(|| {
            ApiError::query(key, format!("`{key}` is `{text}`, which is no time")).remedy(INSTANT)
        })
    }

    /// A length of time, at least 1 ms.
    pub(crate) fn interval(&self, key: &str) -> Result<Option<Duration>, ApiError> {
        let Some(text) = self.one(key)? else { return Ok(None) };
        let duration = match text.parse::<u64>() {
            Ok(millis) => Some(Duration::from_millis(millis)),
            Err(_not_millis) => parse_duration(text),
        };
        duration.filter(|length| *length >= Duration::from_millis(1)).map(Some).ok_or_else(|| {
            ApiError::query(key, format!("`{key}` is `{text}`, which is no length of time"))
                .remedy("write `10s`, `5m`, `1h`, or milliseconds; at least 1 ms")
        })
    }

    /// The values of `key` as tag paths: at least one, at most `max`, each once.
    pub(crate) fn tags(&self, key: &str, max: usize) -> Result<Vec<TagPath>, ApiError> {
        let mut tags = Vec::new();
        for text in self.all(key) {
            let tag =
                TagPath::new(text).map_err(|error| ApiError::query(key, error.to_string()))?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
            if tags.len() > max {
                return Err(ApiError::query(key, format!("more than {max} tags are asked for"))
                    .remedy("ask in several requests"));
            }
        }
        if tags.is_empty() {
            return Err(ApiError::query(key, format!("`{key}` is missing"))
                .remedy("repeat `tag` for each tag; `GET /api/v1/tags` lists them"));
        }
        Ok(tags)
    }
}

const INSTANT: &str = "write RFC 3339 (`2026-11-20T08:00:00Z`) or Unix milliseconds";

/// A body of JSON, at most [`crate::limits::BODY_BYTES_MAX`] long and within the limit of time.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Door> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, door: &Door) -> Result<Json<T>, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(Code::NotJson, "the content type is not `application/json`")
                .remedy("send `Content-Type: application/json`"));
        }
        let limit = door.open().api.limits.body_timeout;
        let peer = request.extensions().get::<Peer>().cloned();
        let body = tokio::time::timeout(limit, Bytes::from_request(request, &())).await;
        let bytes = match body {
            Err(_elapsed) => {
                return Err(ApiError::new(Code::SlowBody, format!("the body took over {limit:?}")));
            }
            Ok(Err(rejection)) => return Err(body_error(rejection.into_response().status())),
            Ok(Ok(bytes)) => bytes,
        };
        if let Some(peer) = peer {
            peer.is_busy(Busy::Yes);
        }
        if bytes.trim_ascii_start().starts_with(b"[") {
            // A list would be read as the members of the body in their order.
            return Err(ApiError::new(Code::Body, "the body is a list, and not an object"));
        }
        let mut text = serde_json::Deserializer::from_slice(&bytes);
        let read: Result<T, _> = serde_path_to_error::deserialize(&mut text);
        match read {
            Ok(body) => match text.end() {
                Ok(()) => Ok(Json(body)),
                Err(error) => Err(ApiError::new(Code::Body, error.to_string())),
            },
            Err(error) => {
                let field = error.path().to_string();
                let wrong = ApiError::new(Code::Body, said(&error.into_inner()));
                Err(if field == "." { wrong } else { wrong.field(&field) })
            }
        }
    }
}

/// A body of JSON, or none at all; null is none.
#[derive(Debug)]
pub(crate) struct MaybeJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Door> for MaybeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, door: &Door) -> Result<MaybeJson<T>, ApiError> {
        if request.body().is_end_stream() {
            return Ok(MaybeJson(T::default()));
        }
        let Json(body) = Json::<Option<T>>::from_request(request, door).await?;
        Ok(MaybeJson(body.unwrap_or_default()))
    }
}

/// The one parameter of a path, of no more than [`limits::SEGMENT_BYTES_MAX`] bytes.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segment, ApiError> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = segment.map_err(|rejection| {
            ApiError::new(Code::Query, format!("the path cannot be read: {rejection}"))
        })?;
        // It may end up in the trail, where every byte stays.
        if text.len() > limits::SEGMENT_BYTES_MAX {
            let most = limits::SEGMENT_BYTES_MAX;
            let detail = format!("a name in the path has {} bytes, at most {most}", text.len());
            return Err(ApiError::new(Code::Query, detail));
        }
        Ok(Segment(text))
    }
}

/// Tells a member that is null from one that is absent: `Some(None)` from `None`.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// What is wrong with a body. Where it is, the field says; a line and a column are of use only when it is no JSON.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(said) if error.is_data() => said.to_owned(),
        _ => text,
    }
}

fn body_error(status: StatusCode) -> ApiError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(Code::TooLarge, "the body is longer than this path takes");
    }
    ApiError::new(Code::Body, "the body broke off")
}

/// Whether the body is declared as JSON. Only such a body makes a browser ask first (preflight) before it
/// sends one from another site.
fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = declared.and_then(|text| text.split(';').next()).map(str::trim);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// The candidate that differs least from `word`, if it differs by a third of its letters or less.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = word.chars().count().div_ceil(3);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in characters. Both words are at most a path segment long.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        let known = ["tag", "start", "end", "interval"];
        assert_eq!(nearest("strat", known.into_iter()), Some("start"));
        assert_eq!(nearest("intervall", known.into_iter()), Some("interval"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }

    #[test]
    fn a_parameter_is_read_once_and_within_its_range() {
        let params = Params::of("limit=10&start=1&start=2&after=&tag=a%2Fb&tag=a/c");
        assert_eq!(params.number("limit", 1..=10, 5), Ok(10));
        assert!(params.number("limit", 1..=9, 5).is_err());
        assert!(params.one("start").is_err());
        assert_eq!(params.one("after"), Ok(None));
        let tags: Vec<String> =
            params.tags("tag", 2).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(tags, ["a/b", "a/c"]);
        assert!(params.tags("tag", 1).is_err());
    }

    #[test]
    fn a_time_zone_survives_a_plus_that_was_not_escaped() {
        let params = Params::of("start=2026-11-20T08:00:00+01:00");
        assert_eq!(params.instant("start").map(Timestamp::millis), Ok(1_795_158_000_000));
    }
}
