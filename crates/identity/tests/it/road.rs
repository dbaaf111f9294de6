//! Who somebody is in the trail, by each road.

use expect_test::expect;
use lineshaft_audit::Road;
use lineshaft_identity::{Denied, Grant, Permission, Scope};

use crate::node::{Node, home};

#[tokio::test]
async fn what_is_denied_is_one_entry_a_minute_with_a_count() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await.pass;
    let from = node.seq();
    let deny = |action: &str| {
        let denied = ada.may(Permission::ReadAudit, &Scope::Node).unwrap_err();
        node.identity.denied(&ada, action, &denied);
    };
    for _ in 0..180 {
        deny("GET /api/v1/audit");
        node.advance(1);
    }
    deny("GET /api/v1/audit/proof");
    let nobody = node.identity.nobody(home(), Road::Http);
    node.identity.denied(&nobody, "GET /api/v1/tags", &Denied::NotKnown);
    node.advance(60);
    let entries = node.entries(from).await;
    let (often, once): (Vec<&str>, Vec<&str>) =
        entries.lines().partition(|line| line.contains(" GET /api/v1/audit refused"));
    let same =
        "ada access.denied GET /api/v1/audit refused (this needs `read-audit` on the whole plant";
    assert_eq!(often[0], format!("{same})"));
    assert!((3..=5).contains(&often.len()), "{entries}");
    let count = |line: &&str| -> u32 {
        let more = line.strip_prefix(same).unwrap().trim_start_matches([' ', '(']);
        more.split(' ').next().unwrap().parse().unwrap_or(1)
    };
    assert_eq!(often.iter().map(count).sum::<u32>(), 180, "{entries}");
    expect![[r#"
        ada access.denied GET /api/v1/audit/proof refused (this needs `read-audit` on the whole plant)
        anonymous access.denied GET /api/v1/tags refused (this needs somebody who is known)"#]]
    .assert_eq(&once.join("\n"));
}

#[tokio::test]
async fn a_flood_of_different_denials_is_bounded() {
    let node = Node::new();
    let from = node.seq();
    let nobody = node.identity.nobody(home(), Road::Http);
    for n in 0..20_000 {
        node.identity.denied(&nobody, &format!("GET /{n}\n"), &Denied::NotKnown);
    }
    node.identity.upkeep().await;
    let entries = node.seq() - from;
    assert!((1..=1_024).contains(&entries), "{entries}");
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_source_of_denials_however_many_addresses_it_has() {
    let node = Node::new();
    let from = node.seq();
    for n in 0..500_u16 {
        let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n);
        let nobody = node.identity.nobody(Some((address, 40_000).into()), Road::Http);
        node.identity.denied(&nobody, "GET /api/v1/tags", &Denied::NotKnown);
    }
    node.advance(60);
    let entries = node.entries(from).await;
    assert_eq!(entries.lines().count(), 2, "{entries}");
    assert!(entries.contains("499 times more"), "{entries}");
}

/// Proves: CR 1.1 RE1, CR 2.12, P11-15.
#[tokio::test]
async fn who_acts_is_named_by_the_road_he_comes() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await;
    let about = ada.pass.actor();
    assert_eq!((&*about.name, about.account, about.road), ("ada", Some(1), Road::Http));
    assert_eq!(about.from, home());
    assert_eq!(about.session.as_deref(), ada.pass.about().session.as_deref());
    let local = node.identity.local("ro\not");
    assert_eq!((&*local.actor().name, local.actor().road), ("local:root", Road::Local));
    assert_eq!(&*node.identity.node().actor().name, "node");
    assert_eq!(&*node.identity.nobody(home(), Road::Http).actor().name, "anonymous");
}
