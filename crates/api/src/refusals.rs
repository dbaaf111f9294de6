//! What `identity` and `audit` refuse, as errors of this interface; and the reason every change may need.

use lineshaft_audit::TrailError;
use lineshaft_contract::Chain;
use lineshaft_identity::{ChangeError, LoginError, Refusal, StoreError};

use crate::Api;
use crate::access::refused;
use crate::limits;
use crate::problem::{ApiError, Code};

/// Checks the reason of a change: not too long, and there where the plant file wants one.
pub(crate) fn check_reason(api: &Api, why: &str) -> Result<(), ApiError> {
    let max = limits::WHY_BYTES_MAX;
    if why.len() > max {
        let detail = format!("`why` has more than {max} bytes");
        return Err(ApiError::new(Code::Body, detail).field("why"));
    }
    if why.trim().is_empty() && api.identity.policy().require_reason {
        return Err(no_reason());
    }
    Ok(())
}

/// There is no such account, role, token, ….
pub(crate) fn no_such(what: &str, name: &str) -> ApiError {
    ApiError::new(Code::NoSuchRecord, format!("there is no {what} `{name}`"))
}

/// The plant wants a reason.
pub(crate) fn no_reason() -> ApiError {
    ApiError::new(Code::Reason, "this plant wants a reason for every change")
        .field("why")
        .remedy("say in `why` what it is for")
}

/// The trail cannot be written, so nothing was done.
pub(crate) fn no_trail(error: &TrailError) -> ApiError {
    match error {
        // The trail itself has said so, once: not again for each act that it refuses.
        TrailError::Full { .. } | TrailError::Stopped { .. } | TrailError::Closed => {
            tracing::debug!(error = %Chain(error), "the audit trail refused an entry");
        }
        _ => tracing::error!(error = %Chain(error), "the audit trail refused an entry"),
    }
    ApiError::new(Code::Trail, "nothing was done, because it could not be recorded")
        .remedy("`GET /api/v1/audit/status` says what is wrong with the trail")
}

fn store(error: &StoreError) -> ApiError {
    if error.is_full() {
        // The trail is on the same disk, and says so from its next entry on.
        tracing::debug!(error = %Chain(error), "there is no room for a change of the accounts");
        return ApiError::new(Code::Trail, "nothing was done, because the disk has no room for it")
            .remedy("make room on the disk of the data folder");
    }
    tracing::error!(error = %Chain(error), "the accounts cannot be read or written");
    ApiError::new(Code::Internal, "the accounts cannot be read or written")
}

fn busy() -> ApiError {
    ApiError::new(Code::LoginBusy, "too many passwords are being checked").remedy("try again")
}

/// Name or password are wrong, and which of them is not said.
fn wrong() -> ApiError {
    ApiError::new(Code::Credentials, "the account, the password or the code is wrong")
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> ApiError {
        match error {
            LoginError::CodeNeeded => {
                ApiError::new(Code::FactorNeeded, "a code of the second factor is needed")
                    .field("code")
            }
            LoginError::Busy => busy(),
            LoginError::Change(change) => ApiError::from(*change),
            LoginError::SetupOver => {
                ApiError::new(Code::SetupOver, "the setup is over, or its link is not the newest")
                    .remedy("log in, or start the node again for a new link")
            }
            LoginError::Trail(trail) => no_trail(&trail),
            LoginError::Store(error) => store(&error),
            _ => wrong(),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> ApiError {
        match error {
            ChangeError::Denied(denied) => refused(&denied),
            ChangeError::NoSuch { .. } => ApiError::new(Code::NoSuchRecord, error.to_string()),
            ChangeError::Taken { .. } => ApiError::new(Code::Conflict, error.to_string()),
            ChangeError::Refused(refusal) => ApiError::from(refusal),
            ChangeError::Password { reasons } => {
                ApiError::new(Code::Password, "the password is refused").reasons(reasons)
            }
            ChangeError::Wrong => wrong(),
            ChangeError::Busy => busy(),
            ChangeError::Trail(trail) => no_trail(&trail),
            ChangeError::Store(error) => store(&error),
            other => {
                tracing::error!(error = %Chain(&other), "a change of the accounts failed");
                ApiError::new(Code::Internal, "the change could not be made")
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NoReason => no_reason(),
            Refusal::Invalid { member, .. } => ApiError::new(Code::Body, detail).field(member),
            Refusal::Expired => ApiError::new(Code::Body, detail).field("expires_ms"),
            Refusal::UnknownRole { .. } => ApiError::new(Code::NoSuchRecord, detail)
                .field("grants")
                .remedy("see `/api/v1/roles`"),
            _ => ApiError::new(Code::ChangeRefused, detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;

    /// The database is written behind the trail: what the trail still had room for may have none there.
    #[test]
    fn accounts_without_room_are_refused_as_a_trail_without_room_is() {
        let answer = |kind| {
            let source = std::io::Error::from(kind).into();
            let error = StoreError::Io { path: "identity.db".into(), what: "commit", source };
            ApiError::from(ChangeError::Store(error)).into_response().status().as_u16()
        };
        assert_eq!(answer(std::io::ErrorKind::StorageFull), 503);
        assert_eq!(answer(std::io::ErrorKind::PermissionDenied), 500);
    }
}
