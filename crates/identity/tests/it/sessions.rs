//! The life of a session, by a clock that is moved by hand.

use std::time::Duration;

use lineshaft_identity::{
    AccountChange, Activity, ChangeError, Denied, Grant, IdleMeans, Permission, Scope, Standing,
};

use crate::node::{Node, OTHER, PASSWORD, policy, secret};

const READ: (Permission, Scope<'static>) = (Permission::ReadPlant, Scope::Somewhere);
const WRITE: (Permission, Scope<'static>) = (Permission::WritePlant, Scope::Somewhere);

async fn operator() -> (Node, lineshaft_identity::LoggedIn) {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("operator")]).await;
    let ada = node.login("ada").await;
    (node, ada)
}

/// Proves: CR 2.5, P11-11.
#[tokio::test]
async fn a_session_that_nobody_uses_is_locked_and_its_owner_unlocks_it() {
    let (node, ada) = operator().await;
    node.advance(30 * 60 - 1);
    assert_eq!(ada.pass.standing(), Standing::Live);
    node.advance(1);
    assert_eq!(ada.pass.standing(), Standing::Locked);
    assert_eq!(ada.pass.may(READ.0, &READ.1), Ok(()));
    assert_eq!(ada.pass.may(Permission::ReadNode, &Scope::Somewhere), Ok(()));
    assert_eq!(ada.pass.may(WRITE.0, &WRITE.1), Err(Denied::Locked));
    assert_eq!(ada.pass.may(Permission::Sign, &Scope::Node), Err(Denied::Locked));
    // A request does not wake it, a person's neither.
    let pass = node.ask(&ada, Activity::Person).unwrap();
    assert_eq!(pass.standing(), Standing::Locked);
    // What needs his password anyway still needs an unlocked session.
    let change = node.identity.change_password(&pass, &secret(PASSWORD), &secret(OTHER)).await;
    assert!(matches!(change, Err(ChangeError::Denied(Denied::Locked))));

    let wrong = node.identity.unlock_session(&pass, &secret("wrong")).await;
    assert!(matches!(wrong, Err(ChangeError::Wrong)));
    assert_eq!(pass.standing(), Standing::Locked);
    node.identity.unlock_session(&pass, &secret(PASSWORD)).await.unwrap();
    assert_eq!(ada.pass.may(WRITE.0, &WRITE.1), Ok(()));
    node.advance(30 * 60 - 1);
    assert_eq!(ada.pass.standing(), Standing::Live);
}

/// Proves: CR 2.5, P11-11.
#[tokio::test]
async fn only_a_person_keeps_a_session_awake() {
    let (node, ada) = operator().await;
    for _ in 0..4 {
        node.advance(20 * 60);
        assert_eq!(node.ask(&ada, Activity::Person).unwrap().standing(), Standing::Live);
    }
    for _ in 0..2 {
        node.advance(20 * 60);
        node.ask(&ada, Activity::Background).unwrap();
    }
    assert_eq!(ada.pass.standing(), Standing::Locked);
}

/// Proves: CR 2.6.
#[tokio::test]
async fn idle_may_mean_the_end() {
    let mut strict = policy();
    strict.session.idle_means = IdleMeans::End;
    let node = Node::with(strict);
    node.person("ada", &[Grant::everywhere("operator")]).await;
    let ada = node.login("ada").await;
    let from = node.seq();
    node.advance(30 * 60);
    assert!(!ada.pass.is_live());
    assert!(node.ask(&ada, Activity::Person).is_none());
    let id = ada.pass.about().session.unwrap();
    let entries = node.entries(from).await;
    assert_eq!(entries, format!("node session.end session {id} of ada done (nobody used it)\n"));
    assert!(node.identity.sessions().is_empty());
}

/// Proves: CR 2.6, P11-12.
#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_busy_it_is() {
    let (node, ada) = operator().await;
    for _ in 0..(12 * 6 - 1) {
        node.advance(600);
        assert_eq!(node.ask(&ada, Activity::Person).unwrap().standing(), Standing::Live);
    }
    node.advance(599);
    assert!(ada.pass.is_live());
    let from = node.seq();
    node.advance(1);
    assert_eq!(ada.pass.may(READ.0, &READ.1), Err(Denied::NotKnown));
    let id = ada.pass.about().session.unwrap();
    assert_eq!(
        node.entries(from).await,
        format!("node session.end session {id} of ada done (its time was up)\n")
    );
}

/// Proves: P11-11, P11-12, P11-28.
#[tokio::test]
async fn setting_the_clock_neither_ends_nor_prolongs_a_session() {
    let (node, ada) = operator().await;
    let start = node.clock.now();
    node.clock.step(start.saturating_add(Duration::from_secs(30 * 86_400)));
    assert_eq!(ada.pass.standing(), Standing::Live);
    node.clock.step(start.saturating_sub(Duration::from_secs(30 * 86_400)));
    assert_eq!(ada.pass.standing(), Standing::Live);
    node.advance(12 * 3_600);
    assert!(!ada.pass.is_live());
    // Nor does a restart with the clock set back give more than it had.
    let (node, ada) = operator().await;
    node.clock.step(start.saturating_sub(Duration::from_secs(30 * 86_400)));
    let node = node.restart();
    node.advance(12 * 3_600);
    assert!(node.ask(&ada, Activity::Person).is_none());
}

#[tokio::test]
async fn a_session_outlives_a_restart_with_the_time_it_had_left() {
    let (node, ada) = operator().await;
    node.advance(20 * 60);
    node.ask(&ada, Activity::Person).unwrap();
    node.identity.upkeep().await; // what is noted is written
    node.advance(20 * 60);
    let node = node.restart();
    let pass = node.ask(&ada, Activity::Background).unwrap();
    assert_eq!(pass.standing(), Standing::Live);
    assert_eq!(pass.about(), lineshaft_identity::About { ..ada.pass.about() });
    node.advance(10 * 60);
    assert_eq!(pass.standing(), Standing::Locked);
    node.identity.upkeep().await;
    let node = node.restart();
    assert_eq!(node.ask(&ada, Activity::Background).unwrap().standing(), Standing::Locked);
    node.advance(12 * 3_600);
    assert!(node.ask(&ada, Activity::Background).is_none());
}

#[tokio::test]
async fn use_is_written_down_at_most_once_a_minute() {
    let (node, ada) = operator().await;
    let active = || {
        let connection = rusqlite::Connection::open(node.path()).unwrap();
        let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        connection.query_row("SELECT active FROM sessions", [], read).unwrap()
    };
    let began = active();
    for _ in 0..59 {
        node.advance(1);
        node.ask(&ada, Activity::Person).unwrap();
    }
    node.identity.upkeep().await;
    assert_eq!(active(), began);
    node.advance(1);
    node.ask(&ada, Activity::Person).unwrap();
    node.identity.upkeep().await;
    assert_eq!(active(), began + 60_000_000_000);
}

/// Proves: CR 3.8.
#[tokio::test]
async fn every_login_has_a_secret_of_its_own_and_the_old_one_still_means_the_old_session() {
    let (node, one) = operator().await;
    let two = node.login("ada").await;
    assert!(!one.secret.is(&two.secret));
    assert_eq!(one.secret.reveal().len(), 22);
    let (first, second) = (one.pass.about().session.unwrap(), two.pass.about().session.unwrap());
    assert_ne!(first, second);
    assert_eq!((first.len(), one.secret.reveal().contains(&first)), (16, false));
    node.identity.logout(&one.pass).await.unwrap();
    assert!(node.ask(&one, Activity::Person).is_none() && !one.pass.is_live());
    assert!(node.ask(&two, Activity::Person).is_some() && two.pass.is_live());
    let again = node.identity.logout(&one.pass).await;
    assert!(matches!(again, Err(ChangeError::Denied(Denied::NotKnown))));
}

#[tokio::test]
async fn one_session_too_many_ends_the_oldest() {
    let mut strict = policy();
    strict.session.per_account = 2;
    let node = Node::with(strict);
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        node.advance(1);
        all.push(node.login("ada").await);
    }
    let live: Vec<bool> = all.iter().map(|session| session.pass.is_live()).collect();
    assert_eq!(live, [false, false, true, true]);
    let own = AccountChange { sessions_max: Some(Some(1)), ..AccountChange::default() };
    node.identity.change_account(&node.root(), "ada", own, "").await.unwrap();
    node.advance(1);
    node.login("ada").await;
    assert_eq!(node.identity.sessions().len(), 1);
}

/// Proves: CR 2.6.
#[tokio::test]
async fn an_admin_ends_a_session_and_it_is_dead_at_the_next_question() {
    let (node, ada) = operator().await;
    let id = ada.pass.about().session.unwrap();
    let line = &node.identity.sessions()[0];
    assert_eq!(
        (line.id.as_str(), line.account.as_str(), line.state),
        (&*id, "ada", Standing::Live)
    );
    let mut changes = node.identity.changes();
    changes.mark_unchanged();
    node.identity.end_session(&node.root(), &id, "shift is over").await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(ada.pass.may(READ.0, &READ.1), Err(Denied::NotKnown));
    assert!(node.ask(&ada, Activity::Person).is_none());
    let again = node.identity.end_session(&node.root(), &id, "").await;
    assert!(matches!(again, Err(ChangeError::NoSuch { what: "session", .. })));
    let node = node.restart();
    assert!(node.ask(&ada, Activity::Person).is_none());
}

#[tokio::test]
async fn a_session_can_be_locked_by_hand() {
    let (node, ada) = operator().await;
    node.identity.lock_session(&ada.pass).await.unwrap();
    assert_eq!(ada.pass.may(WRITE.0, &WRITE.1), Err(Denied::Locked));
    let node = node.restart();
    let pass = node.ask(&ada, Activity::Person).unwrap();
    assert_eq!(pass.standing(), Standing::Locked);
    node.identity.unlock_session(&pass, &secret(PASSWORD)).await.unwrap();
    assert_eq!(pass.may(WRITE.0, &WRITE.1), Ok(()));
}
