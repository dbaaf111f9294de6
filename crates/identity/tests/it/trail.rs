//! No change without an entry, no entry without a change; and what a crash between the two leaves.

use expect_test::expect;
use lineshaft_audit::{Act, Action, Actor, Outcome};
use lineshaft_identity::{
    AccountChange, AccountKind, ChangeError, Grant, LoginError, NewAccount, NewToken, Standing,
};

use crate::node::{Node, OTHER, PASSWORD, secret};

fn account(name: &str) -> NewAccount {
    NewAccount {
        account: name.to_owned(),
        full_name: "Somebody".into(),
        kind: AccountKind::Person,
        password: Some(secret(PASSWORD)),
        grants: vec![Grant::everywhere("viewer")],
        expires: None,
    }
}

/// Proves: P11-16, P11-18.
#[tokio::test]
async fn every_change_says_who_what_from_which_to_which_and_why() {
    let node = Node::new();
    let (id, root) = (&node.identity, node.root());
    let (_, recorded) = id.create_account(&root, account("ada"), "new").await.unwrap();
    let from = recorded.seq();
    let change = AccountChange {
        grants: Some(vec![Grant::under("operator", "acme")]),
        ..AccountChange::default()
    };
    id.change_account(&root, "ADA", change, "promoted").await.unwrap();
    let lines: Vec<String> = node
        .all_entries(from)
        .iter()
        .map(|entry| {
            let act = serde_json::to_value(&entry.act.new).unwrap();
            let old = serde_json::to_value(&entry.act.old).unwrap();
            format!("{} {old} -> {act} {:?}\n", entry.act.action.word(), entry.act.why)
        })
        .collect();
    expect![[r#"
        account.create null -> {"account":"ada","enabled":true,"expires":null,"full_name":"Somebody","grants":[{"role":"viewer","under":[""]}],"kind":"person","sessions_max":null} Some("new")
        account.change {"grants":[{"role":"viewer","under":[""]}]} -> {"grants":[{"role":"operator","under":["acme"]}]} Some("promoted")
    "#]]
    .assert_eq(&lines.concat());
}

/// Proves: P11-36.
#[tokio::test]
async fn whoever_sets_a_password_or_takes_a_factor_of_another_is_named_beside_its_owner() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    node.person("bob", &[Grant::everywhere("admin")]).await;
    let (ada, bob) = (node.login("ada").await.pass, node.login("bob").await.pass);
    let from = node.seq();
    crate::own::enrol(&node, &ada).await;
    node.identity.drop_factor(&bob, "ada", "phone lost").await.unwrap();
    node.identity.reset_password(&bob, "ada", &secret(OTHER), "forgotten").await.unwrap();
    let ada = node.login_with("ada", OTHER).await.unwrap().pass;
    assert_eq!(ada.standing(), Standing::PasswordDue);
    let (old, own) = (secret(OTHER), secret("thirteen quiet owls"));
    node.identity.change_password(&ada, &old, &own).await.unwrap();
    let entries = node.entries(from).await;
    let of_secrets = |line: &&str| line.contains("factor") || line.contains("password-");
    expect![[r#"
        ada account.factor-add ada done
        bob account.factor-remove ada done
        bob account.password-reset ada done
        ada account.password-change ada done"#]]
    .assert_eq(&entries.lines().filter(of_secrets).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_refused_change_leaves_an_entry_too() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    let from = node.seq();
    let off = AccountChange { enabled: Some(false), ..AccountChange::default() };
    assert!(node.identity.change_account(&node.root(), "ada", off, "").await.is_err());
    expect![[r#"
        local:root account.disable ada refused (`ada` is the last account with the role admin)
    "#]]
    .assert_eq(&node.entries(from).await);
}

/// Proves: CR 1.14.
#[tokio::test]
async fn no_secret_gets_into_the_trail_or_readable_into_the_database() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let session = node.login("ada").await;
    let token = NewToken { name: "mes".into(), grants: vec![], expires: None };
    let ((_, token), _) = node.identity.create_token(&node.root(), token, "").await.unwrap();
    let (root, next) = (node.root(), secret(OTHER));
    node.identity.reset_password(&root, "ada", &next, "").await.unwrap();
    assert!(node.login_with("hunter2-typed-as-name", "hunter2-password").await.is_err());
    let mut everything: Vec<u8> = Vec::new();
    for entry in node.all_entries(0) {
        everything.extend(entry.line.as_bytes());
    }
    for file in ["identity.db", "identity.db-wal"] {
        everything.extend(std::fs::read(node.dir.path().join(file)).unwrap_or_default());
    }
    let everything = String::from_utf8_lossy(&everything);
    assert!(everything.contains("mes"));
    let setup = node.identity.setup_secret().unwrap();
    let typed = ["hunter2-typed-as-name", "hunter2-password"];
    let secrets = [PASSWORD, OTHER, session.secret.reveal(), token.reveal(), &setup];
    for canary in secrets.into_iter().chain(typed) {
        assert!(!everything.contains(canary), "{canary}");
    }
}

/// Proves: CR 2.10.
#[tokio::test]
async fn when_the_trail_is_full_nothing_changes_and_nobody_gets_in() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    let ada = node.login("ada").await.pass;
    let (id, root) = (&node.identity, node.root());
    let before = (id.accounts(), id.roles(), id.tokens(), id.sessions());
    node.disk.set_capacity(0);
    let full = |result: Result<(), ChangeError>| {
        assert!(matches!(result, Err(ChangeError::Trail(_))), "{result:?}");
    };
    full(id.lock_session(&ada).await.map(|_| ()));
    full(id.create_account(&root, account("eve"), "").await.map(|_| ()));
    full(id.reset_password(&root, "ada", &secret(OTHER), "").await.map(|_| ()));
    let token = NewToken { name: "mes".into(), grants: vec![], expires: None };
    full(id.create_token(&root, token, "").await.map(|_| ()));
    assert!(matches!(node.login_with("ada", PASSWORD).await, Err(LoginError::Trail(_))));
    assert_eq!((id.accounts(), id.roles(), id.tokens()), (before.0, before.1, before.2));
    assert_eq!(id.sessions().len(), before.3.len());
    // Reading goes on, and writing when there is room.
    assert!(ada.is_live());
    node.disk.set_capacity(u64::MAX);
    let node = node.restart();
    node.identity.create_account(&node.root(), account("eve"), "").await.unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_is_taken_back_in_the_trail() {
    let node = Node::new();
    node.identity.create_account(&node.root(), account("ada"), "").await.unwrap();
    node.sql(
        "CREATE TRIGGER fault BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'a fault'); END",
    );
    let from = node.seq();
    let made = node.identity.create_account(&node.root(), account("eve"), "").await;
    assert!(matches!(made, Err(ChangeError::Store(_))), "{made:?}");
    assert!(node.identity.account("eve").is_none());
    let entries = format!(
        "local:root account.create eve done\n\
         local:root account.create eve failed (entry {from} says that this was done; it was not, \
         the accounts could not be written)\n"
    );
    assert_eq!(node.entries(from).await, entries);
    node.sql("DROP TRIGGER fault");
    // A start has nothing to add to that.
    let node = node.restart();
    assert_eq!(node.entries(from).await, entries);
    let (eve, _) = node.identity.create_account(&node.root(), account("eve"), "").await.unwrap();
    assert_eq!(eve.id, 2);
}

#[tokio::test]
async fn a_database_that_refuses_leaves_no_entry() {
    let node = Node::new();
    node.sql(
        "CREATE TRIGGER fault BEFORE INSERT ON accounts BEGIN SELECT RAISE(ABORT, 'a fault'); END",
    );
    let from = node.seq();
    let made = node.identity.create_account(&node.root(), account("eve"), "").await;
    assert!(matches!(made, Err(ChangeError::Store(_))), "{made:?}");
    assert_eq!(node.entries(from).await, "");
    assert!(node.identity.accounts().is_empty());
}

#[tokio::test]
async fn a_crash_between_entry_and_commit_is_found_at_the_next_start() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    // As far as it had come when the power failed.
    let who = Actor { name: "ada".into(), account: Some(1), ..Actor::node() };
    let act = Act::done(&who, Action::AccountDisable, "bob").why("left");
    let cut = node.trail.record(act).await.unwrap().seq();
    let write = Act::done(&who, Action::TagWrite, "acme/x").result(Outcome::Done);
    node.trail.record(write).await.unwrap();
    let node = node.restart();
    let entries = node.entries(cut).await;
    let taken_back = format!(
        "node account.disable bob failed (entry {cut} says that this was done; it was not, \
         the accounts could not be written)\n"
    );
    assert_eq!(entries.matches(&taken_back).count(), 1, "{entries}");
    // Once.
    let node = node.restart();
    assert_eq!(node.entries(cut).await.matches(&taken_back).count(), 1);
}

#[tokio::test]
async fn a_database_that_was_made_anew_is_told_of_in_the_trail() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    let from = node.seq();
    for file in ["identity.db", "identity.db-wal", "identity.db-shm"] {
        std::fs::remove_file(node.dir.path().join(file)).ok();
    }
    let node = node.restart();
    let newest = from - 1;
    let told = format!(
        "node account.change identity.db unknown (the accounts are new and know nothing of what \
         the trail tells up to entry {newest})\n"
    );
    assert!(node.identity.setup_secret().is_some());
    assert_eq!(node.entries(from).await.matches(&told).count(), 1);
    let node = node.restart();
    assert_eq!(node.entries(from).await.matches(&told).count(), 1);
}

#[tokio::test]
async fn a_trail_that_lost_entries_is_told_so() {
    let node = Node::new();
    node.sql("INSERT INTO meta VALUES ('last_seq', 4711)");
    let from = node.seq();
    let node = node.restart();
    let entries = node.entries(from).await;
    assert!(entries.contains("the accounts tell of entry 4711 and the trail has "), "{entries}");
}

#[tokio::test]
async fn everything_is_still_so_after_a_restart() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    node.person("bob", &[Grant::under("operator", "acme/line-1")]).await;
    node.machine("edge", &[Grant::under("viewer", "acme")]).await;
    let bob = node.login("bob").await;
    let token =
        NewToken { name: "mes".into(), grants: vec![Grant::everywhere("viewer")], expires: None };
    node.identity.create_token(&node.root(), token, "").await.unwrap();
    let id = &node.identity;
    let before = (id.accounts(), id.roles(), id.tokens(), id.sessions(), id.access_review());
    let about = bob.pass.about();
    let from = node.seq();
    let node = node.restart();
    let id = &node.identity;
    let after = (id.accounts(), id.roles(), id.tokens(), id.sessions(), id.access_review());
    assert_eq!(after, before);
    let pass = node.ask(&bob, lineshaft_identity::Activity::Background).unwrap();
    assert_eq!(pass.about(), about);
    // What a start writes is nothing, when there is nothing to say.
    assert!(!node.entries(from).await.contains("failed"));
}

#[tokio::test]
async fn a_wound_up_node_has_written_what_waited() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    for _ in 0..8 {
        assert!(node.login_with("ada", "wrong").await.is_err());
    }
    let from = node.seq();
    node.identity.close();
    let found = node.all_entries(from);
    let details: Vec<&str> = found.iter().filter_map(|entry| entry.act.detail.as_deref()).collect();
    assert_eq!(details, ["3 attempts while it had to wait"]);
    // And the next start has nothing to look through.
    let connection = rusqlite::Connection::open(node.path()).unwrap();
    let settled: i64 =
        connection.query_row("SELECT value FROM meta", [], |row| row.get(0)).unwrap();
    assert_eq!(u64::try_from(settled).unwrap(), node.seq() - 1);
}
