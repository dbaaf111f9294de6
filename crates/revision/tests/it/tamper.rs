//! Whoever edits the store is found out.

use std::fs;
use std::path::Path;

use lineshaft_revision::{Rejection, Sha256, Store, StoreError, verify};

use crate::{by, files, note};

fn store_of_five(dir: &Path) {
    let store = Store::open(dir).unwrap();
    for content in ["a", "b", "c", "d", "e"] {
        let files = files(&[&format!("lineshaft.toml={content}")]);
        store.record(&files, &note("maria", &format!("because {content}"))).unwrap();
        store.propose(&files, 1, &note("ben", "")).unwrap();
    }
    let time = note("", "").time;
    store.reject(Rejection { proposal: 1, time, by: by("eve"), why: String::new() }).unwrap();
}

fn line_of(error: StoreError) -> u64 {
    match error {
        StoreError::Damaged { line, .. } => line,
        other => panic!("{other}"),
    }
}

/// Edits the lines of the log; answers the line that is named.
fn edited(edit: impl Fn(&mut Vec<String>)) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    store_of_five(dir.path());
    let log = dir.path().join("log");
    let text = fs::read_to_string(&log).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    edit(&mut lines);
    fs::write(&log, lines.join("\n") + "\n").unwrap();
    let before = fs::read(&log).unwrap();
    let named = line_of(verify(dir.path()).unwrap_err());
    assert_eq!(named, line_of(Store::open(dir.path()).unwrap_err()));
    assert_eq!(fs::read(&log).unwrap(), before, "a damaged log is left as it is");
    named
}

/// Makes the checksum right again, as somebody would who knows how.
fn seal(line: &str) -> String {
    let at = line.rfind(",\"sum\":").unwrap();
    format!("{},\"sum\":\"{}\"}}", &line[..at], Sha256::of(&line.as_bytes()[..at]))
}

/// Proves: P11-38.
#[test]
fn an_edited_line_is_named() {
    for line in 0..12 {
        assert_eq!(
            edited(|lines| lines[line] = lines[line].replacen('e', "3", 1)),
            line as u64 + 1
        );
    }
    assert_eq!(edited(|lines| lines[3] = lines[3].replace("because b", "because x")), 4);
    assert_eq!(edited(|lines| lines[11].truncate(40)), 12);
    assert_eq!(edited(|lines| lines[4].push(' ')), 5);
    assert_eq!(edited(|lines| lines[4].clear()), 5);
}

#[test]
fn a_line_with_a_new_checksum_breaks_the_one_behind_it() {
    let forged = |lines: &mut Vec<String>| {
        lines[3] = seal(&lines[3].replace("because b", "because x"));
    };
    assert_eq!(edited(forged), 5);
    // With every checksum behind it made anew, the digest of the files still has to be right.
    let all_new = |lines: &mut Vec<String>| {
        let sha = |text: &str| Sha256::of(text.as_bytes()).to_string();
        lines[3] = seal(&lines[3].replace(&sha("b"), &sha("x")));
    };
    assert_eq!(edited(all_new), 4);
}

#[test]
fn a_line_that_is_taken_out_put_in_or_moved_is_named() {
    assert_eq!(edited(|lines| drop(lines.remove(4))), 5);
    assert_eq!(edited(|lines| lines.swap(4, 6)), 5);
    assert_eq!(edited(|lines| lines.insert(4, lines[2].clone())), 5);
    assert_eq!(edited(|lines| drop(lines.remove(0))), 1);
    assert_eq!(edited(|lines| lines.push(lines[11].clone())), 13);
}

/// Proves: CR 3.4, P11-38.
#[test]
fn a_content_that_is_another_or_gone_is_named() {
    for (edit, says) in [
        (&(|path: &Path| fs::write(path, "x").unwrap()) as &dyn Fn(&Path), "damaged or edited"),
        (&|path: &Path| fs::remove_file(path).unwrap(), "missing"),
        (&|path: &Path| fs::write(path, "").unwrap(), "damaged or edited"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        store_of_five(dir.path());
        edit(&dir.path().join("objects").join(Sha256::of(b"c").to_string()));
        let error = verify(dir.path()).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("LS-REV-003"), "{error}");

        // It opens, and everything else can be had.
        let store = Store::open(dir.path()).unwrap();
        assert!(store.files(3).is_err() && store.files(2).is_ok());
        // The same content from elsewhere mends it.
        store.record(&files(&["lineshaft.toml=c"]), &note("maria", "mend")).unwrap();
        drop(store);
        verify(dir.path()).unwrap();
    }
}

#[test]
fn a_torn_last_line_is_cut_and_a_lost_middle_is_not() {
    let dir = tempfile::tempdir().unwrap();
    store_of_five(dir.path());
    let log = dir.path().join("log");
    let whole = fs::read(&log).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for (torn, is_cut) in [
        (whole[..whole.len() - 1].to_vec(), true),
        (whole[..last + 1].to_vec(), true),
        ([&whole[..], &[0; 600]].concat(), true),
        ([&whole[..last + 8], &[0; 40], b"\n"].concat(), true),
        ([&whole[..last - 40], &[0; 39], &whole[last - 1..]].concat(), false),
    ] {
        fs::write(&log, &torn).unwrap();
        let opened = Store::open(dir.path());
        assert_eq!(opened.is_ok(), is_cut);
        if is_cut {
            assert_eq!(
                fs::read(&log).unwrap(),
                whole[..fs::metadata(&log).unwrap().len() as usize]
            );
            opened.unwrap().record(&files(&["lineshaft.toml=z"]), &note("maria", "")).unwrap();
            verify(dir.path()).unwrap();
        }
        for entry in fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("log.cut-") {
                fs::remove_file(path).unwrap();
            }
        }
    }
}
