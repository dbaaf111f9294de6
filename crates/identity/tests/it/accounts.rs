//! Accounts and roles: what can be made of them, and which rules stand against it.

use expect_test::{Expect, expect};
use lineshaft_identity::{
    AccountChange, AccountKind, ChangeError, Grant, LoginError, NewAccount, NewPerson, Pass,
    Permission, Prefix, Refusal, RoleChange, Rule, Scope,
};

use crate::node::{Node, OTHER, PASSWORD, home, policy, secret};

fn person(name: &str, grants: &[Grant]) -> NewAccount {
    NewAccount {
        account: name.to_owned(),
        full_name: "Somebody".to_owned(),
        kind: AccountKind::Person,
        password: Some(secret(PASSWORD)),
        grants: grants.to_vec(),
        expires: None,
    }
}

fn role(name: &str, rules: &[(Permission, &str)]) -> RoleChange {
    let rule = |&(permission, under): &(Permission, &str)| Rule {
        permission,
        under: vec![Prefix::new(under)],
    };
    RoleChange {
        role: name.to_owned(),
        description: String::new(),
        rules: rules.iter().map(rule).collect(),
    }
}

fn grants(grants: &[Grant]) -> AccountChange {
    AccountChange { grants: Some(grants.to_vec()), ..AccountChange::default() }
}

fn disabled() -> AccountChange {
    AccountChange { enabled: Some(false), ..AccountChange::default() }
}

fn enabled() -> AccountChange {
    AccountChange { enabled: Some(true), ..AccountChange::default() }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ChangeError>, why: Expect) {
    why.assert_eq(&result.unwrap_err().to_string());
}

/// Somebody who manages accounts of line 1 and has no more than that.
async fn manager(node: &Node) -> Pass {
    let rules = [(Permission::ChangeAccounts, ""), (Permission::ReadAccounts, "")];
    node.identity.put_role(&node.root(), role("manager", &rules), "").await.unwrap();
    let grants = [Grant::everywhere("manager"), Grant::under("operator", "acme/line-1")];
    node.person("maria", &grants).await;
    node.login("maria").await.pass
}

/// Proves: A16.
#[tokio::test]
async fn nobody_hands_out_more_than_he_has() {
    let node = Node::new();
    let maria = manager(&node).await;
    let make = async |name: &str, grant: Grant| {
        node.identity.create_account(&maria, person(name, &[grant]), "").await
    };
    make("a", Grant::under("viewer", "acme/line-1")).await.unwrap();
    make("b", Grant::under("operator", "acme/line-1/press")).await.unwrap();
    refused(
        make("c", Grant::everywhere("viewer")).await,
        expect!["`read-plant` on everything is more than you have yourself"],
    );
    refused(
        make("c", Grant::under("viewer", "acme")).await,
        expect!["`read-plant` on acme is more than you have yourself"],
    );
    refused(
        make("c", Grant::under("viewer", "acme/line-10")).await,
        expect!["`read-plant` on acme/line-10 is more than you have yourself"],
    );
    refused(
        make("c", Grant::everywhere("admin")).await,
        expect!["`read-plant` on everything is more than you have yourself"],
    );
    // An engineer of line 1 is an operator there: what concerns the node is not given by a limited grant.
    make("d", Grant::under("engineer", "acme/line-1")).await.unwrap();

    let own = node
        .identity
        .change_account(&maria, "maria", grants(&[Grant::everywhere("admin")]), "")
        .await;
    refused(own, expect!["`read-plant` on everything is more than you have yourself"]);
    let token = lineshaft_identity::NewToken {
        name: "t".into(),
        grants: vec![Grant::everywhere("auditor")],
        expires: None,
    };
    refused(
        node.identity.create_token(&maria, token, "").await,
        expect!["`read-plant` on everything is more than you have yourself"],
    );
    let mine =
        node.identity.put_role(&maria, role("manager", &[(Permission::ReadAudit, "")]), "").await;
    refused(mine, expect!["`read-audit` on everything is more than you have yourself"]);
}

#[tokio::test]
async fn nobody_touches_somebody_who_has_more() {
    let node = Node::new();
    let maria = manager(&node).await;
    node.person("root", &[Grant::everywhere("admin")]).await;
    node.person("olga", &[Grant::under("operator", "acme/line-1")]).await;
    let id = &node.identity;
    for name in ["root", "olga"] {
        let allowed = name == "olga";
        assert_eq!(id.reset_password(&maria, name, &secret(OTHER), "").await.is_ok(), allowed);
        assert_eq!(id.change_account(&maria, name, disabled(), "").await.is_ok(), allowed);
        assert_eq!(id.change_account(&maria, name, enabled(), "").await.is_ok(), allowed);
        assert_eq!(id.change_account(&maria, name, grants(&[]), "").await.is_ok(), allowed);
    }
    assert!(node.login_with("root", OTHER).await.is_err());
    node.login("root").await;
}

#[tokio::test]
async fn without_the_permission_nothing_can_be_changed() {
    let node = Node::new();
    node.person("eve", &[Grant::everywhere("engineer"), Grant::everywhere("auditor")]).await;
    let eve = node.login("eve").await.pass;
    let id = &node.identity;
    let made = id.create_account(&eve, person("x", &[]), "").await;
    refused(made, expect!["this needs `change-accounts` on the whole plant"]);
    assert!(id.change_account(&eve, "eve", disabled(), "").await.is_err());
    assert!(id.put_role(&eve, role("x", &[]), "").await.is_err());
    assert!(id.delete_role(&eve, "x", "").await.is_err());
    assert!(id.revoke_token(&eve, 1, "").await.is_err());
    assert!(id.unlock_account(&eve, "eve", "").await.is_err());
    let own = node.login("eve").await;
    let session = own.pass.about().session.unwrap();
    assert!(id.end_session(&eve, &session, "").await.is_err());
    assert!(own.pass.is_live());
}

#[tokio::test]
async fn the_last_admin_stays() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    let (id, root) = (&node.identity, node.root());
    let later = Some(Some(lineshaft_model::Timestamp::parse("2027-01-01T00:00:00Z").unwrap()));
    let expiring = || AccountChange { expires: later, ..AccountChange::default() };
    refused(
        id.change_account(&root, "ada", disabled(), "").await,
        expect!["`ada` is the last account with the role admin"],
    );
    refused(
        id.change_account(&root, "ada", grants(&[Grant::everywhere("engineer")]), "").await,
        expect!["`ada` is the last account with the role admin"],
    );
    refused(
        id.change_account(&root, "ada", grants(&[Grant::under("admin", "acme")]), "").await,
        expect!["`ada` is the last account with the role admin"],
    );
    refused(
        id.change_account(&root, "ada", expiring(), "").await,
        expect!["`ada` is the last account with the role admin"],
    );
    // A machine with the role is nobody who could help.
    node.machine("robot", &[Grant::everywhere("admin")]).await;
    assert!(id.change_account(&root, "ada", disabled(), "").await.is_err());
    node.person("bob", &[Grant::everywhere("admin")]).await;
    id.change_account(&root, "bob", expiring(), "").await.unwrap();
    // And one that expires helps only until then.
    assert!(id.change_account(&root, "ada", disabled(), "").await.is_err());
    node.person("cid", &[Grant::everywhere("admin")]).await;
    id.change_account(&root, "ada", disabled(), "").await.unwrap();
    assert!(id.change_account(&root, "cid", grants(&[]), "").await.is_err());
    assert!(id.has_admin());
}

/// Proves: CR 1.1 RE1, CR 1.4, P11-01, P11-03, P11-04.
#[tokio::test]
async fn numbers_and_names_are_never_given_twice() {
    let node = Node::new();
    let (id, root) = (&node.identity, node.root());
    for name in ["a", "b", "c"] {
        id.create_account(&root, person(name, &[]), "").await.unwrap();
    }
    id.change_account(&root, "c", disabled(), "").await.unwrap();
    for name in ["c", "C"] {
        let again = id.create_account(&root, person(name, &[]), "").await;
        assert!(matches!(again, Err(ChangeError::Taken { what: "account", .. })));
    }
    let node = node.restart();
    let (made, _) = node.identity.create_account(&node.root(), person("d", &[]), "").await.unwrap();
    assert_eq!(made.id, 4);
    assert_eq!(node.identity.account("C").unwrap().id, 3);
    // Not even by hand.
    let connection = rusqlite::Connection::open(node.path()).unwrap();
    let gone = connection.execute("DELETE FROM accounts", []).unwrap_err();
    assert!(gone.to_string().contains("never deleted"), "{gone}");
}

#[tokio::test]
async fn names_that_could_be_taken_for_something_else_are_refused() {
    let node = Node::new();
    let long = "x".repeat(65);
    for name in [
        "",
        " ",
        "a b",
        "local:root",
        "token:x",
        "node",
        "Visitor",
        "a\n",
        "ä",
        "<b>",
        "a/b",
        "=1+1",
        &long,
    ] {
        let made = node.identity.create_account(&node.root(), person(name, &[]), "").await;
        assert!(matches!(made, Err(ChangeError::Refused(Refusal::Invalid { .. }))), "{name:?}");
    }
    for name in ["ada", "Ada.Lovelace", "a@example.com", "x-1_2"] {
        let made = node.identity.create_account(&node.root(), person(name, &[]), "").await;
        assert!(made.is_ok(), "{name:?}");
    }
}

/// Proves: CR 1.7, P11-02.
#[tokio::test]
async fn an_account_is_made_of_things_that_make_sense() {
    let node = Node::new();
    let (id, root) = (&node.identity, node.root());
    let past = lineshaft_model::Timestamp::parse("2026-11-20T08:00:00Z");
    let mut one = person("x", &[]);
    one.expires = past;
    refused(id.create_account(&root, one, "").await, expect!["the expiry is in the past"]);
    refused(
        id.create_account(&root, person("x", &[Grant::everywhere("boss")]), "").await,
        expect!["there is no role `boss` to grant"],
    );
    refused(
        id.create_account(&root, person("x", &[Grant::under("viewer", "a/#")]), "").await,
        expect!["grants: segment 2 `#` has `#`, which a tag path cannot have"],
    );
    let mut one = person("x", &[]);
    one.password = None;
    refused(
        id.create_account(&root, one, "").await,
        expect!["password: a person needs a first one"],
    );
    let mut one = person("x", &[]);
    one.kind = AccountKind::Machine;
    refused(
        id.create_account(&root, one, "").await,
        expect!["password: a machine has certificates instead"],
    );
    let mut one = person("x", &[]);
    one.full_name = "two\nlines".into();
    refused(
        id.create_account(&root, one, "").await,
        expect!["full_name: must be one line of 1 to 200 bytes"],
    );
    let mut one = person("x", &[]);
    one.password = Some(secret("password1234"));
    assert!(matches!(id.create_account(&root, one, "").await, Err(ChangeError::Password { .. })));
    assert!(id.accounts().is_empty());
}

#[tokio::test]
async fn a_role_of_the_plants_own_lives_and_goes() {
    let node = Node::new();
    let (id, root) = (&node.identity, node.root());
    refused(
        id.put_role(&root, role("viewer", &[]), "").await,
        expect!["the role `viewer` is built in and cannot be changed"],
    );
    refused(
        id.delete_role(&root, "admin", "").await,
        expect!["the role `admin` is built in and cannot be changed"],
    );
    refused(id.delete_role(&root, "ghost", "").await, expect!["there is no role `ghost`"]);
    refused(
        id.put_role(&root, role("Boss", &[]), "").await,
        expect!["role: must be 1 to 64 of a-z 0-9 -"],
    );
    refused(
        id.put_role(&root, role("x", &[(Permission::ReadAudit, "acme")]), "").await,
        expect!["rules: `read-audit` is about the whole node, not about paths"],
    );
    refused(
        id.put_role(&root, role("x", &[(Permission::OwnAccount, "")]), "").await,
        expect!["rules: `own-account` needs no role: everybody has it"],
    );

    id.put_role(&root, role("painter", &[(Permission::ReadPlant, "acme/paint")]), "")
        .await
        .unwrap();
    node.person("pia", &[Grant::everywhere("painter")]).await;
    let pia = node.login("pia").await.pass;
    assert!(pia.sees("acme/paint/x") && !pia.sees("acme/weld/x"));
    // A change acts on the very next question.
    id.put_role(&root, role("painter", &[(Permission::ReadPlant, "acme/weld")]), "").await.unwrap();
    assert!(!pia.sees("acme/paint/x") && pia.sees("acme/weld/x"));
    refused(
        id.delete_role(&root, "painter", "").await,
        expect!["the role `painter` is granted to 1 accounts and tokens"],
    );
    id.change_account(&root, "pia", grants(&[]), "").await.unwrap();
    id.delete_role(&root, "painter", "").await.unwrap();
    assert!(!pia.sees("acme/weld/x"));
    assert_eq!(id.roles().len(), 5);
}

/// Proves: CR 1.3.
#[tokio::test]
async fn what_changes_about_an_account_acts_at_once() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("operator")]).await;
    let ada = node.login("ada").await;
    let (id, root) = (&node.identity, node.root());
    let changes = id.changes();
    let write = |pass: &Pass| pass.may(Permission::WritePlant, &Scope::Under("acme")).is_ok();
    assert!(write(&ada.pass));
    id.change_account(&root, "ada", grants(&[Grant::everywhere("viewer")]), "").await.unwrap();
    assert!(!write(&ada.pass) && ada.pass.is_live());
    assert!(changes.has_changed().unwrap());
    id.change_account(&root, "ada", disabled(), "").await.unwrap();
    assert!(!ada.pass.is_live());
    assert!(node.ask(&ada, lineshaft_identity::Activity::Person).is_none());
    assert!(matches!(node.login_with("ada", PASSWORD).await, Err(LoginError::Wrong)));
    // Enabled again, the sessions from before stay dead.
    id.change_account(&root, "ada", enabled(), "").await.unwrap();
    assert!(!ada.pass.is_live());
    assert!(node.ask(&ada, lineshaft_identity::Activity::Person).is_none());
    node.login("ada").await;
}

/// Proves: CR 1.3.
#[tokio::test]
async fn an_account_expires_by_the_clock() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let until = node.clock.now().saturating_add(std::time::Duration::from_secs(600));
    let change = AccountChange { expires: Some(Some(until)), ..AccountChange::default() };
    node.identity.change_account(&node.root(), "ada", change, "").await.unwrap();
    let ada = node.login("ada").await;
    node.advance(599);
    assert!(ada.pass.sees("a"));
    node.advance(1);
    assert!(!ada.pass.sees("a") && !ada.pass.is_live());
    assert!(matches!(node.login_with("ada", PASSWORD).await, Err(LoginError::Wrong)));
}

/// Proves: P11-18.
#[tokio::test]
async fn a_reason_is_asked_for_where_the_plant_wants_one() {
    let mut strict = policy();
    strict.require_reason = true;
    let node = Node::with(strict);
    let (id, root) = (&node.identity, node.root());
    refused(id.create_account(&root, person("x", &[]), " ").await, expect!["a reason is needed"]);
    refused(
        id.create_account(&root, person("x", &[]), &"y".repeat(1_001)).await,
        expect!["why: has 1001 bytes, at most 1000 are kept"],
    );
    let (_, recorded) = id.create_account(&root, person("x", &[]), " new shift ").await.unwrap();
    let entry = node.trail.entry(recorded.seq()).unwrap().unwrap();
    assert_eq!(entry.act.why.as_deref(), Some("new shift"));
}

/// Proves: A04.
#[tokio::test]
async fn the_setup_link_makes_one_admin_and_is_over() {
    let node = Node::new();
    let id = &node.identity;
    let first = id.setup_secret().unwrap();
    let somebody = |name: &str| NewPerson {
        account: name.to_owned(),
        full_name: "Ada Lovelace".to_owned(),
        password: secret(PASSWORD),
    };
    let wrong = id.set_up("AAAAAAAAAAAAAAAAAAAAAA", somebody("ada"), home(), "test").await;
    assert!(matches!(wrong, Err(LoginError::SetupOver)));
    let weak = NewPerson { password: secret("123456789012"), ..somebody("ada") };
    assert!(matches!(id.set_up(&first, weak, home(), "test").await, Err(LoginError::Change(_))));
    // Two come with the same link at the same time.
    let (one, two) = tokio::join!(
        id.set_up(&first, somebody("ada"), home(), "test"),
        id.set_up(&first, somebody("eve"), home(), "test")
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    let pass = one.or(two).unwrap().pass;
    assert!(pass.may(Permission::ChangeAccounts, &Scope::Node).is_ok());
    assert!(id.has_admin() && id.setup_secret().is_none());
    let again = id.set_up(&first, somebody("bob"), home(), "test").await;
    assert!(matches!(again, Err(LoginError::SetupOver)));
    assert_eq!(id.accounts().len(), 1);
}

/// Proves: A03.
#[tokio::test]
async fn each_start_has_another_setup_link() {
    let node = Node::new();
    let first = node.identity.setup_secret().unwrap();
    let node = node.restart();
    assert_ne!(first, node.identity.setup_secret().unwrap());
}

/// Proves: P11-14.
#[tokio::test]
async fn the_review_says_who_has_what_and_who_never_comes() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    node.person("bob", &[Grant::under("operator", "acme")]).await;
    node.advance(89 * 86_400);
    node.login("bob").await;
    node.advance(86_400);
    let review = node.identity.access_review();
    let line = |at: usize| (review[at].account.account.as_str(), review[at].unused);
    assert_eq!((line(0), line(1)), (("ada", true), ("bob", false)));
    let words: Vec<&str> =
        review[1].permissions.iter().map(|rule| rule.permission.word()).collect();
    assert_eq!(words, ["read-plant", "write-plant", "annotate", "read-node"]);
    assert_eq!(review[1].permissions[0].under, [Prefix::new("acme")]);
}
