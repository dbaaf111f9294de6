//! The file: whose it is, and what is said when it is not what it should be.

use lineshaft_desk::{Desk, verify};

use crate::{Place, all, change, new, texts, write};

#[track_caller]
fn refused(place: &Place, code: &str) {
    let error = Desk::open(&place.path()).unwrap_err();
    assert_eq!(error.code(), code, "{error:?}");
    assert_eq!(verify(&place.path()).unwrap_err().code(), code);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone_even_if_it_was_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let mode = |file: &str| {
        let path = place.dir.path().join(file);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    let desk = place.open();
    change(&desk, 1, |draft| draft.annotate(new("x", 1))).await.unwrap();
    assert_eq!((mode("desk.db"), mode("desk.db-wal")), (0o600, 0o600));
    drop(desk);
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(place.open());
    assert_eq!(mode("desk.db"), 0o600);
}

#[tokio::test]
async fn a_file_from_a_newer_program_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let desk = place.open();
    change(&desk, 1, |draft| draft.annotate(new("x", 1))).await.unwrap();
    drop(desk);
    place.sql("PRAGMA user_version = 2");
    refused(&place, "LS-DSK-002");
    let why = Desk::open(&place.path()).unwrap_err().to_string();
    assert!(why.ends_with("has format 2, this program knows formats up to 1"), "{why}");
    place.sql("PRAGMA user_version = 1");
    assert_eq!(texts(&place.open()).await, ["x"]);
}

#[tokio::test]
async fn what_is_no_desk_is_refused() {
    let place = Place::new();
    write(&place.path(), "this is a letter to a friend".repeat(100).as_bytes());
    refused(&place, "LS-DSK-003");
    write(&place.path(), b"short");
    refused(&place, "LS-DSK-003");
    let foreign = Place::new();
    foreign.sql("CREATE TABLE songs (title TEXT)");
    refused(&foreign, "LS-DSK-003");
    let nowhere = place.dir.path().join("no/such/folder/desk.db");
    assert_eq!(Desk::open(&nowhere).unwrap_err().code(), "LS-DSK-001");
}

#[tokio::test]
async fn a_row_that_is_no_record_is_named() {
    let place = Place::new();
    let desk = place.open();
    change(&desk, 1, |draft| draft.annotate(new("x", 1))).await.unwrap();
    drop(desk);
    place.sql("UPDATE annotations SET path = NULL, tags = '[7]'");
    let why = verify(&place.path()).unwrap_err().to_string();
    assert!(why.contains("annotations `1`, tags: "), "{why}");
    let desk = place.open();
    let asked = desk.annotations(crate::ALL, |_| true).await.unwrap_err().to_string();
    assert!(asked.contains("annotations `1`, tags: "), "{asked}");
}

/// Wherever a page is damaged, the answer is an error with a code or the right annotations, and never a panic.
#[tokio::test]
async fn damage_anywhere_is_an_error_and_not_a_panic() {
    let place = Place::new();
    let desk = place.open();
    for n in 0..20 {
        change(&desk, n, move |draft| draft.annotate(new(&format!("n{n}"), 1))).await.unwrap();
    }
    let right = all(&desk).await;
    drop(desk);
    place.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = std::fs::read(place.path()).unwrap();
    let mut found = 0;
    for part in 0..64 {
        let mut bytes = whole.clone();
        let at = whole.len() * part / 64;
        for byte in &mut bytes[at..(at + 48).min(whole.len())] {
            *byte ^= 0xa5;
        }
        let other = Place::new();
        write(&other.path(), &bytes);
        match Desk::open(&other.path()) {
            Err(error) => {
                assert!(["LS-DSK-001", "LS-DSK-003"].contains(&error.code()), "{error:?}");
                found += 1;
            }
            Ok(desk) => match desk.annotations(crate::ALL, |_| true).await {
                Ok(page) => assert_eq!(page.annotations.len(), right.len(), "{part}"),
                Err(_) => found += 1,
            },
        }
    }
    assert!(found > 0);
}
