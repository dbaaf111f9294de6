//! Every state the plant folder has had, and the way back to one.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lineshaft_audit::{Act, Action};
use lineshaft_contract::{Approval, Revision};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ChangeConfig, ReadConfig, Scope};
use crate::accounts::WhyRequest;
use crate::audit::seq;
use crate::configuring::{
    ChangedPage, DifferencePage, Ended, FileLine, Work, by, carry_out, configuration, number, turn,
};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::check_reason;
use crate::shape::Written;
use crate::signatures::{REVISION, SignatureLine};

/// A revision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revision)]
struct RevisionLine {
    /// Counts from 1.
    id: u64,
    /// The one before it.
    #[schema(required)]
    parent: Option<u64>,
    /// SHA-256 over the paths and contents of all files, in hexadecimal.
    digest: String,
    /// When it was applied.
    time_ms: i64,
    /// Who changed it.
    who: String,
    /// Why, in his words; may be empty.
    why: String,
    /// `http`, `local`, `disk` or `node`.
    road: String,
    /// How many files it has.
    files: usize,
    /// The revision whose files it took up again.
    #[schema(required)]
    rolled_back_to: Option<u64>,
    /// The proposal it comes from.
    #[schema(required)]
    proposal: Option<u64>,
    /// Who approved that proposal.
    #[schema(required)]
    approved_by: Option<String>,
}

impl From<&Revision> for RevisionLine {
    fn from(revision: &Revision) -> RevisionLine {
        RevisionLine {
            id: revision.id,
            parent: revision.parent,
            digest: revision.digest.clone(),
            time_ms: revision.time.millis(),
            who: revision.by.who.clone(),
            why: revision.why.clone(),
            road: revision.by.road.clone(),
            files: revision.files.len(),
            rolled_back_to: revision.rolled_back_to,
            proposal: revision.proposal,
            approved_by: revision.approved_by.clone(),
        }
    }
}

/// Some revisions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revisions)]
struct RevisionsPage {
    /// Newest first.
    revisions: Vec<RevisionLine>,
    /// What to ask for as `after` to get older ones.
    #[schema(required)]
    next: Option<u64>,
}

/// A revision with its files and its signatures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevisionDetail)]
struct RevisionPage {
    /// Counts from 1.
    id: u64,
    /// The one before it.
    #[schema(required)]
    parent: Option<u64>,
    /// SHA-256 over the paths and contents of all files, in hexadecimal.
    digest: String,
    /// When it was applied.
    time_ms: i64,
    /// Who changed it.
    who: String,
    /// Why, in his words; may be empty.
    why: String,
    /// `http`, `local`, `disk` or `node`.
    road: String,
    /// How many files it has.
    files: usize,
    /// The revision whose files it took up again.
    #[schema(required)]
    rolled_back_to: Option<u64>,
    /// The proposal it comes from.
    #[schema(required)]
    proposal: Option<u64>,
    /// Who approved that proposal.
    #[schema(required)]
    approved_by: Option<String>,
    /// Its files in the order of their paths.
    file_list: Vec<FileLine>,
    /// Signatures under it, oldest first.
    signatures: Vec<SignatureLine>,
}

/// Lists revisions, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/revisions",
    params(
        ("limit" = Option<usize>, Query, minimum = 1, description = "1 to 1,000, default 100"),
        ("after" = Option<u64>, Query, minimum = 0, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "Some revisions", body = RevisionsPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_revisions(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["limit", "after"])?;
    let limit = params.number("limit", 1..=limits::REVISIONS_PAGE_MAX, limits::REVISIONS_PAGE)?;
    let before = seq(&params, "after")?;
    let (plant, _turn) = turn(caller.may(Scope::Node)?).await?;
    let page = plant.revisions(before, limit).await?;
    let revisions: Vec<RevisionLine> = page.revisions.iter().map(RevisionLine::from).collect();
    let bytes = revisions.len() * 300;
    Ok(Written::new(&RevisionsPage { revisions, next: page.next }, bytes))
}

/// Shows a revision with its files and its signatures.
#[utoipa::path(
    get,
    path = "/api/v1/revisions/{id}",
    params(("id" = u64, Path, description = "Its number")),
    responses((status = 200, description = "The revision", body = RevisionPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_revision(
    caller: Caller<ReadConfig>,
    Segment(id): Segment,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Node)?;
    let id = number(REVISION, &id)?;
    let (plant, turn) = turn(shared).await?;
    let revision = plant.revision(id).await?;
    drop(turn);
    let identity = &shared.api.identity;
    let signatures = identity.signatures(REVISION, &id.to_string(), Some(&revision.digest)).await?;
    let line = RevisionLine::from(&revision);
    let page = RevisionPage {
        id,
        parent: line.parent,
        digest: line.digest,
        time_ms: line.time_ms,
        who: line.who,
        why: line.why,
        road: line.road,
        files: line.files,
        rolled_back_to: line.rolled_back_to,
        proposal: line.proposal,
        approved_by: line.approved_by,
        file_list: revision.files.into_iter().map(FileLine::from).collect(),
        signatures: signatures.into_iter().map(SignatureLine::from).collect(),
    };
    Ok(Written::new(&page, 512 + page.files * 150))
}

/// Shows what a revision has that another one has not, and the other way round.
#[utoipa::path(
    get,
    path = "/api/v1/revisions/{id}/difference",
    params(
        ("id" = u64, Path, description = "The new state"),
        ("to" = Option<u64>, Query, minimum = 0, description = "The old state; its parent when nothing is said"),
    ),
    responses((status = 200, description = "The difference", body = DifferencePage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_difference(
    caller: Caller<ReadConfig>,
    Segment(id): Segment,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["to"])?;
    let shared = caller.may(Scope::Node)?;
    let (id, to) = (number(REVISION, &id)?, seq(&params, "to")?);
    let (plant, _turn) = turn(shared).await?;
    let difference = plant.difference(id, to).await?;
    Ok(Written::new(&DifferencePage::from(difference), 4_096))
}

/// Changes the plant's files to those of an old revision; where four eyes are wanted, that waits for a second person.
#[utoipa::path(
    post,
    path = "/api/v1/revisions/{id}/roll-back",
    params(("id" = u64, Path, description = "Whose files shall run again")),
    request_body = WhyRequest,
    responses(
        (status = 200, description = "They run", body = ChangedPage),
        (status = 202, description = "It waits for a second person", body = ChangedPage),
        (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn roll_back(
    caller: Caller<ChangeConfig>,
    Segment(id): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Response, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_reason(&shared.api, &why)?;
    let id = number(REVISION, &id)?;
    let four_eyes = configuration(&shared.api)?.policy().approval == Approval::FourEyes;
    let action = if four_eyes { Action::PlantPropose } else { Action::PlantRollBack };
    let act = Act::done(caller.actor(), action, format!("revision {id}")).why(&why);
    let act = act.new(serde_json::json!({ "back_to": id }));
    let by = by(&shared.api, caller.pass());
    let (ended, entry) = carry_out(shared, Work::RollBack(id), act, by).await?;
    caller.recorded(&entry);
    changed(ended)
}

/// A change that ended: 202 while it waits for a second person.
pub(crate) fn changed(ended: Ended) -> Result<Response, ApiError> {
    let Ended::Changed(changed) = ended else {
        return Err(ApiError::new(Code::Internal, "the change ended as something else"));
    };
    let page = ChangedPage::from(changed);
    let status = if page.waits() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Written::new(&page, 4_096)).into_response())
}
