//! The plant as assets: what is made out, what the plant folder says, and what of it somebody may see.

use std::sync::Arc;

use lineshaft_identity::Grant;
use lineshaft_model::{Access, TagMeta, TagPath};
use lineshaft_namespace::{AssetModel, AssetType, Level, Limits, Matches, NamedAsset, States};
use serde_json::{Value, json};

use crate::plant::{LINE, OTHER_LINE, Plant, at, metas, plant, two_lines};

fn model() -> AssetModel {
    let limits = Limits { low: Some(10.0), high: Some(90.0), ..Limits::default() };
    let filler = AssetType {
        name: "filler".into(),
        title: Some("Filler".into()),
        values: vec!["speed".into()],
        limits: [("speed".to_owned(), limits)].into(),
        states: States {
            words: [("true".into(), "Fills".into())].into(),
            running: vec!["true".into()],
        },
        matches: vec![Matches::new(|path| path.ends_with("/filler"))],
        ..AssetType::default()
    };
    let line = NamedAsset {
        path: TagPath::new(LINE).unwrap(),
        type_name: None,
        title: Some("Line one".into()),
        level: Some(Level::Line),
    };
    let node = Some(TagPath::new("acme/rotterdam").unwrap());
    AssetModel { node, types: vec![Arc::new(filler)], named: vec![line] }
}

async fn get(plant: &Plant, query: &str) -> Value {
    plant.get(&format!("/api/v1/assets{query}")).await.json()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_machine_tells_its_state_its_values_and_what_is_normal() {
    let plant = plant().await;
    plant.namespace.set_assets(model());
    plant.publish("filler/running", at(1, true));
    plant.publish("filler/speed", at(2, 95.0));
    let line = get(&plant, &format!("?under={LINE}")).await;
    assert_eq!(
        (&line["title"], &line["level"], &line["type"], &line["leaf"], &line["abnormal"]),
        (&json!("Line one"), &json!("line"), &json!(null), &json!(false), &json!(1))
    );
    assert_eq!((&line["tags"], &line["next"]), (&json!(8), &json!(null)));
    let filler = &line["children"][0];
    assert_eq!(
        (&filler["type"], &filler["type_title"], &filler["inferred"], &filler["level"]),
        (&json!("filler"), &json!("Filler"), &json!(false), &json!("machine"))
    );
    assert_eq!(filler["states"], json!({"words": {"true": "Fills"}, "running": ["true"]}));
    assert_eq!(filler["state"]["tag"], format!("{LINE}/filler/running"));
    assert_eq!(
        (&filler["state"]["value"], &filler["state"]["role"]),
        (&json!(true), &json!("state"))
    );
    let speed = &filler["values"][0];
    assert_eq!(speed["limits"], json!({"low": 10.0, "high": 90.0}));
    assert_eq!((&speed["value"], &speed["unit"]), (&json!(95.0), &json!("1/min")));
    assert_eq!(filler["children"], json!(null), "one level was asked for");
}

#[tokio::test]
async fn a_tree_of_names_comes_without_values_and_with_what_it_is_inside_of() {
    let plant = plant().await;
    plant.namespace.set_assets(model());
    plant.publish("filler/speed", at(2, 95.0));
    let line = get(&plant, &format!("?under={LINE}&values=none")).await;
    let filler = &line["children"][0];
    assert_eq!(
        (&filler["name"], &filler["state"], &filler["values"], &filler["abnormal"]),
        (&json!("filler"), &json!(null), &json!([]), &json!(1))
    );
    let filler = get(&plant, &format!("?under={LINE}/filler&levels=0&values=none")).await;
    assert_eq!((&filler["members"], &filler["leaf"]), (&json!([]), &json!(true)));
    let above = filler["above"].as_array().unwrap();
    assert_eq!(above.last().unwrap(), &json!({"path": LINE, "title": "Line one"}));
    assert_eq!(above.first().unwrap()["path"], json!("acme"));
    let nothing = get(&plant, &format!("?under={LINE}/nothing&levels=0")).await;
    assert_eq!(nothing["above"], json!([]), "what has no tags is inside of nothing");
}

#[tokio::test]
async fn without_a_word_everything_is_made_out_and_said_to_be() {
    let plant = plant().await;
    let filler = get(&plant, &format!("?under={LINE}/filler&levels=0")).await;
    assert_eq!((&filler["inferred"], &filler["type"]), (&json!(true), &json!("filler")));
    assert_eq!(filler["state"]["tag"], format!("{LINE}/filler/running"));
    assert_eq!((&filler["leaf"], &filler["children"]), (&json!(true), &json!([])));
    let members = filler["members"].as_array().unwrap();
    let roles: Vec<String> = members
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["tag"].as_str().unwrap().rsplit('/').next().unwrap(),
                one["role"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        roles,
        [
            "count counter",
            "mute setpoint",
            "recipe setpoint",
            "running state",
            "slow setpoint",
            "speed setpoint",
            "stuck setpoint"
        ]
    );
    let own = get(&plant, &format!("?under={LINE}")).await;
    assert_eq!(
        own["members"].as_array().unwrap().len(),
        1,
        "those of a line are not its machines'"
    );
}

#[tokio::test]
async fn the_top_is_the_first_asset_with_a_choice() {
    let plant = plant().await;
    let choice = get(&plant, "?start=choice&levels=2").await;
    assert_eq!((&choice["path"], names(&choice["children"])), (&json!(LINE), vec!["filler"]));
    let top = get(&plant, "?levels=8").await;
    assert_eq!((&top["path"], &top["level"]), (&json!(""), &json!("enterprise")));
    let levels: Vec<&Value> =
        std::iter::successors(Some(&top["children"][0]), |one| one["children"].as_array()?.first())
            .map(|one| &one["level"])
            .collect();
    assert_eq!(levels, ["enterprise", "site", "area", "machine"]);
    let nothing = get(&plant, "?under=acme/nothing").await;
    assert_eq!((&nothing["tags"], &nothing["children"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn many_machines_come_in_pages_and_are_found_by_name() {
    let plant = plant().await;
    let machine = |n: usize| TagMeta {
        path: TagPath::new(&format!("{LINE}/pump-{n:03}/flow")).unwrap(),
        access: Access::Read,
        ..metas().remove(0)
    };
    plant.namespace.configure((0..250).map(machine).collect());
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&plant, &format!("?under={LINE}&limit=100&after={after}")).await;
        found.extend(names(&page["children"]).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let expect: Vec<String> = (0..250).map(|n| format!("pump-{n:03}")).collect();
    assert_eq!(found, expect);
    let search = get(&plant, "?search=PUMP+11&limit=4").await;
    assert_eq!(names(&search["children"]), ["pump-110", "pump-111", "pump-112", "pump-113"]);
    let next = search["next"].as_str().unwrap();
    let rest = get(&plant, &format!("?search=PUMP+11&limit=400&after={next}")).await;
    assert_eq!(names(&rest["children"]).len(), 8);
}

#[tokio::test]
async fn whoever_sees_a_part_learns_of_nothing_else() {
    let plant = plant().await;
    plant.namespace.configure(two_lines());
    plant.namespace.set_assets(model());
    plant.publish("filler/speed", at(2, 95.0));
    let token = plant.token("line-10", vec![Grant::under("operator", OTHER_LINE)]).await;
    let who = format!("Bearer {token}");
    let ask = async |query: &str| {
        let headers = [("authorization", who.as_str())];
        plant.ask(&format!("GET /api/v1/assets{query} HTTP/1.1"), &headers, b"").await
    };
    let top = ask("?levels=8").await.json();
    assert_eq!((&top["tags"], &top["abnormal"]), (&json!(1), &json!(0)));
    let lines = &top["children"][0]["children"][0]["children"];
    assert_eq!(names(lines), ["line-10"]);
    assert_eq!(ask("?start=choice").await.json()["path"], OTHER_LINE);
    assert_eq!(names(&ask("?search=press").await.json()["children"]), ["press"]);
    assert_eq!(names(&ask("?search=filler").await.json()["children"]), [""; 0]);
    assert_eq!(ask(&format!("?under={LINE}")).await.problem(), (403, "LS-API-024".into()));

    // One tag of a machine: the machine is there, with that and nothing else.
    let one =
        plant.token("one", vec![Grant::under("operator", &format!("{LINE}/filler/count"))]).await;
    let one = format!("Bearer {one}");
    let headers = [("authorization", one.as_str())];
    let asked = format!("GET /api/v1/assets?under={LINE}/filler HTTP/1.1");
    let filler = plant.ask(&asked, &headers, b"").await.json();
    assert_eq!(
        (&filler["tags"], &filler["state"], &filler["values"]),
        (&json!(1), &json!(null), &json!([]))
    );
    let members = filler["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[0]["tag"]), (1, &json!(format!("{LINE}/filler/count"))));
}
