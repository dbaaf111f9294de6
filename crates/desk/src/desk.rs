//! The open desk: reads that wait for nothing, and changes one after the other.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_model::Timestamp;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::annotation::{Annotation, AnnotationPage, AnnotationQuery, Author};
use crate::draft::Draft;
use crate::limits::READS_MAX;
use crate::rows::{self, Count, RowError};
use crate::settings::Settings;
use crate::store::{self, Store};
use crate::trend::Trend;
use crate::{ChangeError, StoreError};

/// What people put beside the values. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    path: PathBuf,
    store: Mutex<Store>,
    /// Whose turn it is to change something.
    turn: Arc<Semaphore>,
    /// Sees what is committed.
    reader: Mutex<Connection>,
    reads: Arc<Semaphore>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("path", &self.0.path).finish_non_exhaustive()
    }
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskStatus {
    /// Annotations, with those that were withdrawn.
    pub annotations: u64,
    /// Saved trends.
    pub trends: u64,
    /// Bytes of the file, without its write-ahead log.
    pub bytes: u64,
}

impl Desk {
    /// Opens the file, or makes it. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read or made, is damaged, or is from a newer program.
    pub fn open(path: &Path) -> Result<Desk, StoreError> {
        let store = Store::open(path)?;
        let reader = store::open_to_read(path)?;
        Ok(Desk(Arc::new(Inner {
            path: path.to_owned(),
            store: Mutex::new(store),
            turn: Arc::new(Semaphore::new(1)),
            reader: Mutex::new(reader),
            reads: Arc::new(Semaphore::new(READS_MAX)),
        })))
    }

    /// The entry of the trail up to which everything is settled: that of the newest change here, or a later one; `None`
    /// in a new file. Blocks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_seq(&self) -> Result<Option<u64>, StoreError> {
        self.0.store.lock().last_seq()
    }

    /// Notes that no change was open when the trail had come to this entry. Blocks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn settled(&self, seq: u64) -> Result<(), StoreError> {
        self.0.store.lock().settled(seq)
    }

    /// Brings everything from the write-ahead log into the file, before an orderly end. Blocks. Nothing is lost without it.
    pub fn close(&self) {
        self.0.store.lock().checkpoint();
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, RowError> + Send + 'static,
    ) -> Result<T, ChangeError> {
        let turn = self.0.reads.clone().acquire_owned().await;
        let inner = self.0.clone();
        let work = move || {
            let _turn = turn;
            read(&inner.reader.lock()).map_err(|error| store::row_error(&inner.path, error))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(answer) => Ok(answer?),
            Err(error) => {
                tracing::error!(%error, "reading the desk failed");
                Err(ChangeError::Lost)
            }
        }
    }

    /// A page of the annotations asked for that `sees` lets through.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn annotations(
        &self,
        query: AnnotationQuery,
        sees: impl FnMut(&Annotation) -> bool + Send + 'static,
    ) -> Result<AnnotationPage, ChangeError> {
        self.read(move |connection| rows::annotations(connection, &query, sees)).await
    }

    /// One annotation.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn annotation(&self, id: u64) -> Result<Option<Annotation>, ChangeError> {
        self.read(move |connection| rows::annotation(connection, id)).await
    }

    /// What `take` makes of the trends of `reader` and of those that are shared, oldest first. One is held at a time.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn trends<T: Send + 'static>(
        &self,
        reader: Author,
        mut take: impl FnMut(Trend) -> Option<T> + Send + 'static,
    ) -> Result<Vec<T>, ChangeError> {
        self.read(move |connection| {
            let mut found = Vec::new();
            rows::trends(connection, Some(&reader), |trend| found.extend(take(trend)))?;
            Ok(found)
        })
        .await
    }

    /// One trend.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn trend(&self, id: u64) -> Result<Option<Trend>, ChangeError> {
        self.read(move |connection| rows::trend(connection, id)).await
    }

    /// How somebody wants the page; `None` when he has not said.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn settings(&self, account: u64) -> Result<Option<Settings>, ChangeError> {
        self.read(move |connection| rows::settings(connection, account)).await
    }

    /// How much there is.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn status(&self) -> Result<DeskStatus, ChangeError> {
        let path = self.0.path.clone();
        self.read(move |connection| {
            Ok(DeskStatus {
                annotations: rows::count(connection, &Count::Annotations)?,
                trends: rows::count(connection, &Count::Trends)?,
                bytes: std::fs::metadata(&path).map_or(0, |file| file.len()),
            })
        })
        .await
    }

    /// Makes a change, up to the last step: everything that can be refused has been done, and nobody sees it yet. Between
    /// here and [`Prepared::commit`] the change gets its entry in the trail. What is not committed never was.
    ///
    /// One change at a time; others wait.
    ///
    /// # Errors
    /// What `work` says, or [`ChangeError::Store`].
    pub async fn prepare<T, W>(&self, now: Timestamp, work: W) -> Result<(T, Prepared), ChangeError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Draft<'_>) -> Result<T, ChangeError> + Send + 'static,
    {
        let turn = self.0.turn.clone().acquire_owned().await;
        let turn = turn.map_err(|_closed| ChangeError::Lost)?;
        let desk = self.clone();
        let work = move || {
            // From here on whatever happens rolls back: a panic in `work`, too.
            let prepared = Prepared { desk, open: true, _turn: turn };
            let mut store = prepared.desk.0.store.lock();
            store.begin()?;
            let done = work(&mut Draft { store: &mut store, now });
            drop(store);
            Ok((done?, prepared))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a change of the desk failed");
            Err(ChangeError::Lost)
        })
    }
}

/// A change that only has to be committed. Dropped, it never was.
pub struct Prepared {
    desk: Desk,
    open: bool,
    _turn: OwnedSemaphorePermit,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl Prepared {
    /// Makes it last, with the number of the entry that tells of it; when this returns it is on disk.
    ///
    /// # Errors
    /// [`ChangeError::Store`]; then the change never was.
    pub async fn commit(mut self, seq: u64) -> Result<(), ChangeError> {
        let work = move || {
            self.open = false;
            self.desk.0.store.lock().commit(seq)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(committed) => Ok(committed?),
            Err(error) => {
                tracing::error!(%error, "committing a change of the desk failed");
                Err(ChangeError::Lost)
            }
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.open {
            self.desk.0.store.lock().roll_back();
        }
    }
}
