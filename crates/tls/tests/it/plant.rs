//! A node with its certificates in a folder of its own, somebody else's authorities, and handshakes without a
//! network: both ends in one thread, bytes carried by hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use lineshaft_tls::{Certificates, Clients, PairFiles, Wanted};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
    SupportedProtocolVersion,
};
use tempfile::TempDir;
use x509_parser::time::ASN1Time;

/// 2027-01-01: the fixtures hold then.
pub(crate) const NOW: i64 = 1_798_761_600;
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const DAY_SECS: i64 = 86_400;

/// A node.
pub(crate) struct Node {
    pub(crate) clock: Clock,
    pub(crate) dir: TempDir,
    pub(crate) certificates: Certificates,
}

impl Node {
    pub(crate) fn new(clients: Clients) -> Node {
        Node::with(Wanted { names: vec!["plant.example".into()], pair: None, clients })
    }

    pub(crate) fn with(wanted: Wanted) -> Node {
        let clock = Clock::simulated(Timestamp::from_secs(NOW));
        let dir = tempfile::tempdir().unwrap();
        let certificates = Certificates::open(clock.clone(), dir.path(), wanted).unwrap();
        Node { clock, dir, certificates }
    }

    /// Stops and starts it with the same folder.
    pub(crate) fn reopen(&mut self, wanted: Wanted) {
        self.certificates =
            Certificates::open(self.clock.clone(), self.dir.path(), wanted).unwrap();
    }

    /// What a client sees that trusts this node's authority and presents `identity`.
    pub(crate) fn meet(&self, identity: Option<Identity>) -> Result<Met, rustls::Error> {
        let client = client(&self.certificates.authority_pem(), identity, &self.clock, &TLS13);
        shake(client, self.certificates.server_config(), "plant.example")
    }

    /// The same under TLS 1.2.
    pub(crate) fn meet_tls12(&self, identity: Option<Identity>) -> Result<Met, rustls::Error> {
        let client = client(&self.certificates.authority_pem(), identity, &self.clock, &TLS12);
        shake(client, self.certificates.server_config(), "plant.example")
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.certificates.posture().iter().filter_map(|finding| finding.code).collect()
    }
}

pub(crate) static TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
pub(crate) static TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

/// A certificate with what leads to its authority, and a key to sign with.
#[derive(Debug, Clone)]
pub(crate) struct Identity(pub(crate) Arc<CertifiedKey>);

impl Identity {
    /// From PEM. That key and certificate fit is not looked at: the other side has to.
    pub(crate) fn pem(chain: &str, key: &str) -> Identity {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
        Identity::der(chain, key)
    }

    pub(crate) fn der(chain: Vec<CertificateDer<'static>>, key: &str) -> Identity {
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        Identity(Arc::new(CertifiedKey::new(chain, key)))
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct ClockTime(Clock);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let secs = u64::try_from(self.0.now().nanos() / 1_000_000_000).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(secs)))
    }
}

pub(crate) fn client(
    trusted_pem: &str,
    identity: Option<Identity>,
    clock: &Clock,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for der in CertificateDer::pem_slice_iter(trusted_pem.as_bytes()) {
        roots.add(der.unwrap()).unwrap();
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(ClockTime(clock.clone())))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(identity)),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Both ends after a handshake.
#[derive(Debug)]
pub(crate) struct Met {
    pub(crate) server: ServerConnection,
    pub(crate) client: ClientConnection,
}

/// A whole handshake, and a byte each way. The server's error comes first: it is the one that is tested.
pub(crate) fn shake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: &str,
) -> Result<Met, rustls::Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(client, name)?;
    let mut server = ServerConnection::new(server)?;
    loop {
        let mut moved = false;
        let mut wire = Vec::new();
        while client.wants_write() {
            moved |= client.write_tls(&mut wire).unwrap() > 0;
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            server.read_tls(&mut wire).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            moved |= server.write_tls(&mut wire).unwrap() > 0;
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            client.read_tls(&mut wire).unwrap();
            client.process_new_packets()?;
        }
        if !moved {
            break;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking(), "both ends wait for each other");
    Ok(Met { server, client })
}

/// An authority that is not the node's.
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        Authority::with(authority(name))
    }

    pub(crate) fn with(params: CertificateParams) -> Authority {
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// An authority below this one.
    pub(crate) fn below(&self, params: CertificateParams) -> Authority {
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, in PEM.
    pub(crate) fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Life from `from` to `until` days from now.
pub(crate) fn life(params: &mut CertificateParams, from: i64, until: i64) {
    let at = |days: i64| ASN1Time::from_timestamp(NOW + days * DAY_SECS).unwrap().to_datetime();
    (params.not_before, params.not_after) = (at(from), at(until));
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    life(&mut params, -10, 1_000);
    params
}

/// A sound authority.
pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A sound client certificate.
pub(crate) fn client_leaf() -> CertificateParams {
    let mut params = named("press-07");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A sound server certificate for `plant.example`.
pub(crate) fn server_leaf() -> CertificateParams {
    let mut params = client_leaf();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![rcgen::SanType::DnsName("plant.example".try_into().unwrap())];
    params
}

pub(crate) fn fixture(name: &str) -> String {
    std::fs::read_to_string(fixture_path(name)).unwrap()
}

pub(crate) fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

/// Writes a pair into a folder.
pub(crate) fn write_pair(dir: &TempDir, certificate: &[u8], key: &[u8]) -> PairFiles {
    let files = PairFiles {
        certificate: dir.path().join("brought.pem"),
        key: dir.path().join("brought.key"),
    };
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&files.key, mode).unwrap();
    }
    files
}
