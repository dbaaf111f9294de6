//! Pairs that somebody brings. Each row: what is in the two files, the code, the file that is named, a part of the
//! sentence a person reads.

use std::error::Error;

use lineshaft_runtime::Clock;
use lineshaft_tls::{Clients, PairFiles, Source, TlsError, Wanted, check_pair};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::plant::{
    Authority, NOW, Node, TLS13, authority, client, client_leaf, fixture, life, server_leaf, shake,
    write_pair,
};

type Pem = (Vec<u8>, Vec<u8>);

fn pem((certificate, key): (String, String)) -> Pem {
    (certificate.into_bytes(), key.into_bytes())
}

fn plant() -> Authority {
    Authority::new("Plant IT")
}

fn leaf(change: impl FnOnce(&mut CertificateParams)) -> Pem {
    let mut params = server_leaf();
    change(&mut params);
    pem(plant().sign(&params))
}

/// A chain leaf, hall, plant.
fn chain(
    change_plant: impl FnOnce(&mut CertificateParams),
    change_hall: impl FnOnce(&mut CertificateParams),
) -> Pem {
    let mut params = authority("Plant IT");
    change_plant(&mut params);
    let plant = Authority::with(params);
    let mut params = authority("Hall 3");
    change_hall(&mut params);
    let hall = plant.below(params);
    let (certificate, key) = hall.sign(&server_leaf());
    pem((certificate + &hall.pem + &plant.pem, key))
}

fn fixtures(certificate: &str, key: &str) -> Pem {
    pem((fixture(certificate), fixture(key)))
}

fn critical(params: &mut CertificateParams) {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![0x05, 0x00]);
    extension.set_criticality(true);
    params.custom_extensions = vec![extension];
}

/// What is in the files, the code, the file that is named, a part of the sentence.
type Row = (&'static str, Pem, &'static str, &'static str, &'static str);

#[expect(clippy::too_many_lines, reason = "a table: one row after the other")]
fn bad() -> Vec<Row> {
    let sound = || leaf(|_| {});
    let cert = "the certificate";
    let key = "the key";
    let mut cut = sound();
    cut.0.truncate(cut.0.len() - 40);
    let mut cut_key = sound();
    cut_key.1.truncate(60);
    let mut not_base64 = sound();
    not_base64.0[40] = b'*';
    let der = CertificateDer::from_pem_slice(&sound().0).unwrap().to_vec();
    let garbage = b"-----BEGIN CERTIFICATE-----\nAAAAAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let order = {
        let plant = plant();
        let (leaf, key) = plant.sign(&server_leaf());
        pem((plant.pem + &leaf, key))
    };
    let mixed = {
        let (leaf, key) = plant().sign(&server_leaf());
        pem((leaf + &Authority::new("Other IT").pem, key))
    };
    let forged = {
        let (leaf, key) = plant().sign(&server_leaf());
        pem((leaf + &plant().pem, key)) // the same name, another key
    };
    let constrained = chain(
        |params| {
            let permitted_subtrees = vec![GeneralSubtree::DnsName("other.example".into())];
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
        },
        |_| {},
    );
    let none_below =
        |p: &mut CertificateParams| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let other_key = KeyPair::generate().unwrap();
    let mut csr = server_leaf();
    csr.use_authority_key_identifier_extension = false;
    let csr = csr.serialize_request(&other_key).unwrap().pem().unwrap().into_bytes();
    let public = other_key.public_key_pem().into_bytes();
    let twenty = sound().0.repeat(11);
    vec![
        (
            "it ended a day ago",
            leaf(|p| life(p, -10, -1)),
            "LS-TLS-005",
            cert,
            "ended on 2026-12-31",
        ),
        ("it begins tomorrow", leaf(|p| life(p, 1, 9)), "LS-TLS-005", cert, "is the clock right?"),
        (
            "it is a client's",
            pem(plant().sign(&client_leaf())),
            "LS-TLS-006",
            cert,
            "not for servers",
        ),
        (
            "it is for signing mail",
            leaf(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection]),
            "LS-TLS-006",
            cert,
            "not for servers",
        ),
        (
            "it may not sign handshakes",
            leaf(|p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement]),
            "LS-TLS-006",
            cert,
            "may not sign handshakes",
        ),
        (
            "it is an authority",
            leaf(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            "LS-TLS-006",
            cert,
            "is an authority",
        ),
        (
            "the one above it is no authority",
            chain(|_| {}, |p| p.is_ca = IsCa::ExplicitNoCa),
            "LS-TLS-006",
            cert,
            "`CN=Hall 3` is not made for this",
        ),
        (
            "the one above it may not sign certificates",
            chain(|_| {}, |p| p.key_usages = vec![KeyUsagePurpose::CrlSign]),
            "LS-TLS-006",
            cert,
            "may not sign certificates",
        ),
        ("an authority too many", chain(none_below, |_| {}), "LS-TLS-008", cert, "allows fewer"),
        (
            "the one above it has ended",
            chain(|_| {}, |p| life(p, -9, -1)),
            "LS-TLS-005",
            cert,
            "Hall 3",
        ),
        ("the root has ended", chain(|p| life(p, -9, -1), |_| {}), "LS-TLS-005", cert, "Plant IT"),
        ("its authority may not give that name", constrained, "LS-TLS-008", cert, "does not hold"),
        (
            "a critical extension nobody knows",
            leaf(critical),
            "LS-TLS-008",
            cert,
            "1.3.6.1.4.1.99999.1",
        ),
        ("the one above it is another authority", mixed, "LS-TLS-008", cert, "`CN=Other IT`"),
        ("the one above it only has the name", forged, "LS-TLS-008", cert, "does not hold"),
        ("eleven certificates", (twenty, sound().1), "LS-TLS-003", cert, "at most 10"),
        (
            "an RSA key of 1024 bits",
            fixtures("server_rsa1024.pem", "server_rsa1024.key"),
            "LS-TLS-007",
            cert,
            "RSA 1024",
        ),
        (
            "a signature with SHA-1",
            fixtures("server_sha1.pem", "server_sha1.key"),
            "LS-TLS-007",
            cert,
            "SHA-1",
        ),
        (
            "the curve P-521",
            fixtures("server_p521.pem", "server_p521.key"),
            "LS-TLS-007",
            cert,
            "P-521",
        ),
        (
            "the key of another certificate",
            (sound().0, sound().1),
            "LS-TLS-004",
            key,
            "another certificate",
        ),
        ("the authority stands first", order, "LS-TLS-004", cert, "certificate 2"),
        (
            "an encrypted key",
            fixtures("server_rsa2048.pem", "encrypted.key"),
            "LS-TLS-009",
            key,
            "encrypted",
        ),
        (
            "an encrypted key in the old form",
            fixtures("server_rsa2048.pem", "encrypted_traditional.key"),
            "LS-TLS-009",
            key,
            "encrypted",
        ),
        ("bytes that are no certificate", (garbage, sound().1), "LS-TLS-003", cert, "not an X.509"),
        ("DER where PEM was meant", (der, sound().1), "LS-TLS-003", cert, "DER, not PEM"),
        ("a certificate cut off", (cut.0, cut.1), "LS-TLS-003", cert, "cut off or damaged"),
        ("a key cut off", cut_key, "LS-TLS-003", key, "cut off or damaged"),
        ("a letter that is not base64", not_base64, "LS-TLS-003", cert, "cut off or damaged"),
        ("an empty certificate", (vec![], sound().1), "LS-TLS-003", cert, "empty"),
        ("an empty key", (sound().0, b"\n \n".to_vec()), "LS-TLS-003", key, "empty"),
        (
            "the two files swapped",
            (sound().1, sound().0),
            "LS-TLS-003",
            cert,
            "a key where a certificate",
        ),
        (
            "a request instead of a certificate",
            (csr, sound().1),
            "LS-TLS-003",
            cert,
            "a signing request",
        ),
        (
            "a certificate instead of the key",
            (sound().0, sound().0),
            "LS-TLS-003",
            key,
            "a certificate where",
        ),
        (
            "the public half of the key",
            (sound().0, public),
            "LS-TLS-003",
            key,
            "a public key where",
        ),
        ("a picture", (b"\x89PNG\r\n".to_vec(), sound().1), "LS-TLS-003", cert, "nothing in PEM"),
    ]
}

fn good() -> Vec<(&'static str, Pem)> {
    let with_root = {
        let plant = plant();
        let (leaf, key) = plant.sign(&server_leaf());
        pem((leaf + &plant.pem, key))
    };
    let ed25519 = {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let certificate = server_leaf().signed_by(&key, &plant().issuer).unwrap();
        pem((certificate.pem(), key.serialize_pem()))
    };
    let p384 = {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let certificate = server_leaf().signed_by(&key, &plant().issuer).unwrap();
        pem((certificate.pem(), key.serialize_pem()))
    };
    let self_signed = {
        let key = KeyPair::generate().unwrap();
        pem((server_leaf().self_signed(&key).unwrap().pem(), key.serialize_pem()))
    };
    let talkative = {
        let (leaf, key) = leaf(|_| {});
        ([b"Subject: CN=press-07\r\n".to_vec(), leaf].concat(), key)
    };
    vec![
        ("a leaf alone", leaf(|_| {})),
        ("a leaf and its root", with_root),
        ("a chain of three", chain(|_| {}, |_| {})),
        ("it ends this very second", leaf(|p| life(p, -10, 0))),
        ("RSA, PKCS #8", fixtures("server_rsa2048.pem", "server_rsa2048.key")),
        ("RSA, PKCS #1", fixtures("server_rsa2048.pem", "pkcs1.key")),
        ("Ed25519", ed25519),
        ("P-384", p384),
        ("one that signed itself", self_signed),
        ("text before the certificate, as openssl writes it", talkative),
    ]
}

fn check(pair: &Pem) -> Result<lineshaft_tls::PairReport, TlsError> {
    let dir = tempfile::tempdir().unwrap();
    let files = write_pair(&dir, &pair.0, &pair.1);
    let clock = Clock::simulated(lineshaft_model::Timestamp::from_secs(NOW));
    check_pair(&files, &["plant.example".into()], &clock)
}

fn wanted(files: PairFiles) -> Wanted {
    Wanted { names: vec!["plant.example".into()], pair: Some(files), clients: Clients::Off }
}

#[test]
fn every_bad_pair_is_told_apart_with_its_file_and_what_is_wrong() {
    assert!(bad().len() >= 20);
    for (sentence, pair, code, meant, text) in bad() {
        let error = check(&pair).expect_err(sentence);
        let cause = error.source().unwrap().to_string();
        assert_eq!(error.code(), code, "{sentence}: {error}: {cause}");
        assert!(error.to_string().starts_with(meant), "{sentence}: {error}");
        assert!(error.to_string().contains(if meant == "the key" {
            "brought.key"
        } else {
            "brought.pem"
        }));
        assert!(cause.contains(text), "{sentence}: {cause}");
    }
}

/// Proves: CR 1.8.
#[test]
fn every_good_pair_is_served() {
    for (sentence, pair) in good() {
        let report = check(&pair)
            .unwrap_or_else(|error| panic!("{sentence}: {error}: {:?}", error.source()));
        assert_eq!(report.uncovered, Vec::<String>::new(), "{sentence}");
        let dir = tempfile::tempdir().unwrap();
        let node = Node::with(wanted(write_pair(&dir, &pair.0, &pair.1)));
        let line = node.certificates.list().remove(1);
        assert_eq!(
            (line.source, line.fingerprint),
            (Source::File, report.line.fingerprint),
            "{sentence}"
        );
    }
}

#[test]
fn a_brought_chain_convinces_a_client_that_only_knows_the_root() {
    let (plant, mut hall) = (plant(), authority("Hall 3"));
    hall.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let hall = plant.below(hall);
    let (leaf, key) = hall.sign(&server_leaf());
    let dir = tempfile::tempdir().unwrap();
    let files = write_pair(&dir, (leaf + &hall.pem).as_bytes(), key.as_bytes());
    let node = Node::with(wanted(files));
    let meet = |name| {
        shake(
            client(&plant.pem, None, &node.clock, &TLS13),
            node.certificates.server_config(),
            name,
        )
    };
    assert!(meet("plant.example").is_ok());
    assert!(meet("other.example").is_err());
}

#[test]
fn a_bad_pair_at_the_start_does_not_stop_the_node_and_is_taken_once_it_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let files = write_pair(&dir, b"", b"");
    let node = Node::with(wanted(files.clone()));
    assert_eq!(node.codes(), ["LS-TLS-003"]);
    assert!(node.certificates.posture()[0].what.contains("an own certificate is served instead"));
    assert!(node.meet(None).is_ok(), "with the own authority's certificate");
    assert!(node.certificates.reload().is_err());
    assert!(node.certificates.renew().is_err());
    let plant = plant();
    let (leaf, key) = plant.sign(&server_leaf());
    write_pair(&dir, leaf.as_bytes(), key.as_bytes());
    let line = node.certificates.renew_due().unwrap().unwrap();
    assert_eq!(line.source, Source::File);
    assert!(node.meet(None).is_err(), "another authority's certificate is served now");
    assert_eq!(node.codes(), Vec::<&str>::new());
    assert_eq!(node.certificates.renew_due().unwrap(), None, "nothing new, nothing swapped");
}

#[test]
fn a_bad_new_pair_keeps_the_old_one_served_until_a_good_one_comes() {
    let plant = plant();
    let (leaf, key) = plant.sign(&server_leaf());
    let dir = tempfile::tempdir().unwrap();
    let node = Node::with(wanted(write_pair(&dir, leaf.as_bytes(), key.as_bytes())));
    let served = node.certificates.list().remove(1);
    let meet = || {
        let client = client(&plant.pem, None, &node.clock, &TLS13);
        shake(client, node.certificates.server_config(), "plant.example")
    };
    for (sentence, pair, code, ..) in bad() {
        write_pair(&dir, &pair.0, &pair.1);
        assert_eq!(node.certificates.renew_due().unwrap(), None, "{sentence}");
        assert!(node.codes().contains(&code), "{sentence}");
        assert_eq!(node.certificates.list().remove(1), served, "{sentence}");
        assert!(meet().is_ok(), "{sentence}");
    }
    write_pair(&dir, leaf.as_bytes(), key.as_bytes());
    assert_eq!(node.certificates.reload().unwrap(), None, "the same as before is no swap");
    std::fs::remove_file(dir.path().join("brought.key")).unwrap();
    assert_eq!(node.certificates.reload().unwrap_err().code(), "LS-TLS-001");
    assert!(meet().is_ok());
    let (leaf, key) = plant.sign(&server_leaf());
    write_pair(&dir, leaf.as_bytes(), key.as_bytes());
    assert_ne!(node.certificates.reload().unwrap().unwrap().fingerprint, served.fingerprint);
    assert!(meet().is_ok());
    assert_eq!(node.codes(), Vec::<&str>::new());
}

#[cfg(unix)]
#[test]
fn a_brought_key_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let (leaf, key) = plant().sign(&server_leaf());
    let dir = tempfile::tempdir().unwrap();
    let files = write_pair(&dir, leaf.as_bytes(), key.as_bytes());
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let node = Node::with(wanted(files));
    assert_eq!(node.codes(), ["LS-TLS-018"]);
    assert!(node.certificates.posture()[0].what.contains("(mode 640)"));
}

#[test]
fn names_the_pair_is_not_for_are_a_warning() {
    let (leaf, key) = plant().sign(&server_leaf());
    let dir = tempfile::tempdir().unwrap();
    let files = write_pair(&dir, leaf.as_bytes(), key.as_bytes());
    let names =
        ["PLANT.example", "hmi.plant.example", "10.1.2.3", "*.plant.example"].map(str::to_owned);
    let clock = Clock::simulated(lineshaft_model::Timestamp::from_secs(NOW));
    let report = check_pair(&files, &names, &clock).unwrap();
    assert_eq!(report.uncovered, ["hmi.plant.example", "10.1.2.3", "*.plant.example"]);
    let node =
        Node::with(Wanted { names: names.to_vec(), pair: Some(files), clients: Clients::Off });
    let posture = node.certificates.posture();
    let finding = posture.iter().find(|finding| finding.code == Some("LS-TLS-016")).unwrap();
    assert_eq!(finding.severity, lineshaft_tls::Severity::Warn);
    assert!(
        finding.what.ends_with("not for hmi.plant.example, 10.1.2.3, *.plant.example"),
        "{}",
        finding.what
    );
}
