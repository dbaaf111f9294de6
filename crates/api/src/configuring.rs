//! What the routes of the plant folder share: turns, who changes it, its shapes in JSON, and its entries in the trail.
//!
//! A change is entered as `requested` before anything is touched and with its outcome afterwards, in a task of its own:
//! what was begun is entered to its end, also when the client has hung up. Entries have numbers, digests and the names of
//! files; the content of files is in the revisions.

use std::sync::Arc;

use lineshaft_audit::{Act, Action, Actor, Outcome, Recorded, Road};
use lineshaft_contract::{
    Applied, By, Chain, Change, Changed, Checked, Configuration, ConfigurationError, Difference,
    FileDifference, Guards, Hunk, HunkLine, Proposal, RevisionFile,
};
use lineshaft_identity::{Permission, Scope};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::access::Pass;
use crate::problem::{ApiError, Code, MistakeLine};
use crate::refusals::{no_reason, no_such, no_trail};
use crate::server::Shared;

/// Names of files that an entry has at most; it then says how many more there were.
const FILES_NAMED_MAX: usize = 100;
/// Tokens that made tokens are followed this far back.
const TOKENS_FOLLOWED_MAX: usize = 8;

/// The plant folder, where there is one.
pub(crate) fn configuration(api: &Api) -> Result<Arc<dyn Configuration>, ApiError> {
    api.configuration.clone().ok_or_else(|| {
        ApiError::new(Code::NoSuchRecord, "this node has no plant folder that can be read here")
    })
}

/// A turn with the plant folder, and the folder.
pub(crate) async fn turn(
    shared: &Arc<Shared>,
) -> Result<(Arc<dyn Configuration>, tokio::sync::OwnedSemaphorePermit), ApiError> {
    let plant = configuration(&shared.api)?;
    let wait = shared.api.limits.query_wait;
    match tokio::time::timeout(wait, shared.plant.clone().acquire_owned()).await {
        Ok(Ok(turn)) => Ok((plant, turn)),
        _ => Err(ApiError::new(Code::Busy, "the plant folder is being read or changed by others")
            .remedy("ask again")),
    }
}

/// A number in a path; what is none names nothing.
pub(crate) fn number(what: &str, text: &str) -> Result<u64, ApiError> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { text.parse().ok() } else { None };
    number.ok_or_else(|| no_such(what, text))
}

/// Who changes the plant.
pub(crate) fn by(api: &Api, pass: &Pass) -> By {
    let Actor { name, account, road, .. } = pass.actor();
    let road = match road {
        Road::Http => "http",
        Road::Local => "local",
        Road::Disk => "disk",
        Road::Node => "node",
    };
    let account = account.or_else(|| behind_token(api, name));
    let guards = match pass.may(Permission::ChangeAccounts, &Scope::Node) {
        Ok(()) => Guards::MayChange,
        Err(_denied) => Guards::MayNot,
    };
    By { who: name.to_string(), account, road: road.into(), guards }
}

/// The account that made a token: nobody approves his own change with one.
fn behind_token(api: &Api, name: &str) -> Option<u64> {
    let tokens = api.identity.tokens();
    let mut name = name.to_owned();
    for _ in 0..TOKENS_FOLLOWED_MAX {
        let Some(token) = name.strip_prefix("token:") else { break };
        // Of several with one name only the newest is not revoked.
        let newest = tokens.iter().rfind(|line| line.name == token);
        name = newest?.created_by.clone();
    }
    let name = name.strip_prefix("certificate:").unwrap_or(&name);
    api.identity.account(name).map(|account| account.id)
}

/// What somebody wants done.
pub(crate) enum Work {
    Change(Change),
    RollBack(u64),
    Approve(u64),
    Reject(u64),
}

/// What came of it.
pub(crate) enum Ended {
    Changed(Changed),
    Rejected(Proposal),
}

impl Work {
    async fn run(
        self,
        plant: &dyn Configuration,
        why: String,
        by: By,
    ) -> Result<Ended, ConfigurationError> {
        match self {
            Work::Change(change) => plant.change(change, by).await.map(Ended::Changed),
            Work::RollBack(id) => plant.roll_back(id, why, by).await.map(Ended::Changed),
            Work::Approve(id) => plant.approve(id, why, by).await.map(Ended::Changed),
            Work::Reject(id) => plant.reject(id, why, by).await.map(Ended::Rejected),
        }
    }
}

/// Does it, with its entries. `act` is what is wanted.
pub(crate) async fn carry_out(
    shared: &Arc<Shared>,
    work: Work,
    act: Act,
    by: By,
) -> Result<(Ended, Recorded), ApiError> {
    let (plant, turn) = turn(shared).await?;
    let at = shared.clone();
    let task = shared.changes.spawn(async move {
        let _turn = turn;
        carry_to_its_end(&at.api, &*plant, work, act, by).await
    });
    task.await.map_err(|error| {
        tracing::error!(%error, "a change of the plant failed");
        ApiError::new(Code::Internal, "the change was cut off")
    })?
}

async fn carry_to_its_end(
    api: &Api,
    plant: &dyn Configuration,
    work: Work,
    act: Act,
    by: By,
) -> Result<(Ended, Recorded), ApiError> {
    let wish = api.trail.record(act.clone().result(Outcome::Requested)).await;
    let wish = wish.map_err(|error| no_trail(&error))?;
    let why = act.why.clone().unwrap_or_default();
    let ended = work.run(plant, why, by).await;
    let act = outcome(act, &ended, wish);
    match (api.trail.record(act).await, ended) {
        (Ok(entry), Ok(ended)) => Ok((ended, entry)),
        (_, Err(error)) => Err(error.into()),
        (Err(error), Ok(ended)) => {
            tracing::error!(error = %Chain(&error), "the outcome of a change of the plant could not be recorded");
            let what = match ended {
                Ended::Changed(Changed::Applied(applied)) => {
                    format!("revision {} runs", applied.revision)
                }
                Ended::Changed(Changed::Proposed { proposal, .. }) => {
                    format!("proposal {proposal} waits")
                }
                Ended::Changed(Changed::Checked(_)) => "it was only checked".into(),
                Ended::Rejected(proposal) => format!("proposal {} was turned down", proposal.id),
            };
            let detail = format!("{what}, and that could not be recorded");
            Err(ApiError::new(Code::Trail, detail)
                .remedy("`GET /api/v1/audit/status` says what is wrong with the trail"))
        }
    }
}

/// The act as it came out.
fn outcome(act: Act, ended: &Result<Ended, ConfigurationError>, wish: Recorded) -> Act {
    let entry = format!("entry {}", wish.seq());
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => return refused(act, error, &entry),
    };
    match ended {
        Ended::Changed(Changed::Applied(applied)) => {
            let Applied { revision, digest, before, digest_before, checked } = applied;
            let files = named(checked.difference.files.iter().map(|file| file.path.as_str()));
            let mut new = json!({ "revision": revision, "digest": digest });
            merge(&mut new, files);
            if let Some(back_to) = act.new.as_ref().and_then(|wanted| wanted.get("back_to")) {
                new["back_to"] = back_to.clone();
            }
            let object = match act.action {
                Action::PlantApprove => act.object.clone(),
                _ => format!("revision {revision}"),
            };
            let same = if *before == Some(*revision) { "; nothing was different" } else { "" };
            let old = before.map(|id| json!({ "revision": id, "digest": digest_before }));
            Act { object, old, ..act }.new(new).detail(format!("{entry}{same}"))
        }
        Ended::Changed(Changed::Proposed { proposal, checked }) => {
            let mut new = json!({ "proposal": proposal });
            merge(&mut new, named(checked.difference.files.iter().map(|file| file.path.as_str())));
            let object = format!("proposal {proposal}");
            Act { action: Action::PlantPropose, object, ..act }.new(new).detail(entry)
        }
        Ended::Changed(Changed::Checked(_)) => act.detail(format!("{entry}; it was only checked")),
        Ended::Rejected(proposal) => {
            let new = json!({ "proposal": proposal.id, "digest": proposal.digest });
            act.new(new).detail(entry)
        }
    }
}

fn refused(act: Act, error: &ConfigurationError, entry: &str) -> Act {
    let detail = format!("{entry}; {error}");
    match error {
        ConfigurationError::Failed { .. } => act.result(Outcome::Failed).detail(detail),
        ConfigurationError::Mistakes(_)
        | ConfigurationError::Moved { .. }
        | ConfigurationError::Guarded
        | ConfigurationError::Refused { .. } => {
            let act = Act { action: Action::PlantRefuse, ..act };
            act.result(Outcome::Refused).detail(detail)
        }
        _ => act.result(Outcome::Refused).detail(detail),
    }
}

/// Names of files for an entry.
pub(crate) fn named<'a>(paths: impl Iterator<Item = &'a str>) -> Value {
    let mut paths: Vec<&str> = paths.collect();
    let more = paths.len().saturating_sub(FILES_NAMED_MAX);
    paths.truncate(FILES_NAMED_MAX);
    if more == 0 { json!({ "files": paths }) } else { json!({ "files": paths, "more": more }) }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

impl From<ConfigurationError> for ApiError {
    fn from(error: ConfigurationError) -> ApiError {
        let detail = error.to_string();
        match error {
            ConfigurationError::Unknown { .. } => ApiError::new(Code::NoSuchRecord, detail),
            ConfigurationError::ReasonRequired => no_reason(),
            ConfigurationError::Guarded => ApiError::new(Code::Forbidden, detail)
                .remedy("somebody who may change accounts has to do it, or to approve it"),
            ConfigurationError::Mistakes(mistakes) => {
                ApiError::new(Code::PlantRefused, detail).mistakes(mistakes)
            }
            ConfigurationError::Moved { .. } => ApiError::new(Code::Conflict, detail),
            ConfigurationError::Refused { .. } => ApiError::new(Code::PlantRefused, detail),
            ConfigurationError::Undecided { .. } => ApiError::new(Code::ChangeRefused, detail),
            _ => {
                tracing::error!(error = detail, "the plant folder cannot be read or changed");
                ApiError::new(Code::PlantFailed, detail)
            }
        }
    }
}

/// A file of the plant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlantFileRef)]
pub(crate) struct FileLine {
    /// Relative to the plant folder with `/`; a tag table outside of it begins with `/` or `../`.
    path: String,
    /// SHA-256 of its content, in hexadecimal.
    sha256: String,
    /// Its length.
    bytes: u64,
}

impl From<RevisionFile> for FileLine {
    fn from(file: RevisionFile) -> FileLine {
        FileLine { path: file.path, sha256: file.sha256, bytes: file.bytes }
    }
}

/// The difference of two states of the files.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlantDifference)]
pub(crate) struct DifferencePage {
    /// The files that are not the same, in the order of their paths.
    files: Vec<FileDifferenceLine>,
}

/// A file that is not the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileDifference)]
struct FileDifferenceLine {
    /// Which.
    path: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
    /// How long it was.
    #[schema(required)]
    old_bytes: Option<u64>,
    /// How long it is.
    #[schema(required)]
    new_bytes: Option<u64>,
    /// Whether lines are compared; otherwise the lengths are all there is.
    is_text: bool,
    /// The lines that differ, with three lines around them.
    hunks: Vec<HunkShape>,
}

/// Lines that differ, with those around them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hunk)]
struct HunkShape {
    /// The line of the old file it begins at, from 1; 0 when that has no line of it.
    old_start: u32,
    /// The line of the new file it begins at, from 1; 0 when that has no line of it.
    new_start: u32,
    /// Its lines.
    lines: Vec<HunkLineShape>,
}

/// A line of a difference.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HunkLine)]
struct HunkLineShape {
    /// ` ` in both, `-` in the old file only, `+` in the new one only.
    #[schema(value_type = String)]
    kind: char,
    /// The line without its end.
    text: String,
}

impl From<Difference> for DifferencePage {
    fn from(difference: Difference) -> DifferencePage {
        let line = |line: HunkLine| HunkLineShape { kind: line.kind, text: line.text };
        let hunk = |hunk: Hunk| HunkShape {
            old_start: hunk.old_start,
            new_start: hunk.new_start,
            lines: hunk.lines.into_iter().map(line).collect(),
        };
        let file = |file: FileDifference| FileDifferenceLine {
            path: file.path,
            change: file.change.word(),
            old_bytes: file.old_bytes,
            new_bytes: file.new_bytes,
            is_text: file.is_text,
            hunks: file.hunks.into_iter().map(hunk).collect(),
        };
        DifferencePage { files: difference.files.into_iter().map(file).collect() }
    }
}

/// What came of a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlantChanged)]
pub(crate) struct ChangedPage {
    /// The revision that runs now; not there when nothing was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    revision: Option<u64>,
    /// The proposal that waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    proposal: Option<u64>,
    /// Old: what ran; new: the change.
    difference: DifferencePage,
    /// What is probably not meant; it runs nevertheless.
    warnings: Vec<MistakeLine>,
    /// Tag tables outside the plant folder that stay as they are, although the old revision had others.
    left: Vec<String>,
    /// Whether a part of it waits for the next start.
    waits_for_start: bool,
}

impl From<Changed> for ChangedPage {
    fn from(changed: Changed) -> ChangedPage {
        let (revision, proposal, checked) = match changed {
            Changed::Applied(applied) => (Some(applied.revision), None, applied.checked),
            Changed::Proposed { proposal, checked } => (None, Some(proposal), checked),
            Changed::Checked(checked) => (None, None, checked),
        };
        let Checked { difference, warnings, left, waits_for_start } = checked;
        ChangedPage {
            revision,
            proposal,
            difference: difference.into(),
            warnings: warnings.into_iter().map(MistakeLine::from).collect(),
            left,
            waits_for_start,
        }
    }
}

impl ChangedPage {
    /// Whether it waits for a second person.
    pub(crate) fn waits(&self) -> bool {
        self.proposal.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_names_nothing() {
        assert_eq!(number("revision", "12"), Ok(12));
        for wrong in ["", "+1", "-1", "1.0", "0x1", "..", "99999999999999999999", "١"] {
            assert_eq!(
                number("revision", wrong).map_err(|error| error.code),
                Err(Code::NoSuchRecord)
            );
        }
    }

    #[test]
    fn an_entry_names_a_hundred_files_and_counts_the_rest() {
        let paths: Vec<String> = (0..103).map(|n| format!("tags/{n}.csv")).collect();
        let named = named(paths.iter().map(String::as_str));
        assert_eq!(
            (named["files"].as_array().map(Vec::len), &named["more"]),
            (Some(100), &json!(3))
        );
    }
}
