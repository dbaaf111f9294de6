//! What the simulated disk promises to those who test with it.

use super::*;

fn file_of(seed: u64) -> (SimDisk, PathBuf, Arc<dyn DiskFile>) {
    let disk = SimDisk::new(seed, Faults::none());
    disk.create_dir(Path::new("/d")).unwrap();
    let path = PathBuf::from("/d/f");
    let file = disk.create(&path).unwrap();
    (disk, path, file)
}

#[test]
fn what_was_synced_survives_every_crash_and_the_rest_tears_by_sectors() {
    let (mut whole, mut torn, mut missing) = (0, 0, 0);
    for seed in seeds(200) {
        let (disk, path, file) = file_of(seed);
        file.write_at(&[1; 1000], 0).unwrap();
        file.sync().unwrap();
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_at(&[2; 2000], 1000).unwrap();
        let disk = disk.crash();
        assert!(file.size().is_err(), "seed {seed}: a file from before the crash is dead");
        let bytes = crate::disk::read_all(&*disk.open(&path).unwrap(), 1 << 20).unwrap();
        assert_eq!(bytes[..1000], [1; 1000], "seed {seed}");
        let kept = bytes[1000..].iter().filter(|byte| **byte == 2).count();
        match kept {
            0 => missing += 1,
            2000 => whole += 1,
            _ => torn += 1,
        }
    }
    assert!(whole > 0 && torn > 0 && missing > 0, "{whole} {torn} {missing}");
}

#[test]
fn a_name_that_was_not_synced_may_be_gone_and_one_that_was_is_not() {
    let mut gone = 0;
    for seed in 0..20 {
        let (disk, path, file) = file_of(seed);
        file.sync().unwrap();
        gone += u32::from(disk.crash().open(&path).is_err());
        let (disk, path, _) = file_of(seed);
        disk.sync_dir(Path::new("/d")).unwrap();
        disk.crash().open(&path).unwrap();
    }
    assert!(gone > 0 && gone < 20, "{gone}");
}

#[test]
fn after_a_failed_sync_the_next_one_repairs_nothing() {
    let mut lost = 0;
    for seed in 0..20 {
        let (disk, path, file) = file_of(seed);
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_at(&[7; 512], 0).unwrap();
        disk.fail_sync(1);
        file.sync().unwrap_err();
        file.sync().unwrap();
        let bytes = crate::disk::read_all(&*disk.crash().open(&path).unwrap(), 4096).unwrap();
        lost += u32::from(bytes != [7; 512]);
    }
    assert!(lost > 0, "{lost}");
}

#[test]
fn a_full_disk_takes_what_fits_and_heals_when_there_is_room() {
    let (disk, _, file) = file_of(1);
    disk.set_capacity(100);
    let error = file.write_at(&[1; 200], 0).unwrap_err();
    assert_eq!((error.kind(), file.size().unwrap()), (ErrorKind::StorageFull, 100));
    disk.set_capacity(200);
    file.write_at(&[1; 200], 0).unwrap();
    assert_eq!(disk.free_bytes(Path::new("/d")).unwrap(), 0);
}

#[test]
fn a_lock_is_for_one_and_free_after_a_crash() {
    let (disk, _, _) = file_of(1);
    let path = Path::new("/d/lock");
    let held = disk.lock(path).unwrap();
    assert!(disk.lock(path).is_err());
    let after = disk.crash();
    let _again = after.lock(path).unwrap();
    drop(held);
    assert!(after.lock(path).is_err(), "the dead one's end frees nothing");
}
