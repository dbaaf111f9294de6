//! Failed logins: who has to wait, what the trail has, and what nobody can learn from it.

use std::net::SocketAddr;
use std::time::Duration;

use expect_test::expect;
use lineshaft_audit::Road;
use lineshaft_identity::{Grant, Identity, Login, LoginError, Secret};
use lineshaft_runtime::Clock;

use crate::node::{Node, PASSWORD, home, policy, secret};

async fn ada() -> Node {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    node
}

/// Proves: CR 1.11, P11-09, P11-10.
#[tokio::test]
async fn five_failures_lock_an_account_by_the_clock() {
    let node = ada().await;
    for _ in 0..5 {
        assert!(matches!(node.login_with("ada", "wrong").await, Err(LoginError::Wrong)));
        node.advance(60);
    }
    // The right one is refused too, in the same words.
    assert!(matches!(node.login_with("ADA", PASSWORD).await, Err(LoginError::Wrong)));
    assert!(node.identity.account("ada").unwrap().locked_until.is_some());
    node.advance(15 * 60 - 61);
    assert!(matches!(node.login_with("ada", PASSWORD).await, Err(LoginError::Wrong)));
    node.advance(1);
    let session = node.login("ada").await;
    assert_eq!(session.pass.about().notices, ["7 failed attempts since your last login"]);
    assert!(node.login("ada").await.pass.about().notices.is_empty());
}

/// Proves: P11-10.
#[tokio::test]
async fn what_failed_since_the_last_login_is_known_after_a_restart() {
    let node = ada().await;
    for _ in 0..3 {
        assert!(node.login_with("ada", "wrong").await.is_err());
    }
    node.identity.upkeep().await;
    let rename = lineshaft_identity::AccountChange {
        full_name: Some("Ada Lovelace".into()),
        ..Default::default()
    };
    node.identity.change_account(&node.root(), "ada", rename, "").await.unwrap();
    let node = node.restart();
    let notices = node.login("ada").await.pass.about().notices;
    assert_eq!(notices, ["3 failed attempts since your last login"]);
    node.identity.upkeep().await;
    let node = node.restart();
    assert!(node.login("ada").await.pass.about().notices.is_empty());
}

#[tokio::test]
async fn failures_of_long_ago_do_not_count() {
    let node = ada().await;
    for _ in 0..12 {
        assert!(node.login_with("ada", "wrong").await.is_err());
        node.advance(225); // never five within 15 min
    }
    node.login("ada").await;
}

#[tokio::test]
async fn whoever_hangs_up_before_it_is_decided_has_failed_and_is_in_the_trail() {
    let mut dear = policy();
    dear.password.memory_kib = 4 * 1024;
    let node = Node::with(dear);
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let from = node.seq();
    for _ in 0..5 {
        tokio::select! {
            biased;
            answered = node.login_with("ada", "wrong") => panic!("{answered:?}"),
            // The password is being looked at, and whoever asked is gone.
            () = std::future::ready(()) => {}
        }
    }
    assert!(node.identity.account("ada").unwrap().locked_until.is_some());
    let trail = node.entries(from).await;
    assert_eq!(trail.matches("session.login ada refused").count(), 5, "{trail}");
    // On a machine that is busy one may have been decided before its asker was gone.
    assert!(trail.contains("hung up before it was decided"), "{trail}");
    assert!(trail.contains("account.lockout ada"), "{trail}");
    // It is over as every pause is, and not only when the window is.
    node.advance(15 * 60);
    node.login("ada").await;
}

/// Proves: P11-10.
#[tokio::test]
async fn the_trail_has_every_failure_and_one_a_minute_while_somebody_waits() {
    let node = ada().await;
    let from = node.seq();
    for second in 0..125 {
        assert!(node.login_with("ada", "wrong").await.is_err());
        if second >= 5 {
            node.advance(1);
        }
    }
    assert!(node.login_with("hunter2", "x").await.is_err());
    node.advance(60);
    let entries = node.entries(from).await;
    let (counted, each): (Vec<&str>, Vec<&str>) =
        entries.lines().partition(|line| line.contains("while it had to wait"));
    expect![[r#"
        anonymous session.login ada refused (wrong password)
        anonymous session.login ada refused (wrong password)
        anonymous session.login ada refused (wrong password)
        anonymous session.login ada refused (wrong password)
        anonymous session.login ada refused (wrong password)
        node account.lockout ada done (too many failures: has to wait for 900 s)
        anonymous session.login a name that no account has refused (no such account)"#]]
    .assert_eq(&each.join("\n"));
    assert!((2..=4).contains(&counted.len()), "{entries}");
    assert_eq!(counted.iter().map(|line| number(line)).sum::<u64>(), 120, "{entries}");
}

/// The number in the brackets at the end of a line.
fn number(line: &str) -> u64 {
    let inside = line.rsplit_once('(').unwrap().1;
    inside.split(' ').next().unwrap().parse().unwrap()
}

/// Proves: CR 1.11, P11-09.
#[tokio::test]
async fn one_source_that_tries_many_names_has_to_wait() {
    let node = ada().await;
    for name in 0..20 {
        assert!(node.login_with(&format!("name-{name}"), "wrong").await.is_err());
    }
    assert!(matches!(node.login_with("ada", PASSWORD).await, Err(LoginError::Wrong)));
    let elsewhere: Option<SocketAddr> = Some("198.51.100.9:1".parse().unwrap());
    let login = Login { account: "ada".into(), password: secret(PASSWORD), code: None };
    node.identity.login(login, elsewhere, "test").await.unwrap();
    node.advance(15 * 60);
    node.login("ada").await;
}

/// Proves: CR 1.11.
#[tokio::test]
async fn nobody_is_locked_out_of_his_own_machine() {
    let node = ada().await;
    for _ in 0..30 {
        let wrong = node.identity.verify_password("ada", &secret("x"), None, Road::Local).await;
        assert!(matches!(wrong, Err(LoginError::Wrong)));
    }
    node.identity.verify_password("ada", &secret(PASSWORD), None, Road::Local).await.unwrap();
}

#[tokio::test]
async fn a_lockout_is_lifted_by_hand() {
    let node = ada().await;
    for _ in 0..6 {
        assert!(node.login_with("ada", "wrong").await.is_err());
    }
    let from = node.seq();
    let (account, _) =
        node.identity.unlock_account(&node.root(), "ada", "it was me").await.unwrap();
    assert_eq!(account.locked_until, None);
    node.login("ada").await;
    expect![[r#"
        local:root account.unlock ada done
        anonymous session.login ada refused (1 attempt while it had to wait)
        ada session.login ada done
    "#]]
    .assert_eq(&sorted_first_two(&node.entries(from).await));
}

/// The counted attempt is written by another thread: before or after the login.
fn sorted_first_two(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_by_key(|line| (line.contains("session.login ada done"), !line.contains("unlock")));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn a_road_without_sessions_has_the_same_lockout() {
    let node = ada().await;
    let id = &node.identity;
    let pass = id.verify_password("ada", &secret(PASSWORD), home(), Road::Http).await.unwrap();
    assert!(pass.sees("a") && pass.about().session.is_none());
    for _ in 0..5 {
        assert!(id.verify_password("ada", &secret("x"), home(), Road::Http).await.is_err());
    }
    assert!(node.login_with("ada", PASSWORD).await.is_err());
    // The pass is as good as the password it came with.
    assert!(pass.sees("a"));
    id.reset_password(&node.root(), "ada", &secret("another one of many"), "").await.unwrap();
    assert!(!pass.is_live());
}

/// Proves: CR 7.1.
#[tokio::test]
async fn a_flood_of_logins_is_told_to_come_back() {
    let mut slow = policy();
    slow.password.memory_kib = 4 * 1024;
    slow.lockout.attempts = 1_000;
    slow.lockout.source_attempts = 1_000;
    let node = Node::with(slow);
    let mut flood = tokio::task::JoinSet::new();
    for n in 0..100 {
        let identity = node.identity.clone();
        flood.spawn(async move {
            let login = Login { account: format!("n{n}"), password: Secret::new("x"), code: None };
            identity.login(login, home(), "test").await.map(|_| ())
        });
    }
    let (mut wrong, mut busy) = (0, 0);
    while let Some(answer) = flood.join_next().await {
        match answer.unwrap() {
            Err(LoginError::Wrong) => wrong += 1,
            Err(LoginError::Busy) => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(wrong + busy, 100);
    assert!(wrong >= 34 && busy > 0, "{wrong} wrong, {busy} busy");
}

async fn time(identity: &Identity, clock: &Clock, name: &str) -> Duration {
    let login = Login { account: name.into(), password: secret("wrong"), code: None };
    let began = clock.steady();
    assert!(matches!(identity.login(login, home(), "test").await, Err(LoginError::Wrong)));
    clock.steady() - began
}

/// The tenth part: what else the machine does only makes the slow ones slower.
fn tenth(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 10].as_secs_f64()
}

/// With hashes that cost 2 MiB, so that what is beside them would show: at full cost it is a twentieth of
/// that. A hash that is left out would be a ratio of a tenth; the finer question, with its p value, is asked by the
/// example `enumeration`.
/// Proves: CR 1.10.
#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let mut patient = policy();
    patient.password.memory_kib = 2 * 1024;
    patient.lockout.attempts = 100_000;
    patient.lockout.source_attempts = 100_000;
    let node = Node::with(patient);
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    node.machine("robot", &[]).await;
    let off = lineshaft_identity::AccountChange { enabled: Some(false), ..Default::default() };
    node.person("gone", &[]).await;
    node.identity.change_account(&node.root(), "gone", off, "").await.unwrap();
    let clock = Clock::real();
    let names = ["ada", "nobody-of-that-name", "robot", "gone"];
    let mut times = names.map(|_| Vec::new());
    for _ in 0..80 {
        // In turns, so that whatever else the machine does falls on all of them.
        for (name, times) in names.iter().zip(&mut times) {
            times.push(time(&node.identity, &clock, name).await);
        }
    }
    let tenths = times.map(tenth);
    for other in &tenths[1..] {
        let ratio = other / tenths[0];
        assert!((0.6..1.6).contains(&ratio), "{names:?}: {tenths:?}");
    }
}
