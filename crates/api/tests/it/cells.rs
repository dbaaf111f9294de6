//! Every route × every role × in scope and out of it: what is answered, and what is left in the trail.
//!
//! What a role may is written down here a second time, by hand, from the manual: the test would otherwise agree with
//! whatever the program does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::RouteLine;
use lineshaft_audit::Act;
use lineshaft_identity::{
    AccountChange, Grant, LockoutPolicy, NewToken, Permission, Policy, Reach, RoleChange, Rule,
    SessionPolicy,
};
use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;

use crate::client::Reply;
use crate::folder::Folder;
use crate::plant::{LINE, Options, Plant, certificates, plant_of, policy, two_lines};
use crate::probes::{CHANGED, On, Place, Probe, SPARE, Target, probes};

const VIEWER: &[&str] = &["read-plant", "read-node"];
const OPERATOR: &[&str] = &["read-plant", "read-node", "write-plant", "annotate", "sign"];
const ENGINEER: &[&str] = &[
    "read-plant",
    "read-node",
    "write-plant",
    "annotate",
    "sign",
    "operate-node",
    "read-config",
    "change-config",
];
const AUDITOR: &[&str] = &[
    "read-plant",
    "read-node",
    "read-config",
    "read-accounts",
    "read-audit",
    "export-audit",
    "sign",
];
const ADMIN: &[&str] = &[
    "read-plant",
    "write-plant",
    "annotate",
    "read-node",
    "operate-node",
    "read-config",
    "change-config",
    "read-accounts",
    "change-accounts",
    "change-certificates",
    "read-audit",
    "export-audit",
    "sign",
];

/// How a caller is known.
#[derive(Debug, Clone, PartialEq)]
enum Credentials {
    None,
    Token(String),
    /// The account; its session is in [`Caller::session`].
    Session(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Standing {
    /// Not known: no credentials, or such that do not count.
    Unknown,
    Live,
    Locked,
}

/// One of those who ask.
#[derive(Debug, Clone)]
struct Caller {
    name: String,
    credentials: Credentials,
    session: String,
    standing: Standing,
    may: Vec<&'static str>,
    /// To one line; otherwise everywhere.
    limited: bool,
}

/// What is expected of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Past the check: anything but a denial and a failure.
    Through,
    Denied(u16, &'static str),
}

const NOT_KNOWN: Expect = Expect::Denied(401, "LS-API-023");
const FORBIDDEN: Expect = Expect::Denied(403, "LS-API-024");
const LOCKED: Expect = Expect::Denied(423, "LS-API-028");

/// The codes of a denial.
const DENIALS: [&str; 5] = ["LS-API-023", "LS-API-024", "LS-API-028", "LS-API-029", "LS-API-036"];

fn expected(route: &RouteLine, on: On, place: Place, caller: &Caller) -> Expect {
    let unknown = caller.standing == Standing::Unknown;
    let reach = route.permission.reach();
    if reach == Reach::Everybody {
        // A wrong token is an error everywhere; a wrong cookie is what a browser sends before it logs in again.
        let wrong_token = unknown && matches!(caller.credentials, Credentials::Token(_));
        return if wrong_token { NOT_KNOWN } else { Expect::Through };
    }
    if unknown {
        return NOT_KNOWN;
    }
    if reach == Reach::Known {
        // Who stands before a locked screen opens it or goes; he does not change its owner's password.
        let own = route.path.starts_with("/api/v1/account/");
        return if own && caller.standing == Standing::Locked { LOCKED } else { Expect::Through };
    }
    let word = route.permission.word();
    if caller.standing == Standing::Locked && !["read-plant", "read-node"].contains(&word) {
        return LOCKED;
    }
    let has = caller.may.contains(&word);
    let covered = match (reach, on) {
        _ if !caller.limited => true,
        (Reach::Tags, On::Object) => place == Place::Inside,
        (Reach::Tags, On::Somewhere) => true,
        _ => false,
    };
    if has && covered { Expect::Through } else { FORBIDDEN }
}

struct Stage {
    plant: Plant,
    folder: Arc<Folder>,
    callers: Vec<Caller>,
    asked: u64,
}

impl Stage {
    async fn new() -> Stage {
        let clock = Clock::simulated(Timestamp::from_secs(1_763_618_400));
        let policy = Policy {
            lockout: LockoutPolicy {
                attempts: 100_000,
                source_attempts: 100_000,
                ..LockoutPolicy::default()
            },
            session: SessionPolicy { per_account: 1_000, ..SessionPolicy::default() },
            ..policy()
        };
        let folder = Folder::new(&clock);
        let options = Options {
            clock: Some(clock.clone()),
            policy: Some(policy),
            certificates: Some(certificates),
            configuration: Some(folder.clone()),
            ..Options::default()
        };
        let plant = plant_of(options).await;
        plant.namespace.configure(two_lines());
        plant.person(SPARE, vec![]).await;
        plant.person(CHANGED, vec![]).await;
        let mut stage = Stage { plant, folder, callers: Vec::new(), asked: 0 };
        let expired = stage.expiring_token().await;
        clock.advance(Duration::from_secs(3_600));
        stage.add_unknown(expired).await;
        stage.add_known().await;
        stage
    }

    async fn expiring_token(&self) -> String {
        let in_a_minute = self.plant.clock.now().saturating_add(Duration::from_secs(60));
        let grants = vec![Grant::everywhere("admin")];
        let token = NewToken { name: "expired".into(), grants, expires: Some(in_a_minute) };
        let by = self.plant.identity.local("tests");
        let ((_, secret), _) = self.plant.identity.create_token(&by, token, "").await.unwrap();
        secret.reveal().to_owned()
    }

    /// Those who are nobody, however hard they try.
    async fn add_unknown(&mut self, expired: String) {
        let unknown = |name: &str, credentials, session: &str| Caller {
            name: name.into(),
            credentials,
            session: session.into(),
            standing: Standing::Unknown,
            may: Vec::new(),
            limited: false,
        };
        let identity = self.plant.identity.clone();
        let by = identity.local("tests");
        self.plant.person("left", vec![Grant::everywhere("admin")]).await;
        self.plant.person("disabled", vec![Grant::everywhere("admin")]).await;
        let disabled = self.plant.log_in("disabled").await;
        let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
        identity.change_account(&by, "disabled", change, "").await.unwrap();
        let ended = self.plant.log_in("left").await;
        let pass = identity.by_session(&ended, None, lineshaft_identity::Activity::Person).unwrap();
        identity.logout(&pass).await.unwrap();
        let foreign = "ls_AAAAAAAAAAAAAAAAAAAAAA".to_owned();
        self.callers.extend([
            unknown("nobody", Credentials::None, ""),
            unknown("wrong token", Credentials::Token(foreign), ""),
            unknown("expired token", Credentials::Token(expired), ""),
            unknown("disabled account", Credentials::Session("disabled".into()), &disabled),
            unknown("ended session", Credentials::Session("left".into()), &ended),
        ]);
    }

    /// Those who are somebody: each role everywhere and on one line, and each permission alone.
    async fn add_known(&mut self) {
        let roles = [
            ("viewer", VIEWER),
            ("operator", OPERATOR),
            ("engineer", ENGINEER),
            ("auditor", AUDITOR),
            ("admin", ADMIN),
        ];
        let mut all: Vec<(String, Vec<&'static str>)> =
            roles.iter().map(|(role, may)| ((*role).into(), may.to_vec())).collect();
        let by = self.plant.identity.local("tests");
        for permission in Permission::ALL {
            if matches!(permission.reach(), Reach::Everybody | Reach::Known) {
                continue;
            }
            let role = format!("only-{}", permission.word());
            let rules = vec![Rule { permission: *permission, under: vec![] }];
            let change = RoleChange { role: role.clone(), description: String::new(), rules };
            self.plant.identity.put_role(&by, change, "").await.unwrap();
            all.push((role, vec![permission.word()]));
        }
        for (role, may) in all {
            for limited in [false, true] {
                let grant =
                    if limited { Grant::under(&role, LINE) } else { Grant::everywhere(&role) };
                let name = if limited { format!("{role}-limited") } else { role.clone() };
                self.add_person(&name, grant.clone(), &may, Standing::Live).await;
                if matches!(role.as_str(), "admin" | "viewer") {
                    self.add_person(
                        &format!("locked-{name}"),
                        grant.clone(),
                        &may,
                        Standing::Locked,
                    )
                    .await;
                }
                if matches!(role.as_str(), "admin" | "operator") {
                    let token = self.plant.token(&name, vec![grant]).await;
                    self.callers.push(Caller {
                        name: format!("token of {name}"),
                        credentials: Credentials::Token(token),
                        session: String::new(),
                        standing: Standing::Live,
                        may: may.clone(),
                        limited,
                    });
                }
            }
        }
    }

    async fn add_person(
        &mut self,
        name: &str,
        grant: Grant,
        may: &[&'static str],
        standing: Standing,
    ) {
        let limited = !grant.under.iter().any(lineshaft_identity::Prefix::is_all);
        self.plant.person(name, vec![grant]).await;
        let mut caller = Caller {
            name: name.into(),
            credentials: Credentials::Session(name.into()),
            session: String::new(),
            standing,
            may: may.to_vec(),
            limited,
        };
        self.renew(&mut caller).await;
        self.callers.push(caller);
    }

    /// A new session, as the caller's standing has it.
    async fn renew(&self, caller: &mut Caller) {
        let Credentials::Session(account) = &caller.credentials else { return };
        if caller.standing == Standing::Unknown {
            return;
        }
        caller.session = self.plant.log_in(account).await;
        if caller.standing == Standing::Locked {
            let identity = &self.plant.identity;
            let activity = lineshaft_identity::Activity::Person;
            let pass = identity.by_session(&caller.session, None, activity).unwrap();
            identity.lock_session(&pass).await.unwrap();
        }
    }

    /// Something for the request alone, where the route deletes it.
    async fn target(&mut self, route: &RouteLine, place: Place) -> Target {
        self.asked += 1;
        let n = self.asked;
        let mut target = Target {
            place,
            n,
            role: format!("gone-{n}"),
            token: 0,
            session: String::new(),
            proposal: 0,
        };
        let identity = &self.plant.identity;
        let by = identity.local("tests");
        match (route.method.as_str(), route.path) {
            ("DELETE", "/api/v1/roles/{role}") => {
                let role = target.role.clone();
                let change = RoleChange { role, description: String::new(), rules: vec![] };
                identity.put_role(&by, change, "").await.unwrap();
            }
            ("DELETE", "/api/v1/tokens/{id}") => {
                let token = NewToken { name: format!("gone-{n}"), grants: vec![], expires: None };
                let ((line, _), _) = identity.create_token(&by, token, "").await.unwrap();
                target.token = line.id;
            }
            ("DELETE", "/api/v1/sessions/{id}") => {
                let secret = self.plant.log_in(SPARE).await;
                let activity = lineshaft_identity::Activity::Background;
                let pass = identity.by_session(&secret, None, activity).unwrap();
                target.session = pass.about().session.unwrap();
            }
            ("POST", "/api/v1/proposals/{id}/approve" | "/api/v1/proposals/{id}/reject") => {
                target.proposal = self.folder.propose();
            }
            _ => {}
        }
        target
    }

    async fn ask(&self, probe: &Probe, target: &Target, caller: &Caller) -> Reply {
        let (path, body) = (probe.ask)(target);
        let credentials = match &caller.credentials {
            Credentials::None => ("authorization", String::new()),
            Credentials::Token(token) => ("authorization", format!("Bearer {token}")),
            Credentials::Session(_) => ("cookie", format!("lineshaft_session={}", caller.session)),
        };
        let mut headers = vec![(credentials.0, credentials.1.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.plant
            .ask(&format!("{} {path} HTTP/1.1", probe.method), &headers, body.as_bytes())
            .await
    }
}

/// What is wrong with a cell.
fn judge(expect: Expect, reply: &Reply, route: &RouteLine, acts: &[Act]) -> Option<String> {
    let is_problem =
        reply.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let code = if is_problem { reply.problem().1 } else { String::new() };
    let status = reply.status;
    let answer = format!("{status} {code}");
    match expect {
        Expect::Denied(wanted, wanted_code) if (status, code.as_str()) != (wanted, wanted_code) => {
            return Some(format!("{answer} instead of {wanted} {wanted_code}"));
        }
        Expect::Through if DENIALS.contains(&code.as_str()) || status >= 500 => {
            return Some(format!("{answer}, although it is allowed"));
        }
        _ => {}
    }
    let done = (200..300).contains(&status);
    let actions: Vec<&str> = acts.iter().map(|act| act.action.word()).collect();
    match (route.audit, done, acts.len()) {
        ("always", true, 0) => Some(format!("{answer} without an entry")),
        ("never", _, 1..) => Some(format!("{answer} left {actions:?}")),
        ("minutely", _, 2..) => Some(format!("{answer} left {actions:?}")),
        _ => None,
    }
}

/// Routes that change who the caller is: each request has a session of its own.
const CHANGES_CALLER: [&str; 3] =
    ["/api/v1/session", "/api/v1/session/lock", "/api/v1/session/unlock"];

/// Proves: A07, A09, A15, CR 1.1, CR 2.1, CR 2.1 RE1, CR 2.1 RE2, CR 2.8, P11-30.
#[tokio::test]
async fn every_cell_of_route_role_and_scope_is_as_the_manual_says() {
    let mut stage = Stage::new().await;
    let (routes, probes) = (lineshaft_api::routes(), probes());
    let mut wrong = Vec::new();
    let (mut cells, mut through) = (0, 0);
    let mut succeeded = BTreeSet::new();
    for route in &routes {
        let found = probes.iter().find(|p| p.method == route.method && p.path == route.path);
        let Some(probe) = found else {
            wrong.push(format!("{} {} has no probe in probes.rs", route.method, route.path));
            continue;
        };
        let both = [Place::Inside, Place::Outside];
        let places = if probe.on == On::Object { &both[..] } else { &both[..1] };
        for mut caller in stage.callers.clone() {
            for place in places {
                let target = stage.target(route, *place).await;
                if CHANGES_CALLER.contains(&route.path) {
                    stage.renew(&mut caller).await;
                }
                stage.plant.identity.upkeep().await; // what is noted by the way is in the trail now
                let before = stage.plant.trail.status().entries;
                let reply = stage.ask(probe, &target, &caller).await;
                let acts = stage.plant.entries(before);
                let expect = expected(route, probe.on, *place, &caller);
                if let Some(what) = judge(expect, &reply, route, &acts) {
                    let RouteLine { method, path, .. } = route;
                    wrong.push(format!("{method} {path} as {} {place:?}: {what}", caller.name));
                }
                cells += 1;
                through += u32::from(expect == Expect::Through);
                if (200..300).contains(&reply.status) {
                    succeeded.insert((probe.method, probe.path));
                }
            }
        }
    }
    for probe in &probes {
        if probe.succeeds && !succeeded.contains(&(probe.method, probe.path)) {
            wrong.push(format!("{} {} never succeeded", probe.method, probe.path));
        }
        if !routes.iter().any(|r| r.method == probe.method && r.path == probe.path) {
            wrong.push(format!("{} {} is no route", probe.method, probe.path));
        }
    }
    println!(
        "{cells} cells of {} routes and {} callers asserted, {through} of them allowed",
        routes.len(),
        stage.callers.len()
    );
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn the_visitor_of_the_demo_may_everything_and_nobody_else_is_let_in() {
    let policy = Policy { visitor: Some("admin".into()), ..policy() };
    let plant = plant_of(Options { policy: Some(policy), ..Options::default() }).await;
    let nobody = [("authorization", "")];
    for path in ["/api/v1/tags", "/api/v1/accounts", "/metrics"] {
        let reply = plant.ask(&format!("GET {path} HTTP/1.1"), &nobody, b"").await;
        assert_eq!(reply.status, 200, "{path}");
    }
    let who = plant.ask("GET /api/v1/session HTTP/1.1", &nobody, b"").await.json();
    assert_eq!((&who["kind"], &who["state"]), (&"visitor".into(), &"live".into()));
    let wrong = [("authorization", "Bearer ls_wrong")];
    let reply = plant.ask("GET /api/v1/tags HTTP/1.1", &wrong, b"").await;
    assert_eq!(reply.problem(), (401, "LS-API-023".into()));
}
