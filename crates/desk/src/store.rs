//! The file: one SQLite database.
//!
//! - Source: the file format and pragmas of sqlite.org; `docs/formats/desk.md` says what is in it.
//! - Write-ahead log with `synchronous = FULL`: what is committed is on disk.

#[cfg(unix)]
use std::fs;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use crate::StoreError;
use crate::limits::FILE_PAGES_MAX;
use crate::rows::RowError;

/// `LSdk`: says that a file is ours.
const APPLICATION: i32 = 0x4c53_646b;

/// The smallest page of SQLite. It takes a shorter file for an empty one and writes over it.
const BYTES_MIN: u64 = 512;

/// Each takes the file one format further; the first makes it. Never edited once released, only added to.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// The one connection that writes.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    pub(crate) connection: Connection,
    /// A commit failed in a way that leaves open what is on disk: nothing is written until a restart looks.
    stopped: bool,
}

impl Store {
    /// Opens the file, or makes it; readable for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Store, StoreError> {
        let bytes = private(path).map_err(|source| io(path, "make or protect it", source))?;
        check_length(path, bytes)?;
        let connection = Connection::open(path).map_err(|source| fault(path, "open it", source))?;
        let mut store = Store { path: path.to_owned(), connection, stopped: false };
        store.settle()?;
        store.migrate()?;
        Ok(store)
    }

    fn settle(&self) -> Result<(), StoreError> {
        guard(&self.path, &self.connection)?;
        let journal = || {
            self.connection.pragma_update(None, "secure_delete", true)?;
            self.connection.pragma_update(None, "max_page_count", FILE_PAGES_MAX)?;
            self.connection.pragma_update(None, "synchronous", "FULL")?;
            self.connection
                .query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
        };
        let mode = journal().map_err(|source| fault(&self.path, "write ahead in it", source))?;
        if mode != "wal" {
            let why = std::io::Error::other(format!("the journal mode stays `{mode}`"));
            return Err(io(&self.path, "write ahead in it", why));
        }
        Ok(())
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let found = format_of(&self.path, &self.connection)?;
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        let done = usize::try_from(found).ok().and_then(|done| MIGRATIONS.get(done..));
        let Some(steps) = done else {
            let path = self.path.clone();
            return Err(StoreError::Newer { path, found, known });
        };
        for (format, step) in (found + 1..).zip(steps) {
            let script = format!(
                "BEGIN IMMEDIATE; {step}; PRAGMA application_id = {APPLICATION}; \
                 PRAGMA user_version = {format}; COMMIT;"
            );
            let made = self.connection.execute_batch(&script);
            made.map_err(|source| fault(&self.path, "bring it up to date", source))?;
        }
        Ok(())
    }

    pub(crate) fn fault(&self, what: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        move |source| fault(&path, what, source)
    }

    pub(crate) fn row(&self, error: RowError) -> StoreError {
        row_error(&self.path, error)
    }

    /// Opens a transaction.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        if self.stopped {
            let why = std::io::Error::other("a commit failed before; restart the node");
            return Err(io(&self.path, "write it", why));
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(self.fault("write it"))
    }

    /// Makes the transaction last, with the number of the entry that tells of it.
    pub(crate) fn commit(&mut self, seq: u64) -> Result<(), StoreError> {
        let finished =
            set_last(&self.connection, seq).and_then(|()| self.connection.execute_batch("COMMIT"));
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

    /// Forgets the transaction, if one is open.
    pub(crate) fn roll_back(&mut self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            self.stopped = true;
            tracing::error!(path = %self.path.display(), %error, "cannot roll a change back");
        }
    }

    /// Notes how far the trail is settled.
    pub(crate) fn settled(&mut self, seq: u64) -> Result<(), StoreError> {
        set_last(&self.connection, seq).map_err(self.fault("write it"))
    }

    /// Brings everything from the log into the file, and empties the log.
    pub(crate) fn checkpoint(&self) {
        let emptied =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()));
        if let Err(error) = emptied {
            tracing::warn!(path = %self.path.display(), %error, "the log beside the file stays");
        }
    }

    pub(crate) fn last_seq(&self) -> Result<Option<u64>, StoreError> {
        let found = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = 'last_seq'", [], |row| {
                row.get::<_, i64>(0)
            })
            .optional()
            .map_err(self.fault("read it"))?;
        let positive = |seq| {
            let what = || format!("last_seq is {seq}");
            u64::try_from(seq).map_err(|_negative| damaged(&self.path, what()))
        };
        found.map(positive).transpose()
    }
}

fn set_last(connection: &Connection, seq: u64) -> rusqlite::Result<()> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('last_seq', ?1)")?
        .execute([seq])
        .map(drop)
}

/// A connection that only reads: it sees what is committed, and waits for no change.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags);
    let connection = opened.map_err(|source| fault(path, "open it", source))?;
    guard(path, &connection)?;
    Ok(connection)
}

/// What is asked of each connection before it is used.
fn guard(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let set = || {
        connection.busy_timeout(Duration::from_secs(5))?;
        // A damaged or hostile file shall not run functions or hide damage in its cells.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    };
    let found = set().map_err(|source| fault(path, "check it", source))?;
    if found == "ok" { Ok(()) } else { Err(damaged(path, found)) }
}

/// The format of a file, which is ours and not newer than this program; 0 when it is empty.
pub(crate) fn format_of(path: &Path, connection: &Connection) -> Result<i64, StoreError> {
    let number = |name| {
        let read = connection.query_row(name, [], |row| row.get::<_, i64>(0));
        read.map_err(|source| fault(path, "read it", source))
    };
    let found = number("PRAGMA user_version")?;
    let application = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let is_new = found == 0 && application == 0 && tables == 0;
    if !is_new && application != i64::from(APPLICATION) {
        return Err(damaged(path, "it is not a database of Lineshaft's desk".to_owned()));
    }
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    if found < 0 {
        return Err(damaged(path, format!("its format is {found}")));
    }
    Ok(found)
}

/// SQLite takes a file shorter than a page for an empty one.
pub(crate) fn check_length(path: &Path, bytes: u64) -> Result<(), StoreError> {
    if (1..BYTES_MIN).contains(&bytes) {
        return Err(damaged(path, format!("it has {bytes} bytes, less than any database")));
    }
    Ok(())
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

pub(crate) fn io(path: &Path, what: &'static str, source: std::io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), what, source: source.into() }
}

pub(crate) fn damaged(path: &Path, what: String) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), what }
}

pub(crate) fn fault(path: &Path, what: &'static str, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            damaged(path, source.to_string())
        }
        _ => StoreError::Io { path: path.to_owned(), what, source: source.into() },
    }
}

pub(crate) fn row_error(path: &Path, error: RowError) -> StoreError {
    match error {
        RowError::Sql(source) => fault(path, "read it", source),
        RowError::Value { what } => damaged(path, what),
    }
}
