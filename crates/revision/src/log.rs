//! The log: lines of JSON, each with its own checksum and that of the line before. Only ever appended to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::{Disk, DiskFile};
use serde::{Deserialize, Serialize};

use crate::entry::{Begin, Entry};
use crate::error::on_disk;
use crate::limits::LINE_BYTES_MAX;
use crate::store::Opened;
use crate::{Sha256, StoreError};

/// The file.
pub(crate) const NAME: &str = "log";

/// What the first line says.
const FORMAT: &str = "lineshaft revisions";
const VERSION: u32 = 1;

/// `,"sum":"` + 64 digits + `"}`: the end of every line.
const SUM_BYTES: usize = 8 + 64 + 2;

/// How much is read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
    /// From 1.
    pub(crate) line: u64,
}

/// The open log.
#[derive(Debug)]
pub(crate) struct Log {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    end: u64,
    lines: u64,
    last: Option<Sha256>,
    /// The end of the file is unknown: nothing is written any more.
    stopped: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Sha256>,
    entry: &'a Entry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    after: Option<Sha256>,
    entry: Entry,
    sum: Sha256,
}

/// What is wrong with a line.
type Wrong = &'static str;

/// A line as it is written, and its checksum.
fn compose(after: Option<Sha256>, entry: &Entry) -> io::Result<(Vec<u8>, Sha256)> {
    let mut bytes = serde_json::to_vec(&Body { after, entry })?;
    bytes.pop(); // the closing brace
    let sum = Sha256::of(&bytes);
    bytes.extend_from_slice(format!(",\"sum\":\"{sum}\"}}\n").as_bytes());
    Ok((bytes, sum))
}

/// What a line says, without its line feed, if it is the one behind `after`.
fn parse(bytes: &[u8], after: Option<Sha256>) -> Result<(Entry, Sha256), Wrong> {
    let body = bytes.len().checked_sub(SUM_BYTES).map(|at| &bytes[..at]);
    let body = body.ok_or("is too short")?;
    let Ok(line) = serde_json::from_slice::<Line>(bytes) else {
        return Err("is not what this version writes");
    };
    if Sha256::of(body) != line.sum {
        return Err("does not have the checksum it says: it was damaged or edited");
    }
    if line.after != after {
        return Err("does not follow the line before it: a line was taken out, put in or moved");
    }
    Ok((line.entry, line.sum))
}

impl Log {
    /// Opens the log and gives every entry to `each`. What a crash left of an unfinished line is cut off and kept beside.
    pub(crate) fn open(
        disk: &dyn Disk,
        dir: &Path,
        opened: Opened,
        mut each: impl FnMut(Place, Entry) -> Result<(), Wrong>,
    ) -> Result<Log, StoreError> {
        let path = dir.join(NAME);
        let file = match disk.open(&path) {
            Ok(file) => file,
            Err(error) if opened == Opened::ToWrite && error.kind() == io::ErrorKind::NotFound => {
                let file = disk.create(&path).map_err(on_disk("make", &path))?;
                disk.sync_dir(dir).map_err(on_disk("sync", dir))?;
                file
            }
            Err(source) => return Err(on_disk("open", &path)(source)),
        };
        let mut log = Log { file, path, end: 0, lines: 0, last: None, stopped: false };
        let rest = log.replay(&mut each)?;
        if opened == Opened::ToLook {
            log.stopped = true;
            return Ok(log);
        }
        if !rest.is_empty() {
            log.cut(disk, dir, &rest)?;
        }
        if log.lines == 0 {
            log.append(&Entry::Begin(Begin { format: FORMAT.into(), version: VERSION }))?;
        }
        Ok(log)
    }

    /// Reads every line; answers what is behind the last whole one.
    fn replay(
        &mut self,
        each: &mut dyn FnMut(Place, Entry) -> Result<(), Wrong>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut rest: Vec<u8> = Vec::new();
        let mut at = 0;
        loop {
            let read = self.file.read_at(&mut chunk, at).map_err(on_disk("read", &self.path))?;
            if read == 0 {
                return Ok(rest);
            }
            at += read as u64;
            let searched = rest.len();
            rest.extend_from_slice(&chunk[..read]);
            let mut from = 0;
            let mut search = searched;
            while let Some(length) = rest[search..].iter().position(|byte| *byte == b'\n') {
                let end = search + length;
                let line = &rest[from..end];
                if let Err(why) = self.take(line, each) {
                    // Lines are synced one by one, so only the last can be torn, and then zeros are where sectors
                    // are missing. Anything else happened later.
                    let is_last = self.end + (end - from) as u64 + 1 == self.size()?;
                    if is_last && line.contains(&0) {
                        return Ok(rest.split_off(from));
                    }
                    let line = self.lines + 1;
                    return Err(StoreError::Damaged { path: self.path.clone(), line, why });
                }
                (from, search) = (end + 1, end + 1);
            }
            rest.drain(..from);
            if rest.len() > LINE_BYTES_MAX {
                let (path, line) = (self.path.clone(), self.lines + 1);
                return Err(StoreError::Damaged { path, line, why: "has no end" });
            }
        }
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.file.size().map_err(on_disk("read", &self.path))
    }

    fn take(
        &mut self,
        line: &[u8],
        each: &mut dyn FnMut(Place, Entry) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let (entry, sum) = parse(line, self.last)?;
        let bytes = u32::try_from(line.len()).unwrap_or(u32::MAX);
        let place = Place { offset: self.end, bytes, line: self.lines + 1 };
        match (&entry, self.lines) {
            (Entry::Begin(begin), 0) if begin.format == FORMAT && begin.version == VERSION => {}
            (_, 0) | (Entry::Begin(_), _) => return Err("is not of a log this version knows"),
            _ => each(place, entry)?,
        }
        self.end += line.len() as u64 + 1;
        self.lines += 1;
        self.last = Some(sum);
        Ok(())
    }

    /// Cuts what was never answered for. It is kept beside: if it was more than a torn line, somebody wants to see it.
    fn cut(&mut self, disk: &dyn Disk, dir: &Path, rest: &[u8]) -> Result<(), StoreError> {
        let beside = dir.join(format!("{NAME}.cut-{}", self.end));
        let kept = disk.create(&beside).and_then(|file| {
            file.write_at(rest, 0)?;
            file.sync()?;
            disk.sync_dir(dir)
        });
        tracing::warn!(
            code = "LS-REV-010",
            bytes = rest.len(),
            line = self.lines + 1,
            kept = kept.is_ok(),
            "the log of revisions ended in an unfinished line, which is cut off"
        );
        let cut = self.file.set_len(self.end).and_then(|()| self.file.sync());
        cut.map_err(on_disk("cut", &self.path))
    }

    /// Adds an entry; durable when it returns.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<Place, StoreError> {
        if self.stopped {
            return Err(StoreError::Stopped);
        }
        let (line, sum) = compose(self.last, entry).map_err(on_disk("write", &self.path))?;
        if line.len() > LINE_BYTES_MAX {
            return Err(StoreError::TooMuch {
                what: "the files have too many or too long names".into(),
            });
        }
        if let Err(source) = self.file.write_at(&line, self.end) {
            // No room, perhaps: what was written of it goes, and the next try may do.
            let undone = self.file.set_len(self.end).and_then(|()| self.file.sync());
            self.stopped = undone.is_err();
            return Err(on_disk("write", &self.path)(source));
        }
        if let Err(source) = self.file.sync() {
            // Whether the line is on disk is unknown, and another sync would not tell.
            self.stopped = true;
            return Err(on_disk("sync", &self.path)(source));
        }
        let bytes = u32::try_from(line.len() - 1).unwrap_or(u32::MAX);
        let place = Place { offset: self.end, bytes, line: self.lines + 1 };
        self.end += line.len() as u64;
        self.lines += 1;
        self.last = Some(sum);
        Ok(place)
    }

    /// Whether nothing is written any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// How many lines there are, the first among them.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Reads an entry again, checking it again.
    pub(crate) fn read(&self, place: Place) -> Result<Entry, StoreError> {
        let mut bytes = vec![0; place.bytes as usize];
        let read =
            self.file.read_at(&mut bytes, place.offset).map_err(on_disk("read", &self.path))?;
        bytes.truncate(read);
        // What it follows was checked at the start, and its checksum covers what it says about that.
        let after = serde_json::from_slice::<Line>(&bytes).ok().and_then(|line| line.after);
        let damaged = |why| StoreError::Damaged { path: self.path.clone(), line: place.line, why };
        parse(&bytes, after).map(|(entry, _)| entry).map_err(damaged)
    }
}
