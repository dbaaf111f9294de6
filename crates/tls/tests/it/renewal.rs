//! Renewal, ends of life, and connections made meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use lineshaft_tls::{Certificates, Clients, Purpose, Severity, Source, Wanted};

use crate::plant::{
    Authority, DAY, DAY_SECS, NOW, Node, TLS13, client, life, server_leaf, shake, write_pair,
};

fn served(node: &Node) -> lineshaft_tls::CertificateLine {
    node.certificates.list().into_iter().find(|line| line.purpose == Purpose::Server).unwrap()
}

fn hour(node: &Node) -> Option<lineshaft_tls::CertificateLine> {
    node.certificates.renew_due().unwrap()
}

#[test]
fn the_own_certificate_is_renewed_when_a_third_of_its_life_is_left_and_not_before() {
    let node = Node::new(Clients::Off);
    let first = served(&node);
    assert_eq!(first.not_after.checked_since(first.not_before), Some(365 * DAY));
    let third = Duration::from_secs(365 * 86_400 / 3);
    let left = first.not_after.checked_since(node.clock.now()).unwrap();
    node.clock.advance(left - third - Duration::from_secs(1));
    assert_eq!(hour(&node), None);
    node.clock.advance(Duration::from_secs(1));
    let second = hour(&node).unwrap();
    assert_ne!(second.fingerprint, first.fingerprint);
    assert_eq!(second, served(&node));
    assert!(node.meet(None).is_ok());
    assert_eq!(hour(&node), None);
}

#[test]
fn a_year_of_hours_passes_without_an_hour_in_which_nobody_can_connect() {
    let node = Node::new(Clients::Off);
    let mut swaps = 0;
    for _ in 0..40 {
        node.clock.advance(20 * DAY);
        swaps += u32::from(hour(&node).is_some());
        assert!(node.meet(None).is_ok());
        assert_eq!(node.codes(), Vec::<&str>::new());
    }
    assert_eq!(swaps, 3, "800 days: after 244, 504 and 764 days, each at the next look");
}

#[test]
fn connections_made_while_certificates_are_swapped_never_fail() {
    let node = Node::new(Clients::Optional);
    let done = AtomicBool::new(false);
    let met = AtomicU32::new(0);
    let trusted = node.certificates.authority_pem();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) || met.load(Ordering::Relaxed) < 50 {
                    let client = client(&trusted, None, &node.clock, &TLS13);
                    let outcome = shake(client, node.certificates.server_config(), "plant.example");
                    assert!(outcome.is_ok(), "{outcome:?}");
                    met.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut before = served(&node).fingerprint;
        for _ in 0..40 {
            let now = node.certificates.renew().unwrap().fingerprint;
            assert_ne!(now, before);
            before = now;
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(met.load(Ordering::Relaxed) >= 50);
}

#[test]
fn a_configuration_taken_before_a_renewal_serves_the_new_certificate() {
    let node = Node::new(Clients::Off);
    let config = node.certificates.server_config();
    let line = node.certificates.renew().unwrap();
    let client = client(&node.certificates.authority_pem(), None, &node.clock, &TLS13);
    let met = shake(client, config, "plant.example").unwrap();
    let seen =
        ring::digest::digest(&ring::digest::SHA256, &met.client.peer_certificates().unwrap()[0]);
    assert_eq!(seen.as_ref(), line.fingerprint);
}

#[test]
fn other_names_mean_another_certificate_and_the_same_names_do_not() {
    let mut node = Node::new(Clients::Off);
    let first = served(&node);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(node.certificates.set_names(&names(&["Plant.Example."])).unwrap(), None);
    let line =
        node.certificates.set_names(&names(&["plant.example", "10.1.2.3", "[fd00::1]"])).unwrap();
    let expected = ["10.1.2.3", "127.0.0.1", "::1", "fd00::1", "localhost", "plant.example"];
    let mut has = line.unwrap().names;
    has.sort();
    assert_eq!(has, expected);
    for name in ["plant.example", "10.1.2.3", "fd00::1", "localhost", "127.0.0.1", "::1"] {
        let client = client(&node.certificates.authority_pem(), None, &node.clock, &TLS13);
        assert!(shake(client, node.certificates.server_config(), name).is_ok(), "{name}");
    }
    // The plant file says so at the next start as well.
    let second = served(&node);
    assert_ne!(second.fingerprint, first.fingerprint);
    let wanted = |names: Vec<String>| Wanted { names, ..Wanted::default() };
    node.reopen(wanted(names(&["10.1.2.3", "plant.example", "fd00::1"])));
    assert_eq!(served(&node).fingerprint, second.fingerprint);
    node.reopen(wanted(names(&["plant.example"])));
    assert_ne!(served(&node).fingerprint, second.fingerprint);
    for bad in ["", "plant example", "-", "a/b", "http://plant", "*", "plant..example", "*.*.x"] {
        let error = node.certificates.set_names(&names(&[bad])).unwrap_err();
        assert_eq!(error.code(), "LS-TLS-010", "{bad}");
    }
}

/// Proves: CR 1.8.
#[test]
fn a_brought_certificate_near_its_end_is_told_in_time() {
    let mut params = server_leaf();
    life(&mut params, -10, 100);
    let plant = Authority::new("Plant IT");
    let (leaf, key) = plant.sign(&params);
    let dir = tempfile::tempdir().unwrap();
    let pair = write_pair(&dir, leaf.as_bytes(), key.as_bytes());
    let node = Node::with(Wanted { pair: Some(pair), ..Wanted::default() });
    let at = |days: i64| {
        node.clock.step(Timestamp::from_secs(NOW + days * DAY_SECS));
        assert_eq!(hour(&node), None);
        let posture = node.certificates.posture();
        let mut found = posture.iter().filter(|finding| finding.code == Some("LS-TLS-017"));
        found.next().map(|finding| (finding.severity, finding.what.clone()))
    };
    assert_eq!(at(69), None);
    let (severity, what) = at(70).unwrap();
    assert_eq!(severity, Severity::Warn);
    assert!(
        what.contains("server certificate `CN=press-07` ends within 30 days, on 2027-04-11"),
        "{what}"
    );
    assert_eq!(at(93).unwrap().0, Severity::Bad);
    assert!(at(99).unwrap().1.contains("within a day"));
    assert!(at(101).unwrap().1.contains("ended on"));
    assert!(node.codes().contains(&"LS-TLS-005"), "and the pair itself is said to be of no use");
}

#[test]
fn an_intermediate_that_ends_before_the_leaf_is_told_as_well() {
    let plant = Authority::new("Plant IT");
    let mut hall = crate::plant::authority("Hall 3");
    life(&mut hall, -10, 20);
    let hall = plant.below(hall);
    let (leaf, key) = hall.sign(&server_leaf());
    let dir = tempfile::tempdir().unwrap();
    let pair = write_pair(&dir, (leaf + &hall.pem).as_bytes(), key.as_bytes());
    let node = Node::with(Wanted { pair: Some(pair), ..Wanted::default() });
    assert!(node.codes().contains(&"LS-TLS-017"));
}

#[test]
fn an_authority_near_its_end_is_told_a_year_ahead_and_a_new_one_keeps_old_clients_in() {
    let node = Node::new(Clients::Required);
    node.clock.advance((3_650 - 366) * DAY);
    hour(&node);
    assert_eq!(node.codes(), Vec::<&str>::new());
    node.clock.advance(2 * DAY);
    let posture = node.certificates.posture();
    assert_eq!((posture[0].severity, posture[0].code), (Severity::Warn, Some("LS-TLS-017")));
    assert!(posture[0].what.contains("the own authority"), "{}", posture[0].what);
    let issued = node.certificates.issue_client("press-07", 900 * DAY).unwrap();
    let old = node.certificates.list().remove(0);
    assert_eq!(issued.line.not_after, old.not_after, "nothing outlives its authority");
    let identity = crate::plant::Identity::pem(&issued.certificate_pem, &issued.key_pem.unwrap());
    let new = node.certificates.renew_authority().unwrap();
    assert_ne!(new.fingerprint, old.fingerprint);
    assert_eq!(node.codes(), Vec::<&str>::new(), "the old one is still good for its clients");
    assert!(node.meet(Some(identity.clone())).is_ok(), "who trusts the new one meets the node");
    node.certificates.revoke(&issued.line.fingerprint).unwrap();
    assert!(node.meet(Some(identity)).is_err());
}

#[test]
fn an_authority_that_is_over_lets_the_node_start_and_issues_nothing() {
    let mut node = Node::new(Clients::Off);
    node.clock.advance(3_651 * DAY);
    node.reopen(Wanted { names: vec!["plant.example".into()], ..Wanted::default() });
    assert_eq!(node.codes(), ["LS-TLS-017"]);
    assert_eq!(node.certificates.issue_client("press-07", DAY).unwrap_err().code(), "LS-TLS-013");
    node.certificates.renew_authority().unwrap();
    assert!(node.meet(None).is_ok());
    assert!(node.certificates.issue_client("press-07", DAY).is_ok());
}

#[test]
fn a_node_whose_clock_was_never_set_is_fine_once_it_is() {
    let clock = Clock::simulated(Timestamp::from_secs(3_600 * 5)); // 1970, a board without a battery
    let dir = tempfile::tempdir().unwrap();
    let names = vec!["plant.example".to_owned()];
    let wanted = Wanted { names, ..Wanted::default() };
    let certificates = Certificates::open(clock.clone(), dir.path(), wanted).unwrap();
    let node = Node { clock, dir, certificates };
    assert!(node.meet(None).is_ok());
    node.clock.step(Timestamp::from_secs(NOW));
    assert!(node.meet(None).is_ok(), "before the next look");
    let line = hour(&node).unwrap();
    assert_eq!(line.not_after.checked_since(line.not_before), Some(365 * DAY));
    assert!(node.meet(None).is_ok());
    assert_eq!(node.codes(), Vec::<&str>::new());
}

#[test]
fn a_clock_set_far_back_is_told_and_what_is_served_stays() {
    let node = Node::new(Clients::Off);
    let before = served(&node);
    node.clock.step(Timestamp::from_secs(NOW - 400 * DAY_SECS));
    assert_eq!(hour(&node), None);
    let posture = node.certificates.posture();
    assert!(posture.iter().all(|finding| finding.code == Some("LS-TLS-005")), "{posture:?}");
    assert_eq!(served(&node), before);
}

#[test]
fn a_folder_that_cannot_be_written_keeps_the_old_certificate_and_says_so() {
    let node = Node::new(Clients::Off);
    let before = served(&node);
    node.clock.advance(300 * DAY);
    // Where the new file would be written stands a folder that cannot be removed as a file.
    let stand = node.dir.path().join("server.pem.new");
    std::fs::create_dir(&stand).unwrap();
    assert_eq!(node.certificates.renew_due().unwrap_err().code(), "LS-TLS-001");
    assert_eq!(served(&node), before);
    assert!(node.meet(None).is_ok());
    assert_eq!(node.codes(), ["LS-TLS-001"]);
    std::fs::remove_dir(&stand).unwrap();
    assert!(hour(&node).is_some());
    assert_eq!(node.codes(), Vec::<&str>::new());
}

#[test]
fn a_trusted_authority_and_clients_near_their_end_are_told() {
    let node = Node::new(Clients::Optional);
    let mut params = crate::plant::authority("Guest");
    life(&mut params, -10, 29);
    node.certificates.trust(&Authority::with(params).pem).unwrap();
    node.certificates.issue_client("press-07", 6 * DAY).unwrap();
    let posture = node.certificates.posture();
    let told: Vec<_> =
        posture.iter().map(|finding| (finding.severity, finding.code.unwrap())).collect();
    assert_eq!(told, [(Severity::Bad, "LS-TLS-017"), (Severity::Warn, "LS-TLS-017")]);
    assert_eq!(served(&node).source, Source::Own);
}
