//! The certificates of a running node.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use lineshaft_runtime::Clock;
use parking_lot::Mutex;
use rcgen::SanType;
use rustls::pki_types::DnsName;
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, ServerConnection};
use tokio_rustls::TlsAcceptor;

use crate::error::{IssueError, TlsError};
use crate::examine::{Facts, sha256};
use crate::limits::{COMMON_NAME_MAX, NAMES_MAX};
use crate::line::{CertificateLine, Fingerprint, Issued, Purpose, Source};
use crate::metrics;
use crate::posture::Finding;
use crate::served::{NodeTime, Served, provider};
use crate::state::{State, View};
use crate::verifier::{ClientVerifier, Gate};
use crate::watch;

/// Whether clients are asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clients {
    /// They are not.
    #[default]
    Off,
    /// They are; without one they are nobody yet. A bad one is refused.
    Optional,
    /// Without a good one there is no connection.
    Required,
}

/// A certificate (with its chain, the server's own first) and its key, both PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairFiles {
    /// The certificate and those that lead to the authority.
    pub certificate: PathBuf,
    /// Its key, not encrypted: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// What the plant file asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Names people use for this node, DNS names and addresses, at most 100. `localhost`, `127.0.0.1` and
    /// `::1` are always in the own certificate.
    pub names: Vec<String>,
    /// A pair that is served instead of an own certificate.
    pub pair: Option<PairFiles>,
    /// Whether clients are asked for a certificate.
    pub clients: Clients,
}

/// The certificates of a node. A handle; cheap to clone.
///
/// Calls that change something write to disk and block; [`Certificates::list`], [`Certificates::posture`],
/// [`Certificates::server_config`] and [`Certificates::is_revoked`] read memory only.
#[derive(Debug, Clone)]
pub struct Certificates(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    clients: Clients,
    served: Arc<Served>,
    gate: Arc<Gate>,
    view: ArcSwap<View>,
    config: ArcSwap<ServerConfig>,
    state: Mutex<State>,
}

impl Certificates {
    /// Opens the folder, makes what is missing, and has a certificate to serve when it returns.
    ///
    /// A pair in `wanted` that cannot be used does not keep the node from starting: it then serves a certificate
    /// of its own, [`Certificates::posture`] says so, and [`Certificates::renew_due`] tries the pair again.
    /// [`crate::check_pair`] is for those who want to know before.
    ///
    /// # Errors
    /// [`TlsError::Io`], [`TlsError::Authority`] when the own authority is there but not whole, [`TlsError::Name`].
    pub fn open(clock: Clock, dir: &Path, wanted: Wanted) -> Result<Certificates, TlsError> {
        let names = Names::new(&wanted.names)?;
        let gate = Arc::new(Gate::default());
        let state = State::open(dir, &clock, names, wanted.pair, Arc::clone(&gate))?;
        let served = Arc::new(Served::new(state.key()));
        let config = config(&clock, wanted.clients, &served, &gate)?;
        let shared = Shared {
            clock,
            clients: wanted.clients,
            served,
            gate,
            view: ArcSwap::from_pointee(state.view()),
            config: ArcSwap::new(config),
            state: Mutex::new(state),
        };
        Ok(Certificates(Arc::new(shared)))
    }

    /// The configuration of a listener. It follows renewals and revocations; take it anew for each connection to
    /// tell clients of authorities that were trusted since.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.0.config.load_full()
    }

    /// The same for `tokio`.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.server_config())
    }

    /// The fingerprint of the certificate the other side of a finished handshake proved to have.
    #[must_use]
    pub fn client_fingerprint(connection: &ServerConnection) -> Option<Fingerprint> {
        let leaf = connection.peer_certificates()?.first()?;
        Some(sha256(leaf))
    }

    /// Whether a certificate was taken back: for connections that were open before.
    #[must_use]
    pub fn is_revoked(&self, fingerprint: &Fingerprint) -> bool {
        self.0.gate.revoked.load().has(fingerprint)
    }

    /// All certificates: the own authority, the one that is served, trusted authorities, client certificates.
    #[must_use]
    pub fn list(&self) -> Vec<CertificateLine> {
        self.0.view.load().lines.clone()
    }

    /// The own authority in PEM, for whoever is to trust this node.
    #[must_use]
    pub fn authority_pem(&self) -> String {
        self.0.view.load().authority_pem.clone()
    }

    /// The revocation list of the own authority in PEM, at most a day old.
    #[must_use]
    pub fn revocation_list_pem(&self) -> String {
        self.0.view.load().revocation_list_pem.clone()
    }

    /// What is not as it should be, worst first; one `ok` when all is.
    #[must_use]
    pub fn posture(&self) -> Vec<Finding> {
        let view = self.0.view.load();
        let mut findings = view.findings.clone();
        findings.extend(watch::findings(&view.watched, self.0.clock.now()));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if findings.is_empty() {
            findings.push(Finding::ok("certificates are sound and none ends soon"));
        }
        findings
    }

    /// Looks after everything; to be called once an hour. Reads brought files again, renews what is due, writes
    /// the revocation list for others, warns 30, 7 and 1 days before an end.
    ///
    /// Answers the certificate that is served from now on when it is another one than before.
    ///
    /// # Errors
    /// As the disk says, or when signing failed; what was served is served on, and the posture has it too.
    pub fn renew_due(&self) -> Result<Option<CertificateLine>, TlsError> {
        self.change(|state, now| {
            let swapped = state.look_after(now);
            state.warn(now);
            swapped
        })
    }

    /// Reads brought files again, as [`Certificates::renew_due`] does, at once.
    ///
    /// # Errors
    /// As the disk says; [`TlsError::Brought`] when the pair cannot be used: the old one is served on.
    pub fn reload(&self) -> Result<Option<CertificateLine>, TlsError> {
        self.change(|state, now| {
            let swapped = state.look_after(now)?;
            state.pair_error().map_or(Ok(swapped), Err)
        })
    }

    /// Makes a new server certificate now, or reads the brought pair again.
    ///
    /// # Errors
    /// As [`Certificates::reload`].
    pub fn renew(&self) -> Result<CertificateLine, TlsError> {
        self.change(|state, now| {
            if state.serves_own() {
                return state.renew_own(now);
            }
            state.look_after(now)?;
            state.pair_error().map_or(Ok(()), Err)?;
            Ok(state.served_line())
        })
    }

    /// Takes other names; a new certificate when the own one does not carry exactly these.
    ///
    /// # Errors
    /// [`TlsError::Name`], and as [`Certificates::renew_due`].
    pub fn set_names(&self, names: &[String]) -> Result<Option<CertificateLine>, TlsError> {
        let names = Names::new(names)?;
        self.change(|state, now| {
            state.set_names(names);
            state.look_after(now)
        })
    }

    /// Makes a new own authority and a server certificate by it. Client certificates of the old one are taken
    /// until they end: it is kept among the trusted. Everybody who trusts `ca.pem` needs the new one.
    ///
    /// # Errors
    /// As the disk says.
    pub fn renew_authority(&self) -> Result<CertificateLine, TlsError> {
        self.change(|state, now| state.renew_authority(now))
    }

    /// Issues a client certificate with a new key for an account. The key is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`TlsError::Issue`] for a name or a life that cannot be; as the disk says.
    pub fn issue_client(&self, account: &str, lifetime: Duration) -> Result<Issued, TlsError> {
        self.change(|state, now| {
            state.issue(now, |authority| {
                let (certificate, key) = authority.client(account, lifetime, now)?;
                Ok((certificate, Some(key)))
            })
        })
    }

    /// Signs a request (PKCS #10, PEM) for an account; without one its common name is the account. Nothing else
    /// in the request counts: what a certificate may be used for is not for its holder to say.
    ///
    /// # Errors
    /// [`TlsError::Issue`] when the request cannot be read, is not signed by its key, or has a weak one.
    pub fn sign_request(
        &self,
        request_pem: &str,
        account: Option<&str>,
        lifetime: Duration,
    ) -> Result<Issued, TlsError> {
        self.change(|state, now| {
            state.issue(now, |authority| {
                Ok((authority.request(request_pem, account, lifetime, now)?, None))
            })
        })
    }

    /// Takes a client certificate or a trusted authority back: the next handshake with it is refused. Answers its
    /// line when it is one that is listed. Already taken back is fine.
    ///
    /// # Errors
    /// [`TlsError::Revoke`] for the own authority and the server certificate; as the disk says.
    pub fn revoke(&self, fingerprint: &Fingerprint) -> Result<Option<CertificateLine>, TlsError> {
        self.change(|state, now| state.revoke(*fingerprint, None, now))
    }

    /// Takes back a certificate of another authority that is at hand as PEM. Stronger than by its fingerprint:
    /// its holder cannot get around it by writing the signature in another valid form.
    ///
    /// # Errors
    /// As [`Certificates::revoke`]; [`TlsError::Revoke`] when it is not one certificate.
    pub fn revoke_certificate(&self, pem: &str) -> Result<Option<CertificateLine>, TlsError> {
        let chain = crate::pair::parse_chain(pem.as_bytes());
        let Some(facts) = chain.ok().and_then(|chain| chain.into_iter().next()) else {
            return Err(TlsError::Revoke { why: "the text is not a certificate in PEM" });
        };
        self.change(|state, now| state.revoke(facts.fingerprint, Some(facts), now))
    }

    /// Trusts the authorities in a PEM text for client certificates.
    ///
    /// # Errors
    /// [`TlsError::Trust`] when one is no authority, is weak, or does not hold now; then none is trusted.
    pub fn trust(&self, pem: &str) -> Result<Vec<CertificateLine>, TlsError> {
        self.change(|state, now| state.trust(pem, now))
    }

    /// Runs a change and shows its outcome to everybody who reads memory only.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut State, lineshaft_model::Timestamp) -> Result<T, TlsError>,
    ) -> Result<T, TlsError> {
        let mut state = self.0.state.lock();
        let done = change(&mut state, self.0.clock.now());
        if state.take_swapped() {
            self.0.served.swap(state.key());
            ::metrics::counter!(metrics::SWAPS).increment(1);
        }
        if state.take_trust_changed() {
            self.0.config.store(config(
                &self.0.clock,
                self.0.clients,
                &self.0.served,
                &self.0.gate,
            )?);
        }
        self.0.view.store(Arc::new(state.view()));
        done
    }
}

fn config(
    clock: &Clock,
    clients: Clients,
    served: &Arc<Served>,
    gate: &Arc<Gate>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let time = Arc::new(NodeTime(clock.clone()));
    let verifier = Arc::new(ClientVerifier::new(Arc::clone(gate), clients));
    let mut config = ServerConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::<Served>::clone(served));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if clients != Clients::Off {
        // A resumed session is not verified again: a certificate taken back meanwhile would still let in.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

/// Names of the own server certificate, in one form and without repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// Those that were asked for.
    pub(crate) wanted: Vec<String>,
    /// And those that always are, sorted.
    pub(crate) all: Vec<String>,
    pub(crate) entries: Vec<SanType>,
}

impl Names {
    fn new(names: &[String]) -> Result<Names, TlsError> {
        let wanted = names.iter().map(|name| normal(name)).collect::<Result<Vec<_>, _>>()?;
        if let Some(name) = wanted.get(NAMES_MAX) {
            return Err(TlsError::Name { name: format!("{name} (more than {NAMES_MAX} names)") });
        }
        let mut ordered = Vec::new();
        let always = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        for name in wanted.iter().cloned().chain(always) {
            if !ordered.contains(&name) {
                ordered.push(name);
            }
        }
        let entries = ordered.iter().map(|name| entry(name)).collect::<Result<Vec<_>, _>>()?;
        ordered.sort();
        Ok(Names { wanted, all: ordered, entries })
    }

    /// The name the authority is called after.
    pub(crate) fn first(&self) -> &str {
        self.wanted
            .first()
            .filter(|name| name.len() <= COMMON_NAME_MAX)
            .map_or("node", String::as_str)
    }

    /// Whether a certificate is for exactly these.
    pub(crate) fn are_those_of(&self, facts: &Facts) -> bool {
        let mut has = facts.names.clone();
        has.sort();
        has == self.all
    }
}

fn normal(name: &str) -> Result<String, TlsError> {
    let trimmed = name.trim().trim_end_matches('.');
    if let Ok(address) = trimmed.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let lower = trimmed.to_ascii_lowercase();
    let plain = lower.strip_prefix("*.").unwrap_or(&lower);
    match DnsName::try_from(plain) {
        Ok(_) => Ok(lower),
        Err(_) => Err(TlsError::Name { name: name.to_owned() }),
    }
}

fn entry(name: &str) -> Result<SanType, TlsError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let text = name.to_owned().try_into().map_err(IssueError::Sign)?;
    Ok(SanType::DnsName(text))
}

/// The line of an own leaf.
pub(crate) fn own_line(facts: &Facts, purpose: Purpose) -> CertificateLine {
    facts.line(purpose, Source::Own)
}
