//! A change while it is prepared: its rules.

use lineshaft_model::Timestamp;

use crate::annotation::{Annotation, Author, NewAnnotation, Withdrawn, check_text, invalid};
use crate::limits::{ANNOTATIONS_MAX, TRENDS_MAX, TRENDS_OF_ONE_MAX, WHY_BYTES_MAX};
use crate::rows::{self, Count};
use crate::settings::Settings;
use crate::store::Store;
use crate::trend::{NewTrend, Trend};
use crate::{ChangeError, StoreError};

/// An open transaction.
#[derive(Debug)]
pub struct Draft<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) now: Timestamp,
}

/// What something was and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed<T> {
    /// What it was.
    pub old: T,
    /// What it is.
    pub new: T,
}

impl Draft<'_> {
    fn write<T>(&self, written: rusqlite::Result<T>) -> Result<T, StoreError> {
        written.map_err(self.store.fault("write it"))
    }

    fn room(&self, of: &Count<'_>, what: &'static str, max: u64) -> Result<(), ChangeError> {
        if self.write(rows::count(&self.store.connection, of))? < max {
            return Ok(());
        }
        Err(ChangeError::Full { what, max })
    }

    /// Makes an annotation.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing is kept then.
    pub fn annotate(&mut self, new: NewAnnotation) -> Result<Annotation, ChangeError> {
        new.check()?;
        self.room(&Count::Annotations, "annotations", ANNOTATIONS_MAX)?;
        let NewAnnotation { on, start, end, text, by } = new;
        let (made, changed, withdrawn) = (self.now, None, None);
        let mut made = Annotation { id: 0, on, start, end, text, by, made, changed, withdrawn };
        made.id = self.write(rows::add_annotation(&self.store.connection, &made))?;
        Ok(made)
    }

    fn standing(&self, id: u64) -> Result<Annotation, ChangeError> {
        let found = rows::annotation(&self.store.connection, id);
        let found = found.map_err(|error| self.store.row(error))?;
        let found = found.ok_or(ChangeError::NoSuch { what: "annotation", id })?;
        match found.withdrawn {
            Some(withdrawn) => Err(ChangeError::Withdrawn { id, by: withdrawn.by.name }),
            None => Ok(found),
        }
    }

    /// Gives an annotation another text.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing has changed then.
    pub fn reword(&mut self, id: u64, text: String) -> Result<Changed<Annotation>, ChangeError> {
        check_text(&text)?;
        let old = self.standing(id)?;
        let new = Annotation { text, changed: Some(self.now), ..old.clone() };
        self.write(rows::change_annotation(&self.store.connection, &new))?;
        Ok(Changed { old, new })
    }

    /// Says that an annotation does not count any more. It stays.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing has changed then.
    pub fn withdraw(
        &mut self,
        id: u64,
        by: Author,
        why: String,
    ) -> Result<Changed<Annotation>, ChangeError> {
        if why.len() > WHY_BYTES_MAX {
            return Err(invalid("why", format!("`why` has more than {WHY_BYTES_MAX} bytes")));
        }
        let old = self.standing(id)?;
        let withdrawn = Some(Withdrawn { by, at: self.now, why });
        let new = Annotation { withdrawn, ..old.clone() };
        self.write(rows::change_annotation(&self.store.connection, &new))?;
        Ok(Changed { old, new })
    }

    /// Keeps a trend.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing is kept then.
    pub fn keep_trend(&mut self, new: NewTrend, by: Author) -> Result<Trend, ChangeError> {
        new.check()?;
        self.room(&Count::Trends, "trends", TRENDS_MAX)?;
        self.room(&Count::TrendsOf(&by), "trends of one person", TRENDS_OF_ONE_MAX)?;
        let NewTrend { name, shared, trend } = new;
        let (made, changed) = (self.now, self.now);
        let mut kept = Trend { id: 0, name, by, shared, made, changed, trend };
        kept.id = self.write(rows::write_trend(&self.store.connection, &kept))?;
        Ok(kept)
    }

    fn trend(&self, id: u64) -> Result<Trend, ChangeError> {
        let found = rows::trend(&self.store.connection, id);
        let found = found.map_err(|error| self.store.row(error))?;
        found.ok_or(ChangeError::NoSuch { what: "trend", id })
    }

    /// Makes a trend another; it stays whose it is.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing has changed then.
    pub fn change_trend(&mut self, id: u64, to: NewTrend) -> Result<Changed<Trend>, ChangeError> {
        to.check()?;
        let old = self.trend(id)?;
        let NewTrend { name, shared, trend } = to;
        let new = Trend { name, shared, trend, changed: self.now, ..old.clone() };
        self.write(rows::write_trend(&self.store.connection, &new))?;
        Ok(Changed { old, new })
    }

    /// Deletes a trend; what it was.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing has changed then.
    pub fn delete_trend(&mut self, id: u64) -> Result<Trend, ChangeError> {
        let old = self.trend(id)?;
        let connection = &self.store.connection;
        let gone = connection.execute("DELETE FROM trends WHERE id = ?1", [rows::signed(id)]);
        self.write(gone)?;
        Ok(old)
    }

    /// Keeps how somebody wants the page; what it was.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing has changed then.
    pub fn put_settings(
        &mut self,
        account: u64,
        settings: Settings,
    ) -> Result<Changed<Settings>, ChangeError> {
        settings.check()?;
        let old = rows::settings(&self.store.connection, account);
        let old = old.map_err(|error| self.store.row(error))?.unwrap_or_default();
        self.write(rows::write_settings(&self.store.connection, account, &settings))?;
        Ok(Changed { old, new: settings })
    }
}
