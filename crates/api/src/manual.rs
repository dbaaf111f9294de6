//! The manual that the program carries, for the page and for whoever asks for it: everybody may read it, also before
//! logging in, because what it helps with may be just that.

use lineshaft_manual::{Entry, Hit, Language, Near, contents, page, search};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, Public, Scope};
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Params, Segment};
use crate::shape::Written;

/// The longest question.
const QUESTION_BYTES_MAX: usize = 200;
const HITS_MAX: usize = 50;
const HITS_DEFAULT: usize = 20;

/// A page in the table of contents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualEntry)]
struct EntryShape {
    /// Its name, as `manual/page/…` takes it.
    page: &'static str,
    /// Its title.
    title: &'static str,
    /// `guide`, `screens`, `drivers`, `operators`, `reference` or `errors`.
    group: &'static str,
    /// The language it is written in: `en` where there is no translation.
    language: &'static str,
}

impl From<&'static Entry> for EntryShape {
    fn from(entry: &'static Entry) -> EntryShape {
        let Entry { page, title, group, language, .. } = entry;
        EntryShape { page, title, group, language: language.code() }
    }
}

/// The table of contents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualContents)]
struct ContentsShape {
    /// The language asked for.
    language: &'static str,
    /// All pages, in order.
    pages: Vec<EntryShape>,
}

/// A heading that can be linked to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualHeading)]
struct HeadingShape {
    /// The `id` in the HTML.
    id: String,
    /// Its text.
    title: String,
    /// 2 to 6.
    level: u8,
}

/// A page before or behind another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualNear)]
struct NearShape {
    /// Its name.
    page: String,
    /// Its title.
    title: String,
}

impl From<Near> for NearShape {
    fn from(near: Near) -> NearShape {
        NearShape { page: near.page, title: near.title }
    }
}

/// A page of the manual.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualPage)]
struct PageShape {
    /// Its name.
    page: String,
    /// Its title, which is not in `html`.
    title: String,
    /// The group it is in.
    group: &'static str,
    /// The language it is written in.
    language: &'static str,
    /// Its text. Links to other pages lead to `#/manual/PAGE?at=HEADING`.
    html: String,
    /// Its headings in order.
    headings: Vec<HeadingShape>,
    /// The page before it.
    #[schema(required)]
    previous: Option<NearShape>,
    /// The page behind it.
    #[schema(required)]
    next: Option<NearShape>,
}

/// A place in the manual.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualHit)]
struct HitShape {
    /// The page.
    page: String,
    /// Its title.
    title: String,
    /// Its group.
    group: &'static str,
    /// The language it is written in.
    language: &'static str,
    /// The heading the place is below; null when the page as a whole is meant.
    #[schema(required)]
    heading: Option<HitHeading>,
    /// The text around the first word found.
    excerpt: String,
}

/// The heading above a place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManualHitHeading)]
struct HitHeading {
    /// The `id` in the HTML of its page.
    id: String,
    /// Its text.
    title: String,
}

impl From<Hit> for HitShape {
    fn from(hit: Hit) -> HitShape {
        let Hit { page, title, group, language, heading, excerpt } = hit;
        let heading = heading.map(|(id, title)| HitHeading { id, title });
        HitShape { page, title, group, language: language.code(), heading, excerpt }
    }
}

fn language(params: &Params) -> Result<Language, ApiError> {
    let code = params.choice("language", &["en", "de"])?;
    Ok(Language::of(code).unwrap_or(Language::English))
}

/// Lists the pages of the manual.
#[utoipa::path(
    get,
    path = "/api/v1/manual",
    params(("language" = Option<String>, Query, description = "`en` (default) or `de`; what is not there in German is listed in English")),
    responses((status = 200, description = "The table of contents", body = ContentsShape), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_manual(
    caller: Caller<Public>,
    params: Params,
) -> Result<Written, ApiError> {
    caller.may(Scope::Node)?;
    params.only(&["language"])?;
    let language = language(&params)?;
    let pages: Vec<EntryShape> = contents(language).iter().map(EntryShape::from).collect();
    let bytes = pages.len() * 120;
    Ok(Written::new(&ContentsShape { language: language.code(), pages }, bytes))
}

/// Gives a page of the manual.
#[utoipa::path(
    get,
    path = "/api/v1/manual/page/{page}",
    params(
        ("page" = String, Path, description = "Its name: `modbus`, `screens/trend`, `errors/LS-CFG-004`; an error code alone will do"),
        ("language" = Option<String>, Query, description = "`en` (default) or `de`"),
    ),
    responses((status = 200, description = "The page", body = PageShape), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_manual_page(
    caller: Caller<Public>,
    Segment(name): Segment,
    params: Params,
) -> Result<Written, ApiError> {
    caller.may(Scope::Node)?;
    params.only(&["language"])?;
    let language = language(&params)?;
    let none = || {
        ApiError::new(Code::NoSuchPath, format!("the manual has no page `{name}`"))
            .remedy("`GET /api/v1/manual` lists all pages")
    };
    let page = page(&name, language).ok_or_else(none)?;
    let heading = |one: lineshaft_manual::Heading| {
        let lineshaft_manual::Heading { id, title, level } = one;
        HeadingShape { id, title, level }
    };
    let shape = PageShape {
        page: page.page,
        title: page.title,
        group: page.group,
        language: page.language.code(),
        headings: page.headings.into_iter().map(heading).collect(),
        previous: page.previous.map(NearShape::from),
        next: page.next.map(NearShape::from),
        html: page.html,
    };
    let bytes = shape.html.len() + shape.headings.len() * 100 + 512;
    Ok(Written::new(&shape, bytes))
}

/// Looks for words in the manual.
#[utoipa::path(
    get,
    path = "/api/v1/manual/search",
    params(
        ("q" = String, Query, description = "The words: a page has all of them; their last letters may be missing. At most 200 bytes"),
        ("language" = Option<String>, Query, description = "`en` (default) or `de`"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "At most this many places: 1 to 50, 20 unless it is said"),
    ),
    responses((status = 200, description = "The best places first", body = Vec<HitShape>), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn search_manual(
    caller: Caller<Public>,
    params: Params,
) -> Result<Written, ApiError> {
    caller.may(Scope::Node)?;
    params.only(&["q", "language", "limit"])?;
    let language = language(&params)?;
    let limit = params.number("limit", 1..=HITS_MAX, HITS_DEFAULT)?;
    let question = params.one("q")?.ok_or_else(|| {
        ApiError::query("q", "`q` is missing").remedy("write what to look for: `q=deadband`")
    })?;
    if question.len() > QUESTION_BYTES_MAX {
        let detail = format!("`q` has {} bytes, it may have {QUESTION_BYTES_MAX}", question.len());
        return Err(ApiError::query("q", detail));
    }
    let question = question.to_owned();
    // The first question makes the index, which takes some milliseconds.
    let found = tokio::task::spawn_blocking(move || search(&question, language, limit)).await;
    let hits = found.map_err(|error| {
        ApiError::new(Code::Internal, format!("the manual could not be searched: {error}"))
    })?;
    let shapes: Vec<HitShape> = hits.into_iter().map(HitShape::from).collect();
    Ok(Written::new(&shapes, shapes.len() * 320))
}
