//! The desk beside the trail: what a crash left between the two.
//!
//! A change of the desk is in the trail before it is kept. If the newest one the trail tells of is newer than what the
//! desk has, it never became so: the trail is told. So it is when the desk was made anew.

use std::path::Path;

use lineshaft_audit::{Act, Action, Actor, Entry, Outcome, Query, ReadError, Trail};
use lineshaft_contract::Chain;
use lineshaft_desk::Desk;

use super::StartError;

/// The file in the data folder.
pub(crate) const FILE: &str = "desk.db";

/// How many entries are looked at in one step.
const PAGE: u32 = 1_000;

/// Opens the desk of a data folder and compares it with the trail.
pub(super) fn open(data: &Path, trail: &Trail) -> Result<Desk, StartError> {
    let opened = Desk::open(&data.join(FILE)).and_then(|desk| Ok((desk.last_seq()?, desk)));
    let (kept, desk) = opened.map_err(|source| StartError::Desk { source })?;
    match newest_open(trail, kept) {
        Ok(None) => settle(&desk, trail),
        Ok(Some(cut)) => {
            let detail = match kept {
                Some(_) => format!("entry {} was not kept: the node ended before it was", cut.seq),
                None => format!("the desk is new and does not have what entry {} tells", cut.seq),
            };
            tracing::warn!(detail, "the desk and the audit trail do not agree");
            let act = Act {
                who: Actor::node(),
                result: Outcome::Failed,
                detail: Some(detail),
                ..cut.act
            };
            match trail.record_blocking(act) {
                Ok(_entry) => settle(&desk, trail),
                Err(error) => tracing::error!(error = %Chain(&error), "that could not be recorded"),
            }
        }
        // The trail says so itself wherever it is read; what people wrote is there nevertheless.
        Err(error) => {
            tracing::error!(error = %Chain(&error), "the desk cannot be compared with the trail");
        }
    }
    Ok(desk)
}

/// Notes how far the trail is settled, so that the next start has little to look through. No change may be under way.
pub(super) fn settle(desk: &Desk, trail: &Trail) {
    let Some(newest) = trail.status().entries.checked_sub(1) else { return };
    if let Err(error) = desk.settled(newest) {
        tracing::warn!(error = %Chain(&error), "cannot write down how far the trail is settled");
    }
}

/// The newest change the trail tells of, if it is newer than what is kept and nothing says yet that it never was.
///
/// There is at most one: changes are made one after the other.
fn newest_open(trail: &Trail, kept: Option<u64>) -> Result<Option<Entry>, ReadError> {
    let mut after = None;
    loop {
        let query = Query { newest_first: true, after, limit: PAGE, ..Query::default() };
        let page = match trail.read(&query) {
            Ok(page) => page,
            // What was archived is older than anything that is still open.
            Err(ReadError::Archived { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        for entry in page.entries {
            if kept.is_some_and(|kept| entry.seq <= kept) {
                return Ok(None);
            }
            match (is_change(entry.act.action), entry.act.result) {
                (true, Outcome::Done) => return Ok(Some(entry)),
                (true, Outcome::Failed | Outcome::Unknown) => return Ok(None),
                _ => {}
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// Whether an entry tells of a change that is kept in the desk.
fn is_change(action: Action) -> bool {
    matches!(
        action,
        Action::AnnotationMake
            | Action::AnnotationChange
            | Action::AnnotationWithdraw
            | Action::TrendKeep
            | Action::TrendChange
            | Action::TrendDelete
            | Action::AccountSettings
    )
}
