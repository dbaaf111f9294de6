//! Moving old segments away. Their hashes stay, so every entry in them can still be proved, and what was moved can be
//! checked against the trail at any time later.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::core::Core;
use crate::{Act, Action, Actor, ReadError};

/// What `verify` looks for: the entry that says up to where entries were moved away.
pub(crate) const UP_TO: &str = "up_to";

impl Core {
    /// How many closed segments end at or before `up_to`.
    pub(crate) fn archivable(&self, up_to: u64) -> usize {
        let log = self.log.read();
        let closed = log.segments.len().saturating_sub(1);
        let old = log.segments.iter().take(closed);
        old.take_while(|segment| segment.extent().next <= up_to).count()
    }

    /// The act to record before anything is moved.
    pub(crate) fn archive_act(&self, by: &Actor, count: usize, to: &Path, why: &str) -> Act {
        let next = self.log.read().segments.get(count).map_or(0, |segment| segment.first);
        let new = json!({ UP_TO: next, "to": to.display().to_string() });
        Act::done(by, Action::AuditArchive, "audit trail").new(new).why(why)
    }

    /// Moves the oldest segments, oldest first, so that what is left has no hole whenever this ends.
    pub(crate) fn move_oldest(&self, count: usize, to: &Path) -> Result<Vec<PathBuf>, ReadError> {
        self.disk.create_dir(to).map_err(ReadError::io("create", to))?;
        let mut moved = Vec::new();
        for _ in 0..count {
            let oldest = {
                let log = self.log.read();
                match log.segments.as_slice() {
                    [oldest, _, ..] => oldest.clone(),
                    _ => break,
                }
            };
            let target = to.join(oldest.name());
            match self.disk.open(&target) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(ReadError::io("look for", &target)(error)),
                Ok(_) => {
                    let error = ErrorKind::AlreadyExists.into();
                    return Err(ReadError::io("move a segment to", &target)(error));
                }
            }
            let renamed = self.disk.rename(&oldest.path, &target);
            renamed.map_err(ReadError::io("move", &oldest.path))?;
            self.log.write().segments.remove(0);
            // The new name first: a crash in between leaves the file with both names or with the new one.
            self.disk.sync_dir(to).map_err(ReadError::io("sync", to))?;
            self.disk.sync_dir(&self.dir).map_err(ReadError::io("sync", &self.dir))?;
            moved.push(target);
        }
        Ok(moved)
    }
}
