//! Who is who, what everybody did, and the certificates: what stands between the roads and the plant.
//!
//! A running node opens it, and so does a command while the node is stopped.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::{Exposure, Insecure};
use lineshaft_audit::{Act, Action, Actor, Trail};
use lineshaft_desk::Desk;
use lineshaft_identity::{
    Identity, IdleMeans, LockoutPolicy, PasswordPolicy, Policy, SessionPolicy,
};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use lineshaft_tls::{Certificates, Clients, PairFiles, Wanted, fingerprint_hex};

use super::StartError;
use crate::plant::table;
use crate::plant::{AuditSettings, HttpSettings, NodeSettings, Plant, SecuritySettings};

/// How often certificates are looked after.
const LOOK: Duration = Duration::from_secs(3_600);

/// Everybody and everything they did.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) trail: Trail,
    pub(crate) identity: Identity,
    pub(crate) desk: Desk,
    pub(crate) certificates: Certificates,
}

/// What the plant file says about it; the defaults stand for a plant that is not known.
pub(crate) struct GateSettings<'a> {
    pub(crate) node: &'a NodeSettings,
    pub(crate) http: &'a HttpSettings,
    pub(crate) security: &'a SecuritySettings,
    pub(crate) audit: &'a AuditSettings,
    /// Whether whoever comes over loopback without saying who he is may do everything: the demo.
    pub(crate) visitor: Visitor,
}

/// Whether the demo's visitor is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// Whoever comes over loopback and does not say who he is may do everything.
    IsWelcome,
    /// He has to say who he is.
    IsNot,
}

impl Gate {
    /// Opens the trail first: whatever follows leaves its entries there.
    pub(crate) fn open(
        data: &Path,
        clock: &Clock,
        settings: &GateSettings<'_>,
    ) -> Result<Gate, StartError> {
        let options = lineshaft_audit::Options {
            segment_bytes: settings.audit.segment_bytes,
            reserve_bytes: settings.audit.reserve_bytes,
            ..lineshaft_audit::Options::of_node(&name_of(settings.node))
        };
        let trail = Trail::open(Arc::new(RealDisk), clock.clone(), &data.join("audit"), options)
            .map_err(|source| StartError::Trail { source })?;
        let database = data.join("identity.db");
        let identity = Identity::open(&database, clock.clone(), trail.clone(), policy(settings))
            .map_err(|source| StartError::Identity { source })?;
        let desk = super::desk::open(data, &trail)?;
        let certificates =
            Certificates::open(clock.clone(), &data.join("tls"), wanted(settings.http))
                .map_err(|source| StartError::Certificates { source })?;
        Ok(Gate { trail, identity, desk, certificates })
    }

    /// Writes what is left to write; the accounts first, for they write into the trail.
    pub(crate) async fn close(&self) {
        let (identity, desk, trail) =
            (self.identity.clone(), self.desk.clone(), self.trail.clone());
        let closing = tokio::task::spawn_blocking(move || {
            super::desk::settle(&desk, &trail);
            desk.close();
            identity.close();
            trail.close();
        });
        if let Err(error) = closing.await {
            tracing::error!(%error, "the audit trail was not closed in order");
        }
    }

    /// Renews certificates in time and says in the trail that it did.
    pub(crate) fn look_after_certificates(&self, tree: &TaskTree) {
        let (gate, stop) = (self.clone(), tree.stop_token(TaskKind::Watch));
        tree.spawn(TaskKind::Watch, "certificates", async move {
            let mut looks = tokio::time::interval(LOOK);
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    _ = looks.tick() => {}
                }
                let certificates = gate.certificates.clone();
                let looked = tokio::task::spawn_blocking(move || certificates.renew_due()).await;
                match looked {
                    Ok(Ok(Some(line))) => {
                        let act = Act::done(&Actor::node(), Action::CertificateRenew, line.subject.clone())
                            .new(fingerprint_hex(&line.fingerprint));
                        if let Err(error) = gate.trail.record(act).await {
                            tracing::error!(%error, "the renewal of the certificate is not in the audit trail");
                        }
                    }
                    Ok(Ok(None)) => {}
                    Ok(Err(error)) => {
                        tracing::error!(error = %lineshaft_contract::Chain(&error), "the certificate cannot be renewed");
                    }
                    Err(error) => tracing::error!(%error, "looking after certificates failed"),
                }
            }
        });
    }
}

/// What decides whether a listener may be reached from other machines.
pub(crate) fn exposure(gate: &Gate, settings: &GateSettings<'_>, tls: Tls) -> Exposure {
    Exposure {
        tls: tls == Tls::Spoken,
        accounts: gate.identity.has_admin(),
        anonymous: settings.security.anonymous.is_some(),
        insecure: settings
            .security
            .insecure
            .iter()
            .map(|choice| match choice {
                table::Insecure::HttpWithoutTls => Insecure::HttpWithoutTls,
                table::Insecure::SetupOverNetwork => Insecure::SetupOverNetwork,
                table::Insecure::AnonymousOverNetwork => Insecure::AnonymousOverNetwork,
            })
            .collect(),
    }
}

/// Whether a listener speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    Spoken,
    NotSpoken,
}

pub(crate) fn policy(settings: &GateSettings<'_>) -> Policy {
    let security = settings.security;
    let visitor = settings.visitor == Visitor::IsWelcome;
    Policy {
        anonymous: security.anonymous.clone(),
        visitor: visitor.then(|| "admin".to_owned()),
        require_reason: security.require_reason,
        second_factor: security.second_factor.clone(),
        issuer: settings.node.name.clone(),
        session: SessionPolicy {
            idle: security.session_idle,
            idle_means: match security.session_idle_means {
                table::IdleMeans::Lock => IdleMeans::Lock,
                table::IdleMeans::End => IdleMeans::End,
            },
            max: security.session_max,
            per_account: security.sessions_per_account,
        },
        password: PasswordPolicy {
            length_min: security.password_length_min,
            score_min: security.password_score_min,
            history: security.password_history,
            lifetime: security.password_lifetime,
            ..PasswordPolicy::default()
        },
        lockout: LockoutPolicy {
            attempts: security.lockout_attempts,
            window: security.lockout_window,
            pause: security.lockout_pause,
            source_attempts: security.lockout_source_attempts,
            ..LockoutPolicy::default()
        },
    }
}

/// Makes the accounts follow what a changed plant says of them.
///
/// `address` is where the node listens, whatever the changed plant says about its next start: what would be open to the
/// network without saying so in words is not taken.
pub(crate) fn follow(
    gate: &Gate,
    visitor: Visitor,
    address: SocketAddr,
) -> Box<dyn Fn(&Plant) + Send + Sync> {
    let identity = gate.identity.clone();
    Box::new(move |plant| {
        let Plant { node, http, security, audit, .. } = plant;
        let mut policy = policy(&GateSettings { node, http, security, audit, visitor });
        let said = security.insecure.contains(&table::Insecure::AnonymousOverNetwork);
        if policy.anonymous.is_some() && !lineshaft_api::is_loopback(address.ip()) && !said {
            tracing::warn!(
                %address,
                "`anonymous` waits for the next start: other machines reach the address this node listens on"
            );
            policy.anonymous = None;
        }
        identity.set_policy(policy);
    })
}

fn wanted(http: &HttpSettings) -> Wanted {
    let address = http.listen.ip();
    // The first one names the authority: what a person knows this node by.
    let mut names = http.names.clone();
    names.extend(host_name());
    if !address.is_unspecified() {
        names.push(address.to_string());
    }
    Wanted {
        names,
        pair: http.pair.clone().map(|(certificate, key)| PairFiles { certificate, key }),
        clients: match http.clients {
            table::Clients::Off => Clients::Off,
            table::Clients::Optional => Clients::Optional,
            table::Clients::Required => Clients::Required,
        },
    }
}

/// What the trail is called: after the node, or after the machine while the node has no name yet.
fn name_of(node: &NodeSettings) -> String {
    let name = (!node.name.is_empty()).then(|| node.name.clone());
    name.or_else(host_name).unwrap_or_else(|| "node".to_owned())
}

/// The name of this machine, if it has one that can stand in a certificate.
pub(crate) fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(good)).then_some(name)
}
