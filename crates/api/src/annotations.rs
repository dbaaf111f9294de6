//! Annotations: what people say about a part of the plant at a time.
//!
//! Whoever may read all of what an annotation is about sees it. That there are others is told nobody.

use std::fmt;
use std::str::FromStr;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lineshaft_audit::{Act, Action};
use lineshaft_desk::{
    ANNOTATION_TAGS_MAX, Annotation, AnnotationQuery, Changed, NewAnnotation, On, Order, Place,
};
use lineshaft_identity::Prefix;
use lineshaft_model::{TagPath, Timestamp};
use lineshaft_namespace::Namespace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Annotate, Caller, Pass, ReadPlant, Scope};
use crate::desking::{Done, author, change, is_own, may_change_others, not_own, number};
use crate::history::remembered;
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::{check_reason, no_such};
use crate::shape::Written;
use crate::tags::Text;

/// An annotation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Annotation)]
struct AnnotationLine {
    /// Its number.
    id: u64,
    /// The path it is about, with everything below it; null when it is about `tags`.
    #[schema(required)]
    path: Option<String>,
    /// The tags it is about; empty when it is about `path`.
    tags: Vec<String>,
    /// From when, Unix milliseconds.
    start_ms: i64,
    /// Until when; null for an instant.
    #[schema(required)]
    end_ms: Option<i64>,
    /// What it says.
    text: String,
    /// Who wrote it.
    by: String,
    /// When it was written.
    made_ms: i64,
    /// When its text was last changed; earlier texts are in the audit trail.
    #[schema(required)]
    changed_ms: Option<i64>,
    /// That it does not count any more; null while it does.
    #[schema(required)]
    withdrawn: Option<WithdrawnLine>,
}

/// That an annotation does not count any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Withdrawn)]
struct WithdrawnLine {
    /// Who withdrew it.
    by: String,
    /// When.
    at_ms: i64,
    /// Why; may be empty.
    why: String,
}

impl From<Annotation> for AnnotationLine {
    fn from(annotation: Annotation) -> AnnotationLine {
        let Annotation { id, on, start, end, text, by, made, changed, withdrawn } = annotation;
        let (path, tags) = match on {
            On::Path(path) => (Some(path), Vec::new()),
            On::Tags(tags) => (None, tags.iter().map(ToString::to_string).collect()),
        };
        AnnotationLine {
            id,
            path,
            tags,
            start_ms: start.millis(),
            end_ms: end.map(Timestamp::millis),
            text,
            by: by.name,
            made_ms: made.millis(),
            changed_ms: changed.map(Timestamp::millis),
            withdrawn: withdrawn.map(|it| WithdrawnLine {
                by: it.by.name,
                at_ms: it.at.millis(),
                why: it.why,
            }),
        }
    }
}

/// Some of the annotations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnnotationPage)]
struct PageShape {
    /// In the order asked for.
    annotations: Vec<AnnotationLine>,
    /// What to pass as `after` for the next page; null on the last.
    #[schema(required, value_type = Option<String>)]
    next: Option<Text<Cursor>>,
}

/// Where a page left off, as text: `nanoseconds.number`. Clients take it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor(Place);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.start.nanos(), self.0.id)
    }
}

/// Not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no `next` of a page of annotations")]
struct NoPlace;

impl FromStr for Cursor {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Cursor, NoPlace> {
        let place = text.split_once('.').and_then(|(start, id)| {
            let start = Timestamp::from_nanos(start.parse().ok()?);
            Some(Cursor(Place { start, id: id.parse().ok()? }))
        });
        place.ok_or(NoPlace)
    }
}

/// What an annotation must touch to be shown.
#[derive(Debug)]
struct Touching {
    tags: Vec<TagPath>,
    under: Option<Prefix>,
}

impl Touching {
    fn holds(&self, on: &On) -> bool {
        let tags = self.tags.is_empty()
            || match on {
                On::Path(path) => {
                    let path = Prefix::new(path);
                    self.tags.iter().any(|tag| path.covers(tag.as_str()))
                }
                On::Tags(tags) => tags.iter().any(|tag| self.tags.contains(tag)),
            };
        let under = self.under.as_ref().is_none_or(|under| match on {
            On::Path(path) => under.covers(path) || Prefix::new(path).covers(under.as_str()),
            On::Tags(tags) => tags.iter().any(|tag| under.covers(tag.as_str())),
        });
        tags && under
    }
}

/// Whether somebody may read all of what an annotation is about.
fn sees(pass: &Pass, on: &On) -> bool {
    match on {
        On::Path(path) => pass.sees(path),
        On::Tags(tags) => tags.iter().all(|tag| pass.sees(tag.as_str())),
    }
}

const KNOWN: [&str; 8] = ["tag", "under", "start", "end", "withdrawn", "order", "limit", "after"];

/// Lists annotations that reach into a time and touch some tags or a path.
///
/// One that is about a path is about everything below it.
#[utoipa::path(
    get,
    path = "/api/v1/annotations",
    params(
        ("tag" = Option<Vec<String>>, Query, description = "Only those about one of these tags or a path above it, at most 50", explode = true),
        ("under" = Option<String>, Query, description = "Only those about this path, something below it, or something above it"),
        ("start" = Option<String>, Query, description = "Only those that reach to this instant or begin later; RFC 3339 or Unix milliseconds"),
        ("end" = Option<String>, Query, description = "Only those that begin before this instant"),
        ("withdrawn" = Option<String>, Query, description = "`exclude` (default) or `include`"),
        ("order" = Option<String>, Query, description = "By their start: `oldest` (default) or `newest` first"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "1 to 1,000, default 500"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of annotations", body = PageShape), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_annotations(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&KNOWN)?;
    let instant = |key| params.one(key)?.map(|_there| params.instant(key)).transpose();
    let after = params.one("after")?.map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|error| ApiError::query("after", error.to_string()))?;
    let query = AnnotationQuery {
        start: instant("start")?,
        end: instant("end")?,
        withdrawn: params.choice("withdrawn", &["exclude", "include"])? == "include",
        order: match params.choice("order", &["oldest", "newest"])? {
            "newest" => Order::NewestFirst,
            _ => Order::OldestFirst,
        },
        limit: params.number(
            "limit",
            1..=limits::ANNOTATIONS_PAGE_MAX,
            limits::ANNOTATIONS_PAGE,
        )?,
        after: after.map(|Cursor(place)| place),
    };
    let tags = match params.all("tag").next() {
        Some(_) => params.tags("tag", limits::TAGS_PER_REQUEST_MAX)?,
        None => Vec::new(),
    };
    let under = params.one("under")?.map(Prefix::new);
    if !tags.is_empty() {
        caller.may(Scope::Tags(&tags))?;
    }
    let (shared, _view) = caller.view(under.as_ref().map_or("", Prefix::as_str))?;
    let (touching, pass) = (Touching { tags, under }, caller.pass().clone());
    let wanted = move |one: &Annotation| touching.holds(&one.on) && sees(&pass, &one.on);
    let page = shared.api.desk.annotations(query, wanted).await?;
    let bytes = page.annotations.iter().map(|one| one.text.len() + 400).sum();
    let next = page.next.map(|place| Text(Cursor(place)));
    let annotations = page.annotations.into_iter().map(AnnotationLine::from).collect();
    Ok(Written::new(&PageShape { annotations, next }, bytes))
}

/// An annotation to make: about a path or about tags.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnnotationRequest {
    /// A path with everything below it; the empty path is the whole plant.
    #[serde(default)]
    path: Option<String>,
    /// Some tags, at most 64.
    #[serde(default)]
    #[schema(required = false)]
    tags: Vec<String>,
    /// From when, Unix milliseconds.
    start_ms: i64,
    /// Until when; left out for an instant.
    #[serde(default)]
    end_ms: Option<i64>,
    /// What it says, at most 16 KiB.
    text: String,
}

impl AnnotationRequest {
    fn on(&self) -> Result<On, ApiError> {
        let wrong = |field, detail: String| ApiError::new(Code::Body, detail).field(field);
        match &self.path {
            Some(_) if !self.tags.is_empty() => {
                Err(wrong("path", "an annotation is about a path or about tags".into()))
            }
            Some(path) => {
                let path = path.trim_matches('/');
                if !path.is_empty() {
                    TagPath::new(path).map_err(|error| wrong("path", error.to_string()))?;
                }
                Ok(On::Path(path.to_owned()))
            }
            None if self.tags.is_empty() => {
                Err(wrong("path", "`path` or `tags` says what it is about".into()))
            }
            None if self.tags.len() > ANNOTATION_TAGS_MAX => {
                let detail = format!("an annotation is about at most {ANNOTATION_TAGS_MAX} tags");
                Err(wrong("tags", detail))
            }
            None => {
                let mut tags = Vec::with_capacity(self.tags.len());
                for text in &self.tags {
                    let tag =
                        TagPath::new(text).map_err(|error| wrong("tags", error.to_string()))?;
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
                Ok(On::Tags(tags))
            }
        }
    }
}

/// What must be allowed to write about something.
fn scope(on: &On) -> Scope<'_> {
    match on {
        On::Path(path) => Scope::Under(path),
        On::Tags(tags) => Scope::Tags(tags),
    }
}

/// What is annotated is there, or was.
fn check_there(namespace: &Namespace, on: &On, asker: &Pass) -> Result<(), ApiError> {
    match on {
        On::Path(path) if path.is_empty() || namespace.counts(path).tags > 0 => Ok(()),
        On::Path(path) => {
            let detail = format!("there is no tag at `{path}` or below");
            Err(ApiError::new(Code::NoSuchTag, detail).field("path"))
        }
        On::Tags(tags) => {
            tags.iter().try_for_each(|tag| remembered(namespace, tag, asker).map(drop))
        }
    }
}

fn value(line: &AnnotationLine) -> serde_json::Value {
    serde_json::to_value(line).unwrap_or_default()
}

/// The entry of a change, with what it was and what it is, and the answer.
fn told(act: Act, changed: Changed<Annotation>) -> (AnnotationLine, Act) {
    let (old, new) = (AnnotationLine::from(changed.old), AnnotationLine::from(changed.new));
    let act = act.old(value(&old)).new(value(&new));
    (new, act)
}

/// Writes an annotation.
#[utoipa::path(
    post,
    path = "/api/v1/annotations",
    request_body = AnnotationRequest,
    responses((status = 201, description = "The annotation", body = AnnotationLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn make_annotation(
    caller: Caller<Annotate>,
    Json(request): Json<AnnotationRequest>,
) -> Result<Response, ApiError> {
    let on = request.on()?;
    let shared = caller.may(scope(&on))?;
    check_there(&shared.api.namespace, &on, caller.pass())?;
    let new = NewAnnotation {
        on,
        start: Timestamp::from_millis(request.start_ms),
        end: request.end_ms.map(Timestamp::from_millis),
        text: request.text,
        by: author(caller.pass()),
    };
    let actor = caller.actor().clone();
    let Done { what, entry } = change(shared, move |draft| {
        let line = AnnotationLine::from(draft.annotate(new)?);
        let object = format!("annotation {}", line.id);
        let act = Act::done(&actor, Action::AnnotationMake, object).new(value(&line));
        Ok((line, act))
    })
    .await?;
    caller.recorded(&entry);
    Ok((StatusCode::CREATED, Written::new(&what, 512)).into_response())
}

/// A new text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextRequest {
    /// What it shall say.
    text: String,
}

/// An annotation that the caller sees and may write about.
async fn standing(caller: &Caller<Annotate>, id: u64) -> Result<Annotation, ApiError> {
    let desk = &caller.may(Scope::Somewhere)?.api.desk;
    let found = desk.annotation(id).await?;
    // Whoever may not see it does not learn that it is there.
    let seen = found.filter(|one| sees(caller.pass(), &one.on));
    let found = seen.ok_or_else(|| no_such("annotation", &id.to_string()))?;
    caller.may(scope(&found.on))?;
    Ok(found)
}

/// Gives one's own annotation another text.
#[utoipa::path(
    patch,
    path = "/api/v1/annotations/{id}",
    params(("id" = u64, Path, description = "Its number")),
    request_body = TextRequest,
    responses((status = 200, description = "The annotation", body = AnnotationLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn reword_annotation(
    caller: Caller<Annotate>,
    Segment(id): Segment,
    Json(TextRequest { text }): Json<TextRequest>,
) -> Result<Written, ApiError> {
    let id = number("annotation", &id)?;
    let found = standing(&caller, id).await?;
    if !is_own(caller.pass(), &found.by) {
        return Err(not_own("annotation", &found.by).remedy("write one of your own beside it"));
    }
    let shared = caller.may(scope(&found.on))?;
    let act = Act::done(caller.actor(), Action::AnnotationChange, format!("annotation {id}"));
    let Done { what, entry } =
        change(shared, move |draft| Ok(told(act, draft.reword(id, text)?))).await?;
    caller.recorded(&entry);
    Ok(Written::new(&what, 512))
}

/// Withdraws an annotation: one's own, or anybody's for whoever may change the plant. It stays and is shown to who asks
/// for withdrawn ones.
#[utoipa::path(
    delete,
    path = "/api/v1/annotations/{id}",
    params(
        ("id" = u64, Path, description = "Its number"),
        ("why" = Option<String>, Query, description = "Why; some plants require it"),
    ),
    responses((status = 200, description = "The annotation", body = AnnotationLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn withdraw_annotation(
    caller: Caller<Annotate>,
    Segment(id): Segment,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["why"])?;
    let why = params.one("why")?.unwrap_or_default().to_owned();
    let id = number("annotation", &id)?;
    let found = standing(&caller, id).await?;
    let shared = caller.may(scope(&found.on))?;
    let by = author(caller.pass());
    if !is_own(caller.pass(), &found.by) && !may_change_others(caller.pass()) {
        return Err(not_own("annotation", &found.by)
            .remedy("ask its author, or somebody who may change the plant"));
    }
    check_reason(&shared.api, &why)?;
    let object = format!("annotation {id}");
    let act = Act::done(caller.actor(), Action::AnnotationWithdraw, object).why(&why);
    let Done { what, entry } =
        change(shared, move |draft| Ok(told(act, draft.withdraw(id, by, why)?))).await?;
    caller.recorded(&entry);
    Ok(Written::new(&what, 512))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_it_was_written() {
        let place = Cursor(Place { start: Timestamp::from_nanos(-5), id: 7 });
        assert_eq!(place.to_string().parse(), Ok(place));
        for wrong in ["", "x", "1", "1.x", "1.-3", "1.2.3"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoPlace), "{wrong}");
        }
    }

    #[derive(PartialEq)]
    enum Expect {
        Shown,
        Hidden,
    }

    #[track_caller]
    fn check(on: &On, tags: &[&str], under: Option<&str>, expect: Expect) {
        let tags = tags.iter().map(|tag| TagPath::new(tag).unwrap()).collect();
        let touching = Touching { tags, under: under.map(Prefix::new) };
        assert_eq!(touching.holds(on), expect == Expect::Shown, "{on:?} {touching:?}");
    }

    #[test]
    fn what_is_about_a_path_is_about_everything_below_it_and_nothing_beside_it() {
        let line = On::Path("acme/line-1".into());
        check(&line, &[], None, Expect::Shown);
        check(&line, &["acme/line-1/speed"], None, Expect::Shown);
        check(&line, &["acme/line-10/speed"], None, Expect::Hidden);
        check(&line, &[], Some("acme"), Expect::Shown);
        check(&line, &[], Some("acme/line-1/press"), Expect::Shown);
        check(&line, &[], Some("acme/line-10"), Expect::Hidden);
        let speed = On::Tags(vec![TagPath::new("acme/line-1/speed").unwrap()]);
        check(&speed, &["acme/line-1/speed"], None, Expect::Shown);
        check(&speed, &["acme/line-1/force"], None, Expect::Hidden);
        check(&speed, &[], Some("acme/line-1"), Expect::Shown);
        check(&speed, &["acme/line-1/speed"], Some("acme/line-2"), Expect::Hidden);
        check(&On::Path(String::new()), &["z"], Some("acme"), Expect::Shown);
    }
}
