//! What is not as it should be with the folder and the brought files. Ends of life are in `watch`.

use super::State;
use crate::error::TlsError;
use crate::files;
use crate::limits::TRUSTED_MAX;
use crate::line::Source;
use crate::pair::uncovered;
use crate::posture::{Finding, Severity};

impl State {
    /// What does not depend on the time of day.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(error) = &self.pair_error {
            let instead = match self.serving.source {
                Source::Own => "an own certificate is served instead",
                Source::File => "the one before it is served on",
            };
            findings.push(Finding::new(
                Severity::Bad,
                error.code(),
                format!("{}; {instead}", with_causes(error)),
                "put a sound certificate and its key in the place of the files; they are read again every hour",
            ));
        }
        if self.serving.source == Source::File {
            let missing = uncovered(&self.serving.leaf, &self.names.wanted);
            if !missing.is_empty() {
                findings.push(Finding::new(
                    Severity::Warn,
                    "LS-TLS-016",
                    format!("the server certificate is not for {}", missing.join(", ")),
                    "have these names put into the certificate, or take them out of `names`",
                ));
            }
        }
        if let Some((code, what)) = &self.failure {
            findings.push(Finding::new(
                Severity::Bad,
                code,
                what.clone(),
                "it is tried again every hour",
            ));
        }
        self.file_findings(&mut findings);
        findings
    }

    fn file_findings(&self, findings: &mut Vec<Finding>) {
        if let Some(files) = &self.files
            && let Some(mode) = files::readable_by_others(&files.key)
        {
            findings.push(Finding::new(
                Severity::Warn,
                "LS-TLS-018",
                format!("the key {} can be read by others (mode {mode:o})", files.key.display()),
                "chmod 600, and make the user the node runs as its owner",
            ));
        }
        if let Some(why) = self.gate.revoked.load().damage() {
            findings.push(Finding::new(
                Severity::Bad,
                "LS-TLS-019",
                format!("the revocation list cannot be used: {why}; every client certificate is refused"),
                "bring the file `revoked` back from a backup, or remove it and take back again what was taken back",
            ));
        }
        self.list_findings(findings);
        for (path, flaw) in &self.trusted.flaws {
            findings.push(Finding::new(
                Severity::Warn,
                "LS-TLS-015",
                format!("the authority in {} is not trusted: {flaw}", path.display()),
                "replace the file or remove it",
            ));
        }
        if self.trusted.left_out > 0 {
            findings.push(Finding::new(
                Severity::Warn,
                "LS-TLS-015",
                format!("{} files of trusted authorities are left out", self.trusted.left_out),
                format!("the folder takes {TRUSTED_MAX}: remove those that are not needed"),
            ));
        }
    }

    /// Revocation lists of others.
    fn list_findings(&self, findings: &mut Vec<Finding>) {
        for (path, flaw) in &self.trusted.list_flaws {
            findings.push(Finding::new(
                Severity::Bad,
                "LS-TLS-021",
                format!("the revocation list {} cannot be used: {flaw}", path.display()),
                "bring a sound one from the authority; one that was read before is used on until a restart",
            ));
        }
        for list in &self.trusted.lists {
            if let Some(due) = list.next.filter(|due| *due < self.looked_at) {
                let issuer = &list.issuer;
                findings.push(Finding::new(
                    Severity::Warn,
                    "LS-TLS-021",
                    format!("the revocation list of `{issuer}` should have been replaced on {due}"),
                    "bring a newer one from the authority; this one is used on",
                ));
            }
        }
    }
}

/// An error and what caused it in one sentence.
pub(super) fn with_causes(error: &TlsError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
