//! Records to rows and back. A row that cannot be a record is damage, named by table, row and column.

use std::collections::BTreeMap;

use lineshaft_model::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Secret;
use crate::state::{
    AccountRecord, CertificateRecord, Change, FactorRecord, RoleRecord, SessionRecord,
    SignatureRecord, TokenRecord,
};

/// Why a row was not read.
#[derive(Debug)]
pub(crate) enum RowError {
    /// SQLite refused.
    Sql(rusqlite::Error),
    /// It is no record.
    Value { what: String },
}

impl From<rusqlite::Error> for RowError {
    fn from(error: rusqlite::Error) -> RowError {
        RowError::Sql(error)
    }
}

/// SQLite knows signed numbers only; ours are counted up from 0.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One row while it is read.
struct Fields<'r> {
    table: &'static str,
    row: &'r Row<'r>,
}

impl Fields<'_> {
    fn get<T: FromSql>(&self, column: &'static str) -> Result<T, RowError> {
        self.row.get(column).map_err(|error| self.wrong(column, &error.to_string()))
    }

    fn time(&self, column: &'static str) -> Result<Timestamp, RowError> {
        self.get(column).map(Timestamp::from_nanos)
    }

    fn time_maybe(&self, column: &'static str) -> Result<Option<Timestamp>, RowError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_nanos))
    }

    fn count(&self, column: &'static str) -> Result<u64, RowError> {
        let found: i64 = self.get(column)?;
        u64::try_from(found).map_err(|_negative| self.wrong(column, "it is negative"))
    }

    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, RowError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| self.wrong(column, &error.to_string()))
    }

    /// A text that stands for one of few values.
    fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, RowError> {
        let text: String = self.get(column)?;
        serde_json::from_value(serde_json::Value::String(text))
            .map_err(|error| self.wrong(column, &error.to_string()))
    }

    fn wrong(&self, column: &'static str, why: &str) -> RowError {
        let row: String = match self.row.get_ref(0) {
            Ok(rusqlite::types::ValueRef::Integer(id)) => id.to_string(),
            Ok(rusqlite::types::ValueRef::Text(name)) => String::from_utf8_lossy(name).into_owned(),
            _ => "?".to_owned(),
        };
        RowError::Value { what: format!("{} `{row}`, {column}: {why}", self.table) }
    }
}

fn all<T>(
    connection: &Connection,
    table: &'static str,
    read: impl Fn(&Fields<'_>) -> Result<T, RowError>,
) -> Result<Vec<T>, RowError> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&Fields { table, row })?);
    }
    Ok(found)
}

pub(super) fn accounts(connection: &Connection) -> Result<BTreeMap<u64, AccountRecord>, RowError> {
    let read = |row: &Fields<'_>| {
        let secret: Option<String> = row.get("factor_secret")?;
        let factor = secret
            .map(|secret| {
                Ok::<_, RowError>(FactorRecord {
                    secret: Secret::new(secret),
                    last_step: row
                        .get::<Option<i64>>("factor_step")?
                        .and_then(|s| s.try_into().ok()),
                    recovery: row.json("factor_recovery")?,
                })
            })
            .transpose()?;
        Ok(AccountRecord {
            id: row.count("id")?,
            name: row.get("name")?,
            full_name: row.get("full_name")?,
            kind: row.word("kind")?,
            grants: row.json("grants")?,
            enabled: row.get("enabled")?,
            created: row.time("created")?,
            expires: row.time_maybe("expires")?,
            sessions_max: row.get("sessions_max")?,
            last_login: row.time_maybe("last_login")?,
            failures: row.get("failures")?,
            password: row.get("password")?,
            password_set: row.time("password_set")?,
            password_due: row.get("password_due")?,
            password_history: row.json("password_history")?,
            factor,
        })
    };
    Ok(all(connection, "accounts", read)?.into_iter().map(|row| (row.id, row)).collect())
}

pub(super) fn roles(connection: &Connection) -> Result<BTreeMap<String, RoleRecord>, RowError> {
    let read = |row: &Fields<'_>| {
        Ok(RoleRecord {
            name: row.get("name")?,
            description: row.get("description")?,
            rules: row.json("rules")?,
        })
    };
    Ok(all(connection, "roles", read)?.into_iter().map(|row| (row.name.clone(), row)).collect())
}

pub(super) fn tokens(connection: &Connection) -> Result<BTreeMap<u64, TokenRecord>, RowError> {
    let read = |row: &Fields<'_>| {
        Ok(TokenRecord {
            id: row.count("id")?,
            name: row.get("name")?,
            hash: row.get("hash")?,
            grants: row.json("grants")?,
            created_by: row.get("created_by")?,
            created: row.time("created")?,
            expires: row.time("expires")?,
            last_used: row.time_maybe("last_used")?,
            revoked: row.get("revoked")?,
        })
    };
    Ok(all(connection, "tokens", read)?.into_iter().map(|row| (row.id, row)).collect())
}

pub(super) fn certificates(
    connection: &Connection,
) -> Result<BTreeMap<[u8; 32], CertificateRecord>, RowError> {
    let read = |row: &Fields<'_>| {
        Ok(CertificateRecord {
            fingerprint: row.get("fingerprint")?,
            account: row.count("account")?,
            subject: row.get("subject")?,
            expires: row.time("expires")?,
        })
    };
    let found = all(connection, "certificates", read)?;
    Ok(found.into_iter().map(|row| (row.fingerprint, row)).collect())
}

pub(super) fn sessions(connection: &Connection) -> Result<Vec<SessionRecord>, RowError> {
    all(connection, "sessions", |row| {
        let from: Option<String> = row.get("source")?;
        Ok(SessionRecord {
            id: row.get("id")?,
            hash: row.get("hash")?,
            account: row.count("account")?,
            from: from.and_then(|from| from.parse().ok()),
            agent: row.get("agent")?,
            began: row.time("began")?,
            active: row.time("active")?,
            ends: row.time("ends")?,
            locked: row.get("locked")?,
            notices: row.json("notices")?,
            last_login: row.time_maybe("last_login")?,
        })
    })
}

pub(super) fn signatures(
    connection: &Connection,
    kind: &str,
    record: &str,
) -> Result<Vec<SignatureRecord>, RowError> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM signatures WHERE kind = ?1 AND record = ?2 ORDER BY seq")?;
    let mut rows = statement.query([kind, record])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let row = Fields { table: "signatures", row };
        found.push(SignatureRecord {
            seq: row.count("seq")?,
            kind: row.get("kind")?,
            record: row.get("record")?,
            account: row.count("account")?,
            statement: row.get("statement")?,
            digest: row.get("digest")?,
        });
    }
    Ok(found)
}

/// Writes one whole record.
pub(super) fn write(connection: &Connection, change: &Change) -> rusqlite::Result<()> {
    let changed = match change {
        Change::Account(account) => return write_account(connection, account),
        Change::Session(session) => return write_session(connection, session),
        Change::Signature(signature) => return write_signature(connection, signature),
        Change::Role(role) => connection.execute(
            "INSERT INTO roles VALUES (?1, ?2, ?3) \
             ON CONFLICT (name) DO UPDATE SET description = ?2, rules = ?3",
            params![role.name, role.description, json(&role.rules)?],
        ),
        Change::RoleGone(name) => connection.execute("DELETE FROM roles WHERE name = ?1", [name]),
        Change::Token(token) => connection.execute(
            "INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (id) DO UPDATE SET last_used = ?8, revoked = ?9",
            params![
                signed(token.id),
                token.name,
                token.hash,
                json(&token.grants)?,
                token.created_by,
                token.created.nanos(),
                token.expires.nanos(),
                token.last_used.map(Timestamp::nanos),
                token.revoked,
            ],
        ),
        Change::Certificate(certificate) => connection.execute(
            "INSERT INTO certificates VALUES (?1, ?2, ?3, ?4)",
            params![
                certificate.fingerprint,
                signed(certificate.account),
                certificate.subject,
                certificate.expires.nanos(),
            ],
        ),
        Change::CertificateGone(fingerprint) => {
            connection.execute("DELETE FROM certificates WHERE fingerprint = ?1", [fingerprint])
        }
        Change::SessionGone(id) => connection.execute("DELETE FROM sessions WHERE id = ?1", [id]),
    };
    changed.map(|_rows| ())
}

/// `failures` of a known account is left alone: it is written with [`super::Use::Failures`] only.
fn write_account(connection: &Connection, account: &AccountRecord) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO accounts VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
         ON CONFLICT (id) DO UPDATE SET full_name = ?3, grants = ?5, enabled = ?6, expires = ?8, \
         sessions_max = ?9, last_login = ?10, password = ?12, password_set = ?13, \
         password_due = ?14, password_history = ?15, factor_secret = ?16, factor_step = ?17, \
         factor_recovery = ?18",
    )?;
    let factor = account.factor.as_ref();
    let recovery = factor.map(|factor| json(&factor.recovery)).transpose()?;
    statement.execute(params![
        signed(account.id),
        account.name,
        account.full_name,
        word(&account.kind)?,
        json(&account.grants)?,
        account.enabled,
        account.created.nanos(),
        account.expires.map(Timestamp::nanos),
        account.sessions_max,
        account.last_login.map(Timestamp::nanos),
        account.failures,
        account.password,
        account.password_set.nanos(),
        account.password_due,
        json(&account.password_history)?,
        factor.map(|factor| factor.secret.reveal()),
        factor.and_then(|factor| factor.last_step).map(signed),
        recovery,
    ])?;
    Ok(())
}

fn write_session(connection: &Connection, session: &SessionRecord) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
         ON CONFLICT (id) DO UPDATE SET active = ?7, locked = ?9",
    )?;
    statement.execute(params![
        session.id,
        session.hash,
        signed(session.account),
        session.from.map(|from| from.to_string()),
        session.agent,
        session.began.nanos(),
        session.active.nanos(),
        session.ends.nanos(),
        session.locked,
        json(&session.notices)?,
        session.last_login.map(Timestamp::nanos),
    ])?;
    Ok(())
}

fn write_signature(connection: &Connection, signature: &SignatureRecord) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO signatures VALUES (-1, ?1, ?2, ?3, ?4, ?5)",
        params![
            signature.kind,
            signature.record,
            signed(signature.account),
            signature.statement,
            signature.digest,
        ],
    )?;
    Ok(())
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The word of a value that is written as one.
fn word(value: &impl Serialize) -> rusqlite::Result<String> {
    json(value).map(|quoted| quoted.trim_matches('"').to_owned())
}
