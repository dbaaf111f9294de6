//! Where records are kept. SQLite fills it for one node; PostgreSQL can for several.

mod rows;
mod sqlite;

use lineshaft_model::Timestamp;

use crate::StoreError;
use crate::state::{Change, SessionRecord, SignatureRecord, State};

pub(crate) use sqlite::Sqlite;

/// Everything that is read at the start.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) state: State,
    pub(crate) sessions: Vec<SessionRecord>,
}

/// That something was used: bookkeeping, which may be lost and is not in the trail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Use {
    /// A person used a session.
    Session { id: String, active: Timestamp },
    /// A program used a token.
    Token { id: u64, used: Timestamp },
    /// Somebody failed to log in with an account, so often since the last login.
    Failures { account: u64, count: u32 },
    /// No change was open when the trail had come to this entry: a start need not look at what is before.
    Settled { seq: u64 },
}

/// Keeps records. One caller at a time, on a thread that may wait for a disk.
///
/// A change is two steps with the trail's entry between them: [`Store::prepare`] does everything that can be refused,
/// [`Store::commit`] makes it last. What was prepared and not committed never was.
pub(crate) trait Store: Send {
    /// Reads everything but signatures.
    fn load(&mut self) -> Result<Loaded, StoreError>;
    /// Writes all of these records inside a transaction, and leaves it open.
    fn prepare(&mut self, changes: &[Change]) -> Result<(), StoreError>;
    /// Makes what was prepared last, with the number of the entry that tells of it.
    fn commit(&mut self, seq: u64) -> Result<(), StoreError>;
    /// Forgets what was prepared.
    fn roll_back(&mut self);
    /// Notes uses. May be lost in a crash.
    fn note(&mut self, uses: &[Use]) -> Result<(), StoreError>;
    /// The entry up to which everything is settled: that of the newest change here, or a later one; `None` in a new
    /// store.
    fn last_seq(&mut self) -> Result<Option<u64>, StoreError>;
    /// The signatures of one record, oldest first.
    fn signatures(&mut self, kind: &str, record: &str) -> Result<Vec<SignatureRecord>, StoreError>;
}
