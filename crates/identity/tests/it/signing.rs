//! Signatures: with what, by whom, and what they are worth after somebody has been at them.

use expect_test::expect;
use lineshaft_audit::Road;
use lineshaft_identity::{
    Grant, LoggedIn, Meaning, NewToken, Pass, RecordNow, SignError, Signature, Signing, ToSign,
};

use crate::node::{Node, PASSWORD, home, secret};
use crate::own::{code, enrol};

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const OTHER: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";

fn now(digest: &str) -> RecordNow {
    RecordNow { digest: digest.into(), authors: vec!["ada".into()] }
}

fn revision(meaning: Meaning) -> ToSign {
    ToSign { kind: "revision".into(), record: "12".into(), now: now(DIGEST), meaning }
}

async fn plant() -> (Node, LoggedIn, LoggedIn) {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("engineer")]).await;
    node.person("bob", &[Grant::everywhere("engineer")]).await;
    let (ada, bob) = (node.login("ada").await, node.login("bob").await);
    (node, ada, bob)
}

async fn sign(
    node: &Node,
    pass: &Pass,
    meaning: Meaning,
    account: Option<&str>,
    password: &str,
) -> Result<Signature, SignError> {
    let challenge = node.identity.sign_challenge(pass, revision(meaning)).await?;
    let signing = Signing {
        challenge: challenge.challenge,
        account: account.map(str::to_owned),
        password: secret(password),
        code: None,
    };
    let (signature, _) = node.identity.sign(pass, signing, now(DIGEST), "tested").await?;
    Ok(signature)
}

async fn shown(node: &Node, digest: &str) -> Vec<(String, Option<String>)> {
    let found = node.identity.signatures("revision", "12", Some(digest)).await.unwrap();
    found.into_iter().map(|s| (format!("{} {:?}", s.account, s.meaning), s.invalid)).collect()
}

/// Proves: P11-34.
#[tokio::test]
async fn the_first_signature_needs_name_and_password_and_the_next_the_password() {
    let (node, ada, _) = plant().await;
    let ada = ada.pass;
    let challenge = node.identity.sign_challenge(&ada, revision(Meaning::Authored)).await.unwrap();
    assert_eq!(challenge.needs, ["account", "password"]);
    assert!(challenge.statement.contains("meaning: authored\n"));
    let of = node.identity.challenged_record(&ada, &challenge.challenge);
    assert_eq!(of, Some(("revision".into(), "12".into())));
    for (account, password) in [(None, PASSWORD), (Some("bob"), PASSWORD), (Some("ada"), "wrong")] {
        let refused = sign(&node, &ada, Meaning::Authored, account, password).await;
        assert!(refused.is_err(), "{account:?} {password}");
    }
    let signature = sign(&node, &ada, Meaning::Authored, Some("Ada"), PASSWORD).await.unwrap();
    assert_eq!(signature.full_name, "ada of the plant");
    assert!(ada.about().signed_before);
    let challenge = node.identity.sign_challenge(&ada, revision(Meaning::Reviewed)).await.unwrap();
    assert_eq!(challenge.needs, ["password"]);
    assert!(sign(&node, &ada, Meaning::Reviewed, None, "wrong").await.is_err());
    sign(&node, &ada, Meaning::Reviewed, None, PASSWORD).await.unwrap();
    // A lock ends the continuous period.
    node.identity.lock_session(&ada).await.unwrap();
    assert!(node.identity.sign_challenge(&ada, revision(Meaning::Responsible)).await.is_err());
    node.identity.unlock_session(&ada, &secret(PASSWORD)).await.unwrap();
    assert!(sign(&node, &ada, Meaning::Responsible, None, PASSWORD).await.is_err());
    sign(&node, &ada, Meaning::Responsible, Some("ada"), PASSWORD).await.unwrap();
}

/// Proves: P11-37.
#[tokio::test]
async fn who_wrote_it_does_not_approve_it_and_nobody_says_it_twice() {
    let (node, ada, bob) = plant().await;
    let own = sign(&node, &ada.pass, Meaning::Approved, Some("ada"), PASSWORD).await.unwrap_err();
    expect!["you are an author of this record; another person must approve it"]
        .assert_eq(&own.to_string());
    sign(&node, &bob.pass, Meaning::Approved, Some("bob"), PASSWORD).await.unwrap();
    let twice = sign(&node, &bob.pass, Meaning::Approved, None, PASSWORD).await.unwrap_err();
    expect!["you have signed this record as approved before"].assert_eq(&twice.to_string());
    assert_eq!(shown(&node, DIGEST).await, [("bob Approved".into(), None)]);
}

#[tokio::test]
async fn only_a_person_who_is_logged_in_and_may_signs() {
    let (node, ada, _) = plant().await;
    node.person("vera", &[Grant::everywhere("viewer")]).await;
    node.machine("edge", &[Grant::everywhere("admin")]).await;
    let token =
        NewToken { name: "mes".into(), grants: vec![Grant::everywhere("admin")], expires: None };
    let ((_, token), _) = node.identity.create_token(&node.root(), token, "").await.unwrap();
    let id = &node.identity;
    let vera = node.login("vera").await.pass;
    let by_password =
        id.verify_password("ada", &secret(PASSWORD), home(), Road::Http).await.unwrap();
    for (who, pass) in [
        ("a token", id.by_token(token.reveal(), home(), Road::Http).unwrap()),
        ("local", node.root()),
        ("the node", id.node()),
        ("nobody", id.nobody(home(), Road::Http)),
        ("a viewer", vera),
        ("a password", by_password),
    ] {
        let refused = id.sign_challenge(&pass, revision(Meaning::Reviewed)).await;
        assert!(refused.is_err(), "{who}");
    }
    node.identity.logout(&ada.pass).await.unwrap();
    assert!(id.sign_challenge(&ada.pass, revision(Meaning::Reviewed)).await.is_err());
}

/// Proves: P11-29.
#[tokio::test]
async fn a_challenge_is_for_one_attempt_of_one_session_on_what_was_shown() {
    let (node, ada, bob) = plant().await;
    let id = &node.identity;
    let other = node.login("ada").await;
    let begin = async || id.sign_challenge(&ada.pass, revision(Meaning::Reviewed)).await.unwrap();
    let give = |challenge: &lineshaft_identity::Challenge| Signing {
        challenge: challenge.challenge.clone(),
        account: Some("ada".into()),
        password: secret(PASSWORD),
        code: None,
    };
    let one = begin().await;
    assert!(id.sign(&other.pass, give(&one), now(DIGEST), "").await.is_err());
    assert!(id.sign(&bob.pass, give(&one), now(DIGEST), "").await.is_err());
    assert!(id.sign(&ada.pass, give(&one), now(OTHER), "").await.is_err()); // the record changed
    assert!(id.sign(&ada.pass, give(&one), now(DIGEST), "").await.is_err()); // and it is used up
    let two = begin().await;
    node.advance(300);
    assert!(id.sign(&ada.pass, give(&two), now(DIGEST), "").await.is_err()); // five minutes
    let three = begin().await;
    id.sign(&ada.pass, give(&three), now(DIGEST), "").await.unwrap();
    assert!(id.sign(&ada.pass, give(&three), now(DIGEST), "").await.is_err()); // replay
    assert_eq!(shown(&node, DIGEST).await.len(), 1);
}

/// Proves: P11-13, P11-34.
#[tokio::test]
async fn with_a_second_factor_the_first_signature_needs_a_code_that_is_spent() {
    let (node, ada, _) = plant().await;
    let ada = ada.pass;
    let (base32, _) = enrol(&node, &ada).await;
    node.advance(30);
    let fresh = code(&node, &base32);
    let attempt = async |code: Option<&str>| {
        let challenge =
            node.identity.sign_challenge(&ada, revision(Meaning::Reviewed)).await.unwrap();
        assert_eq!(challenge.needs, ["account", "password", "code"]);
        let signing = Signing {
            challenge: challenge.challenge,
            account: Some("ada".into()),
            password: secret(PASSWORD),
            code: code.map(str::to_owned),
        };
        node.identity.sign(&ada, signing, now(DIGEST), "").await
    };
    assert!(attempt(None).await.is_err());
    assert!(matches!(attempt(Some("000000")).await, Err(SignError::Wrong)));
    attempt(Some(&fresh)).await.unwrap();
    assert!(node.login_code("ada", PASSWORD, Some(&fresh)).await.is_err());
}

/// Proves: P11-35.
#[tokio::test]
async fn a_signature_holds_after_a_restart_and_not_after_somebody_was_at_it() {
    let (node, _, bob) = plant().await;
    sign(&node, &bob.pass, Meaning::Approved, Some("bob"), PASSWORD).await.unwrap();
    let node = node.restart();
    assert_eq!(shown(&node, DIGEST).await, [("bob Approved".into(), None)]);
    // The record was edited.
    let why = shown(&node, OTHER).await.remove(0).1.unwrap();
    expect!["the record was changed after it was signed"].assert_eq(&why);
    // Not by SQL, unless somebody takes the locks off first.
    let connection = rusqlite::Connection::open(node.path()).unwrap();
    assert!(connection.execute("UPDATE signatures SET record = '13'", []).is_err());
    assert!(connection.execute("DELETE FROM signatures", []).is_err());
    node.sql("DROP TRIGGER signatures_hold");
    for (script, expected) in [
        (
            "UPDATE signatures SET statement = replace(statement, 'approved', 'reviewed')",
            expect!["the signature was edited after it was given"],
        ),
        (
            "UPDATE signatures SET statement = replace(statement, 'reviewed', 'approved'), seq = seq - 1",
            expect!["the audit trail has no entry of this signature"],
        ),
        (
            "UPDATE signatures SET seq = seq + 1, statement = 'x'",
            expect!["the signature was edited after it was given"],
        ),
    ] {
        node.sql(script);
        expected.assert_eq(&shown(&node, DIGEST).await.remove(0).1.unwrap_or_default());
    }
}

/// Proves: P11-35.
#[tokio::test]
async fn a_signature_moved_to_another_record_does_not_hold() {
    let (node, _, bob) = plant().await;
    sign(&node, &bob.pass, Meaning::Approved, Some("bob"), PASSWORD).await.unwrap();
    node.sql("DROP TRIGGER signatures_hold; UPDATE signatures SET record = '13'");
    let moved = node.identity.signatures("revision", "13", Some(DIGEST)).await.unwrap();
    expect!["it was given for revision 12 and not for this record"]
        .assert_eq(&moved[0].invalid.clone().unwrap_or_default());
    assert!(shown(&node, DIGEST).await.is_empty());
}
