//! Certificates a client presents. Each row is a sentence; those in [`good`] keep the table honest.

use std::time::Duration;

use lineshaft_tls::Clients;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType,
};
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::plant::{Authority, DAY, Identity, Node, authority, client_leaf, fixture, life};

/// The authority of the plant's IT, trusted by the node.
struct World {
    node: Node,
    plant: Authority,
}

fn world() -> World {
    let node = Node::new(Clients::Optional);
    let plant = Authority::new("Plant IT");
    node.certificates.trust(&plant.pem).unwrap();
    node.certificates.trust(&fixture("rsa_ca.pem")).unwrap();
    World { node, plant }
}

type Row = (&'static str, fn(&World) -> Identity);
/// The sentence, and a part of the reason: refused for another one would prove nothing.
type BadRow = (&'static str, &'static str, fn(&World) -> Identity);

/// A leaf of the plant's authority with one thing changed.
fn leaf(world: &World, change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = client_leaf();
    change(&mut params);
    let (certificate, key) = world.plant.sign(&params);
    Identity::pem(&certificate, &key)
}

/// A leaf below an authority below the plant's.
fn below(world: &World, change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = authority("Hall 3");
    change(&mut params);
    let hall = world.plant.below(params);
    let (certificate, key) = hall.sign(&client_leaf());
    Identity::pem(&(certificate + &hall.pem), &key)
}

/// A leaf of an authority that is trusted only in this row.
fn trusted(world: &World, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let mut params = authority("Guest");
    change(&mut params);
    let guest = Authority::with(params);
    world.node.certificates.trust(&guest.pem).unwrap();
    guest
}

/// The RSA fixtures; without its key the row signs with another: it has to fail before that matters.
fn rsa(name: &str) -> Identity {
    Identity::pem(&fixture(&format!("{name}.pem")), &fixture("client_rsa2048.key"))
}

fn named(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn issued(world: &World) -> (Identity, [u8; 32], String, String) {
    let issued = world.node.certificates.issue_client("press-07", 30 * DAY).unwrap();
    let key = issued.key_pem.unwrap();
    let identity = Identity::pem(&issued.certificate_pem, &key);
    (identity, issued.line.fingerprint, issued.certificate_pem, key)
}

fn good() -> Vec<Row> {
    vec![
        ("one that the node issued", |world| issued(world).0),
        ("one of a trusted authority", |world| leaf(world, |_| {})),
        ("one below an authority below a trusted one", |world| below(world, |_| {})),
        ("one without any use written into it", |world| {
            leaf(world, |params| {
                params.key_usages.clear();
                params.extended_key_usages.clear();
            })
        }),
        ("one that begins this very second", |world| leaf(world, |params| life(params, 0, 10))),
        ("one that ends this very second", |world| leaf(world, |params| life(params, -10, 0))),
        ("an RSA key of 2048 bits", |_| rsa("client_rsa2048")),
        ("a root that came along with its leaf", |world| {
            let (certificate, key) = world.plant.sign(&client_leaf());
            Identity::pem(&(certificate + &world.plant.pem), &key)
        }),
        ("a name inside what its authority may name", |world| {
            let guest = trusted(world, |params| params.name_constraints = only("guest.example"));
            let mut params = client_leaf();
            params.subject_alt_names = vec![named("press.guest.example")];
            let (certificate, key) = guest.sign(&params);
            Identity::pem(&certificate, &key)
        }),
        ("an unknown extension that may be ignored", |world| {
            leaf(world, |params| params.custom_extensions = vec![unknown()])
        }),
        ("an Ed25519 key", |world| {
            let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
            let certificate = client_leaf().signed_by(&key, &world.plant.issuer).unwrap();
            Identity::pem(&certificate.pem(), &key.serialize_pem())
        }),
        ("a trusted authority that allows none below it, and has none", |world| {
            let guest = trusted(world, |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
            let (certificate, key) = guest.sign(&client_leaf());
            Identity::pem(&certificate, &key)
        }),
    ]
}

fn only(name: &str) -> Option<NameConstraints> {
    let permitted_subtrees = vec![GeneralSubtree::DnsName(name.into())];
    Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] })
}

fn unknown() -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![0x05, 0x00])
}

#[expect(clippy::too_many_lines, reason = "a table: one row after the other")]
fn bad() -> Vec<BadRow> {
    vec![
        ("one that ended a day ago", "certificate expired", |world| {
            leaf(world, |params| life(params, -10, -1))
        }),
        ("one that begins tomorrow", "not valid yet", |world| {
            leaf(world, |params| life(params, 1, 10))
        }),
        ("the certificate of a server", "allows server authentication", |world| {
            leaf(world, |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
        }),
        ("one for signing programs", "does not allow extended key usage", |world| {
            leaf(world, |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning])
        }),
        ("one that may not sign handshakes", "may not sign handshakes", |world| {
            leaf(world, |params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement])
        }),
        ("an authority that is used as a client", "CaUsedAsEndEntity", |world| {
            leaf(world, |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
        }),
        ("one signed by a client certificate", "EndEntityUsedAsCa", |world| {
            below(world, |params| params.is_ca = IsCa::ExplicitNoCa)
        }),
        (
            "one signed by an authority that may not sign certificates",
            "may not sign certificates",
            |world| {
                below(world, |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature])
            },
        ),
        ("one below an authority that has ended", "certificate expired", |world| {
            below(world, |p| life(p, -10, -1))
        }),
        ("an authority more than the one between allows", "PathLenConstraintViolated", |world| {
            let mut params = authority("Hall 3");
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            let hall = world.plant.below(params);
            let line = hall.below(authority("Line 1"));
            let (certificate, key) = line.sign(&client_leaf());
            Identity::pem(&(certificate + &line.pem + &hall.pem), &key)
        }),
        ("an authority more than the trusted one allows", "allows fewer", |world| {
            let guest = trusted(world, |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
            let hall = guest.below(authority("Hall 9"));
            let (certificate, key) = hall.sign(&client_leaf());
            Identity::pem(&(certificate + &hall.pem), &key)
        }),
        ("one of an authority nobody knows", "UnknownIssuer", |_| {
            let (certificate, key) = Authority::new("Stranger").sign(&client_leaf());
            Identity::pem(&certificate, &key)
        }),
        ("one of an authority that only has the name of a trusted one", "BadSignature", |_| {
            let (certificate, key) = Authority::new("Plant IT").sign(&client_leaf());
            Identity::pem(&certificate, &key)
        }),
        ("one whose root came along and is not trusted", "UnknownIssuer", |_| {
            let stranger = Authority::new("Stranger");
            let (certificate, key) = stranger.sign(&client_leaf());
            Identity::pem(&(certificate + &stranger.pem), &key)
        }),
        ("one below an authority that did not come along", "UnknownIssuer", |world| {
            let hall = world.plant.below(authority("Hall 3"));
            let (certificate, key) = hall.sign(&client_leaf());
            Identity::pem(&certificate, &key)
        }),
        ("one that signed itself", "UnknownIssuer", |_| {
            let key = KeyPair::generate().unwrap();
            let certificate = client_leaf().self_signed(&key).unwrap();
            Identity::pem(&certificate.pem(), &key.serialize_pem())
        }),
        ("one that was taken back", "Revoked", |world| {
            let (identity, fingerprint, ..) = issued(world);
            world.node.certificates.revoke(&fingerprint).unwrap();
            identity
        }),
        ("one of another authority that was taken back by its fingerprint", "Revoked", |world| {
            let identity = leaf(world, |_| {});
            world.node.certificates.revoke(&print(&identity)).unwrap();
            identity
        }),
        (
            "one that was taken back, with its signature written in the other valid form",
            "Revoked",
            |world| {
                let (identity, fingerprint, _, key) = issued(world);
                world.node.certificates.revoke(&fingerprint).unwrap();
                Identity::der(vec![other_form(&identity.0.cert[0])], &key)
            },
        ),
        ("one below an authority that was taken back", "Revoked", |world| {
            let identity = below(world, |_| {});
            let hall = lineshaft_fingerprint(&identity.0.cert[1]);
            world.node.certificates.revoke(&hall).unwrap();
            identity
        }),
        ("one of a trusted authority that was taken back", "Revoked", |world| {
            let guest = trusted(world, |_| {});
            let root = CertificateDer::from_pem_slice(guest.pem.as_bytes()).unwrap();
            world.node.certificates.revoke(&lineshaft_fingerprint(&root)).unwrap();
            let (certificate, key) = guest.sign(&client_leaf());
            Identity::pem(&certificate, &key)
        }),
        ("an RSA key of 1024 bits", "RSA 1024", |_| rsa("client_rsa1024")),
        ("a signature with SHA-1", "RSA with SHA-1", |_| rsa("client_sha1")),
        ("one of an authority with an RSA key of 1024 bits", "UnknownIssuer", |world| {
            let file = world.node.dir.path().join("trusted/weak.pem");
            std::fs::write(&file, fixture("weak_ca.pem")).unwrap();
            world.node.certificates.reload().unwrap();
            rsa("client_by_weak")
        }),
        ("one whose key somebody else has", "BadSignature", |world| {
            let (certificate, _) = world.plant.sign(&client_leaf());
            Identity::pem(&certificate, &KeyPair::generate().unwrap().serialize_pem())
        }),
        ("a name its authority may not give", "NameConstraintViolation", |world| {
            let guest = trusted(world, |params| params.name_constraints = only("guest.example"));
            let mut params = client_leaf();
            params.subject_alt_names = vec![named("press.plant.example")];
            let (certificate, key) = guest.sign(&params);
            Identity::pem(&certificate, &key)
        }),
        (
            "an extension that must be understood and is not",
            "UnsupportedCriticalExtension",
            |world| {
                leaf(world, |params| {
                    let mut extension = unknown();
                    extension.set_criticality(true);
                    params.custom_extensions = vec![extension];
                })
            },
        ),
        ("bytes that are no certificate", "BadEncoding", |world| {
            let (_, key) = world.plant.sign(&client_leaf());
            Identity::der(vec![CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01, 0x00])], &key)
        }),
        ("a certificate with bytes behind it", "BadEncoding", |world| {
            let (certificate, key) = world.plant.sign(&client_leaf());
            let mut der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap().to_vec();
            der.push(0);
            Identity::der(vec![der.into()], &key)
        }),
        ("a certificate with one bit changed", "BadSignature", |world| {
            let (certificate, key) = world.plant.sign(&client_leaf());
            let mut der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap().to_vec();
            let at = der.windows(8).position(|window| window == b"press-07").unwrap();
            der[at] ^= 0x20;
            Identity::der(vec![der.into()], &key)
        }),
        ("the authority first and the client behind it", "may not sign handshakes", |world| {
            let (certificate, key) = world.plant.sign(&client_leaf());
            Identity::pem(&(world.plant.pem.clone() + &certificate), &key)
        }),
        ("a chain of eleven", "TooMany", |world| {
            let (certificate, key) = world.plant.sign(&client_leaf());
            let chain = certificate + &world.plant.pem.repeat(10);
            Identity::pem(&chain, &key)
        }),
        ("the server's own certificate", "allows server authentication", |world| {
            let file =
                |name: &str| std::fs::read_to_string(world.node.dir.path().join(name)).unwrap();
            Identity::pem(&file("server.pem"), &file("server.key"))
        }),
        ("the own authority itself", "may not sign handshakes", |world| {
            let file =
                |name: &str| std::fs::read_to_string(world.node.dir.path().join(name)).unwrap();
            Identity::pem(&file("ca.pem"), &file("ca.key"))
        }),
        ("one that ended while the node ran", "certificate expired", |world| {
            let identity = leaf(world, |params| life(params, -10, 5));
            assert!(world.node.meet(Some(identity.clone())).is_ok());
            world.node.clock.advance(5 * DAY + Duration::from_secs(1));
            identity
        }),
        ("one of a trusted authority that ended while the node ran", "Expired", |world| {
            let guest = trusted(world, |params| life(params, -10, 5));
            let (certificate, key) = guest.sign(&client_leaf());
            let identity = Identity::pem(&certificate, &key);
            assert!(world.node.meet(Some(identity.clone())).is_ok());
            world.node.clock.advance(5 * DAY + Duration::from_secs(1));
            identity
        }),
    ]
}

fn print(identity: &Identity) -> [u8; 32] {
    lineshaft_fingerprint(&identity.0.cert[0])
}

fn lineshaft_fingerprint(der: &CertificateDer<'_>) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, der).as_ref().try_into().unwrap()
}

/// Order of the group of P-256 (FIPS 186-5, D.1.2.3 as in SP 800-186).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The same certificate with `s` of its ECDSA signature replaced by `order - s`, which verifies as well. Anybody
/// can do this to a certificate; its fingerprint changes.
fn other_form(der: &CertificateDer<'_>) -> CertificateDer<'static> {
    let (_, x509) = x509_parser::parse_x509_certificate(der).unwrap();
    let signature = x509.signature_value.data.to_vec();
    let r_len = usize::from(signature[3]);
    let s = &signature[6 + r_len..];
    let mut padded = [0; 32];
    let s = s.strip_prefix(&[0]).unwrap_or(s);
    padded[32 - s.len()..].copy_from_slice(s);
    let mut other = [0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(padded[at]) - borrow;
        borrow = i16::from(digit < 0);
        other[at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    let mut s: Vec<u8> = other.into_iter().skip_while(|byte| *byte == 0).collect();
    if s[0] & 0x80 != 0 {
        s.insert(0, 0);
    }
    let mut pair = signature[2..4 + r_len].to_vec();
    pair.extend([0x02, u8::try_from(s.len()).unwrap()]);
    pair.extend(s);
    let length = |len: usize| u8::try_from(len).unwrap();
    let mut body = x509.tbs_certificate.as_ref().to_vec();
    body.extend([0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
    body.extend([0x03, length(pair.len() + 3), 0x00, 0x30, length(pair.len())]);
    body.extend(pair);
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    let mut whole = vec![0x30, 0x82, len[0], len[1]];
    whole.extend(body);
    CertificateDer::from(whole)
}

#[test]
fn every_good_certificate_is_taken_and_its_fingerprint_told() {
    for (sentence, make) in good() {
        let world = world();
        let identity = make(&world);
        let expected = print(&identity);
        for met in
            [world.node.meet(Some(identity.clone())), world.node.meet_tls12(Some(identity.clone()))]
        {
            let met = met.unwrap_or_else(|error| panic!("{sentence}: {error}"));
            let fingerprint = lineshaft_tls::Certificates::client_fingerprint(&met.server);
            assert_eq!(fingerprint, Some(expected), "{sentence}");
        }
    }
}

/// Proves: CR 1.9, P11-31.
#[test]
fn every_bad_certificate_is_refused_where_one_without_would_come_in() {
    assert!(bad().len() >= 20);
    for (sentence, reason, make) in bad() {
        let world = world();
        let identity = make(&world);
        for met in
            [world.node.meet(Some(identity.clone())), world.node.meet_tls12(Some(identity.clone()))]
        {
            let error = met.map(|_| ()).expect_err(sentence).to_string();
            assert!(error.contains(reason), "{sentence}: {error}");
        }
        assert!(world.node.meet(None).is_ok(), "nobody comes in any more: {sentence}");
    }
}

#[test]
fn a_certificate_written_in_another_form_is_another_one_for_whoever_looks_at_fingerprints_only() {
    // So the row above is about something: it is taken as long as it is not taken back.
    let world = world();
    let (identity, fingerprint, _, key) = issued(&world);
    let other = Identity::der(vec![other_form(&identity.0.cert[0])], &key);
    assert_ne!(print(&other), fingerprint);
    assert!(world.node.meet(Some(other)).is_ok());
}

#[test]
fn one_of_another_authority_that_was_taken_back_as_a_whole_stays_refused_in_any_form() {
    let world = world();
    let (certificate, key) = world.plant.sign(&client_leaf());
    world.node.certificates.revoke_certificate(&certificate).unwrap();
    let identity = Identity::pem(&certificate, &key);
    let other = Identity::der(vec![other_form(&identity.0.cert[0])], &key);
    for identity in [identity, other] {
        let refused = world.node.meet(Some(identity)).unwrap_err();
        assert_eq!(refused, CertificateError::Revoked.into());
    }
}

/// Proves: CR 1.9.
#[test]
fn a_session_from_before_cannot_be_resumed_after_its_certificate_was_taken_back() {
    let world = world();
    let (identity, fingerprint, ..) = issued(&world);
    let node = &world.node;
    for versions in [&crate::plant::TLS13, &crate::plant::TLS12] {
        let trusted = node.certificates.authority_pem();
        let client = crate::plant::client(&trusted, Some(identity.clone()), &node.clock, versions);
        let meet = || {
            crate::plant::shake(client.clone(), node.certificates.server_config(), "plant.example")
        };
        if !node.certificates.is_revoked(&fingerprint) {
            for _ in 0..2 {
                let met = meet().unwrap();
                assert_eq!(met.client.handshake_kind(), Some(rustls::HandshakeKind::Full));
            }
            node.certificates.revoke(&fingerprint).unwrap();
        }
        assert_eq!(meet().unwrap_err(), CertificateError::Revoked.into());
    }
}

#[test]
fn who_must_show_a_certificate_and_who_need_not() {
    let without = |clients| {
        let node = Node::new(clients);
        (node.meet(None).is_ok(), node.meet_tls12(None).is_ok())
    };
    assert_eq!(without(Clients::Off), (true, true));
    assert_eq!(without(Clients::Optional), (true, true));
    assert_eq!(without(Clients::Required), (false, false));
    // Where none is asked for, one that is offered is not looked at and stands for nobody.
    let node = Node::new(Clients::Off);
    let issued = node.certificates.issue_client("press-07", DAY).unwrap();
    let identity = Identity::pem(&issued.certificate_pem, &issued.key_pem.unwrap());
    let met = node.meet(Some(identity)).unwrap();
    assert_eq!(lineshaft_tls::Certificates::client_fingerprint(&met.server), None);
}

#[test]
fn a_damaged_list_of_what_was_taken_back_refuses_every_client_and_says_so() {
    let mut world = world();
    let (identity, fingerprint, ..) = issued(&world);
    world.node.certificates.revoke(&fingerprint).unwrap();
    let path = world.node.dir.path().join("revoked");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("number", "nunber", 1)).unwrap();
    let wanted = lineshaft_tls::Wanted {
        names: vec!["plant.example".into()],
        clients: Clients::Optional,
        ..lineshaft_tls::Wanted::default()
    };
    world.node.reopen(wanted.clone());
    assert!(world.node.codes().contains(&"LS-TLS-019"));
    assert!(world.node.meet(Some(identity.clone())).is_err());
    assert!(world.node.meet(Some(issued(&world).0)).is_err());
    assert!(world.node.meet(None).is_ok());
    assert!(
        world.node.certificates.revoke(&[7; 32]).is_err(),
        "a list that is not known cannot grow"
    );
    // And once it is brought back, everything is as before.
    std::fs::write(&path, text).unwrap();
    world.node.reopen(wanted);
    assert!(world.node.certificates.is_revoked(&fingerprint));
    assert!(world.node.meet(Some(identity)).is_err());
    assert!(world.node.meet(Some(issued(&world).0)).is_ok());
}

#[test]
fn a_name_with_no_common_name_is_no_reason_to_fail() {
    let world = world();
    let identity = leaf(&world, |params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Acme");
    });
    assert!(world.node.meet(Some(identity)).is_ok());
}
