//! The security posture: what is as it should be, what is not, and what to do about it.
//!
//! - Source: IEC 62443-4-2 CR 3.3 (security functions can be verified), CR 7.6 (settings are readable).
//! - Nothing is measured here: each part says how it is, and this file says what that means.

use std::net::SocketAddr;
use std::sync::Arc;

use lineshaft_audit::{TrailState, TrailStatus};
use lineshaft_identity::{
    AccountKind, PasswordPolicy, Permission, Policy, ReviewLine, UnknownRole,
};
use lineshaft_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ReadAccounts, Scope};
use crate::auditing::{Told, look};
use crate::certificates::{CertificateShape, lines};
use crate::exposure::{Exposure, Insecure, is_loopback};
use crate::problem::{ApiError, Problem};
use crate::query::Params;
use crate::server::Shared;
use crate::shape::Written;

/// Names in one finding; it then says how many more there are.
const NAMED_MAX: usize = 5;

/// The security posture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecurityPosture)]
struct Posture {
    /// Where this interface listens.
    listeners: Vec<Listener>,
    /// What was found, worst first.
    findings: Vec<Finding>,
    /// The node's certificates.
    certificates: Vec<CertificateShape>,
    /// How many accounts of which kind.
    accounts: Counts,
    /// What is insecure by choice, in the words of the plant file.
    insecure: Vec<&'static str>,
}

/// Where this interface listens.
#[derive(Debug, Serialize, ToSchema)]
struct Listener {
    /// The address; `control.sock` of the control socket.
    address: String,
    /// `http` or `local`.
    road: &'static str,
    /// Whether it speaks TLS.
    tls: bool,
    /// `loopback`, or `network` when other machines can reach it.
    reach: &'static str,
}

/// Something that was found.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SecurityFinding)]
struct Finding {
    /// `bad`: it does not work or does not protect; `warn`: somebody should look at it; `ok`.
    severity: &'static str,
    /// A word, or the code of a page.
    code: String,
    /// What was found.
    what: String,
    /// What to do about it; null when nothing is to be done.
    #[schema(required)]
    remedy: Option<String>,
}

/// How many accounts of which kind.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AccountCounts)]
struct Counts {
    /// People who can log in.
    people: usize,
    /// Machines.
    machines: usize,
    /// Accounts that are disabled or over.
    disabled: usize,
    /// Accounts that wait because somebody failed too often.
    locked: usize,
    /// People without a second factor.
    without_factor: usize,
    /// People who have not logged in for 90 days.
    unused: usize,
    /// Tokens that work.
    tokens: usize,
    /// Sessions that have not ended.
    sessions: usize,
}

/// Shows the security posture: listeners, certificates, accounts, the trail, and what is insecure by choice.
#[utoipa::path(
    get,
    path = "/api/v1/security",
    responses((status = 200, description = "The posture", body = Posture), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_security(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Node)?;
    let told = match look(shared).await {
        Ok(told) => told,
        Err(_logged) => shared.auditing.told(),
    };
    let page = posture(shared, &told);
    let bytes = 1_024 + page.certificates.len() * 500 + page.findings.len() * 200;
    Ok(Written::new(&page, bytes))
}

fn posture(shared: &Arc<Shared>, told: &Told) -> Posture {
    let api = &shared.api;
    let (identity, exposure) = (&api.identity, &api.exposure);
    let reach = Reach::of(shared.address);
    let now = api.clock.now();
    let people = People::of(identity.access_review(), now);
    let policy = identity.policy();
    let mut findings = Vec::new();
    transport(exposure, reach, &mut findings);
    let unknown = identity.unknown_roles();
    doors(exposure, &policy, &unknown, reach, &mut findings);
    if !identity.has_admin() {
        let severity = if reach == Reach::Network { BAD } else { WARN };
        let remedy =
            "use the link that `lineshaft run` prints, or `lineshaft user add NAME --admin`";
        findings.push(Finding::new(severity, "no-admin", "nobody is an administrator yet", remedy));
    }
    people.findings(&mut findings);
    passwords(&policy, &mut findings);
    trail(&api.trail.status(), told, &mut findings);
    let mut certificates = Vec::new();
    if let Some(own) = &api.certificates {
        findings.extend(own.posture().into_iter().map(Finding::from));
        certificates = lines(own, identity);
    }
    findings.sort_by_key(|finding| [BAD, WARN, OK].iter().position(|one| *one == finding.severity));
    let is_live = |token: &lineshaft_identity::TokenLine| !token.revoked && token.expires > now;
    let counts = Counts {
        tokens: identity.tokens().iter().filter(|token| is_live(token)).count(),
        sessions: identity.sessions().len(),
        ..people.counts()
    };
    Posture {
        listeners: vec![listener(shared.address, exposure)],
        findings,
        certificates,
        accounts: counts,
        insecure: exposure.insecure.iter().map(|choice| choice.word()).collect(),
    }
}

const BAD: &str = "bad";
const WARN: &str = "warn";
const OK: &str = "ok";

impl Finding {
    fn new(severity: &'static str, code: &str, what: impl Into<String>, remedy: &str) -> Finding {
        let remedy = (!remedy.is_empty()).then(|| remedy.to_owned());
        Finding { severity, code: code.into(), what: what.into(), remedy }
    }
}

impl From<lineshaft_tls::Finding> for Finding {
    fn from(found: lineshaft_tls::Finding) -> Finding {
        let lineshaft_tls::Finding { severity, code, what, remedy } = found;
        Finding::new(severity.word(), code.unwrap_or("certificates"), what, &remedy)
    }
}

/// Who can reach the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Loopback,
    Network,
}

impl Reach {
    fn of(address: Option<SocketAddr>) -> Reach {
        match address {
            Some(address) if !is_loopback(address.ip()) => Reach::Network,
            _ => Reach::Loopback,
        }
    }
}

fn listener(address: Option<SocketAddr>, exposure: &Exposure) -> Listener {
    let reach = match Reach::of(address) {
        Reach::Loopback => "loopback",
        Reach::Network => "network",
    };
    match address {
        Some(address) => {
            Listener { address: address.to_string(), road: "http", tls: exposure.tls, reach }
        }
        None => Listener { address: "control.sock".into(), road: "local", tls: false, reach },
    }
}

fn transport(exposure: &Exposure, reach: Reach, findings: &mut Vec<Finding>) {
    let word = Insecure::HttpWithoutTls.word();
    findings.push(match (exposure.tls, reach) {
        (true, _) => Finding::new(OK, "tls", "everything that is sent is encrypted", ""),
        (false, Reach::Loopback) => {
            Finding::new(OK, "loopback", "only this machine reaches the interface", "")
        }
        (false, Reach::Network) => Finding::new(
            BAD,
            word,
            "passwords and values cross the network unencrypted",
            "take `http-without-tls` out of `[security] insecure` and set `[http] tls = \"on\"`",
        ),
    });
}

/// Who gets in without saying who he is, and what is insecure by choice.
fn doors(
    exposure: &Exposure,
    policy: &Policy,
    unknown: &[UnknownRole],
    reach: Reach,
    findings: &mut Vec<Finding>,
) {
    let remedy = "write it as `lineshaft role list` has it, or make the role";
    findings.extend(
        unknown.iter().map(|role| Finding::new(BAD, "unknown-role", role.to_string(), remedy)),
    );
    let is_there = |field| unknown.iter().all(|role| role.field != field);
    if let Some(role) = policy.visitor.as_ref().filter(|_| is_there("visitor")) {
        let what =
            format!("whoever comes from this machine is let in as `visitor` with the role {role}");
        findings.push(Finding::new(WARN, "visitor", what, "this is a demo; use `lineshaft run`"));
    }
    if let Some(role) = policy.anonymous.as_ref().filter(|_| is_there("anonymous")) {
        let severity = if reach == Reach::Network { BAD } else { WARN };
        let what = format!("whoever does not say who he is has the role {role}");
        let remedy = "take `anonymous` out of `[security]`";
        findings.push(Finding::new(severity, "anonymous", what, remedy));
    }
    for choice in &exposure.insecure {
        let is_told =
            *choice == Insecure::HttpWithoutTls && !exposure.tls && reach == Reach::Network;
        if !is_told {
            let word = choice.word();
            let what = format!("`{word}` stands in `[security] insecure`");
            findings.push(Finding::new(WARN, word, what, "take it out if nothing needs it"));
        }
    }
}

fn passwords(policy: &Policy, findings: &mut Vec<Finding>) {
    let (set, usual) = (policy.password, PasswordPolicy::default());
    if set.length_min < usual.length_min || set.score_min < usual.score_min {
        let what = format!(
            "passwords of {} characters and score {} are taken",
            set.length_min, set.score_min
        );
        let remedy = "set `password_length_min` to 12 and `password_score_min` to 3, or more";
        findings.push(Finding::new(WARN, "weak-passwords", what, remedy));
    }
}

fn trail(status: &TrailStatus, told: &Told, findings: &mut Vec<Finding>) {
    let why = status.error.as_deref().unwrap_or("it does not say why");
    match status.state {
        TrailState::Writing => {}
        TrailState::Full => findings.push(Finding::new(
            BAD,
            "trail-full",
            format!("the audit trail has no room, so nothing can be changed: {why}"),
            "make room on the disk of the data folder",
        )),
        TrailState::Stopped | TrailState::Closed => findings.push(Finding::new(
            BAD,
            "trail-stopped",
            format!("the audit trail stopped, so nothing can be changed: {why}"),
            "look at the disk, then start the node again",
        )),
    }
    if status.low {
        let what = "the disk of the audit trail is nearly full";
        findings.push(Finding::new(WARN, "trail-low", what, "make room, or archive old segments"));
    }
    if let Some(found) = &status.recovered {
        let what = format!("the last start found the audit trail not as it should be: {found}");
        findings.push(Finding::new(WARN, "trail-recovered", what, "run `lineshaft verify`"));
    }
    if let Some(broken) = told.verified().filter(|verified| verified.outcome == "broken") {
        let detail = broken.detail.as_deref().unwrap_or_default();
        let what = format!("the audit trail is not what was written: {detail}");
        let remedy = "keep the data folder as it is and compare it with copies and checkpoints";
        findings.push(Finding::new(BAD, "trail-broken", what, remedy));
    }
    let is_found = findings.iter().any(|finding| finding.code.starts_with("trail-"));
    if !is_found {
        findings.push(Finding::new(OK, "trail", "the audit trail is written", ""));
    }
}

/// The accounts as far as somebody should look at them.
#[derive(Debug, Default)]
struct People {
    people: usize,
    machines: usize,
    disabled: usize,
    locked: Vec<String>,
    without_factor: Vec<String>,
    /// Of those without a second factor, whoever may change accounts, certificates or the plant.
    mighty_without_factor: Vec<String>,
    unused: Vec<String>,
}

impl People {
    fn of(review: Vec<ReviewLine>, now: Timestamp) -> People {
        let mut all = People::default();
        for ReviewLine { account, permissions, unused } in review {
            let name = account.account;
            if !account.enabled || account.expires.is_some_and(|expires| expires <= now) {
                all.disabled += 1;
                continue;
            }
            if account.locked_until.is_some_and(|until| until > now) {
                all.locked.push(name.clone());
            }
            if account.kind == AccountKind::Machine {
                all.machines += 1;
                continue;
            }
            all.people += 1;
            if unused {
                all.unused.push(name.clone());
            }
            if !account.factor {
                let is_mighty = permissions.iter().any(|rule| is_mighty(rule.permission));
                all.mighty_without_factor.extend(is_mighty.then(|| name.clone()));
                all.without_factor.push(name);
            }
        }
        all
    }

    fn counts(&self) -> Counts {
        Counts {
            people: self.people,
            machines: self.machines,
            disabled: self.disabled,
            locked: self.locked.len(),
            without_factor: self.without_factor.len(),
            unused: self.unused.len(),
            ..Counts::default()
        }
    }

    fn findings(&self, findings: &mut Vec<Finding>) {
        let before = findings.len();
        let mut warn = |code, names: &[String], what: &str, remedy| {
            if !names.is_empty() {
                findings.push(Finding::new(WARN, code, format!("{what}: {}", list(names)), remedy));
            }
        };
        warn(
            "no-second-factor",
            &self.mighty_without_factor,
            "people who may change accounts, certificates or the plant have no second factor",
            "let them set one up, or require it with `[security] second_factor`",
        );
        warn(
            "locked-accounts",
            &self.locked,
            "accounts wait because somebody failed too often",
            "ask their owners; the audit trail says from where it was tried",
        );
        warn(
            "unused-accounts",
            &self.unused,
            "accounts that nobody has used for 90 days",
            "disable those that are not needed any more",
        );
        if findings.len() == before && self.people > 0 {
            findings.push(Finding::new(OK, "accounts", "no account needs a look", ""));
        }
    }
}

fn is_mighty(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::ChangeAccounts | Permission::ChangeCertificates | Permission::ChangeConfig
    )
}

/// `maria, jan and 3 more`
fn list(names: &[String]) -> String {
    let shown = names.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(findings: &[Finding]) -> Vec<(&str, &str)> {
        findings.iter().map(|finding| (finding.severity, finding.code.as_str())).collect()
    }

    #[track_caller]
    fn check(exposure: Exposure, policy: &Policy, reach: Reach, expect: &[(&str, &str)]) {
        let mut findings = Vec::new();
        transport(&exposure, reach, &mut findings);
        doors(&exposure, policy, &[], reach, &mut findings);
        passwords(policy, &mut findings);
        assert_eq!(codes(&findings), expect);
        for finding in &findings {
            assert_eq!(finding.severity == OK, finding.remedy.is_none(), "{finding:?}");
        }
    }

    /// Proves: CR 3.3, CR 6.2, CR 7.6.
    #[test]
    fn whatever_is_less_secure_than_it_could_be_is_found() {
        let usual = Policy::default();
        let bare = Exposure::default();
        check(bare.clone(), &usual, Reach::Loopback, &[(OK, "loopback")]);
        let tls = Exposure { tls: true, accounts: true, ..bare.clone() };
        check(tls.clone(), &usual, Reach::Network, &[(OK, "tls")]);
        let plain = Exposure { insecure: vec![Insecure::HttpWithoutTls], ..bare };
        check(plain.clone(), &usual, Reach::Network, &[(BAD, "http-without-tls")]);
        let needless = [(OK, "loopback"), (WARN, "http-without-tls")];
        check(plain, &usual, Reach::Loopback, &needless);
        let open = Policy { anonymous: Some("viewer".into()), ..usual.clone() };
        check(tls.clone(), &open, Reach::Network, &[(OK, "tls"), (BAD, "anonymous")]);
        let short = PasswordPolicy { length_min: 8, ..PasswordPolicy::default() };
        let short = Policy { password: short, visitor: Some("admin".into()), ..usual };
        check(
            tls,
            &short,
            Reach::Loopback,
            &[(OK, "tls"), (WARN, "visitor"), (WARN, "weak-passwords")],
        );
    }

    #[test]
    fn a_finding_names_five_and_counts_the_rest() {
        let names: Vec<String> = (1..=7).map(|n| format!("p{n}")).collect();
        assert_eq!(list(&names), "p1, p2, p3, p4, p5 and 2 more");
        assert_eq!(list(&names[..2]), "p1, p2");
    }
}
