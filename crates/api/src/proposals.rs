//! Changes of the plant that wait for a second person.

use axum::response::Response;
use lineshaft_audit::{Act, Action, Outcome};
use lineshaft_contract::{Proposal, ProposalState};
use lineshaft_identity::{Denied, Kind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ChangeConfig, ReadConfig, Scope, refused};
use crate::accounts::WhyRequest;
use crate::configuring::{
    ChangedPage, DifferencePage, Ended, Work, by, carry_out, configuration, number, turn,
};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::{check_reason, no_trail};
use crate::revisions::changed;
use crate::shape::Written;

/// A change that waits, or waited, for a second person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposal)]
struct ProposalLine {
    /// Counts from 1.
    id: u64,
    /// Who wants it.
    who: String,
    /// Why.
    why: String,
    /// When it was made.
    time_ms: i64,
    /// The revision it was made for.
    base: u64,
    /// SHA-256 over the paths and contents of all files as it would make them.
    digest: String,
    /// The revision whose files it would take up again.
    #[schema(required)]
    rolled_back_to: Option<u64>,
    /// `open`, `approved` or `rejected`.
    state: &'static str,
    /// What became of it; null while it waits.
    #[schema(required)]
    decision: Option<DecisionLine>,
    /// What it changes in its base.
    difference: DifferencePage,
}

/// What became of a proposal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
struct DecisionLine {
    /// Who decided.
    who: String,
    /// Why.
    why: String,
    /// When.
    time_ms: i64,
    /// As which revision it was applied; null when it was turned down.
    #[schema(required)]
    revision: Option<u64>,
}

/// Changes that wait, and those that were decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposals)]
struct ProposalsPage {
    /// Newest first.
    proposals: Vec<ProposalLine>,
}

impl From<Proposal> for ProposalLine {
    fn from(proposal: Proposal) -> ProposalLine {
        let state = proposal.state.word();
        let decision = match proposal.state {
            ProposalState::Open => None,
            ProposalState::Approved { by, why, time, revision } => Some(DecisionLine {
                who: by.who,
                why,
                time_ms: time.millis(),
                revision: Some(revision),
            }),
            ProposalState::Rejected { by, why, time } => {
                Some(DecisionLine { who: by.who, why, time_ms: time.millis(), revision: None })
            }
        };
        ProposalLine {
            id: proposal.id,
            who: proposal.by.who,
            why: proposal.why,
            time_ms: proposal.time.millis(),
            base: proposal.base,
            digest: proposal.digest,
            rolled_back_to: proposal.rolls_back_to,
            state,
            decision,
            difference: proposal.difference.into(),
        }
    }
}

/// Lists changes that wait for a second person, and the last ones that were decided.
#[utoipa::path(
    get,
    path = "/api/v1/proposals",
    params(("limit" = Option<usize>, Query, minimum = 1, description = "1 to 200, default 50")),
    responses((status = 200, description = "The proposals", body = ProposalsPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_proposals(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["limit"])?;
    let limit = params.number("limit", 1..=limits::PROPOSALS_MAX, limits::PROPOSALS)?;
    let (plant, _turn) = turn(caller.may(Scope::Node)?).await?;
    let proposals = plant.proposals(limit).await?;
    let proposals: Vec<ProposalLine> = proposals.into_iter().map(ProposalLine::from).collect();
    let bytes = 64 + proposals.len() * 2_048;
    Ok(Written::new(&ProposalsPage { proposals }, bytes))
}

/// Applies a change that waits. Its author cannot.
#[utoipa::path(
    post,
    path = "/api/v1/proposals/{id}/approve",
    params(("id" = u64, Path, description = "Its number")),
    request_body = WhyRequest,
    responses((status = 200, description = "It runs", body = ChangedPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn approve_proposal(
    caller: Caller<ChangeConfig>,
    Segment(id): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Response, ApiError> {
    changed(decide(&caller, &id, &why, Action::PlantApprove, Work::Approve).await?)
}

/// Turns a change that waits down, or takes one's own back.
#[utoipa::path(
    post,
    path = "/api/v1/proposals/{id}/reject",
    params(("id" = u64, Path, description = "Its number")),
    request_body = WhyRequest,
    responses((status = 200, description = "The proposal", body = ProposalLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn reject_proposal(
    caller: Caller<ChangeConfig>,
    Segment(id): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    match decide(&caller, &id, &why, Action::PlantReject, Work::Reject).await? {
        Ended::Rejected(proposal) => Ok(Written::new(&ProposalLine::from(proposal), 2_048)),
        Ended::Changed(_) => Err(ApiError::new(Code::Internal, "the proposal ended otherwise")),
    }
}

async fn decide(
    caller: &Caller<ChangeConfig>,
    id: &str,
    why: &str,
    action: Action,
    work: fn(u64) -> Work,
) -> Result<Ended, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_reason(&shared.api, why)?;
    configuration(&shared.api)?;
    let id = number("proposal", id)?;
    if action == Action::PlantApprove && caller.pass().kind() == Kind::Nobody {
        // Where the plant lets everybody change it, its author could approve it by not saying who he is.
        let denied = Denied::NotKnown;
        shared.api.identity.denied(caller.pass(), "approve a proposal", &denied);
        return Err(refused(&denied));
    }
    let act = Act::done(caller.actor(), action, format!("proposal {id}")).why(why);
    if action == Action::PlantApprove && !matches!(caller.pass().kind(), Kind::Person | Kind::Local)
    {
        // A token that a colleague has made is not that colleague.
        let detail = "the second person is somebody with an account; a program cannot be";
        let refused = act.result(Outcome::Refused).detail(detail);
        let recorded = shared.api.trail.record(refused).await;
        recorded.map_err(|error| no_trail(&error))?;
        return Err(ApiError::new(Code::ChangeRefused, detail)
            .remedy("log in with an account that may change the plant"));
    }
    let by = by(&shared.api, caller.pass());
    let (ended, entry) = carry_out(shared, work(id), act, by).await?;
    caller.recorded(&entry);
    Ok(ended)
}
