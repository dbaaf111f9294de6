//! What only one call at a time may change: files of the folder and what was read from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use rcgen::Certificate;
use rustls::sign::CertifiedKey;
use tracing::{info, warn};

use crate::authority::{Authority, is_due};
use crate::certificates::{Names, PairFiles, own_line};
use crate::error::{IssueError, TlsError};
use crate::examine::Facts;
use crate::files::{self, Readers, make_dir, replace};
use crate::issued::IssuedFolder;
use crate::limits::CRL_RENEW;
use crate::line::{CertificateLine, Fingerprint, Issued, Purpose, Source, hex};
use crate::metrics;
use crate::pair::Pair;
use crate::posture::Finding;
use crate::revoked::Revoked;
use crate::serving::Serving;
use crate::trusted::{Trusted, trust};
use crate::verifier::{Anchor, Gate};
use crate::watch::Watch;

mod findings;

use findings::with_causes;

/// What readers see of it, made anew after each change.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) lines: Vec<CertificateLine>,
    /// The same with the end of the chain in the place of the end of the server's own.
    pub(crate) watched: Vec<CertificateLine>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) authority_pem: String,
    pub(crate) revocation_list_pem: String,
}

#[derive(Debug)]
pub(crate) struct State {
    dir: PathBuf,
    names: Names,
    files: Option<PairFiles>,
    pair_error: Option<TlsError>,
    failure: Option<(&'static str, String)>,
    serving: Serving,
    authority: Authority,
    issued: IssuedFolder,
    trusted: Trusted,
    gate: Arc<Gate>,
    revocation_list_pem: String,
    revocation_list_at: Timestamp,
    looked_at: Timestamp,
    watch: Watch,
    swapped: bool,
    trust_changed: bool,
}

impl State {
    pub(crate) fn open(
        dir: &Path,
        clock: &Clock,
        names: Names,
        files: Option<PairFiles>,
        gate: Arc<Gate>,
    ) -> Result<State, TlsError> {
        let now = clock.now();
        for folder in [dir.to_owned(), dir.join("trusted"), dir.join("issued")] {
            make_dir(&folder)?;
        }
        for key in ["ca.key", "server.key"] {
            close_to_others(&dir.join(key))?;
        }
        let authority = Authority::open(dir, now, names.first())?;
        gate.revoked.store(Arc::new(Revoked::read(&dir.join("revoked"))?));
        let (pair, pair_error) = match files.as_ref().map(|files| Pair::read(files, now)) {
            Some(Ok(pair)) => (Some(pair), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        if let Some(error) = &pair_error {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(code = error.code(), %error, cause, "an own certificate is served instead");
        }
        let serving = match pair {
            Some(pair) => Serving::brought(pair),
            None => Serving::own(dir, &authority, &names, now)?,
        };
        let mut state = State {
            issued: IssuedFolder::read(&dir.join("issued"))?,
            trusted: Trusted::default(),
            dir: dir.to_owned(),
            names,
            files,
            pair_error,
            failure: None,
            serving,
            authority,
            gate,
            revocation_list_pem: String::new(),
            revocation_list_at: now,
            looked_at: now,
            watch: Watch::default(),
            swapped: false,
            trust_changed: false,
        };
        state.read_trusted()?;
        state.write_revocation_list(now)?;
        state.trust_changed = false;
        Ok(state)
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.serving.key)
    }

    pub(crate) fn take_swapped(&mut self) -> bool {
        std::mem::take(&mut self.swapped)
    }

    pub(crate) fn take_trust_changed(&mut self) -> bool {
        std::mem::take(&mut self.trust_changed)
    }

    pub(crate) fn serves_own(&self) -> bool {
        self.files.is_none()
    }

    pub(crate) fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    pub(crate) fn served_line(&self) -> CertificateLine {
        self.serving.leaf.line(Purpose::Server, self.serving.source)
    }

    /// Why the brought pair is not used; taken, since an error cannot be copied: the finding stays.
    pub(crate) fn pair_error(&self) -> Option<TlsError> {
        match &self.pair_error {
            Some(TlsError::Brought { meant, path, source }) => {
                Some(TlsError::Brought { meant, path: path.clone(), source: source.clone() })
            }
            _ => None,
        }
    }

    /// Everything that is to be done once an hour. One thing that fails does not keep the others from being done.
    pub(crate) fn look_after(
        &mut self,
        now: Timestamp,
    ) -> Result<Option<CertificateLine>, TlsError> {
        self.looked_at = now;
        let before = self.serving.leaf.fingerprint;
        let trusted = self.read_trusted();
        let list =
            if self.revocation_list_is_old(now) { self.write_revocation_list(now) } else { Ok(()) };
        let server = self.look_after_server(now);
        let done = trusted.and(list).and(server);
        self.failure = done.as_ref().err().map(|error| (error.code(), with_causes(error)));
        if done.is_err() {
            ::metrics::counter!(metrics::FAILURES).increment(1);
        }
        done?;
        Ok((self.serving.leaf.fingerprint != before).then(|| self.served_line()))
    }

    pub(crate) fn warn(&mut self, now: Timestamp) {
        let watched = self.watched();
        self.watch.look(&watched, now);
    }

    fn look_after_server(&mut self, now: Timestamp) -> Result<(), TlsError> {
        if let Some(files) = &self.files {
            match Pair::read(files, now) {
                Ok(pair) => {
                    self.pair_error = None;
                    if pair.key.cert != self.serving.key.cert {
                        self.serve(Serving::brought(pair));
                    }
                    return Ok(());
                }
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    if self.pair_error.as_ref().map(with_causes) != Some(with_causes(&error)) {
                        warn!(code = error.code(), %error, cause, "the certificate before it is served on");
                    }
                    ::metrics::counter!(metrics::FAILURES).increment(1);
                    self.pair_error = Some(error);
                }
            }
        }
        // A pair that went bad is served on; an own one in its place is looked after like any own one.
        let is_own = self.serving.source == Source::Own;
        if is_own
            && (is_due(&self.serving.leaf, now) || !self.names.are_those_of(&self.serving.leaf))
        {
            self.renew_own(now)?;
        }
        Ok(())
    }

    pub(crate) fn renew_own(&mut self, now: Timestamp) -> Result<CertificateLine, TlsError> {
        let serving = Serving::make(&self.dir, &self.authority, &self.names, now)?;
        self.serve(serving);
        Ok(self.served_line())
    }

    fn serve(&mut self, serving: Serving) {
        let (subject, end) = (&serving.leaf.subject, serving.ends);
        info!(subject, %end, source = serving.source.word(), "another server certificate is served");
        self.serving = serving;
        self.swapped = true;
    }

    pub(crate) fn renew_authority(&mut self, now: Timestamp) -> Result<CertificateLine, TlsError> {
        // First the old one among the trusted: a crash leaves it there twice, which is harmless.
        let old = &self.authority;
        let kept =
            self.dir.join("trusted").join(format!("own-{}.pem", hex(&old.facts.fingerprint)));
        replace(&kept, old.pem.as_bytes(), Readers::All)?;
        self.authority = Authority::make(&self.dir, now, self.names.first())?;
        self.read_trusted()?;
        self.trust_changed = true;
        self.write_revocation_list(now)?;
        if self.serving.source == Source::Own {
            self.renew_own(now)?;
        }
        Ok(own_line(&self.authority.facts, Purpose::Authority))
    }

    /// Issues a client certificate: kept on disk before it is handed out.
    pub(crate) fn issue(
        &mut self,
        now: Timestamp,
        sign: impl FnOnce(&Authority) -> Result<(Certificate, Option<String>), IssueError>,
    ) -> Result<Issued, TlsError> {
        self.issued.make_room(now)?;
        let (certificate, key_pem) = sign(&self.authority)?;
        let certificate_pem = certificate.pem();
        let read = Facts::read(certificate.der());
        let facts = read.ok_or(IssueError::Sign(rcgen::Error::CouldNotParseCertificate))?;
        let line = own_line(&facts, Purpose::Client);
        self.issued.keep(facts, &certificate_pem)?;
        let chain_pem = format!("{certificate_pem}{}", self.authority.pem);
        Ok(Issued { certificate_pem, key_pem, chain_pem, line })
    }

    pub(crate) fn revoke(
        &mut self,
        fingerprint: Fingerprint,
        at_hand: Option<Facts>,
        now: Timestamp,
    ) -> Result<Option<CertificateLine>, TlsError> {
        if fingerprint == self.authority.facts.fingerprint {
            return Err(TlsError::Revoke {
                why: "it is the own authority; make a new one instead",
            });
        }
        if fingerprint == self.serving.leaf.fingerprint {
            return Err(TlsError::Revoke { why: "it is the server certificate; renew it instead" });
        }
        let issued = self.issued.get(&fingerprint);
        let trusted =
            self.trusted.authorities.iter().find(|facts| facts.fingerprint == fingerprint);
        let known = issued.or(trusted).or(at_hand.as_ref());
        // A number on the revocation list counts only beside the authority that gave it.
        let by_us = |facts: &Facts| {
            (facts.issuer_raw == self.authority.facts.subject_raw)
                .then_some(self.authority.facts.fingerprint)
        };
        let seen = known.map(|facts| (facts, by_us(facts)));
        let list = self.gate.revoked.load();
        if let Some(list) = list.with(fingerprint, seen, now)? {
            list.write(&self.dir.join("revoked"))?;
            self.gate.revoked.store(Arc::new(list)); // from here on every handshake refuses it
            self.revocation_list_at = Timestamp::MIN; // should the next line fail, the next look writes it
            self.write_revocation_list(now)?;
            info!(fingerprint = hex(&fingerprint), "a certificate was taken back");
        }
        Ok(self.lines().into_iter().find(|line| line.fingerprint == fingerprint))
    }

    pub(crate) fn trust(
        &mut self,
        pem: &str,
        now: Timestamp,
    ) -> Result<Vec<CertificateLine>, TlsError> {
        let added = trust(&self.dir.join("trusted"), pem, now)?;
        self.read_trusted()?;
        Ok(added.iter().map(|facts| facts.line(Purpose::Authority, Source::File)).collect())
    }

    /// Reads the trusted folder again and builds what handshakes ask.
    fn read_trusted(&mut self) -> Result<(), TlsError> {
        let trusted = Trusted::read(&self.dir.join("trusted"), &self.trusted)?;
        let prints = |trusted: &Trusted| {
            trusted.authorities.iter().map(|facts| facts.fingerprint).collect::<Vec<_>>()
        };
        self.trust_changed |= prints(&trusted) != prints(&self.trusted);
        self.trusted = trusted;
        let lists: Vec<_> = self.trusted.lists.iter().map(|list| list.der.clone()).collect();
        let mut anchors = vec![Anchor::new(&self.authority.facts, &lists)?];
        for facts in &self.trusted.authorities {
            anchors.push(Anchor::new(facts, &lists)?);
        }
        self.gate.anchors.store(Arc::new(anchors));
        Ok(())
    }

    fn revocation_list_is_old(&self, now: Timestamp) -> bool {
        now.checked_since(self.revocation_list_at).is_none_or(|age| age >= CRL_RENEW)
    }

    /// Writes the list for others, as a file beside the own one and for the HTTP road.
    fn write_revocation_list(&mut self, now: Timestamp) -> Result<(), TlsError> {
        let revoked = self.gate.revoked.load_full();
        if revoked.damage().is_some() {
            return Ok(()); // a list made now would lack what the damaged one has
        }
        let list = revoked.next();
        list.write(&self.dir.join("revoked"))?;
        let pem = self.authority.revocation_list(&list, now)?;
        replace(&self.dir.join("revoked.crl"), pem.as_bytes(), Readers::All)?;
        self.gate.revoked.store(Arc::new(list));
        self.revocation_list_pem = pem;
        self.revocation_list_at = now;
        Ok(())
    }

    pub(crate) fn view(&self) -> View {
        View {
            lines: self.lines(),
            watched: self.watched(),
            findings: self.findings(),
            authority_pem: self.authority.pem.clone(),
            revocation_list_pem: self.revocation_list_pem.clone(),
        }
    }

    fn lines(&self) -> Vec<CertificateLine> {
        let mut lines =
            vec![own_line(&self.authority.facts, Purpose::Authority), self.served_line()];
        let trusted = self.trusted.authorities.iter();
        lines.extend(trusted.map(|facts| facts.line(Purpose::Authority, Source::File)));
        lines.extend(self.issued.iter().map(|facts| own_line(facts, Purpose::Client)));
        let revoked = self.gate.revoked.load();
        for line in &mut lines {
            line.revoked = revoked.has(&line.fingerprint);
        }
        lines
    }

    fn watched(&self) -> Vec<CertificateLine> {
        let mut lines = self.lines();
        for line in lines.iter_mut().filter(|line| line.purpose == Purpose::Server) {
            line.not_after = self.serving.ends;
        }
        lines
    }
}

/// The keys of this folder are for their owner only, whatever a copy made of them.
fn close_to_others(path: &Path) -> Result<(), TlsError> {
    if let Some(mode) = files::readable_by_others(path) {
        warn!(code = "LS-TLS-018", path = %path.display(), mode = format!("{mode:o}"), "others could read a key");
        files::close(path)?;
    }
    Ok(())
}
