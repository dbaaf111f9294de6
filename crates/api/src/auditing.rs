//! What the routes of the audit trail share: turns for disk work, who has read lately, and what the trail says about itself.
//!
//! Whether somebody had the trail verified, and up to where somebody has reviewed it, are entries of the trail like all
//! others. So they are kept nowhere else: [`Told`] looks for the newest of them once, and then at what came after.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_audit::{Action, Entry, Outcome, Query, ReadError, Trail};
use lineshaft_contract::Chain;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;

use crate::limits;
use crate::problem::{ApiError, Code};
use crate::refusals::no_such;
use crate::server::Shared;

/// One entry in this time says that somebody reads the trail.
const READER_INTERVAL: Duration = Duration::from_secs(60);
/// Readers remembered before those of over a minute ago are forgotten.
const READERS_KEPT: usize = 1_000;
/// Pages of the trail that one look reads at most, in each direction; the next look goes on from there.
const PAGES_PER_LOOK: u32 = 4;

/// What the routes of the audit trail share.
#[derive(Debug)]
pub(crate) struct Auditing {
    reads: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    verifications: Arc<Semaphore>,
    /// When each reader's last entry was made, steady time.
    readers: Mutex<HashMap<Arc<str>, Duration>>,
    told: Arc<Mutex<Told>>,
}

impl Auditing {
    pub(crate) fn new() -> Auditing {
        Auditing {
            reads: Arc::new(Semaphore::new(limits::TRAIL_READS_MAX)),
            exports: Arc::new(Semaphore::new(limits::EXPORTS_MAX)),
            verifications: Arc::new(Semaphore::new(1)),
            readers: Mutex::default(),
            told: Arc::default(),
        }
    }

    /// A turn for an export.
    pub(crate) fn export_turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        self.exports.clone().try_acquire_owned().map_err(|_taken| {
            let max = limits::EXPORTS_MAX;
            ApiError::new(Code::Busy, format!("{max} exports of the trail are being taken"))
                .remedy("try again when one is done")
        })
    }

    /// The turn for a verification: it reads the whole trail.
    pub(crate) fn verify_turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        self.verifications.clone().try_acquire_owned().map_err(|_taken| {
            ApiError::new(Code::Busy, "the trail is being verified")
                .remedy("`GET /api/v1/audit/status` has the outcome when it is done")
        })
    }

    /// Whether `reader` leaves an entry now: he has left none for a minute.
    pub(crate) fn is_due(&self, reader: &Arc<str>, now: Duration) -> bool {
        let is_recent = |last: &Duration| now.saturating_sub(*last) < READER_INTERVAL;
        let mut readers = self.readers.lock();
        if readers.get(reader).is_some_and(is_recent) {
            return false;
        }
        if readers.len() >= READERS_KEPT {
            readers.retain(|_, last| is_recent(last));
        }
        readers.insert(reader.clone(), now);
        true
    }

    /// The entry of `reader` was not made after all.
    pub(crate) fn is_due_again(&self, reader: &Arc<str>) {
        self.readers.lock().remove(reader);
    }

    /// What the trail said when somebody last looked. Reads no disk.
    pub(crate) fn told(&self) -> Told {
        self.told.lock().clone()
    }
}

/// Reads the trail on a thread that may block, a few at a time.
pub(crate) async fn reading<T: Send + 'static>(
    shared: &Arc<Shared>,
    read: impl FnOnce(&Trail) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let wait = shared.api.limits.query_wait;
    let turn = tokio::time::timeout(wait, shared.auditing.reads.clone().acquire_owned());
    let Ok(Ok(turn)) = turn.await else {
        let max = limits::TRAIL_READS_MAX;
        let detail = format!("{max} questions about the trail are being answered");
        return Err(ApiError::new(Code::Busy, detail).remedy("ask again"));
    };
    let trail = shared.api.trail.clone();
    let work = move || {
        // The turn ends when the work does, also when the client has left meanwhile.
        let _turn = turn;
        read(&trail)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(panic) => {
            tracing::error!(error = %panic, "reading the audit trail failed");
            Err(ApiError::new(Code::Internal, "the trail could not be read"))
        }
    }
}

/// What the trail says about itself now.
pub(crate) async fn look(shared: &Arc<Shared>) -> Result<Told, ApiError> {
    let kept = shared.auditing.told.clone();
    reading(shared, move |trail| {
        // Not under the lock: two looks at a time do the same work twice, and nobody waits.
        let mut told = kept.lock().clone();
        told.look(trail).map_err(unreadable)?;
        kept.lock().clone_from(&told);
        Ok(told)
    })
    .await
}

/// Why the trail cannot be read, for whoever asked.
pub(crate) fn unreadable(error: ReadError) -> ApiError {
    match error {
        ReadError::Outside { .. } => ApiError::new(Code::NoSuchRecord, error.to_string())
            .remedy("`GET /api/v1/audit/status` says how many entries there are"),
        ReadError::Archived { oldest } => ApiError::new(Code::NoSuchRecord, error.to_string())
            .remedy(format!(
                "entries from {oldest} on are here; older ones are in the segments that were moved away"
            )),
        error => {
            tracing::error!(error = %Chain(&error), "the audit trail cannot be read");
            ApiError::new(Code::TrailUnreadable, format!("{}: {error}", error.code()))
                .remedy("`lineshaft verify` says where the trail is damaged")
        }
    }
}

/// There is no such entry.
pub(crate) fn no_entry(seq: u64) -> ApiError {
    no_such("entry", &seq.to_string()).field("seq")
}

/// A verification and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Verified {
    /// When.
    pub(crate) at_ms: i64,
    /// How many entries were checked.
    pub(crate) entries: u64,
    /// `sound` or `broken`.
    pub(crate) outcome: String,
    /// What is broken.
    #[schema(required)]
    pub(crate) detail: Option<String>,
}

/// Up to where somebody has reviewed the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Reviewed {
    /// The last entry he has looked at.
    pub(crate) seq: u64,
    /// Who.
    pub(crate) who: String,
    /// When he said so.
    pub(crate) at_ms: i64,
}

/// What the newest entries of their kind say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// The entries that were looked at.
    seen: Option<Range<u64>>,
    /// Each with the number of its own entry.
    verified: Option<(u64, Verified)>,
    reviewed: Option<(u64, Reviewed)>,
}

impl Told {
    pub(crate) fn verified(&self) -> Option<&Verified> {
        self.verified.as_ref().map(|(_, verified)| verified)
    }

    pub(crate) fn reviewed(&self) -> Option<&Reviewed> {
        self.reviewed.as_ref().map(|(_, reviewed)| reviewed)
    }

    /// Looks at what came since the last look, and at what is older as long as something is not known.
    fn look(&mut self, trail: &Trail) -> Result<(), ReadError> {
        let size = trail.checkpoint().size();
        let mut seen = self.seen.clone().unwrap_or(size..size);
        let ask = |newest_first, after| Query {
            newest_first,
            after,
            limit: lineshaft_audit::PAGE_ENTRIES_MAX,
            action: Some("audit".into()),
            ..Query::default()
        };
        for _ in 0..PAGES_PER_LOOK {
            if seen.end >= size {
                break;
            }
            let page = trail.read(&ask(false, seen.end.checked_sub(1)))?;
            page.entries.iter().for_each(|entry| self.take(entry));
            seen.end = page.next.map_or(size, |next| next + 1);
        }
        for _ in 0..PAGES_PER_LOOK {
            if seen.start == 0 || (self.verified.is_some() && self.reviewed.is_some()) {
                break;
            }
            let page = trail.read(&ask(true, Some(seen.start)))?;
            page.entries.iter().for_each(|entry| self.take(entry));
            seen.start = page.next.unwrap_or(0);
        }
        self.seen = Some(seen);
        Ok(())
    }

    fn take(&mut self, entry: &Entry) {
        let Some(new) = entry.act.new.as_ref().filter(|_| entry.act.result == Outcome::Done) else {
            return;
        };
        let number = |member: &str| new.get(member).and_then(serde_json::Value::as_u64);
        let at_ms = entry.time.millis();
        match entry.act.action {
            Action::AuditVerify
                if self.verified.as_ref().is_none_or(|(seq, _)| *seq < entry.seq) =>
            {
                let word = |member: &str| Some(new.get(member)?.as_str()?.to_owned());
                let (Some(entries), Some(outcome)) = (number("entries"), word("outcome")) else {
                    return;
                };
                let verified = Verified { at_ms, entries, outcome, detail: word("broken") };
                self.verified = Some((entry.seq, verified));
            }
            Action::AuditReview
                if self.reviewed.as_ref().is_none_or(|(seq, _)| *seq < entry.seq) =>
            {
                let Some(seq) = number("seq") else { return };
                let who = entry.act.who.name.to_string();
                self.reviewed = Some((entry.seq, Reviewed { seq, who, at_ms }));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_audit::{Act, Actor, Options};
    use lineshaft_model::Timestamp;
    use lineshaft_runtime::Clock;
    use lineshaft_runtime::disk::sim::{Faults, SimDisk};
    use serde_json::json;

    #[test]
    fn a_reader_leaves_one_entry_a_minute() {
        let auditing = Auditing::new();
        let at = Duration::from_secs;
        let (maria, jan): (Arc<str>, Arc<str>) = ("maria".into(), "jan".into());
        assert!(auditing.is_due(&maria, at(0)) && !auditing.is_due(&maria, at(59)));
        assert!(auditing.is_due(&jan, at(1)), "another reader has his own minute");
        assert!(auditing.is_due(&maria, at(60)));
        auditing.is_due_again(&maria);
        assert!(auditing.is_due(&maria, at(61)), "no entry was made of the last one");
    }

    /// Proves: P11-21.
    #[test]
    fn the_newest_review_and_verification_are_found_among_what_is_there_and_what_comes() {
        let disk = Arc::new(SimDisk::new(1, Faults::none()));
        let clock = Clock::simulated(Timestamp::from_secs(1));
        let options = Options { reserve_bytes: 0, ..Options::default() };
        let trail = Trail::open_stepped(disk, clock, "audit".as_ref(), options).unwrap();
        let record = |act| trail.record_blocking(act).unwrap().seq();
        let by = Actor { name: "maria".into(), ..Actor::node() };
        let review = |seq: u64| Act::done(&by, Action::AuditReview, "").new(json!({ "seq": seq }));
        record(review(0));
        record(Act::done(&by, Action::AuditRead, ""));

        let mut told = Told::default();
        told.look(&trail).unwrap();
        assert_eq!(told.reviewed().map(|reviewed| reviewed.seq), Some(0));
        assert_eq!(told.verified(), None);

        let broken = json!({ "entries": 2, "outcome": "broken", "broken": "entry 1" });
        record(Act::done(&by, Action::AuditVerify, "").new(broken));
        record(Act::done(&by, Action::AuditVerify, "").result(Outcome::Failed));
        record(review(3));
        record(review(2).result(Outcome::Refused));
        told.look(&trail).unwrap();
        let reviewed = Reviewed { seq: 3, who: "maria".into(), at_ms: 1_000 };
        assert_eq!(told.reviewed(), Some(&reviewed));
        let detail = told.verified().and_then(|verified| verified.detail.clone());
        assert_eq!(detail.as_deref(), Some("entry 1"));
    }
}
