//! What a crash left between the trail and the database.
//!
//! A change is in the trail before it is committed. If the last change the trail tells of is not the last one the
//! database has, it never became so: the trail is told. So it is when one of the two is not the one that belongs to the
//! other: a database that was made anew, a trail that has lost entries.

use lineshaft_audit::{Act, Action, Actor, Entry, Outcome, Query, Trail};

use crate::OpenError;
use crate::change::not_committed;
use crate::store::Store;

/// How many entries are looked at in one step.
const PAGE: u32 = 1_000;

/// Compares the newest change of both, and enters what does not fit.
pub(crate) fn compare(store: &mut dyn Store, trail: &Trail) -> Result<(), OpenError> {
    let committed = store.last_seq()?;
    let entries = trail.status().entries;
    let act = match (committed, last_change(trail, committed)?) {
        (Some(seq), _) if seq >= entries => mismatch(format!(
            "the accounts tell of entry {seq} and the trail has {entries}: entries are lost"
        )),
        (None, Some(newest)) => mismatch(format!(
            "the accounts are new and know nothing of what the trail tells up to entry {}",
            newest.seq
        )),
        (Some(_), Some(cut)) => Act {
            who: Actor::node(),
            result: Outcome::Failed,
            detail: Some(not_committed(cut.seq)),
            ..cut.act
        },
        (_, None) => return Ok(()),
    };
    tracing::warn!(detail = act.detail, "the accounts and the audit trail do not agree");
    trail.record_blocking(act).map_err(|error| OpenError::Trail(error.into()))?;
    Ok(())
}

fn mismatch(detail: String) -> Act {
    Act::done(&Actor::node(), Action::AccountChange, "identity.db")
        .result(Outcome::Unknown)
        .detail(detail)
}

/// The newest change the trail tells of, if it is newer than `committed` and nothing says yet that it never was.
///
/// There is at most one: changes are made one after the other.
fn last_change(trail: &Trail, committed: Option<u64>) -> Result<Option<Entry>, OpenError> {
    let mut after = None;
    loop {
        let query = Query { newest_first: true, after, limit: PAGE, ..Query::default() };
        let page = match trail.read(&query) {
            Ok(page) => page,
            // What was archived is older than anything that is still open.
            Err(lineshaft_audit::ReadError::Archived { .. }) => return Ok(None),
            Err(error) => return Err(OpenError::Trail(error.into())),
        };
        for entry in page.entries {
            if committed.is_some_and(|committed| entry.seq <= committed) {
                return Ok(None);
            }
            if !is_change(&entry.act) {
                continue;
            }
            match entry.act.result {
                Outcome::Done => return Ok(Some(entry)),
                Outcome::Failed | Outcome::Unknown => return Ok(None),
                Outcome::Requested | Outcome::Refused => {}
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// Whether an entry tells of a change that is committed to the database.
fn is_change(act: &Act) -> bool {
    match act.action {
        Action::Login
        | Action::Logout
        | Action::SessionLock
        | Action::SessionUnlock
        | Action::SessionEnd
        | Action::Unlock
        | Action::Setup
        | Action::AccountCreate
        | Action::AccountChange
        | Action::AccountDisable
        | Action::AccountEnable
        | Action::PasswordChange
        | Action::PasswordReset
        | Action::FactorAdd
        | Action::FactorRemove
        | Action::RoleCreate
        | Action::RoleChange
        | Action::RoleDelete
        | Action::TokenCreate
        | Action::TokenRevoke
        | Action::Sign => act.new.as_ref().is_none_or(|new| new.get("road").is_none()),
        // Others enter certificates too; ours say for which account.
        Action::CertificateAdd | Action::CertificateRevoke => {
            [&act.new, &act.old].into_iter().flatten().any(|value| value.get("account").is_some())
        }
        _ => false,
    }
}
