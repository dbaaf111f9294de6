//! A node with people in it: a real database in a temporary folder, a real trail on a simulated disk.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lineshaft_audit::{Entry, Options, Query, Trail};
use lineshaft_identity::{
    AccountKind, Activity, Grant, Identity, LoggedIn, Login, LoginError, NewAccount, Pass,
    PasswordPolicy, Policy, Secret,
};
use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};
use tempfile::TempDir;

/// Good enough for every policy here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Another one.
pub(crate) const OTHER: &str = "seven purple tractors on ice";

pub(crate) struct Node {
    pub(crate) dir: TempDir,
    pub(crate) disk: SimDisk,
    pub(crate) clock: Clock,
    pub(crate) trail: Trail,
    pub(crate) identity: Identity,
}

/// Hashes cost next to nothing: what they protect here is nothing.
pub(crate) fn policy() -> Policy {
    Policy {
        password: PasswordPolicy { memory_kib: 8, ..PasswordPolicy::default() },
        ..Policy::default()
    }
}

pub(crate) fn home() -> Option<SocketAddr> {
    Some(SocketAddr::from(([192, 0, 2, 7], 40_000)))
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn open_trail(disk: &SimDisk, clock: &Clock) -> Trail {
    let options = Options { reserve_bytes: 64 << 10, ..Options::of_node("test") };
    Trail::open(Arc::new(disk.clone()), clock.clone(), Path::new("audit"), options).unwrap()
}

impl Node {
    pub(crate) fn new() -> Node {
        Node::with(policy())
    }

    pub(crate) fn with(policy: Policy) -> Node {
        let dir = TempDir::new().unwrap();
        let disk = SimDisk::new(1, Faults::none());
        let clock = Clock::simulated(Timestamp::parse("2026-11-20T08:00:00Z").unwrap());
        let trail = open_trail(&disk, &clock);
        let path = dir.path().join("identity.db");
        let identity = Identity::open(&path, clock.clone(), trail.clone(), policy).unwrap();
        Node { dir, disk, clock, trail, identity }
    }

    /// The process ends, in order or not, and starts again.
    pub(crate) fn restart(self) -> Node {
        let policy = Policy::clone(&self.identity.policy());
        let Node { dir, disk, clock, trail, identity } = self;
        drop((identity, trail));
        let disk = disk.kill();
        let trail = open_trail(&disk, &clock);
        let path = dir.path().join("identity.db");
        let identity = Identity::open(&path, clock.clone(), trail.clone(), policy).unwrap();
        Node { dir, disk, clock, trail, identity }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("identity.db")
    }

    pub(crate) fn root(&self) -> Pass {
        self.identity.local("root")
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Makes a person who has chosen his own password, [`PASSWORD`].
    pub(crate) async fn person(&self, name: &str, grants: &[Grant]) {
        let account = NewAccount {
            account: name.to_owned(),
            full_name: format!("{name} of the plant"),
            kind: AccountKind::Person,
            password: Some(secret("a first one to be changed")),
            grants: grants.to_vec(),
            expires: None,
        };
        self.identity.create_account(&self.root(), account, "").await.unwrap();
        let first = self.login_with(name, "a first one to be changed").await.unwrap();
        let old = secret("a first one to be changed");
        self.identity.change_password(&first.pass, &old, &secret(PASSWORD)).await.unwrap();
        self.identity.logout(&first.pass).await.unwrap();
    }

    /// Makes a machine.
    pub(crate) async fn machine(&self, name: &str, grants: &[Grant]) {
        let account = NewAccount {
            account: name.to_owned(),
            full_name: name.to_owned(),
            kind: AccountKind::Machine,
            password: None,
            grants: grants.to_vec(),
            expires: None,
        };
        self.identity.create_account(&self.root(), account, "").await.unwrap();
    }

    pub(crate) async fn login_with(
        &self,
        name: &str,
        password: &str,
    ) -> Result<LoggedIn, LoginError> {
        self.login_code(name, password, None).await
    }

    pub(crate) async fn login_code(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<LoggedIn, LoginError> {
        let login = Login {
            account: name.to_owned(),
            password: secret(password),
            code: code.map(str::to_owned),
        };
        self.identity.login(login, home(), "test").await
    }

    pub(crate) async fn login(&self, name: &str) -> LoggedIn {
        self.login_with(name, PASSWORD).await.unwrap()
    }

    /// A request of a session.
    pub(crate) fn ask(&self, session: &LoggedIn, activity: Activity) -> Option<Pass> {
        self.identity.by_session(session.secret.reveal(), home(), activity).ok()
    }

    /// What the trail has since entry `from`, one line each: `who action object result (detail)`.
    pub(crate) async fn entries(&self, from: u64) -> String {
        self.identity.upkeep().await;
        let mut text = String::new();
        for entry in self.all_entries(from) {
            let act = &entry.act;
            let result = serde_json::to_value(act.result).unwrap();
            let detail = act.detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default();
            text.push_str(&format!(
                "{} {} {} {}{detail}\n",
                act.who.name,
                act.action.word(),
                act.object,
                result.as_str().unwrap()
            ));
        }
        text
    }

    pub(crate) fn all_entries(&self, from: u64) -> Vec<Entry> {
        let mut found = Vec::new();
        let mut after = from.checked_sub(1);
        loop {
            let query = Query { after, limit: 1_000, ..Query::default() };
            let page = self.trail.read(&query).unwrap();
            found.extend(page.entries);
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    }

    pub(crate) fn seq(&self) -> u64 {
        self.trail.status().entries
    }

    /// Runs SQL on the database behind the node's back.
    pub(crate) fn sql(&self, script: &str) {
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(script).unwrap();
    }
}
