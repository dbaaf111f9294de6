//! For whom client certificates stand. What is in them and whether they are good is asked elsewhere (`tls`).

use lineshaft_audit::{Action, Recorded};
use serde_json::json;

use crate::change::Plan;
use crate::identity::Identity;
use crate::state::{CertificateRecord, Change};
use crate::{Account, CertificateMapping, ChangeError, Pass, Permission, Scope, rules, secret};

impl Identity {
    /// Has a certificate stand for an account.
    ///
    /// # Errors
    /// [`ChangeError`]: it stands for somebody already, it is over, the account has more than `by`.
    pub async fn map_certificate(
        &self,
        by: &Pass,
        account: &str,
        certificate: CertificateMapping,
        why: &str,
    ) -> Result<(Account, Recorded), ChangeError> {
        by.may(Permission::ChangeCertificates, &Scope::Node)?;
        let id = self.record(account)?.id;
        let intent = self.intend(by, Action::CertificateAdd, &*self.shared.name_of(id), why)?;
        let (shared, by) = (self.shared.clone(), by.clone());
        self.change(intent, move |now, _| {
            let CertificateMapping { fingerprint, subject, expires } = certificate;
            let name = secret::hex(&fingerprint);
            if now.state.certificates.contains_key(&fingerprint) {
                return Err(ChangeError::Taken { what: "certificate", name });
            }
            rules::expiry(Some(expires), shared.clock.now())?;
            let gone = || ChangeError::NoSuch { what: "account", name: id.to_string() };
            let record = now.state.accounts.get(&id).ok_or_else(gone)?;
            // Whoever has the key is the account: nobody makes himself one that may more than he.
            rules::within_own(&by, &now.resolve(&record.grants))?;
            let new = json!({
                "account": record.name,
                "fingerprint": name,
                "subject": subject,
                "expires": expires.to_string(),
            });
            let kept = CertificateRecord { fingerprint, account: id, subject, expires };
            Ok(Plan::new(vec![Change::Certificate(kept)], id).new_is(new))
        })
        .await
        .map(|mapped| self.with_account(mapped))
    }

    /// Has a certificate stand for nobody any more, at once.
    ///
    /// # Errors
    /// [`ChangeError::NoSuch`] when it stands for nobody.
    pub async fn unmap_certificate(
        &self,
        by: &Pass,
        fingerprint: &[u8; 32],
        why: &str,
    ) -> Result<((), Recorded), ChangeError> {
        by.may(Permission::ChangeCertificates, &Scope::Node)?;
        let fingerprint = *fingerprint;
        let name = secret::hex(&fingerprint);
        let intent = self.intend(by, Action::CertificateRevoke, name.clone(), why)?;
        let shared = self.shared.clone();
        self.change(intent, move |now, _| {
            let none = || ChangeError::NoSuch { what: "certificate", name: name.clone() };
            let kept = now.state.certificates.get(&fingerprint).ok_or_else(none)?;
            let account = shared.name_of(kept.account);
            let old = json!({ "account": &*account, "fingerprint": name, "subject": kept.subject });
            Ok(Plan::new(vec![Change::CertificateGone(fingerprint)], ()).old(old))
        })
        .await
    }
}
