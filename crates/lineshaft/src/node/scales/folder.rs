//! What lies in the data folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lineshaft_contract::{DiskStorage, StorageDay, StoragePart};

/// The parts of the data folder, by the names of their files and folders.
const PARTS: [(&str, &str); 9] = [
    ("shaft", "shaft"),
    ("historian", "historian"),
    ("audit", "audit"),
    ("identity.db", "identity"),
    ("desk.db", "desk"),
    ("revisions", "revisions"),
    ("tls", "certificates"),
    ("identity.db-wal", "identity"),
    ("desk.db-wal", "desk"),
];

/// How deep folders are looked into: ours are at most three deep.
const DEPTH_MAX: u32 = 6;

/// Files that are counted; more is not our folder.
const FILES_MAX: u64 = 1_000_000;

/// Days that are shown.
const DAYS_MAX: usize = 31;

/// What the data folder is made of, largest first. What cannot be read counts nothing.
pub(crate) fn parts(folder: &Path) -> Vec<StoragePart> {
    let mut parts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    let mut left = FILES_MAX;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let known = PARTS.iter().find(|(file, _)| name == *file);
        let part = known.map_or("other", |(_, part)| part);
        let (files, bytes) = weigh(&entry, 0, &mut left);
        let sum = parts.entry(part).or_default();
        (sum.0, sum.1) = (sum.0 + files, sum.1 + bytes);
    }
    let mut parts: Vec<StoragePart> = parts
        .into_iter()
        .filter(|(_, (files, _))| *files > 0)
        .map(|(part, (files, bytes))| StoragePart { part, files, bytes })
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    parts
}

fn weigh(entry: &fs::DirEntry, depth: u32, left: &mut u64) -> (u64, u64) {
    // Never through a link: it may lead anywhere.
    let Ok(metadata) = entry.metadata() else { return (0, 0) };
    if !metadata.is_dir() {
        *left = left.saturating_sub(1);
        return if metadata.is_file() { (1, metadata.len()) } else { (0, 0) };
    }
    if depth >= DEPTH_MAX || *left == 0 {
        return (0, 0);
    }
    let inside = fs::read_dir(entry.path()).into_iter().flatten().flatten();
    inside.fold((0, 0), |sum, entry| {
        let (files, bytes) = weigh(&entry, depth + 1, left);
        (sum.0 + files, sum.1 + bytes)
    })
}

/// The last days that have segment files of history, oldest first: `2026-11-20.L0.000000000007.seg`.
pub(crate) fn days(historian: &Path) -> Vec<StorageDay> {
    let mut days: BTreeMap<String, (u32, u64)> = BTreeMap::new();
    for entry in fs::read_dir(historian).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some((day, _)) = name.to_str().and_then(segment) else { continue };
        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
        let sum = days.entry(day.to_owned()).or_default();
        (sum.0, sum.1) = (sum.0 + 1, sum.1 + bytes);
    }
    let skip = days.len().saturating_sub(DAYS_MAX);
    let shown = days.into_iter().skip(skip);
    shown.map(|(day, (segments, bytes))| StorageDay { day, segments, bytes }).collect()
}

/// Day and rest of the name of a segment file.
fn segment(name: &str) -> Option<(&str, &str)> {
    let (day, rest) = name.strip_suffix(".seg")?.split_once('.')?;
    let is_day = day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_day.then_some((day, rest))
}

/// The file system a folder is on.
pub(crate) fn disk(folder: &Path) -> DiskStorage {
    let (total_bytes, free_bytes) = match rustix::fs::statvfs(folder) {
        Ok(stat) => (
            stat.f_blocks.saturating_mul(stat.f_frsize),
            stat.f_bavail.saturating_mul(stat.f_frsize),
        ),
        Err(_) => (0, 0),
    };
    let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let kind = crate::doctor::file_system(Path::new("/"), folder).unwrap_or_default();
    DiskStorage {
        folder: shown.display().to_string(),
        kind,
        total_bytes,
        free_bytes,
        ..DiskStorage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_weighed_by_its_parts_and_history_by_its_days() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, bytes: usize| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; bytes]).unwrap();
        };
        put("shaft/00000000000000000000.shaft", 300);
        put("shaft/cursors/historian", 20);
        put("identity.db", 100);
        put("identity.db-wal", 50);
        put("mine/notes.txt", 7);
        put("historian/manifest", 1_000);
        put("historian/2026-11-20.L0.000000000007.seg", 10);
        put("historian/2026-11-20.L0.000000000008.seg", 10);
        put("historian/2026-11-21.L1.000000000009.seg", 10);
        put("historian/2026-11-21.L1.000000000010.tmp", 10);
        std::os::unix::fs::symlink("/", folder.path().join("everything")).unwrap();
        let told: Vec<_> = parts(folder.path())
            .into_iter()
            .map(|part| (part.part, part.files, part.bytes))
            .collect();
        let expect =
            [("historian", 5, 1_040), ("shaft", 2, 320), ("identity", 2, 150), ("other", 1, 7)];
        assert_eq!(told, expect);
        let told: Vec<_> = days(&folder.path().join("historian"))
            .into_iter()
            .map(|day| (day.day, day.segments, day.bytes))
            .collect();
        assert_eq!(told, [("2026-11-20".to_owned(), 2, 20), ("2026-11-21".to_owned(), 1, 10)]);
    }
}
