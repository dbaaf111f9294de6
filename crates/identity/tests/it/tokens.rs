//! Tokens, and certificates that stand for accounts.

use std::time::Duration;

use lineshaft_audit::Road;
use lineshaft_identity::{
    AccountChange, CertificateMapping, ChangeError, Grant, NewToken, Pass, Permission, Scope,
};
use lineshaft_model::Timestamp;

use crate::node::{Node, home};

fn token(name: &str, expires: Option<Timestamp>) -> NewToken {
    NewToken { name: name.to_owned(), grants: vec![Grant::under("operator", "acme")], expires }
}

fn may_write(pass: &Pass) -> bool {
    pass.may(Permission::WritePlant, &Scope::Under("acme/x")).is_ok()
}

/// Proves: CR 1.2, CR 2.1 RE1.
#[tokio::test]
async fn a_token_may_what_it_was_given_until_it_is_revoked() {
    let node = Node::new();
    let id = &node.identity;
    let ((line, secret), _) = id.create_token(&node.root(), token("mes", None), "").await.unwrap();
    assert!(secret.reveal().starts_with("ls_"));
    let pass = id.by_token(secret.reveal(), home(), Road::Http).unwrap();
    assert_eq!((&*pass.actor().name, pass.kind().word()), ("token:mes", "token"));
    assert!(may_write(&pass) && !pass.sees("other"));
    assert_eq!(pass.about().account, None);
    id.revoke_token(&node.root(), line.id, "lost").await.unwrap();
    assert!(!may_write(&pass) && !pass.is_live());
    assert!(id.by_token(secret.reveal(), home(), Road::Http).is_err());
    let again = id.revoke_token(&node.root(), line.id, "").await;
    assert_eq!(again.unwrap_err().to_string(), "the token `mes` is revoked already");
    assert!(id.tokens()[0].revoked);
    // The name is free again, the number is not.
    let ((next, _), _) = id.create_token(&node.root(), token("mes", None), "").await.unwrap();
    assert_eq!(next.id, 2);
    let taken = id.create_token(&node.root(), token("MES", None), "").await;
    assert!(matches!(taken, Err(ChangeError::Taken { what: "token", .. })));
}

/// Proves: CR 1.5.
#[tokio::test]
async fn a_token_ends_by_the_clock() {
    let node = Node::new();
    let id = &node.identity;
    let until = Some(node.clock.now().saturating_add(Duration::from_secs(100)));
    let ((_, short), _) = id.create_token(&node.root(), token("short", until), "").await.unwrap();
    let ((line, year), _) = id.create_token(&node.root(), token("year", None), "").await.unwrap();
    let days = line.expires.checked_since(node.clock.now()).unwrap().as_secs() / 86_400;
    assert_eq!(days, 365);
    let pass = id.by_token(short.reveal(), None, Road::Http).unwrap();
    node.advance(99);
    assert!(may_write(&pass));
    node.advance(1);
    assert!(!may_write(&pass) && id.by_token(short.reveal(), None, Road::Http).is_err());
    assert!(id.by_token(year.reveal(), None, Road::Http).is_ok());
    let past = id.create_token(&node.root(), token("past", until), "").await;
    assert!(past.unwrap_err().to_string().contains("in the past"));
}

/// Proves: P11-31.
#[tokio::test]
async fn what_is_no_token_is_nobody() {
    let node = Node::new();
    let ((_, real), _) =
        node.identity.create_token(&node.root(), token("mes", None), "").await.unwrap();
    let mut other = real.reveal().to_owned();
    other.replace_range(3..4, if other.as_bytes()[3] == b'A' { "B" } else { "A" });
    for text in ["", "ls_", "Bearer", &other, &real.reveal()[..20], &"x".repeat(10_000)] {
        assert!(node.identity.by_token(text, None, Road::Http).is_err(), "{text}");
        let session = lineshaft_identity::Activity::Person;
        assert!(node.identity.by_session(text, None, session).is_err(), "{text}");
    }
}

#[tokio::test]
async fn when_a_token_was_used_is_known_to_the_minute_and_after_a_restart() {
    let node = Node::new();
    let ((_, secret), _) =
        node.identity.create_token(&node.root(), token("mes", None), "").await.unwrap();
    assert_eq!(node.identity.tokens()[0].last_used, None);
    let first = node.clock.now();
    for _ in 0..60 {
        node.identity.by_token(secret.reveal(), None, Road::Http).unwrap();
        node.advance(1);
    }
    assert_eq!(node.identity.tokens()[0].last_used, Some(first));
    let second = node.clock.now();
    node.identity.by_token(secret.reveal(), None, Road::Http).unwrap();
    node.identity.upkeep().await;
    let node = node.restart();
    assert_eq!(node.identity.tokens()[0].last_used, Some(second));
    assert!(node.identity.by_token(secret.reveal(), None, Road::Http).is_ok());
}

/// Proves: CR 1.2, CR 2.1 RE1.
#[tokio::test]
async fn a_certificate_stands_for_its_account_until_one_of_them_goes() {
    let node = Node::new();
    let (id, root) = (&node.identity, node.root());
    node.machine("edge-1", &[Grant::under("operator", "acme")]).await;
    let certificate = |byte: u8| CertificateMapping {
        fingerprint: [byte; 32],
        subject: "CN=edge-1".into(),
        expires: node.clock.now().saturating_add(Duration::from_secs(1_000)),
    };
    let (account, _) = id.map_certificate(&root, "edge-1", certificate(1), "").await.unwrap();
    assert_eq!(account.certificates, ["01".repeat(32)]);
    let twice = id.map_certificate(&root, "edge-1", certificate(1), "").await;
    assert!(matches!(twice, Err(ChangeError::Taken { what: "certificate", .. })));
    id.map_certificate(&root, "edge-1", certificate(2), "").await.unwrap();

    let ask = |byte: u8| id.by_certificate(&[byte; 32], home(), Road::Http);
    let (one, two) = (ask(1).unwrap(), ask(2).unwrap());
    assert_eq!((&*one.actor().name, one.kind().word()), ("certificate:edge-1", "certificate"));
    assert!(may_write(&one) && may_write(&two) && ask(3).is_err());

    id.unmap_certificate(&root, &[1; 32], "lost").await.unwrap();
    assert!(!may_write(&one) && may_write(&two) && ask(1).is_err());
    let off = |enabled| AccountChange { enabled: Some(enabled), ..AccountChange::default() };
    id.change_account(&root, "edge-1", off(false), "").await.unwrap();
    assert!(!may_write(&two) && ask(2).is_err());
    id.change_account(&root, "edge-1", off(true), "").await.unwrap();
    assert!(may_write(&ask(2).unwrap()));
    node.advance(1_000);
    assert!(ask(2).is_err());
    // A machine has no password to log in with.
    assert!(node.login_with("edge-1", "").await.is_err());
}

/// Proves: CR 2.1 RE1.
#[tokio::test]
async fn nobody_maps_a_certificate_to_somebody_who_has_more() {
    let node = Node::new();
    let role = lineshaft_identity::RoleChange {
        role: "pki".into(),
        description: String::new(),
        rules: vec![lineshaft_identity::Rule {
            permission: Permission::ChangeCertificates,
            under: Vec::new(),
        }],
    };
    node.identity.put_role(&node.root(), role, "").await.unwrap();
    node.person("paul", &[Grant::everywhere("pki")]).await;
    node.machine("edge-1", &[Grant::everywhere("admin")]).await;
    node.machine("edge-2", &[]).await;
    let paul = node.login("paul").await.pass;
    let certificate = CertificateMapping {
        fingerprint: [1; 32],
        subject: "CN=x".into(),
        expires: node.clock.now().saturating_add(Duration::from_secs(1_000)),
    };
    let mapped = node.identity.map_certificate(&paul, "edge-1", certificate.clone(), "").await;
    assert!(mapped.unwrap_err().to_string().contains("more than you have"));
    node.identity.map_certificate(&paul, "edge-2", certificate, "").await.unwrap();
}
