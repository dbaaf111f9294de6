//! Revisions, differences, proposals.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use lineshaft_revision::{
    Approval, Decision, Note, ProposalError, Rejection, Store, StoreError, digest_of, verify,
};

use crate::{by, files, note};

#[track_caller]
fn check(store: &Store, from: u64, to: u64, expect: Expect) {
    let mut shown = String::new();
    for file in store.diff(from, to).unwrap() {
        let _ = writeln!(shown, "{:?} {}", file.change, file.path);
        for line in file.hunks.iter().flat_map(|hunk| &hunk.lines) {
            let _ = writeln!(shown, "{}{}", line.kind, line.text);
        }
    }
    expect.assert_eq(&shown);
}

#[test]
fn every_state_is_kept_and_can_be_compared_with_every_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let first = files(&["lineshaft.toml=a\nb\n", "devices/x.toml=1\n", "/srv/t.csv=far\n"]);
    let second = files(&["lineshaft.toml=a\nc\n", "devices/y.toml=2\n", "/srv/t.csv=far\n"]);
    store.record(&first, &note("maria", "begin")).unwrap();
    store.record(&second, &note("ben", "c is better")).unwrap();

    // What is there already is no revision of its own.
    assert_eq!(store.record(&second, &note("eve", "again")).unwrap().id, 2);
    // Going back is one.
    let back = Note { rolled_back_to: Some(1), ..note("maria", "back") };
    assert_eq!(store.record(&first, &back).unwrap().id, 3);

    drop(store);
    let store = Store::open(dir.path()).unwrap();
    let ids = |list: Vec<lineshaft_revision::Revision>| {
        list.iter().map(|revision| revision.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(store.list(None, 10).unwrap()), [3, 2, 1]);
    assert_eq!(ids(store.list(Some(3), 1).unwrap()), [2]);
    assert_eq!(ids(store.list(Some(1), 5).unwrap()), [0; 0]);
    assert_eq!(ids(store.list(Some(99), 1).unwrap()), [3]);
    assert_eq!(store.files(1).unwrap(), first);
    assert_eq!(store.files(2).unwrap(), second);
    let third = store.get(3).unwrap();
    assert_eq!(
        (third.parent, third.rolled_back_to, third.by.who),
        (Some(2), Some(1), "maria".into())
    );
    assert_eq!(third.digest, store.get(1).unwrap().digest);
    assert_eq!(third.digest, digest_of(&third.files));
    assert_eq!(store.newest().unwrap().id, 3);
    check(
        &store,
        1,
        2,
        expect![[r#"
        Removed devices/x.toml
        -1
        Added devices/y.toml
        +2
        Changed lineshaft.toml
         a
        -b
        +c
    "#]],
    );
    check(&store, 1, 3, expect![[""]]);
    check(
        &store,
        0,
        1,
        expect![[r#"
        Added /srv/t.csv
        +far
        Added devices/x.toml
        +1
        Added lineshaft.toml
        +a
        +b
    "#]],
    );
    for unknown in [0, 4, u64::MAX] {
        assert!(matches!(store.get(unknown), Err(StoreError::Unknown { .. })), "{unknown}");
    }
    let report = verify(dir.path()).unwrap();
    assert_eq!((report.revisions, report.lines, report.contents, report.unused), (3, 4, 5, 0));
    assert!(report.newest.starts_with("revision 3 "));
}

#[test]
fn a_path_the_log_cannot_show_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for path in ["", "a\nb", "a\0b", &"a".repeat(1_025)] {
        let files = [(path.to_owned(), Vec::new())].into();
        let refused = store.record(&files, &note("maria", ""));
        assert!(matches!(refused, Err(StoreError::Path(_))), "{path:?}");
    }
    assert_eq!(store.newest(), None);
}

/// Proves: P11-29.
#[test]
fn four_eyes_are_those_of_two_people() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now = files(&["lineshaft.toml=a"]);
    let wanted = files(&["lineshaft.toml=b"]);
    store.record(&now, &note("maria", "")).unwrap();

    let one = store.propose(&wanted, 1, &note("maria", "b is better")).unwrap();
    let two = store.propose(&now, 1, &note("ben", "no")).unwrap();
    assert_eq!((one.id, two.id), (1, 2));
    assert_eq!(store.newest().unwrap().id, 1);

    let own = store.approvable(1, &by("maria"));
    assert!(matches!(own, Err(ProposalError::Own { proposal: 1, .. })), "{own:?}");
    let account = |who: &str| lineshaft_revision::By { account: Some(7), ..by(who) };
    let by_account = Note { by: account("maria"), ..note("", "") };
    let three = store.propose(&wanted, 1, &by_account).unwrap().id;
    assert!(matches!(store.approvable(three, &account("token:m")), Err(ProposalError::Own { .. })));
    assert!(matches!(
        store.approvable(9, &by("ben")),
        Err(ProposalError::Store(StoreError::Unknown { id: 9, .. }))
    ));

    let proposal = store.approvable(1, &by("ben")).unwrap();
    assert_eq!(store.proposal_files(&proposal).unwrap(), wanted);
    let approval = Approval { proposal: 1, by: by("ben"), why: "yes".into() };
    let approved = Note { approval: Some(approval.clone()), ..note("maria", "b is better") };
    let revision = store.record(&wanted, &approved).unwrap();
    assert_eq!((revision.id, revision.by.who.as_str()), (2, "maria"));

    let rejection = |proposal| Rejection {
        proposal,
        time: note("", "").time,
        by: by("ben"),
        why: "changed my mind".into(),
    };
    // One's own may be taken back.
    store.reject(rejection(2)).unwrap();
    for decided in [1, 2] {
        assert!(matches!(
            store.approvable(decided, &by("eve")),
            Err(ProposalError::Decided { .. })
        ));
        assert!(matches!(store.reject(rejection(decided)), Err(ProposalError::Decided { .. })));
    }

    drop(store);
    let store = Store::open(dir.path()).unwrap();
    let decisions: Vec<Option<Decision>> =
        store.proposals(10).unwrap().into_iter().map(|proposal| proposal.decision).collect();
    let time = note("", "").time;
    assert_eq!(
        decisions,
        [
            None,
            Some(Decision::Rejected(rejection(2))),
            Some(Decision::Approved { revision: 2, time, approval })
        ]
    );
    let open: Vec<u64> = store.open_proposals().unwrap().iter().map(|open| open.id).collect();
    assert_eq!(open, [3]);
    verify(dir.path()).unwrap();
}

#[test]
fn an_approval_of_what_runs_already_is_still_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now = files(&["lineshaft.toml=a"]);
    store.record(&now, &note("maria", "")).unwrap();
    store.propose(&now, 1, &note("maria", "")).unwrap();
    let approval = Approval { proposal: 1, by: by("ben"), why: String::new() };
    let approved = Note { approval: Some(approval), ..note("maria", "") };
    assert_eq!(store.record(&now, &approved).unwrap().id, 2);
    assert!(store.open_proposals().unwrap().is_empty());
}

#[test]
fn a_hundred_proposals_may_wait() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now = files(&["lineshaft.toml=a"]);
    store.record(&now, &note("maria", "")).unwrap();
    for _ in 0..100 {
        store.propose(&now, 1, &note("maria", "")).unwrap();
    }
    let refused = store.propose(&now, 1, &note("maria", ""));
    assert!(matches!(refused, Err(StoreError::TooMuch { .. })));
}
