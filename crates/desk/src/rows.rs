//! Records to rows and back. A row that cannot be a record is damage, named by table, row and column.

use lineshaft_model::{TagPath, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, params};

use crate::annotation::{
    Annotation, AnnotationPage, AnnotationQuery, Author, Filling, On, Order, Took, Withdrawn,
};
use crate::settings::Settings;
use crate::trend::Trend;

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
pub(crate) fn signed(number: u64) -> i64 {
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

    fn author(&self, name: &'static str, account: &'static str) -> Result<Author, RowError> {
        let number: Option<i64> = self.get(account)?;
        let number = number.map(u64::try_from).transpose();
        let account = number.map_err(|_negative| self.wrong(account, "it is negative"))?;
        Ok(Author { name: self.get(name)?, account })
    }

    fn tags(&self, column: &'static str) -> Result<Vec<TagPath>, RowError> {
        let text: String = self.get(column)?;
        let paths: Vec<String> =
            serde_json::from_str(&text).map_err(|error| self.wrong(column, &error.to_string()))?;
        let tag = |path: String| {
            TagPath::new(&path).map_err(|error| self.wrong(column, &error.to_string()))
        };
        paths.into_iter().map(tag).collect()
    }

    fn annotation(&self) -> Result<Annotation, RowError> {
        let path: Option<String> = self.get("path")?;
        let on = match path {
            Some(path) => On::Path(path),
            None => On::Tags(self.tags("tags")?),
        };
        let withdrawn = match self.time_maybe("withdrawn")? {
            None => None,
            Some(at) => Some(Withdrawn {
                by: self.author("withdrawn_by", "withdrawn_account")?,
                at,
                why: self.get("withdrawn_why")?,
            }),
        };
        Ok(Annotation {
            id: self.count("id")?,
            on,
            start: self.time("starts")?,
            end: self.time_maybe("ends")?,
            text: self.get("text")?,
            by: self.author("author", "author_account")?,
            made: self.time("made")?,
            changed: self.time_maybe("changed")?,
            withdrawn,
        })
    }

    fn trend(&self) -> Result<Trend, RowError> {
        let text: String = self.get("trend")?;
        Ok(Trend {
            id: self.count("id")?,
            name: self.get("name")?,
            by: self.author("author", "author_account")?,
            shared: self.get("shared")?,
            made: self.time("made")?,
            changed: self.time("changed")?,
            trend: serde_json::from_str(&text)
                .map_err(|error| self.wrong("trend", &error.to_string()))?,
        })
    }

    fn wrong(&self, column: &'static str, why: &str) -> RowError {
        let id = self.row.get::<_, i64>(0).map_or_else(|_| "?".to_owned(), |id| id.to_string());
        RowError::Value { what: format!("{} `{id}`, {column}: {why}", self.table) }
    }
}

/// A page of the annotations that are asked for and that `sees` lets through.
pub(crate) fn annotations(
    connection: &Connection,
    query: &AnnotationQuery,
    mut sees: impl FnMut(&Annotation) -> bool,
) -> Result<AnnotationPage, RowError> {
    let (order, side) = match query.order {
        Order::OldestFirst => ("ASC", ">"),
        Order::NewestFirst => ("DESC", "<"),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT * FROM annotations WHERE starts < ?1 AND until >= ?2 \
         AND (?3 OR withdrawn IS NULL) AND (?4 IS NULL OR (starts, id) {side} (?4, ?5)) \
         ORDER BY starts {order}, id {order}"
    ))?;
    let nanos = |at: Option<Timestamp>, otherwise| at.map_or(otherwise, Timestamp::nanos);
    let mut rows = statement.query(params![
        nanos(query.end, i64::MAX),
        nanos(query.start, i64::MIN),
        query.withdrawn,
        query.after.map(|place| place.start.nanos()),
        query.after.map(|place| signed(place.id)),
    ])?;
    let mut page = Filling::default();
    while let Some(row) = rows.next()? {
        let annotation = Fields { table: "annotations", row }.annotation()?;
        if sees(&annotation) && page.take(annotation, query.limit) == Took::No {
            break;
        }
    }
    Ok(page.finish())
}

pub(crate) fn annotation(connection: &Connection, id: u64) -> Result<Option<Annotation>, RowError> {
    let mut statement = connection.prepare_cached("SELECT * FROM annotations WHERE id = ?1")?;
    let mut rows = statement.query([signed(id)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Fields { table: "annotations", row }.annotation().map(Some)
}

/// Writes an annotation that is new; its number is the next one.
pub(crate) fn add_annotation(connection: &Connection, new: &Annotation) -> rusqlite::Result<u64> {
    let (path, tags) = match &new.on {
        On::Path(path) => (Some(path.as_str()), Vec::new()),
        On::Tags(tags) => (None, tags.iter().map(TagPath::as_str).collect()),
    };
    let tags = serde_json::to_string(&tags)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached(
            "INSERT INTO annotations (path, tags, starts, ends, until, text, author, author_account, made) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            path,
            tags,
            new.start.nanos(),
            new.end.map(Timestamp::nanos),
            new.end.unwrap_or(new.start).nanos(),
            new.text,
            new.by.name,
            new.by.account.map(signed),
            new.made.nanos(),
        ])?;
    Ok(connection.last_insert_rowid().unsigned_abs())
}

/// Writes what of an annotation changes.
pub(crate) fn change_annotation(connection: &Connection, to: &Annotation) -> rusqlite::Result<()> {
    let withdrawn = to.withdrawn.as_ref();
    connection
        .prepare_cached(
            "UPDATE annotations SET text = ?2, changed = ?3, withdrawn = ?4, withdrawn_by = ?5, \
             withdrawn_account = ?6, withdrawn_why = ?7 WHERE id = ?1",
        )?
        .execute(params![
            signed(to.id),
            to.text,
            to.changed.map(Timestamp::nanos),
            withdrawn.map(|withdrawn| withdrawn.at.nanos()),
            withdrawn.map(|withdrawn| withdrawn.by.name.as_str()),
            withdrawn.and_then(|withdrawn| withdrawn.by.account).map(signed),
            withdrawn.map(|withdrawn| withdrawn.why.as_str()),
        ])
        .map(drop)
}

/// Hands out trends, oldest first: those of `reader` and those that are shared; all without one. Others are not read.
pub(crate) fn trends(
    connection: &Connection,
    reader: Option<&Author>,
    mut take: impl FnMut(Trend),
) -> Result<(), RowError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM trends WHERE ?1 OR shared OR author_account IS ?2 \
         AND (?2 IS NOT NULL OR author = ?3) ORDER BY id",
    )?;
    let mut rows = statement.query(params![
        reader.is_none(),
        reader.and_then(|reader| reader.account).map(signed),
        reader.map(|reader| reader.name.as_str()),
    ])?;
    while let Some(row) = rows.next()? {
        take(Fields { table: "trends", row }.trend()?);
    }
    Ok(())
}

pub(crate) fn trend(connection: &Connection, id: u64) -> Result<Option<Trend>, RowError> {
    let mut statement = connection.prepare_cached("SELECT * FROM trends WHERE id = ?1")?;
    let mut rows = statement.query([signed(id)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Fields { table: "trends", row }.trend().map(Some)
}

/// Writes a trend; one with number 0 is new and gets the next one.
pub(crate) fn write_trend(connection: &Connection, trend: &Trend) -> rusqlite::Result<u64> {
    let id = (trend.id > 0).then(|| signed(trend.id));
    connection
        .prepare_cached(
            "INSERT INTO trends VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (id) DO UPDATE SET name = ?2, shared = ?5, changed = ?7, trend = ?8",
        )?
        .execute(params![
            id,
            trend.name,
            trend.by.name,
            trend.by.account.map(signed),
            trend.shared,
            trend.made.nanos(),
            trend.changed.nanos(),
            trend.trend.to_string(),
        ])?;
    Ok(if trend.id > 0 { trend.id } else { connection.last_insert_rowid().unsigned_abs() })
}

pub(crate) fn settings(
    connection: &Connection,
    account: u64,
) -> Result<Option<Settings>, RowError> {
    let mut statement = connection.prepare_cached("SELECT * FROM settings WHERE account = ?1")?;
    let mut rows = statement.query([signed(account)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let row = Fields { table: "settings", row };
    let text: String = row.get("settings")?;
    let read = serde_json::from_str(&text);
    read.map(Some).map_err(|error| row.wrong("settings", &error.to_string()))
}

pub(crate) fn write_settings(
    connection: &Connection,
    account: u64,
    settings: &Settings,
) -> rusqlite::Result<()> {
    let text = serde_json::to_string(settings)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO settings VALUES (?1, ?2)")?
        .execute(params![signed(account), text])
        .map(drop)
}

/// How many rows a table has, or how many trends somebody has.
pub(crate) fn count(connection: &Connection, of: &Count<'_>) -> rusqlite::Result<u64> {
    let number = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::unsigned_abs);
    match of {
        Count::Annotations => connection.query_row("SELECT count(*) FROM annotations", [], number),
        Count::Trends => connection.query_row("SELECT count(*) FROM trends", [], number),
        Count::TrendsOf(author) => connection.query_row(
            "SELECT count(*) FROM trends WHERE author_account IS ?1 \
             AND (?1 IS NOT NULL OR author = ?2)",
            params![author.account.map(signed), author.name],
            number,
        ),
    }
}

/// What is counted.
#[derive(Debug)]
pub(crate) enum Count<'a> {
    Annotations,
    Trends,
    TrendsOf(&'a Author),
}
