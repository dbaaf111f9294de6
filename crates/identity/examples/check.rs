//! How long one check takes: `cargo run --release -p lineshaft-identity --example check`.
//!
//! A node with 1,000 accounts; one of them has 64 paths. Prints nanoseconds for each question and how long a change
//! takes until it is so, trail and database on the disk of the folder for temporary files.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use lineshaft_audit::{Options, Trail};
use lineshaft_identity::{
    AccountChange, AccountKind, Grant, Identity, NewAccount, NewToken, Permission, Policy, Prefix,
    Scope,
};
use lineshaft_model::TagPath;
use lineshaft_runtime::Clock;
use lineshaft_runtime::disk::RealDisk;

const QUESTIONS: u32 = 1_000_000;
const CHANGES: u32 = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let clock = Clock::real();
    let disk = Arc::new(RealDisk);
    let audit = dir.path().join("audit");
    let trail = Trail::open(disk, clock.clone(), &audit, Options::of_node("bench"))?;
    let path = dir.path().join("identity.db");
    let identity = Identity::open(&path, clock.clone(), trail, Policy::default())?;
    let root = identity.local("bench");
    for n in 0..1_000 {
        let account = NewAccount {
            account: format!("machine-{n}"),
            full_name: format!("machine {n}"),
            kind: AccountKind::Machine,
            password: None,
            grants: vec![Grant::under("operator", &format!("acme/line-{n}"))],
            expires: None,
        };
        identity.create_account(&root, account, "").await?;
    }
    let under = (0..64).map(|n| Prefix::new(&format!("acme/line-{n}/press"))).collect();
    let grants = vec![Grant { role: "operator".into(), under }];
    let token = NewToken { name: "bench".into(), grants, expires: None };
    let ((_, secret), _) = identity.create_token(&root, token, "").await?;
    let road = lineshaft_audit::Road::Http;
    let Ok(pass) = identity.by_token(secret.reveal(), None, road) else {
        return Err("the token is not known".into());
    };
    let tag = [TagPath::new("acme/line-37/press/temperature")?];
    let time = |what: &str, question: &dyn Fn() -> bool| {
        let began = clock.steady();
        let all = (0..QUESTIONS).all(|_| black_box(question()));
        let each = (clock.steady() - began).as_secs_f64() / f64::from(QUESTIONS) * 1e9;
        println!("{what:24} {each:8.0} ns  {}", if all { "allowed" } else { "denied" });
    };
    time("may, one tag", &|| pass.may(Permission::WritePlant, &Scope::Tags(&tag)).is_ok());
    time("may, a filter", &|| {
        pass.may(Permission::ReadPlant, &Scope::Filter("acme/line-37/press/+/#")).is_ok()
    });
    time("sees", &|| pass.sees("acme/line-37/press/temperature"));
    time("by_token", &|| identity.by_token(secret.reveal(), None, road).is_ok());
    let began = clock.steady();
    for n in 0..CHANGES {
        let full_name = Some(format!("machine, change {n}"));
        let change = AccountChange { full_name, ..AccountChange::default() };
        identity.change_account(&root, "machine-7", change, "").await?;
    }
    let each = (clock.steady() - began).as_secs_f64() / f64::from(CHANGES) * 1e3;
    println!("{:24} {each:8.2} ms", "a change of an account");
    Ok(())
}
