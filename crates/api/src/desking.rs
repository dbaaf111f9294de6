//! What the routes of the desk share: a change with its entry, and what is refused.

use std::sync::Arc;

use lineshaft_audit::{Act, Outcome, Recorded};
use lineshaft_contract::Chain;
use lineshaft_desk::{Author, ChangeError, Draft, StoreError};
use lineshaft_identity::Kind;

use crate::access::{Caller, Pass, Permission, Rule, Scope};
use crate::problem::{ApiError, Code};
use crate::refusals::{no_such, no_trail};
use crate::server::Shared;

/// What was done, with its entry in the trail.
pub(crate) struct Done<T> {
    pub(crate) what: T,
    pub(crate) entry: Recorded,
}

/// Makes a change of the desk: prepared first, then entered in the trail, then kept. Nothing is kept that the trail does
/// not have.
///
/// In a task of its own: a client that hangs up meanwhile must not leave one half of it.
pub(crate) async fn change<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&mut Draft<'_>) -> Result<(T, Act), ChangeError> + Send + 'static,
) -> Result<Done<T>, ApiError> {
    let at = shared.clone();
    let task = shared.changes.spawn(async move {
        let api = &at.api;
        let ((what, act), prepared) = api.desk.prepare(api.clock.now(), work).await?;
        let entry = api.trail.record(act.clone()).await.map_err(|error| no_trail(&error))?;
        let Err(failed) = prepared.commit(entry.seq()).await else {
            return Ok(Done { what, entry });
        };
        let detail = format!("entry {} was not kept: {}", entry.seq(), Chain(&failed));
        let act = act.result(Outcome::Failed).detail(detail);
        if let Err(error) = api.trail.record(act).await {
            tracing::error!(error = %Chain(&error), "that a change failed could not be recorded");
        }
        Err(ApiError::from(failed))
    });
    task.await.map_err(|error| {
        tracing::error!(%error, "a change of the desk failed");
        ApiError::new(Code::Internal, "the change was cut off")
    })?
}

/// Who it is, for what he writes.
pub(crate) fn author(pass: &Pass) -> Author {
    let actor = pass.actor();
    Author { name: actor.name.to_string(), account: actor.account }
}

/// Whether it is nobody in particular: the next one has the same name.
pub(crate) fn is_nobody(pass: &Pass) -> bool {
    matches!(pass.kind(), Kind::Nobody | Kind::Visitor)
}

/// Whether it is somebody's own. Who has not said who he is has nothing of his own.
pub(crate) fn is_own(pass: &Pass, by: &Author) -> bool {
    pass.kind() != Kind::Nobody && author(pass).is(by)
}

/// Whether somebody may change what is not his own.
pub(crate) fn may_change_others(pass: &Pass) -> bool {
    pass.may(Permission::ChangeConfig, &Scope::Node).is_ok()
}

/// It is somebody else's.
pub(crate) fn not_own(what: &str, by: &Author) -> ApiError {
    ApiError::new(Code::NotOwn, format!("this {what} is {}'s", by.name))
}

/// The number in a path; what is no number names nothing.
pub(crate) fn number(what: &str, id: &str) -> Result<u64, ApiError> {
    let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { id.parse().ok() } else { None };
    number.ok_or_else(|| no_such(what, id))
}

/// The number of the account somebody is known by.
pub(crate) fn account<R: Rule>(caller: &Caller<R>) -> Result<u64, ApiError> {
    caller.actor().account.ok_or_else(|| {
        ApiError::new(Code::NoAccount, "settings are kept for accounts, and this caller has none")
            .remedy("log in, or keep them where you are")
    })
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> ApiError {
        let detail = error.to_string();
        match error {
            ChangeError::NoSuch { .. } => ApiError::new(Code::NoSuchRecord, detail),
            ChangeError::Withdrawn { .. } => {
                ApiError::new(Code::Withdrawn, detail).remedy("write a new annotation")
            }
            ChangeError::Full { .. } => ApiError::new(Code::DeskFull, detail),
            ChangeError::Invalid { member, .. } => ApiError::new(Code::Body, detail).field(member),
            ChangeError::Store(error) => store(&error),
            _ => ApiError::new(Code::Internal, detail),
        }
    }
}

fn store(error: &StoreError) -> ApiError {
    if error.is_full() {
        tracing::warn!(error = %Chain(error), "there is no room for what people write");
        return ApiError::new(Code::DeskNoRoom, "nothing was kept: there is no room for it")
            .remedy("make room on the disk of the data folder");
    }
    tracing::error!(error = %Chain(error), code = error.code(), "the desk cannot be read or written");
    ApiError::new(Code::DeskFailed, "what people keep beside the values cannot be read or written")
        .remedy("the node's log says why")
}
