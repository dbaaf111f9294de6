//! Looks at every row of a file that nobody has open.

use std::path::Path;

use crate::StoreError;
use crate::annotation::{AnnotationQuery, Order};
use crate::rows::{self, RowError};
use crate::store::{check_length, fault, format_of, io, open_to_read, row_error};

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verification {
    /// Annotations, with those that were withdrawn.
    pub annotations: u64,
    /// Saved trends.
    pub trends: u64,
    /// People with settings of their own.
    pub settings: u64,
}

/// Reads everything and checks that it means something. Writes nothing.
///
/// # Errors
/// [`StoreError`]: the first thing that is wrong.
pub fn verify(path: &Path) -> Result<Verification, StoreError> {
    let file = std::fs::metadata(path).map_err(|source| io(path, "read it", source))?;
    check_length(path, file.len())?;
    let connection = open_to_read(path)?;
    if format_of(path, &connection)? == 0 {
        return Ok(Verification::default());
    }
    let sound = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
        .map_err(|source| fault(path, "check it", source))?;
    if sound != "ok" {
        return Err(crate::store::damaged(path, sound));
    }
    let read = || -> Result<Verification, RowError> {
        let mut found = Verification::default();
        let everything = AnnotationQuery {
            start: None,
            end: None,
            withdrawn: true,
            order: Order::OldestFirst,
            limit: 0,
            after: None,
        };
        rows::annotations(&connection, &everything, |_annotation| {
            found.annotations += 1;
            false
        })?;
        rows::trends(&connection, None, |_trend| found.trends += 1)?;
        let mut accounts = connection.prepare("SELECT account FROM settings")?;
        let mut accounts = accounts.query([])?;
        while let Some(row) = accounts.next()? {
            let account: i64 = row.get(0)?;
            rows::settings(&connection, account.unsigned_abs())?;
            found.settings += 1;
        }
        Ok(found)
    };
    read().map_err(|error| row_error(path, error))
}
