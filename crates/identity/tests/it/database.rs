//! The file: whose it is, and what is said when it is not what it should be.

use std::path::Path;

use lineshaft_identity::{Identity, OpenError};

use crate::node::{Node, policy};

fn reopen(node: &Node, path: &Path) -> Result<Identity, OpenError> {
    Identity::open(path, node.clock.clone(), node.trail.clone(), policy())
}

#[track_caller]
fn refused(node: &Node, path: &Path, code: &str) {
    let error = reopen(node, path).unwrap_err();
    assert_eq!(error.code(), code, "{error:?}");
}

/// Proves: CR 4.1.
#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone_even_if_it_was_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let node = Node::new();
    node.person("ada", &[]).await;
    let mode = |file: &str| {
        let path = node.dir.path().join(file);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("identity.db"), mode("identity.db-wal")), (0o600, 0o600));
    std::fs::set_permissions(node.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let node = node.restart();
    let mode = std::fs::metadata(node.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_from_a_newer_program_is_refused_and_left_as_it_is() {
    let node = Node::new();
    node.sql("PRAGMA user_version = 2");
    refused(&node, &node.path(), "LS-AUT-002");
    let error = reopen(&node, &node.path()).unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.ends_with("has format 2, this program knows formats up to 1"), "{why}");
}

#[tokio::test]
async fn what_is_no_database_of_accounts_is_refused() {
    let node = Node::new();
    let other = node.dir.path().join("other.db");
    std::fs::write(&other, "this is a letter to a friend".repeat(100)).unwrap();
    refused(&node, &other, "LS-AUT-003");
    let foreign = node.dir.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    drop(connection);
    refused(&node, &foreign, "LS-AUT-003");
    refused(&node, node.dir.path(), "LS-AUT-001");
    refused(&node, &node.dir.path().join("no/such/folder/identity.db"), "LS-AUT-001");
}

#[tokio::test]
async fn a_row_that_is_no_record_is_named() {
    let node = Node::new();
    node.person("ada", &[]).await;
    node.sql("UPDATE accounts SET grants = '[{\"role\":7}]'");
    let error = reopen(&node, &node.path()).unwrap_err();
    assert_eq!(error.code(), "LS-AUT-003");
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("accounts `1`, grants: "), "{why}");
}

/// Wherever a page is damaged, the answer is an error with a code or the right accounts, and never a panic.
#[tokio::test]
async fn damage_anywhere_is_an_error_and_not_a_panic() {
    let node = Node::new();
    for n in 0..8 {
        node.person(&format!("n{n}"), &[]).await;
    }
    node.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = std::fs::read(node.path()).unwrap();
    let names = |identity: &Identity| {
        identity.accounts().into_iter().map(|a| (a.id, a.account)).collect::<Vec<_>>()
    };
    let right = names(&node.identity);
    let mut refused = 0;
    for part in 0..64 {
        let mut bytes = whole.clone();
        let at = whole.len() * part / 64;
        for byte in &mut bytes[at..(at + 48).min(whole.len())] {
            *byte ^= 0xa5;
        }
        let path = node.dir.path().join(format!("damaged-{part}.db"));
        std::fs::write(&path, bytes).unwrap();
        match reopen(&node, &path) {
            Err(error) => {
                assert!(["LS-AUT-001", "LS-AUT-003"].contains(&error.code()), "{error:?}");
                refused += 1;
            }
            Ok(identity) => assert_eq!(names(&identity), right, "{part}"),
        }
    }
    for length in [0, 1, 99, 100, 4_095, 4_096, 8_192, whole.len() - 1] {
        let path = node.dir.path().join(format!("short-{length}.db"));
        std::fs::write(&path, &whole[..length]).unwrap();
        match reopen(&node, &path) {
            Err(error) => assert!(["LS-AUT-001", "LS-AUT-003"].contains(&error.code())),
            // An empty file is a new database; of a page that is cut SQLite may not need the end.
            Ok(identity) => {
                assert!(length == 0 || names(&identity) == right, "{length}");
            }
        }
    }
    assert!(refused > 0); // at least where the head of the file is damaged
}
