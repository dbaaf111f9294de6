//! Checks every byte of a historian folder without changing any.

use std::io;
use std::path::{Path, PathBuf};

use lineshaft_runtime::Disk;

use crate::error::HistorianError;
use crate::segment::{Damaged, Newer, examine};
use crate::{Offset, manifest, segment};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Every segment of the manifest.
    pub segments: Vec<SegmentReport>,
    /// Records of the shaft below this offset are in segments.
    pub covered: Offset,
    /// Whether the end of the manifest is torn or one copy of a change is damaged: the next start repairs it.
    pub manifest_is_torn: bool,
}

impl Verification {
    /// Whether every segment is whole.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.segments.iter().all(|segment| segment.damage.is_none())
    }
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its file.
    pub path: PathBuf,
    /// Samples that were read.
    pub samples: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The first damage, if any.
    pub damage: Option<Damage>,
}

/// Where a file is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The byte at which the damaged part begins; 0 when the whole file cannot be read.
    pub at: u64,
    /// In what way.
    pub what: String,
}

/// Reads all segments of a folder and checks checksums, contents and the manifest. Reads only; the historian may
/// be running, but then a segment that expires meanwhile is reported as missing.
///
/// # Errors
/// [`HistorianError`] when the folder or its manifest cannot be read at all.
pub fn verify(disk: &dyn Disk, dir: &Path) -> Result<Verification, HistorianError> {
    let path = dir.join(manifest::NAME);
    let loaded = match disk.open(&path) {
        Ok(file) => manifest::read(&path, &*file)?,
        Err(error) => return Err(HistorianError::disk("open", &path)(error)),
    };
    let mut segments = Vec::new();
    for meta in loaded.state.segments.values() {
        let path = dir.join(meta.id.file_name());
        let found = disk.open(&path).and_then(|file| {
            let samples = examine(&*file)?;
            if samples != meta.samples || file.size()? != meta.bytes {
                let what = crate::bytes::Malformed("manifest and segment do not fit");
                return Err(segment::damaged(0)(what));
            }
            Ok(samples)
        });
        let (samples, damage) = match found {
            Ok(samples) => (samples, None),
            Err(error) => (0, Some(damage_of(&error))),
        };
        segments.push(SegmentReport { path, samples, bytes: meta.bytes, damage });
    }
    let (covered, manifest_is_torn) = (loaded.state.covered, loaded.torn);
    Ok(Verification { segments, covered, manifest_is_torn })
}

fn damage_of(error: &io::Error) -> Damage {
    let inner = error.get_ref();
    if let Some(damaged) = inner.and_then(|inner| inner.downcast_ref::<Damaged>()) {
        return Damage { at: damaged.at, what: damaged.what.to_string() };
    }
    if let Some(newer) = inner.and_then(|inner| inner.downcast_ref::<Newer>()) {
        return Damage { at: 8, what: newer.to_string() };
    }
    Damage { at: 0, what: error.to_string() }
}
