//! The desk on a real disk.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod file;
mod keeping;
mod model;

use std::path::{Path, PathBuf};

use lineshaft_desk::{
    Annotation, AnnotationQuery, Author, ChangeError, Desk, Draft, NewAnnotation, On, Order,
};
use lineshaft_model::Timestamp;

/// A desk in a folder of its own.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("desk.db")
    }

    fn open(&self) -> Desk {
        Desk::open(&self.path()).unwrap()
    }

    fn sql(&self, script: &str) {
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(script).unwrap();
    }
}

/// The folder as the disk has it at this moment: what a process that is killed now leaves behind.
fn killed(place: &Place) -> Place {
    let left = Place::new();
    for file in std::fs::read_dir(place.dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), left.dir.path().join(file.file_name())).unwrap();
    }
    left
}

fn author(name: &str, account: u64) -> Author {
    Author { name: name.into(), account: Some(account) }
}

fn new(text: &str, start: i64) -> NewAnnotation {
    NewAnnotation {
        on: On::Path("acme/line-1".into()),
        start: Timestamp::from_millis(start),
        end: None,
        text: text.into(),
        by: author("ada", 1),
    }
}

/// Changes something as a node does, with entry `seq`.
async fn change<T: Send + 'static>(
    desk: &Desk,
    seq: u64,
    work: impl FnOnce(&mut Draft<'_>) -> Result<T, ChangeError> + Send + 'static,
) -> Result<T, ChangeError> {
    let now = Timestamp::from_millis(i64::try_from(seq).unwrap() * 1_000);
    let (done, prepared) = desk.prepare(now, work).await?;
    prepared.commit(seq).await?;
    Ok(done)
}

const ALL: AnnotationQuery = AnnotationQuery {
    start: None,
    end: None,
    withdrawn: true,
    order: Order::OldestFirst,
    limit: 1_000,
    after: None,
};

async fn all(desk: &Desk) -> Vec<Annotation> {
    desk.annotations(ALL, |_| true).await.unwrap().annotations
}

async fn texts(desk: &Desk) -> Vec<String> {
    all(desk).await.into_iter().map(|one| one.text).collect()
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}
