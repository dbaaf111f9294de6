//! Changes of a real folder, and the roads out of it that are closed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use lineshaft_revision::{Files, PathError, Store, StoreError, read_folder};

use crate::{LAYOUT, everything_in, files, note, write};

#[test]
fn a_change_writes_the_difference_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, dir) = (parent.path().join("plant"), parent.path().join("revisions"));
    let first = files(&["lineshaft.toml=a", "devices/x.toml=x", "devices/y.toml=y"]);
    write(&folder, &first);
    write(&folder, &files(&["notes.md=mine", "devices/.hidden=h", "data/lock="]));
    fs::set_permissions(folder.join("devices/x.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    let store = Store::open(&dir).unwrap();
    let read = read_folder(&folder, &LAYOUT).unwrap();
    assert_eq!(read, first);
    store.record(&read, &note("disk", "")).unwrap();

    let second = files(&["lineshaft.toml=a", "devices/x.toml=new", "tags/t.csv=t", "/srv/o.csv=o"]);
    let changed = store.change(&folder, &LAYOUT, &second, &note("maria", "new")).unwrap();
    assert!(changed.unfinished.is_none());
    assert_eq!(changed.revision.id, 2);
    assert_eq!(
        everything_in(&folder),
        files(&[
            "lineshaft.toml=a",
            "devices/x.toml=new",
            "tags/t.csv=t",
            "notes.md=mine",
            "devices/.hidden=h",
            "data/lock="
        ])
    );
    let mode = fs::metadata(folder.join("devices/x.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(store.files(2).unwrap(), second);

    // The same again is nothing.
    let same = store.change(&folder, &LAYOUT, &second, &note("maria", "")).unwrap();
    assert_eq!(same.revision.id, 2);
    assert!(!dir.join("pending").exists());
}

#[test]
fn what_somebody_edited_on_disk_meanwhile_is_not_overwritten() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("plant");
    let first = files(&["lineshaft.toml=a", "devices/x.toml=x"]);
    write(&folder, &first);
    let store = Store::open(&parent.path().join("revisions")).unwrap();
    store.record(&first, &note("disk", "")).unwrap();

    fs::write(folder.join("devices/x.toml"), "mine").unwrap();
    for wanted in [files(&["lineshaft.toml=a", "devices/x.toml=y"]), files(&["lineshaft.toml=a"])] {
        let refused = store.change(&folder, &LAYOUT, &wanted, &note("maria", ""));
        assert!(matches!(&refused, Err(StoreError::Moved { path }) if path == "devices/x.toml"));
    }
    fs::write(folder.join("devices/n.toml"), "mine").unwrap();
    let new = files(&["lineshaft.toml=a", "devices/x.toml=x", "devices/n.toml=other"]);
    let refused = store.change(&folder, &LAYOUT, &new, &note("maria", ""));
    assert!(matches!(&refused, Err(StoreError::Moved { path }) if path == "devices/n.toml"));
    assert_eq!(store.newest().unwrap().id, 1);

    // A change of another file leaves it alone; one that says what is on disk is fine.
    let other = files(&["lineshaft.toml=b", "devices/x.toml=mine"]);
    store.change(&folder, &LAYOUT, &other, &note("maria", "")).unwrap();
    assert_eq!(fs::read(folder.join("devices/x.toml")).unwrap(), b"mine");
}

/// Attack class 5: a path from the network that ends somewhere else.
/// Proves: A05.
#[test]
fn no_change_leaves_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("plant");
    let first = files(&["lineshaft.toml=a"]);
    write(&folder, &first);
    write(parent.path(), &files(&["victim.toml=victim"]));
    let store = Store::open(&parent.path().join("revisions")).unwrap();
    store.record(&first, &note("disk", "")).unwrap();
    let outside = everything_in(parent.path());
    for path in [
        "devices/../../victim.toml",
        "devices/..\\..\\victim.toml",
        "./../victim.toml",
        "devices/.hidden.toml",
        ".git/config",
        ".ssh/authorized_keys",
        "devices/sub/x.toml",
        "devices/x.sh",
        "victim.toml",
    ] {
        let mut wanted = first.clone();
        wanted.insert(path.into(), b"evil".to_vec());
        let refused = store.change(&folder, &LAYOUT, &wanted, &note("eve", ""));
        assert!(matches!(refused, Err(StoreError::Path(PathError { .. }))), "{path} {refused:?}");
    }
    // A path outside of the folder is only noted, never written.
    for path in ["../victim.toml", "/victim.toml"] {
        let wanted: Files = [(path.to_owned(), b"evil".to_vec())].into();
        let mut wanted = wanted;
        wanted.extend(first.clone());
        store.change(&folder, &LAYOUT, &wanted, &note("eve", "")).unwrap();
    }
    let mut after = everything_in(parent.path());
    after.retain(|path, _| !path.starts_with("revisions"));
    let before: Files =
        outside.into_iter().filter(|(path, _)| !path.starts_with("revisions")).collect();
    assert_eq!(after, before);
}

/// Attack class 26: a link that leads out of the folder, to be read or written through.
/// Proves: A26.
#[test]
fn no_link_is_followed_out_of_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("plant");
    let first = files(&["lineshaft.toml=a", "devices/x.toml=x"]);
    write(&folder, &first);
    write(parent.path(), &files(&["secret/y.toml=secret", "secret/t.csv=secret"]));
    let store = Store::open(&parent.path().join("revisions")).unwrap();
    store.record(&first, &note("disk", "")).unwrap();
    let change = |path: &str, content: &str| {
        let mut wanted = first.clone();
        wanted.insert(path.into(), content.into());
        store.change(&folder, &LAYOUT, &wanted, &note("eve", ""))
    };

    // A file that is a link, a folder that is one, and one to nowhere.
    symlink(parent.path().join("secret/y.toml"), folder.join("devices/y.toml")).unwrap();
    symlink(parent.path().join("secret"), folder.join("tags")).unwrap();
    fs::create_dir(folder.join("pipelines")).unwrap();
    symlink(parent.path().join("made.toml"), folder.join("pipelines/z.toml")).unwrap();
    for path in ["devices/y.toml", "tags/t.csv", "tags/new.csv", "pipelines/z.toml"] {
        let refused = change(path, "evil");
        assert!(matches!(refused, Err(StoreError::Path(_))), "{path} {refused:?}");
    }
    let read = read_folder(&folder, &LAYOUT);
    assert!(matches!(read, Err(StoreError::Path(_))), "{read:?}");
    assert_eq!(fs::read(parent.path().join("secret/y.toml")).unwrap(), b"secret");
    assert_eq!(fs::read(parent.path().join("secret/t.csv")).unwrap(), b"secret");
    assert!(!parent.path().join("made.toml").exists());
    assert!(!parent.path().join("secret/new.csv").exists());

    // A folder in the place of a file, and a file in the place of a folder.
    fs::remove_file(folder.join("devices/y.toml")).unwrap();
    fs::remove_file(folder.join("tags")).unwrap();
    fs::create_dir(folder.join("devices/d.toml")).unwrap();
    fs::write(folder.join("tags"), "no folder").unwrap();
    for path in ["devices/d.toml", "tags/t.csv"] {
        let refused = change(path, "evil");
        assert!(matches!(refused, Err(StoreError::Path(_))), "{path} {refused:?}");
    }

    // The hidden name a new file is written under is not followed either.
    fs::write(parent.path().join("victim"), "victim").unwrap();
    symlink(parent.path().join("victim"), folder.join("devices/.x.toml.lineshaft-new")).unwrap();
    change("devices/x.toml", "fine").unwrap();
    assert_eq!(fs::read(parent.path().join("victim")).unwrap(), b"victim");
    assert_eq!(fs::read(folder.join("devices/x.toml")).unwrap(), b"fine");
}

#[test]
fn a_link_within_the_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &files(&["lineshaft.toml=a", "devices/x.toml=x"]));
    symlink("x.toml", folder.path().join("devices/y.toml")).unwrap();
    let read = read_folder(folder.path(), &LAYOUT).unwrap();
    assert_eq!(read, files(&["lineshaft.toml=a", "devices/x.toml=x", "devices/y.toml=x"]));
}

#[test]
fn a_folder_that_cannot_be_written_refuses_the_change_whole() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("plant");
    let first = files(&["lineshaft.toml=a", "devices/x.toml=x"]);
    write(&folder, &first);
    let store = Store::open(&parent.path().join("revisions")).unwrap();
    store.record(&first, &note("disk", "")).unwrap();
    // A folder where the hidden file would be: as unwritable as missing rights, for root too.
    let blocked = folder.join("devices/.x.toml.lineshaft-new");
    fs::create_dir_all(blocked.join("full")).unwrap();
    let wanted = files(&["lineshaft.toml=b", "devices/x.toml=y"]);
    let refused = store.change(&folder, &LAYOUT, &wanted, &note("maria", ""));
    assert!(matches!(refused, Err(StoreError::Disk { .. })), "{refused:?}");
    assert_eq!(read_folder(&folder, &LAYOUT).unwrap(), first);
    assert_eq!(store.newest().unwrap().id, 1);

    fs::remove_dir_all(blocked).unwrap();
    store.change(&folder, &LAYOUT, &wanted, &note("maria", "")).unwrap();
    assert_eq!(read_folder(&folder, &LAYOUT).unwrap(), wanted);
}
