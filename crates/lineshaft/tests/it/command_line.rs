//! The command line, as whoever types it meets it: what it does when he goes, slips or comes early.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use crate::harness::{NODE, Plant};
use crate::identity::{add_user, cli, done};

/// Runs the binary with nobody who reads what it prints: status and standard error.
#[track_caller]
fn unread(arguments: &[&str]) -> (bool, String) {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let ended = Command::new(env!("CARGO_BIN_EXE_lineshaft"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer)
        .output()
        .unwrap();
    (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn whoever_reads_may_go_before_all_is_said() {
    let plant = Plant::of(NODE);
    add_user(&plant, "ben", &["--role", "viewer"]);
    let folder = plant.folder().to_str().unwrap().to_owned();
    let data = plant.data().to_str().unwrap().to_owned();
    for arguments in [
        ["explain", "security"].as_slice(),
        &["check", "--plant", &folder],
        &["audit", "list", "--data", &data],
        &["audit", "list", "--json", "--data", &data],
        &["user", "disable", "ben", "--data", &data],
        &["audit", "verify", "--data", &data],
    ] {
        let (succeeded, said) = unread(arguments);
        assert!(succeeded && !said.contains("panic"), "{arguments:?}: {said}");
    }
    assert!(done(&plant, &["user", "list"]).contains("disabled"), "what was begun is done");
}

#[test]
fn an_account_that_is_older_than_the_first_run_leaves_the_node_its_name() {
    let plant = Plant::of(NODE);
    let folder = plant.folder().to_str().unwrap().to_owned();
    add_user(&plant, "ben", &["--admin", "--plant", &folder]);
    let checkpoint = done(&plant, &["audit", "checkpoint"]);
    assert_eq!(checkpoint.lines().next(), Some("test/audit"), "as NODE calls it");
    let ended = plant.run().stop();
    assert!(!ended.err.contains("keeps the name"), "{}", ended.err);
}

#[test]
fn a_role_that_somebody_does_not_have_cannot_be_taken_from_him() {
    let plant = Plant::of(NODE);
    add_user(&plant, "ben", &["--role", "viewer"]);
    let refused = cli(&plant, &["user", "revoke", "ben", "--role", "operator"]);
    assert!(!refused.status.success());
    assert!(
        refused.err.contains("error: `ben` does not have the role `operator`"),
        "{}",
        refused.err
    );
    let granted = cli(&plant, &["user", "grant", "ben", "--role", "auditor", "--under", "acme"]);
    assert!(granted.status.success(), "{}", granted.err);
    let hint = granted.err.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
    assert!(hint.contains("read-audit"), "{}", granted.err);
    done(&plant, &["user", "revoke", "ben", "--role", "auditor"]);
}

#[test]
fn a_certificate_that_could_not_be_written_down_is_not_issued() {
    let plant = Plant::of(NODE);
    add_user(&plant, "press", &["--role", "viewer"]);
    let out = plant.data().with_extension("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("press.key"), "of somebody").unwrap();
    let issue = ["cert", "issue", "press", "--out", out.to_str().unwrap()];
    let refused = cli(&plant, &issue);
    assert!(refused.err.contains("press.key: it is there already"), "{}", refused.err);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    assert!(!done(&plant, &["audit", "list"]).contains("certificate.add"));
    fs::remove_file(out.join("press.key")).unwrap();
    assert_eq!(done(&plant, &issue).lines().count(), 3);
    let authority = fs::read_to_string(out.join("authority.pem")).unwrap();
    assert_eq!(authority, done(&plant, &["cert", "authority"]));
}

#[test]
fn an_export_that_is_not_there_is_one_line() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify_audit_export.py");
    let ended = Command::new("python3").args([script, "no-such.export"]).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(said, "CANNOT BE READ: no-such.export: No such file or directory\n");
    assert!(!ended.status.success());
}
