//! Looks at the certificate a client presents.
//!
//! Paths, signatures, life, name constraints and extended key usage are `rustls-webpki`'s. It trusts an
//! authority without looking at its end, its path length or its key usage, and does not know what was taken
//! back a second ago: that is here.

use std::sync::Arc;

use arc_swap::ArcSwap;
use lineshaft_model::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use crate::certificates::Clients;
use crate::error::Flaw;
use crate::examine::Facts;
use crate::limits::CHAIN_MAX;
use crate::metrics;
use crate::revoked::Revoked;
use crate::served::provider;

/// An authority that client certificates are taken from.
#[derive(Debug)]
pub(crate) struct Anchor {
    facts: Facts,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Anchor {
    /// With the revocation lists of others, each of which counts for the authority that signed it. An authority
    /// without a list takes nothing back.
    pub(crate) fn new(
        facts: &Facts,
        lists: &[CertificateRevocationListDer<'static>],
    ) -> Result<Anchor, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(facts.der.clone())?;
        let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .with_crls(lists.iter().cloned())
            .allow_unknown_revocation_status()
            .build();
        let verifier = built.map_err(|error| Error::General(error.to_string()))?;
        Ok(Anchor { facts: facts.clone(), verifier })
    }
}

/// What is trusted and what was taken back, at this moment.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) anchors: ArcSwap<Vec<Anchor>>,
    pub(crate) revoked: ArcSwap<Revoked>,
}

impl Gate {
    /// Names of the authorities, which a server tells so that a client can choose.
    pub(crate) fn hints(&self) -> Vec<DistinguishedName> {
        let anchors = self.anchors.load();
        anchors.iter().flat_map(|anchor| anchor.verifier.root_hint_subjects().to_vec()).collect()
    }

    /// Decides over a presented certificate and those that came with it.
    fn look(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if others.len() >= CHAIN_MAX {
            let flaw = Flaw::TooMany { count: others.len() + 1, max: CHAIN_MAX };
            return Err(refused(flaw));
        }
        let leaf_facts = Facts::read(leaf).ok_or(CertificateError::BadEncoding)?;
        let read = |der: &CertificateDer<'_>| Facts::read(der).ok_or(CertificateError::BadEncoding);
        let above = others.iter().map(read).collect::<Result<Vec<Facts>, _>>()?;
        let revoked = self.revoked.load();
        if let Some(why) = revoked.damage() {
            return Err(refused(Flaw::Damaged { why: format!("the revocation list: {why}") }));
        }
        if revoked.refuses(&leaf_facts) || above.iter().any(|facts| revoked.refuses(facts)) {
            return Err(CertificateError::Revoked.into());
        }
        look_at_use(&leaf_facts, &above)?;
        self.find_path(leaf, others, &above, &revoked, now)
    }

    fn find_path(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        above: &[Facts],
        revoked: &Revoked,
        now: UnixTime,
    ) -> Result<(), Error> {
        let secs = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let mut why = Error::from(CertificateError::UnknownIssuer);
        for anchor in self.anchors.load().iter() {
            let found = anchor.verifier.verify_client_cert(leaf, others, now).and_then(|_| {
                anchor.facts.holds_at(Timestamp::from_secs(secs)).map_err(refused)?;
                if revoked.refuses(&anchor.facts) {
                    return Err(CertificateError::Revoked.into());
                }
                // Which of those presented are on the path is not told; all that could be are counted.
                let between =
                    above.iter().filter(|facts| facts.is_authority && !facts.is_self_issued());
                let between = u32::try_from(between.count()).unwrap_or(u32::MAX);
                if anchor.facts.path_len.is_some_and(|max| between > max) {
                    let why =
                        format!("`{}` allows fewer authorities below it", anchor.facts.subject);
                    return Err(refused(Flaw::Chain { why }));
                }
                Ok(())
            });
            match found {
                Ok(()) => return Ok(()),
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}

/// Strength and key usage, of which `rustls-webpki` knows nothing.
fn look_at_use(leaf: &Facts, above: &[Facts]) -> Result<(), Error> {
    if let Some(flaw) = leaf.key_flaw.as_ref().or(leaf.signature_flaw.as_ref()) {
        return Err(refused(flaw.clone()));
    }
    if !leaf.may_sign_handshakes {
        return Err(refused(leaf.purpose("it may not sign handshakes (key usage)")));
    }
    for facts in above.iter().filter(|facts| !facts.is_self_issued()) {
        if !facts.may_sign_certificates {
            return Err(refused(facts.purpose("it may not sign certificates (key usage)")));
        }
        if let Some(flaw) = facts.key_flaw.as_ref().or(facts.signature_flaw.as_ref()) {
            return Err(refused(flaw.clone()));
        }
    }
    Ok(())
}

fn refused(flaw: Flaw) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(flaw))))
}

/// The word of a refusal in the metric.
fn reason(error: &Error) -> &'static str {
    let Error::InvalidCertificate(error) = error else { return "other" };
    match error {
        CertificateError::Revoked => "revoked",
        CertificateError::UnknownIssuer => "unknown-issuer",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not-yet",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "purpose"
        }
        CertificateError::BadEncoding => "encoding",
        CertificateError::BadSignature => "signature",
        _ => "other",
    }
}

/// What the transport asks in a handshake.
#[derive(Debug)]
pub(crate) struct ClientVerifier {
    gate: Arc<Gate>,
    clients: Clients,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    pub(crate) fn new(gate: Arc<Gate>, clients: Clients) -> ClientVerifier {
        let hints = gate.hints();
        let algorithms = provider().signature_verification_algorithms;
        ClientVerifier { gate, clients, hints, algorithms }
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.clients != Clients::Off
    }

    fn client_auth_mandatory(&self) -> bool {
        self.clients == Clients::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.gate.look(end_entity, intermediates, now) {
            Ok(()) => Ok(ClientCertVerified::assertion()),
            Err(error) => {
                ::metrics::counter!(metrics::REFUSED, "reason" => reason(&error)).increment(1);
                Err(error)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
