//! Client certificates, signing requests, taking back, and what is written into all of them.

use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_tls::{Clients, Purpose, Source};
use rcgen::{CertificateParams, KeyPair};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use crate::plant::{DAY, Identity, NOW, Node, fixture};

fn der(pem: &str) -> Vec<u8> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap().1.contents
}

fn file(node: &Node, name: &str) -> String {
    std::fs::read_to_string(node.dir.path().join(name)).unwrap()
}

#[test]
fn what_is_issued_says_what_it_is_for_and_no_more() {
    let node = Node::new(Clients::Off);
    let client = node.certificates.issue_client("press-07", 90 * DAY).unwrap();
    let (ca, server) = (der(&file(&node, "ca.pem")), der(&file(&node, "server.pem")));
    let client_der = der(&client.certificate_pem);
    let ca = X509Certificate::from_der(&ca).unwrap().1;
    let server = X509Certificate::from_der(&server).unwrap().1;
    let leaf = X509Certificate::from_der(&client_der).unwrap().1;

    let basic = ca.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && basic.value.ca && basic.value.path_len_constraint == Some(0));
    let usage = ca.key_usage().unwrap().unwrap();
    assert!(usage.critical);
    assert_eq!(usage.value.to_string(), "Key Cert Sign, CRL Sign");
    for certificate in [&server, &leaf] {
        certificate.verify_signature(Some(ca.public_key())).unwrap();
        assert!(!certificate.basic_constraints().unwrap().unwrap().value.ca);
        assert_eq!(
            certificate.key_usage().unwrap().unwrap().value.to_string(),
            "Digital Signature"
        );
        assert_eq!(certificate.issuer(), ca.subject());
    }
    let use_of = |x509: &X509Certificate<'_>| {
        let usage = x509.extended_key_usage().unwrap().unwrap().value.clone();
        (usage.server_auth, usage.client_auth, usage.any)
    };
    assert_eq!((use_of(&server), use_of(&leaf)), ((true, false, false), (false, true, false)));
    let own_id = |x509: &X509Certificate<'_>| {
        x509.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        })
    };
    let issuer_id = |x509: &X509Certificate<'_>| {
        x509.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                id.key_identifier.as_ref().map(|id| id.0.to_vec())
            }
            _ => None,
        })
    };
    for certificate in [&server, &leaf] {
        assert!(own_id(certificate).is_some());
        assert_eq!(issuer_id(certificate), own_id(&ca));
        assert_eq!(certificate.raw_serial().len(), 16);
    }
    assert_eq!(leaf.subject().to_string(), "CN=press-07");
    assert_eq!(client.line.names, ["lineshaft:account:press-07"]);
    assert_eq!(client.line.account(), Some("press-07"));
    assert_eq!((client.line.purpose, client.line.source), (Purpose::Client, Source::Own));
    assert_eq!(client.line.not_after, Timestamp::from_secs(NOW).saturating_add(90 * DAY));
    assert_eq!(
        client.chain_pem,
        client.certificate_pem.clone() + &node.certificates.authority_pem()
    );
    assert!(!format!("{client:?}").contains("PRIVATE"));
}

#[test]
fn two_nodes_never_have_authorities_of_one_name() {
    let (a, b) = (Node::new(Clients::Off), Node::new(Clients::Off));
    let subject = |node: &Node| node.certificates.list().remove(0).subject;
    assert!(subject(&a).starts_with("CN=Lineshaft authority plant.example "), "{}", subject(&a));
    assert_ne!(subject(&a), subject(&b));
}

#[test]
fn a_key_that_was_issued_is_kept_nowhere() {
    let node = Node::new(Clients::Off);
    let key = node.certificates.issue_client("press-07", DAY).unwrap().key_pem.unwrap();
    let needle = key.lines().nth(1).unwrap();
    let mut folders = vec![node.dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(
                    !std::fs::read_to_string(&path).unwrap().contains(needle),
                    "{}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn accounts_and_lives_that_cannot_be_are_refused() {
    let node = Node::new(Clients::Off);
    let issue = |account: &str, life| node.certificates.issue_client(account, life);
    let long = "a".repeat(65);
    for account in ["", "a b", "ä", "a\nb", "a/b", "a\0", "lineshaft:x", long.as_str()] {
        assert_eq!(issue(account, DAY).unwrap_err().code(), "LS-TLS-012", "{account:?}");
    }
    assert!(issue(&long[..64], DAY).is_ok());
    assert!(issue("line-4_press.7@plant+x", DAY).is_ok());
    for life in [Duration::ZERO, Duration::from_secs(59), 1_825 * DAY + Duration::from_secs(1)] {
        assert_eq!(issue("press-07", life).unwrap_err().code(), "LS-TLS-012", "{life:?}");
    }
    assert!(issue("press-07", Duration::from_secs(60)).is_ok());
    assert!(issue("press-07", 1_825 * DAY).is_ok());
}

/// Proves: CR 1.8.
#[test]
fn a_request_is_signed_for_its_key_and_whatever_else_it_wants_is_not_given() {
    let node = Node::new(Clients::Required);
    // P-384, asks to be an authority and to be the account `admin`.
    let issued =
        node.certificates.sign_request(&fixture("request_p384.csr"), None, 30 * DAY).unwrap();
    assert_eq!(issued.key_pem, None);
    assert_eq!(issued.line.names, ["lineshaft:account:press-08"]);
    assert_eq!(issued.line.key_kind, "ECDSA P-384");
    let der = der(&issued.certificate_pem);
    assert!(!X509Certificate::from_der(&der).unwrap().1.is_ca());
    let rsa = node
        .certificates
        .sign_request(&fixture("request_rsa2048.csr"), Some("press-09"), DAY)
        .unwrap();
    assert_eq!((rsa.line.key_kind.as_str(), rsa.line.account()), ("RSA 2048", Some("press-09")));
    // And one whose key is at hand comes in.
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "press-10");
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    let issued = node.certificates.sign_request(&request, None, DAY).unwrap();
    assert!(node.meet(Some(Identity::pem(&issued.certificate_pem, &key.serialize_pem()))).is_ok());
}

#[test]
fn a_request_that_proves_nothing_is_refused() {
    let node = Node::new(Clients::Off);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "press-10");
    let request = params.serialize_request(&key).unwrap();
    let mut forged = request.der().to_vec();
    let at = forged.windows(8).position(|window| window == b"press-10").unwrap();
    forged[at + 7] = b'1';
    let forged = rcgen_pem("CERTIFICATE REQUEST", &forged);
    let mut nameless = CertificateParams::default();
    nameless.distinguished_name = rcgen::DistinguishedName::new();
    let nameless = nameless.serialize_request(&key).unwrap().pem().unwrap();
    for (sentence, text) in [
        ("another name than the one that was signed", forged),
        ("no name at all", nameless),
        ("a weak key", fixture("request_rsa1024.csr")),
        ("a certificate", fixture("client_rsa2048.pem")),
        ("nothing", String::new()),
        ("a part", fixture("request_rsa2048.csr")[..200].to_owned()),
    ] {
        let error = node.certificates.sign_request(&text, None, DAY).unwrap_err();
        assert_eq!(error.code(), "LS-TLS-011", "{sentence}: {error}");
    }
}

fn rcgen_pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// Proves: CR 1.8.
#[test]
fn the_list_for_others_has_every_serial_that_was_taken_back_and_is_signed_by_the_authority() {
    let node = Node::new(Clients::Off);
    let read = |check: &dyn Fn(&CertificateRevocationList<'_>)| {
        let pem = node.certificates.revocation_list_pem();
        assert_eq!(pem, file(&node, "revoked.crl"));
        let der = der(&pem);
        let list = CertificateRevocationList::from_der(&der).unwrap().1;
        let ca = self::der(&node.certificates.authority_pem());
        let ca = X509Certificate::from_der(&ca).unwrap().1;
        list.verify_signature(ca.public_key()).unwrap();
        check(&list);
    };
    let number = std::cell::Cell::new(0);
    read(&|list| {
        assert_eq!(list.iter_revoked_certificates().count(), 0);
        number.set(list.crl_number().unwrap().iter_u64_digits().next().unwrap_or(0));
    });
    let issued: Vec<_> = (0..3)
        .map(|at| node.certificates.issue_client(&format!("press-{at}"), DAY).unwrap().line)
        .collect();
    for line in &issued[..2] {
        let revoked = node.certificates.revoke(&line.fingerprint).unwrap().unwrap();
        assert!(revoked.revoked);
    }
    node.certificates.revoke(&issued[0].fingerprint).unwrap(); // twice is once
    node.certificates.revoke(&[7; 32]).unwrap(); // somebody else's: no serial of ours
    read(&|list| {
        let serials: Vec<String> = list
            .iter_revoked_certificates()
            .map(|revoked| revoked.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        assert_eq!(serials, [issued[0].serial.clone(), issued[1].serial.clone()]);
        let now = list.crl_number().unwrap().iter_u64_digits().next().unwrap_or(0);
        assert!(now > number.replace(now));
    });
    node.clock.advance(DAY);
    node.certificates.renew_due().unwrap();
    read(&|list| {
        assert_eq!(list.iter_revoked_certificates().count(), 2);
        assert_eq!(list.last_update().timestamp(), NOW + 86_400);
        assert!(list.crl_number().unwrap().iter_u64_digits().next().unwrap_or(0) > number.get());
    });
}

#[test]
fn the_node_does_not_take_itself_back() {
    let node = Node::new(Clients::Off);
    for line in node.certificates.list() {
        assert_eq!(node.certificates.revoke(&line.fingerprint).unwrap_err().code(), "LS-TLS-014");
    }
    assert_eq!(node.certificates.revoke(&[1; 32]).unwrap(), None);
    assert_eq!(node.certificates.revoke_certificate("nothing").unwrap_err().code(), "LS-TLS-014");
}
