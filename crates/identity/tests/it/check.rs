//! The check: roles × permissions × scopes, and what holds for all of them.

use lineshaft_audit::Road;
use lineshaft_identity::{Denied, Grant, Permission, Prefix, RoleChange, Rule, Scope};
use lineshaft_model::TagPath;
use proptest::prelude::*;

use crate::node::{Node, home, policy};

/// Which of the permissions with a reach each built-in role has, by their words.
const ROLES: &[(&str, &[&str])] = &[
    ("viewer", &["read-plant", "read-node"]),
    ("operator", &["read-plant", "read-node", "write-plant", "annotate", "sign"]),
    (
        "engineer",
        &[
            "read-plant",
            "read-node",
            "write-plant",
            "annotate",
            "sign",
            "operate-node",
            "read-config",
            "change-config",
        ],
    ),
    (
        "auditor",
        &[
            "read-plant",
            "read-node",
            "read-config",
            "read-accounts",
            "read-audit",
            "export-audit",
            "sign",
        ],
    ),
    (
        "admin",
        &[
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
        ],
    ),
];

/// Those that are about the node as a whole.
const OF_THE_NODE: &[&str] = &[
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

fn tag(path: &str) -> TagPath {
    TagPath::new(path).unwrap()
}

/// Proves: CR 2.1, CR 2.1 RE2, P11-30.
#[tokio::test]
async fn every_role_may_what_it_says_where_it_says_and_nothing_else() {
    let node = Node::new();
    let inside = [tag("acme/line-1/press/speed")];
    let outside = [tag("acme/line-10/press/speed")];
    let both = [inside[0].clone(), outside[0].clone()];
    let mut cells = 0;
    for (role, has) in ROLES {
        for limited in [false, true] {
            let name = format!("{role}-{limited}");
            let grant = match limited {
                true => Grant::under(role, "acme/line-1"),
                false => Grant::everywhere(role),
            };
            node.person(&name, &[grant]).await;
            let pass = node.login(&name).await.pass;
            for &permission in Permission::ALL {
                let word = permission.word();
                let of_all = matches!(word, "public" | "own-account");
                let given = has.contains(&word) && !(limited && OF_THE_NODE.contains(&word));
                let whole = of_all || (given && !limited);
                let some = of_all || given;
                for (scope, expected) in [
                    (Scope::Node, whole),
                    (Scope::Under(""), whole),
                    (Scope::Under("acme"), whole),
                    (Scope::Under("acme/line-10"), whole),
                    (Scope::Tags(&outside), whole),
                    (Scope::Tags(&both), whole),
                    (Scope::Filter("#"), whole),
                    (Scope::Filter("acme/+/press/speed"), whole),
                    (Scope::Filter("acme/line-10/#"), whole),
                    (Scope::Somewhere, some),
                    (Scope::Under("acme/line-1"), some),
                    (Scope::Under("acme/line-1/press/speed"), some),
                    (Scope::Tags(&inside), some),
                    (Scope::Filter("acme/line-1/#"), some),
                    (Scope::Filter("acme/line-1/+/speed"), some),
                    (Scope::Filter("acme/line-1/press/speed"), some),
                ] {
                    let found = pass.may(permission, &scope);
                    assert_eq!(found.is_ok(), expected, "{name} {word} {scope}: {found:?}");
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 5 * 2 * 15 * 16);
}

/// Proves: CR 2.1.
#[tokio::test]
async fn nobody_may_nothing_unless_it_is_written_down() {
    let node = Node::new();
    let nobody = node.identity.nobody(home(), Road::Http);
    assert!(nobody.may(Permission::Public, &Scope::Node).is_ok());
    for &permission in &Permission::ALL[1..] {
        assert_eq!(nobody.may(permission, &Scope::Somewhere), Err(Denied::NotKnown));
        assert!(nobody.parts(permission, "").is_empty());
    }
    let mut open = policy();
    open.anonymous = Some("viewer".into());
    node.identity.set_policy(open.clone());
    assert!(nobody.sees("acme/a"));
    assert_eq!(nobody.may(Permission::OwnAccount, &Scope::Node), Err(Denied::NotKnown));
    assert_eq!(nobody.may(Permission::WritePlant, &Scope::Somewhere), Err(Denied::NotKnown));
    open.anonymous = Some("no-such-role".into());
    node.identity.set_policy(open);
    assert!(!nobody.sees("acme/a"));
}

#[tokio::test]
async fn nobody_gets_at_people_and_proof_whatever_role_the_plant_file_gives_him() {
    use Permission::{
        Annotate, ChangeConfig, OperateNode, ReadConfig, ReadNode, ReadPlant, WritePlant,
    };
    let mut open = policy();
    open.anonymous = Some("admin".into());
    let node = Node::with(open);
    let nobody = node.identity.nobody(home(), Road::Http);
    for &permission in &Permission::ALL[2..] {
        let about_the_plant =
            [ReadPlant, WritePlant, Annotate, ReadNode, OperateNode, ReadConfig, ChangeConfig];
        let found = nobody.may(permission, &Scope::Somewhere).is_ok();
        assert_eq!(found, about_the_plant.contains(&permission), "{}", permission.word());
    }
}

#[tokio::test]
async fn a_visitor_comes_over_loopback_and_from_nowhere_else() {
    let mut demo = policy();
    demo.visitor = Some("admin".into());
    let node = Node::with(demo);
    for (from, kind) in [
        ("127.0.0.1:9", "visitor"),
        ("[::1]:9", "visitor"),
        ("[::ffff:127.0.0.1]:9", "visitor"),
        ("192.0.2.7:9", "nobody"),
        ("[2001:db8::1]:9", "nobody"),
    ] {
        let pass = node.identity.nobody(Some(from.parse().unwrap()), Road::Http);
        assert_eq!(pass.kind().word(), kind, "{from}");
        assert_eq!(pass.may(Permission::ChangeConfig, &Scope::Node).is_ok(), kind == "visitor");
    }
    assert_eq!(node.identity.nobody(None, Road::Http).kind().word(), "nobody");
    let visitor = node.identity.nobody(Some("127.0.0.1:9".parse().unwrap()), Road::Http);
    node.identity.set_policy(policy());
    assert!(!visitor.is_live());
}

/// Proves: A20.
#[tokio::test]
async fn a_filter_is_allowed_only_where_everything_it_can_match_is() {
    let node = Node::new();
    let grants = [Grant::under("viewer", "acme/line-1"), Grant::under("viewer", "acme/line-2")];
    node.person("ada", &grants).await;
    let pass = node.login("ada").await.pass;
    for (filter, allowed) in [
        ("acme/line-1", true),
        ("acme/line-1/#", true),
        ("acme/line-1/+", true),
        ("acme/line-1/+/x/#", true),
        ("acme/line-1/press", true),
        ("acme/line-2/press", true),
        ("acme/line-3/#", false),
        ("acme/line-1x/#", false),
        ("acme/line-10", false),
        ("acme/#", false),
        ("acme/+", false),
        ("acme/+/press", false),
        ("+/line-1/press", false),
        ("#", false),
        ("+", false),
        ("+/#", false),
        ("", false),
        ("/", false),
        ("/acme/line-1", false),
        ("acme/line-1/", false),
        ("acme//line-1", false),
        ("acme/line-1/#/x", false),
        ("acme/line-1/x#", false),
        ("acme/line-1/x+", false),
        ("$SYS/#", false),
        ("$share/g/acme/line-1/#", false),
        ("acme/line-1/$x", false),
        ("ACME/line-1", false),
    ] {
        let found = pass.may(Permission::ReadPlant, &Scope::Filter(filter)).is_ok();
        assert_eq!(found, allowed, "{filter}");
    }
    assert!(node.root().may(Permission::ReadPlant, &Scope::Filter("#")).is_ok());
}

#[tokio::test]
async fn the_parts_are_what_is_allowed_of_what_is_asked_for() {
    let node = Node::new();
    let role = RoleChange {
        role: "presses".into(),
        description: String::new(),
        rules: vec![Rule {
            permission: Permission::ReadPlant,
            under: vec![
                Prefix::new("acme/line-1/press"),
                Prefix::new("acme/line-2"),
                Prefix::new("b"),
            ],
        }],
    };
    node.identity.put_role(&node.root(), role, "").await.unwrap();
    let grant = Grant {
        role: "presses".into(),
        under: vec![
            Prefix::new("acme"),
            Prefix::new("acme/line-2/x"),
            Prefix::new("b/c"),
            Prefix::new("z"),
        ],
    };
    node.person("ada", &[grant]).await;
    let pass = node.login("ada").await.pass;
    for (under, parts) in [
        ("", "acme/line-1/press acme/line-2 b/c"),
        ("acme", "acme/line-1/press acme/line-2"),
        ("/acme/", "acme/line-1/press acme/line-2"),
        ("acme/line-1", "acme/line-1/press"),
        ("acme/line-1/press/speed", "acme/line-1/press/speed"),
        ("acme/line-2/x", "acme/line-2/x"),
        ("b/c", "b/c"),
        ("b", "b/c"),
        ("z", ""),
        ("acme/line-20", ""),
    ] {
        let found = pass.parts(Permission::ReadPlant, under);
        let found: Vec<&str> = found.iter().map(Prefix::as_str).collect();
        assert_eq!(found.join(" "), parts, "{under}");
    }
    assert!(pass.parts(Permission::WritePlant, "").is_empty());
}

/// Few segments, so that paths meet; among them such as sort before and after a slash.
fn segment() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "a b", "a-", "a.b", "ab", "b0", "é"]).prop_map(String::from)
}

fn path(depth: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(segment(), depth).prop_map(|segments| segments.join("/"))
}

fn filter() -> impl Strategy<Value = String> {
    let part = prop_oneof![6 => segment(), 2 => Just("+".to_owned())];
    (prop::collection::vec(part, 1..5), any::<bool>()).prop_map(|(mut parts, open)| {
        if open {
            parts.push("#".to_owned());
        }
        parts.join("/")
    })
}

/// What MQTT 5.0 §4.7 says.
fn matches(filter: &str, topic: &str) -> bool {
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[derive(Debug, Clone)]
struct Case {
    prefixes: Vec<String>,
    under: String,
    filter: String,
    tags: Vec<String>,
}

fn case() -> impl Strategy<Value = Case> {
    (
        prop::collection::vec(path(0..4), 0..6),
        path(0..4),
        filter(),
        prop::collection::vec(path(1..6), 1..24),
    )
        .prop_map(|(prefixes, under, filter, tags)| Case { prefixes, under, filter, tags })
}

/// Proves: A20.
#[test]
fn what_is_allowed_on_the_whole_is_allowed_on_every_tag_of_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let node = Node::new();
    let root = node.root();
    runtime.block_on(node.person("ada", &[]));
    let pass = runtime.block_on(node.login("ada")).pass;
    let config = ProptestConfig { cases: 300, ..ProptestConfig::default() };
    proptest!(config, |(case in case())| {
        let prefixes: Vec<Prefix> = case.prefixes.iter().map(|p| Prefix::new(p)).collect();
        let grants = match prefixes.is_empty() {
            true => Vec::new(), // no path named would be the whole plant
            false => vec![Grant { role: "viewer".into(), under: prefixes.clone() }],
        };
        let change = lineshaft_identity::AccountChange { grants: Some(grants), ..Default::default() };
        runtime.block_on(node.identity.change_account(&root, "ada", change, "")).unwrap();
        let read = Permission::ReadPlant;
        let filter = pass.may(read, &Scope::Filter(&case.filter)).is_ok();
        let under = pass.may(read, &Scope::Under(&case.under)).is_ok();
        let parts = pass.parts(read, "");
        let asked = pass.parts(read, &case.under);
        for text in &case.tags {
            let tag = [tag(text)];
            let allowed = prefixes.iter().any(|prefix| prefix.covers(text));
            prop_assert_eq!(pass.may(read, &Scope::Tags(&tag)).is_ok(), allowed, "{}", text);
            prop_assert_eq!(pass.sees(text), allowed);
            prop_assert_eq!(parts.iter().filter(|part| part.covers(text)).count(), usize::from(allowed));
            let wanted = Prefix::new(&case.under).covers(text);
            prop_assert_eq!(asked.iter().any(|part| part.covers(text)), allowed && wanted);
            prop_assert!(!(filter && matches(&case.filter, text)) || allowed);
            prop_assert!(!(under && wanted) || allowed);
        }
        for pair in parts.windows(2) {
            prop_assert!(pair[0] < pair[1] && !pair[0].covers(pair[1].as_str()));
        }
    });
}
