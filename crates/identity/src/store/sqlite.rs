//! The store in one SQLite file.
//!
//! - Source: the file format and pragmas of sqlite.org; `docs/formats/identity.md` says what is in it.
//! - Write-ahead log with `synchronous = FULL`: what is committed is on disk.

#[cfg(unix)]
use std::fs;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use super::rows::{self, RowError};
use super::{Loaded, Store, Use};
use crate::StoreError;
use crate::state::{Change, SignatureRecord, State};

/// `LSid`: says that a file is ours.
const APPLICATION: i32 = 0x4c53_6964;

/// The smallest page of SQLite. It takes a shorter file for an empty one and writes over it.
const BYTES_MIN: u64 = 512;

/// Each takes the file one format further; the first makes it. Never edited once released, only added to.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

const SET_LAST: &str = "INSERT OR REPLACE INTO meta (name, value) VALUES ('last_seq', ?1)";

/// One file, one connection.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    connection: Connection,
    /// A commit failed in a way that leaves open what is on disk: nothing is written until a restart looks.
    stopped: bool,
}

impl Sqlite {
    /// Opens the file, or makes it; readable for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Sqlite, StoreError> {
        let bytes = private(path).map_err(|source| io(path, "make or protect it", source))?;
        if (1..BYTES_MIN).contains(&bytes) {
            let what = format!("it has {bytes} bytes, less than any database");
            return Err(StoreError::Damaged { path: path.to_owned(), what });
        }
        let connection = Connection::open(path).map_err(|source| fault(path, "open it", source))?;
        let mut store = Sqlite { path: path.to_owned(), connection, stopped: false };
        store.settle()?;
        store.migrate()?;
        Ok(store)
    }

    fn settle(&self) -> Result<(), StoreError> {
        let set = || {
            self.connection.busy_timeout(std::time::Duration::from_secs(5))?;
            // A damaged or hostile file shall not run functions or hide damage in its cells.
            self.connection.pragma_update(None, "trusted_schema", false)?;
            self.connection.pragma_update(None, "cell_size_check", true)?;
            self.connection.pragma_update(None, "secure_delete", true)?;
            self.connection.pragma_update(None, "foreign_keys", true)?;
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        };
        let found = set().map_err(self.fault("check it"))?;
        if found != "ok" {
            return Err(self.damaged(found));
        }
        let journal = || {
            self.connection.pragma_update(None, "synchronous", "FULL")?;
            self.connection
                .query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
        };
        let mode = journal().map_err(self.fault("write ahead in it"))?;
        if mode != "wal" {
            let why = std::io::Error::other(format!("the journal mode stays `{mode}`"));
            return Err(io(&self.path, "write ahead in it", why));
        }
        Ok(())
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let number = |name| self.connection.query_row(name, [], |row| row.get::<_, i64>(0));
        let found = number("PRAGMA user_version").map_err(self.fault("read it"))?;
        let application = number("PRAGMA application_id").map_err(self.fault("read it"))?;
        let tables = number("SELECT count(*) FROM sqlite_schema").map_err(self.fault("read it"))?;
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        let is_new = found == 0 && application == 0 && tables == 0;
        if !is_new && application != i64::from(APPLICATION) {
            return Err(self.damaged("it is not a database of Lineshaft's accounts".to_owned()));
        }
        if found > known {
            return Err(StoreError::Newer { path: self.path.clone(), found, known });
        }
        let done = usize::try_from(found)
            .ok()
            .and_then(|done| MIGRATIONS.get(done..))
            .ok_or_else(|| self.damaged(format!("its format is {found}")))?;
        for (format, step) in (found + 1..).zip(done) {
            let script = format!(
                "BEGIN IMMEDIATE; {step}; PRAGMA application_id = {APPLICATION}; \
                 PRAGMA user_version = {format}; COMMIT;"
            );
            self.connection.execute_batch(&script).map_err(self.fault("bring it up to date"))?;
        }
        Ok(())
    }

    fn fault(&self, what: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError + '_ {
        move |source| fault(&self.path, what, source)
    }

    fn row(&self, error: RowError) -> StoreError {
        match error {
            RowError::Sql(source) => fault(&self.path, "read it", source),
            RowError::Value { what } => self.damaged(what),
        }
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), what }
    }

    fn check_running(&self) -> Result<(), StoreError> {
        if !self.stopped {
            return Ok(());
        }
        let why = std::io::Error::other("a commit failed before; restart the node");
        Err(io(&self.path, "write it", why))
    }

    fn write(&self, changes: &[Change]) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        changes.iter().try_for_each(|change| rows::write(&self.connection, change))
    }

    fn use_all(&self, uses: &[Use]) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for used in uses {
            match used {
                Use::Session { id, active } => connection
                    .prepare_cached("UPDATE sessions SET active = ?2 WHERE id = ?1")?
                    .execute(params![id, active.nanos()])?,
                Use::Token { id, used } => connection
                    .prepare_cached("UPDATE tokens SET last_used = ?2 WHERE id = ?1")?
                    .execute(params![rows::signed(*id), used.nanos()])?,
                Use::Settled { seq } => {
                    connection.prepare_cached(SET_LAST)?.execute([rows::signed(*seq)])?
                }
                Use::Failures { account, count } => connection
                    .prepare_cached("UPDATE accounts SET failures = ?2 WHERE id = ?1")?
                    .execute(params![rows::signed(*account), count])?,
            };
        }
        connection.execute_batch("COMMIT")
    }
}

impl Store for Sqlite {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let read = || -> Result<Loaded, RowError> {
            let connection = &self.connection;
            let state = State {
                accounts: rows::accounts(connection)?,
                roles: rows::roles(connection)?,
                tokens: rows::tokens(connection)?,
                certificates: rows::certificates(connection)?,
            };
            Ok(Loaded { state, sessions: rows::sessions(connection)? })
        };
        read().map_err(|error| self.row(error))
    }

    fn prepare(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.check_running()?;
        let written = self.write(changes).map_err(self.fault("write it"));
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    fn commit(&mut self, seq: u64) -> Result<(), StoreError> {
        let seq = rows::signed(seq);
        let finish = || {
            let connection = &self.connection;
            connection
                .prepare_cached("UPDATE signatures SET seq = ?1 WHERE seq = -1")?
                .execute([seq])?;
            connection.prepare_cached(SET_LAST)?.execute([seq])?;
            connection.execute_batch("COMMIT")
        };
        let finished = finish();
        if let Err(error) = &finished {
            let plain = matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::ConstraintViolation
                )
            );
            self.stopped = !plain;
            self.roll_back();
        }
        finished.map_err(self.fault("commit to it"))
    }

    fn roll_back(&mut self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            self.stopped = true;
            tracing::error!(path = %self.path.display(), %error, "cannot roll a change back");
        }
    }

    fn note(&mut self, uses: &[Use]) -> Result<(), StoreError> {
        self.check_running()?;
        if uses.is_empty() {
            return Ok(());
        }
        let noted = self.use_all(uses).map_err(self.fault("write it"));
        if noted.is_err() {
            self.roll_back();
        }
        noted
    }

    fn last_seq(&mut self) -> Result<Option<u64>, StoreError> {
        let found = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = 'last_seq'", [], |row| {
                row.get::<_, i64>(0)
            })
            .optional()
            .map_err(self.fault("read it"))?;
        let positive = |seq| {
            u64::try_from(seq).map_err(|_negative| self.damaged(format!("last_seq is {seq}")))
        };
        found.map(positive).transpose()
    }

    fn signatures(&mut self, kind: &str, record: &str) -> Result<Vec<SignatureRecord>, StoreError> {
        rows::signatures(&self.connection, kind, record).map_err(|error| self.row(error))
    }
}

/// Makes the file if it is not there, and closes it to everybody but its owner either way; gives its length. SQLite
/// gives its side files the permissions of the file itself.
fn private(path: &Path) -> std::io::Result<u64> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let found = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if found.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(found.len())
}

fn io(path: &Path, what: &'static str, source: std::io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), what, source: source.into() }
}

fn fault(path: &Path, what: &'static str, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.to_owned(), what: source.to_string() }
        }
        _ => StoreError::Io { path: path.to_owned(), what, source: source.into() },
    }
}
