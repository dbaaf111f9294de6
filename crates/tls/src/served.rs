//! What is shown to a client, and what may be spoken with it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use lineshaft_runtime::Clock;
use rustls::crypto::{CryptoProvider, ring as suites};
use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;

use crate::pair::unix_time;

/// The certificate of the moment. A handshake takes the one that is there when it begins and keeps it.
#[derive(Debug)]
pub(crate) struct Served(ArcSwap<CertifiedKey>);

impl Served {
    pub(crate) fn new(key: Arc<CertifiedKey>) -> Served {
        Served(ArcSwap::new(key))
    }

    pub(crate) fn swap(&self, key: Arc<CertifiedKey>) {
        self.0.store(key);
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The node's clock for the transport.
#[derive(Debug)]
pub(crate) struct NodeTime(pub(crate) Clock);

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.now()))
    }
}

/// Suites of Mozilla's *intermediate* configuration without finite-field Diffie-Hellman: forward secrecy and
/// authenticated encryption only. Named one by one, so that a new version of the library adds none.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    use suites::cipher_suite as suite;
    Arc::new(CryptoProvider {
        cipher_suites: vec![
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![
            suites::kx_group::X25519,
            suites::kx_group::SECP256R1,
            suites::kx_group::SECP384R1,
        ],
        ..suites::default_provider()
    })
}
