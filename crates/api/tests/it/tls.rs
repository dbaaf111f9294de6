//! TLS on the listener: the node's own certificate, client certificates, and those who do not speak it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::Limits;
use lineshaft_identity::{AccountKind, CertificateMapping, Grant, NewAccount};
use lineshaft_runtime::Clock;
use lineshaft_tls::{Certificates, Clients, Issued, Wanted};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::client::{Reply, connect, read_reply, request};
use crate::plant::{Options, PASSWORD, Plant, SOON, prepare, serve};

struct Stage {
    plant: Plant,
    certificates: Certificates,
}

fn certificates(folder: &Path) -> Certificates {
    let wanted = Wanted { clients: Clients::Optional, ..Wanted::default() };
    Certificates::open(Clock::real(), &folder.join("tls"), wanted).unwrap()
}

async fn stage(limits: Limits) -> Stage {
    let options = Options { limits, tls: Some(certificates), ..Options::default() };
    let (api, mut plant) = prepare(options).await;
    let certificates = api.tls.clone().unwrap();
    serve(api, &mut plant).await;
    Stage { plant, certificates }
}

impl Stage {
    /// One request over TLS, by a client that trusts the node's authority, with a certificate of its own or without.
    async fn ask(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        own: Option<&Issued>,
    ) -> Reply {
        let mut roots = RootCertStore::empty();
        roots
            .add(
                CertificateDer::from_pem_slice(self.certificates.authority_pem().as_bytes())
                    .unwrap(),
            )
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match own {
            None => config.with_no_client_auth(),
            Some(own) => {
                let chain =
                    vec![CertificateDer::from_pem_slice(own.certificate_pem.as_bytes()).unwrap()];
                let key = own.key_pem.as_ref().unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connect(self.plant.address).await;
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.write_all(&request(line, "host: localhost\r\n", headers, body)).await.unwrap();
        read_reply(&mut stream).await
    }
}

#[tokio::test]
async fn the_cookie_and_the_headers_know_that_there_is_tls() {
    let stage = stage(Limits::default()).await;
    stage.plant.person("maria", vec![Grant::everywhere("viewer")]).await;
    let body = json!({"account": "maria", "password": PASSWORD}).to_string();
    let json = [("content-type", "application/json"), ("origin", "https://localhost")];
    let reply = stage.ask("POST /api/v1/session HTTP/1.1", &json, body.as_bytes(), None).await;
    assert_eq!(reply.status, 200);
    assert!(reply.headers["set-cookie"].ends_with("; Secure"), "{:?}", reply.headers);
    assert!(reply.headers["strict-transport-security"].starts_with("max-age="));
    let plain = [("content-type", "application/json"), ("origin", "http://localhost")];
    let reply = stage.ask("POST /api/v1/session HTTP/1.1", &plain, body.as_bytes(), None).await;
    assert_eq!(reply.problem(), (403, "LS-API-010".into()));
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_to_use_https() {
    let stage = stage(Limits::default()).await;
    let mut stream = connect(stage.plant.address).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let reply = read_reply(&mut stream).await;
    assert_eq!(reply.problem(), (400, "LS-API-040".into()));
    assert_eq!(reply.json()["remedy"], "write https:// instead of http://");
}

/// Proves: CR 1.2, CR 3.1 RE1.
#[tokio::test]
async fn a_client_certificate_is_the_account_it_was_issued_for_until_it_is_taken_back() {
    let stage = stage(Limits::default()).await;
    let identity = &stage.plant.identity;
    let by = identity.local("tests");
    let account = NewAccount {
        account: "press-07".into(),
        full_name: "Press 7".into(),
        kind: AccountKind::Machine,
        password: None,
        grants: vec![Grant::everywhere("viewer")],
        expires: None,
    };
    identity.create_account(&by, account, "").await.unwrap();
    let own = stage.certificates.issue_client("press-07", Duration::from_secs(86_400)).unwrap();
    let line = "GET /api/v1/tags HTTP/1.1";
    let stranger = stage.ask(line, &[], b"", Some(&own)).await;
    assert_eq!(stranger.problem(), (401, "LS-API-023".into()), "it belongs to no account yet");

    let mapping = CertificateMapping {
        fingerprint: own.line.fingerprint,
        subject: own.line.subject.clone(),
        expires: own.line.not_after,
    };
    identity.map_certificate(&by, "press-07", mapping, "").await.unwrap();
    assert_eq!(stage.ask(line, &[], b"", Some(&own)).await.status, 200);
    let who = stage.ask("GET /api/v1/session HTTP/1.1", &[], b"", Some(&own)).await.json();
    assert_eq!((&who["kind"], &who["account"]), (&json!("certificate"), &json!("press-07")));
    identity.unmap_certificate(&by, &own.line.fingerprint, "").await.unwrap();
    assert_eq!(stage.ask(line, &[], b"", Some(&own)).await.status, 401);
}

/// Proves: A17.
#[tokio::test]
async fn those_who_begin_and_never_finish_a_handshake_keep_nobody_out() {
    let limits = Limits {
        handshakes_max: 1,
        handshake_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let stage = stage(limits).await;
    let mut silent = connect(stage.plant.address).await;
    let mut half = connect(stage.plant.address).await;
    half.write_all(&[0x16, 3, 1]).await.unwrap();
    let reply = stage.ask("GET /health HTTP/1.1", &[], b"", None);
    let reply = tokio::time::timeout(SOON, reply).await.expect("a turn");
    assert_eq!(reply.status, 200);
    for stream in [&mut silent, &mut half] {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
        let _reset_or_closed = ended.expect("hung up");
    }
}
