//! What is in the folder, who may read it, and what happens when something is missing or damaged.

use std::fs;
use std::path::Path;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use lineshaft_tls::{Certificates, Clients, Purpose, Source, Wanted};

use crate::plant::{Authority, DAY, NOW, Node, fixture, life};

fn open(dir: &Path) -> Result<Certificates, lineshaft_tls::TlsError> {
    Certificates::open(Clock::simulated(Timestamp::from_secs(NOW)), dir, Wanted::default())
}

/// Proves: CR 4.1.
#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_only_and_are_closed_when_a_copy_opened_them() {
    use std::os::unix::fs::PermissionsExt;
    let node = Node::new(Clients::Off);
    let mode =
        |name: &str| fs::metadata(node.dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("ca.key"), mode("server.key")), (0o600, 0o600));
    assert_eq!((mode("issued"), mode("trusted")), (0o700, 0o700));
    fs::set_permissions(node.dir.path().join("ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    open(node.dir.path()).unwrap();
    assert_eq!(mode("ca.key"), 0o600);
}

#[test]
fn a_second_start_finds_everything_again() {
    let node = Node::new(Clients::Off);
    node.certificates.issue_client("press-07", DAY).unwrap();
    let revoked = node.certificates.issue_client("press-08", DAY).unwrap().line.fingerprint;
    node.certificates.revoke(&revoked).unwrap();
    node.certificates.trust(&Authority::new("Plant IT").pem).unwrap();
    let wanted = Wanted { names: vec!["plant.example".into()], ..Wanted::default() };
    let again = Certificates::open(node.clock.clone(), node.dir.path(), wanted).unwrap();
    let sorted = |certificates: &Certificates| {
        let mut lines = certificates.list();
        lines.sort_by_key(|line| line.fingerprint);
        lines
    };
    assert_eq!(sorted(&again), sorted(&node.certificates));
    assert_eq!(again.authority_pem(), node.certificates.authority_pem());
    let lines = again.list();
    let count = |purpose, source| {
        lines.iter().filter(|line| (line.purpose, line.source) == (purpose, source)).count()
    };
    assert_eq!(count(Purpose::Authority, Source::Own), 1);
    assert_eq!(count(Purpose::Authority, Source::File), 1);
    assert_eq!(count(Purpose::Server, Source::Own), 1);
    assert_eq!(count(Purpose::Client, Source::Own), 2);
    let line = lines.iter().find(|line| line.fingerprint == revoked).unwrap();
    assert_eq!((line.revoked, line.account()), (true, Some("press-08")));
}

#[test]
fn the_own_authority_is_never_replaced_because_half_of_it_is_missing() {
    for gone in ["ca.pem", "ca.key"] {
        let node = Node::new(Clients::Off);
        fs::remove_file(node.dir.path().join(gone)).unwrap();
        assert_eq!(open(node.dir.path()).unwrap_err().code(), "LS-TLS-002", "{gone}");
    }
    let node = Node::new(Clients::Off);
    for (file, text) in [
        ("ca.key", fs::read_to_string(node.dir.path().join("server.key")).unwrap()),
        ("ca.key", String::new()),
        ("ca.key", fixture("encrypted.key")),
        ("ca.pem", fs::read_to_string(node.dir.path().join("server.pem")).unwrap()),
        ("ca.pem", "-----BEGIN CERTIFICATE-----\n".to_owned()),
    ] {
        let path = node.dir.path().join(file);
        let sound = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        assert_eq!(open(node.dir.path()).unwrap_err().code(), "LS-TLS-002", "{file}");
        fs::write(&path, sound).unwrap();
        assert!(open(node.dir.path()).is_ok());
    }
}

#[test]
fn a_server_certificate_that_is_gone_or_damaged_is_made_anew_by_the_same_authority() {
    let node = Node::new(Clients::Off);
    let authority = node.certificates.authority_pem();
    for damage in ["server.pem", "server.key"] {
        for text in [None, Some("")] {
            let path = node.dir.path().join(damage);
            match text {
                None => fs::remove_file(&path).unwrap(),
                Some(text) => fs::write(&path, text).unwrap(),
            }
            assert_eq!(open(node.dir.path()).unwrap().authority_pem(), authority);
        }
    }
}

#[test]
fn a_trusted_file_that_is_no_authority_is_left_out_and_told() {
    let node = Node::new(Clients::Optional);
    let leaf = fixture("client_rsa2048.pem");
    for (name, text) in [("empty", ""), ("leaf", leaf.as_str()), ("key", &fixture("pkcs1.key"))] {
        fs::write(node.dir.path().join("trusted").join(format!("{name}.pem")), text).unwrap();
    }
    fs::write(node.dir.path().join("trusted/readme.txt"), "not looked at").unwrap();
    node.certificates.renew_due().unwrap();
    assert_eq!(node.codes(), ["LS-TLS-015"; 3]);
    assert_eq!(node.certificates.list().len(), 2);
}

#[test]
fn only_sound_authorities_are_trusted() {
    let node = Node::new(Clients::Optional);
    let ended = {
        let mut params = crate::plant::authority("Old");
        life(&mut params, -10, -1);
        Authority::with(params).pem
    };
    for (sentence, pem) in [
        ("a leaf", fixture("client_rsa2048.pem")),
        ("a weak one", fixture("weak_ca.pem")),
        ("one that ended", ended),
        ("a key", fixture("pkcs1.key")),
        ("nothing", String::new()),
        ("a good and a bad one", Authority::new("Good").pem + &fixture("weak_ca.pem")),
    ] {
        assert_eq!(node.certificates.trust(&pem).unwrap_err().code(), "LS-TLS-015", "{sentence}");
    }
    assert_eq!(fs::read_dir(node.dir.path().join("trusted")).unwrap().count(), 0);
    let two = Authority::new("A").pem + &fixture("rsa_ca.pem");
    assert_eq!(node.certificates.trust(&two).unwrap().len(), 2);
    assert_eq!(node.certificates.trust(&two).unwrap().len(), 2, "twice is once");
    assert_eq!(node.certificates.list().len(), 4);
}

#[test]
fn an_authority_trusted_while_running_is_told_to_clients() {
    let node = Node::new(Clients::Optional);
    let before = node.certificates.server_config();
    node.certificates.trust(&Authority::new("Plant IT").pem).unwrap();
    assert!(!std::sync::Arc::ptr_eq(&before, &node.certificates.server_config()));
    let after = node.certificates.server_config();
    node.certificates.renew_due().unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&after, &node.certificates.server_config()),
        "and kept when nothing changed"
    );
}

/// A revocation list of an authority with one serial, good until `until` days from now.
fn list(authority: &Authority, serial: &[u8], until: i64) -> String {
    let at = |days: i64| {
        x509_parser::time::ASN1Time::from_timestamp(NOW + days * 86_400).unwrap().to_datetime()
    };
    let revoked = rcgen::RevokedCertParams {
        serial_number: rcgen::SerialNumber::from_slice(serial),
        revocation_time: at(-1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = rcgen::CertificateRevocationListParams {
        this_update: at(-1),
        next_update: at(until),
        crl_number: rcgen::SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    params.signed_by(&authority.issuer).unwrap().pem().unwrap()
}

#[test]
fn what_another_authority_took_back_is_refused_as_long_as_its_list_was_ever_read() {
    let node = Node::new(Clients::Optional);
    let plant = Authority::new("Plant IT");
    node.certificates.trust(&plant.pem).unwrap();
    let identity = |serial: &[u8]| {
        let mut params = crate::plant::client_leaf();
        params.serial_number = Some(rcgen::SerialNumber::from_slice(serial));
        let (certificate, key) = plant.sign(&params);
        crate::plant::Identity::pem(&certificate, &key)
    };
    let (bad, good) = (identity(&[0x41, 1]), identity(&[0x41, 2]));
    assert!(node.meet(Some(bad.clone())).is_ok());
    let path = node.dir.path().join("trusted/plant.crl");
    let check = |sentence: &str, codes: &[&str]| {
        node.certificates.renew_due().unwrap();
        let refused = node.meet(Some(bad.clone())).unwrap_err();
        assert_eq!(refused, rustls::CertificateError::Revoked.into(), "{sentence}");
        assert!(node.meet(Some(good.clone())).is_ok(), "{sentence}");
        let own = node.certificates.issue_client("press-07", DAY).unwrap();
        let own = crate::plant::Identity::pem(&own.certificate_pem, &own.key_pem.unwrap());
        assert!(node.meet(Some(own)).is_ok(), "{sentence}");
        let mut found = node.codes();
        found.retain(|code| *code != "LS-TLS-017"); // the client certificates of a day
        assert_eq!(found, codes, "{sentence}");
    };
    fs::write(&path, list(&plant, &[0x41, 1], 10)).unwrap();
    check("a list in PEM", &[]);
    let der = x509_parser::pem::parse_x509_pem(&fs::read(&path).unwrap()).unwrap().1.contents;
    fs::write(&path, der).unwrap();
    check("the same in DER", &[]);
    fs::write(&path, "").unwrap();
    check("a list that was emptied", &["LS-TLS-021"]);
    fs::write(&path, list(&Authority::new("Other"), &[0x41, 2], 10)).unwrap();
    node.certificates.renew_due().unwrap();
    assert!(
        node.meet(Some(good.clone())).is_ok(),
        "another authority's list says nothing about it"
    );
    fs::write(&path, list(&plant, &[0x41, 1], 0)).unwrap();
    node.clock.advance(DAY);
    check("a list that is out of date", &["LS-TLS-021"]);
}
