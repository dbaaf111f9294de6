use super::*;
use crate::assets::{Matches, States};
use crate::{Namespace, Role};
use lineshaft_model::{Access, Tags, Unit};

/// `path type unit` each; `rw` behind them for what can be written.
fn plant(lines: &[&str], model: AssetModel) -> (Namespace, Arc<Assets>) {
    let metas = lines.iter().map(|line| {
        let parts: Vec<&str> = line.split(' ').collect();
        TagMeta {
            path: TagPath::new(parts[0]).unwrap(),
            data_type: parts.get(1).unwrap_or(&"f32").parse().unwrap(),
            unit: parts.get(2).filter(|unit| **unit != "-").map(|unit| Unit::new(unit).unwrap()),
            access: if parts.get(3) == Some(&"rw") { Access::ReadWrite } else { Access::Read },
            step: false,
            description: String::new(),
            device: "".into(),
        }
    });
    let namespace = Namespace::new(Arc::new(Tags::new()));
    namespace.configure(metas.collect());
    namespace.set_assets(model);
    let assets = namespace.assets();
    (namespace, assets)
}

fn shown(lines: &[&str], model: AssetModel) -> Vec<String> {
    let (namespace, assets) = plant(lines, model);
    let name = |id: TagId| namespace.meta(id).unwrap().path.name().to_owned();
    let show = |asset: &Asset| {
        let kind = asset.type_name.as_deref().unwrap_or("-");
        let state = asset.state.map_or("-".into(), name);
        let values: Vec<String> = asset
            .values
            .iter()
            .map(|value| match value.setpoint {
                Some(setpoint) => format!("{}<{}", name(value.tag), name(setpoint)),
                None => name(value.tag),
            })
            .collect();
        format!("{} {} {kind} {state} [{}]", asset.path, asset.level.word(), values.join(" "))
    };
    assets.iter().map(show).collect()
}

const AIR: [&str; 10] = [
    "acme/rdam/air/comp-1/motor_on bool",
    "acme/rdam/air/comp-1/power f32 kW",
    "acme/rdam/air/comp-1/_diag/errors u32",
    "acme/rdam/air/comp-2/motor_on bool",
    "acme/rdam/air/comp-2/power f32 kW",
    "acme/rdam/air/comp-2/oil/level f32 %",
    "acme/rdam/air/pressure f32 bar",
    "acme/rdam/air/pressure_setpoint f32 bar rw",
    "acme/rdam/_gateway/up bool",
    "z u32",
];

#[test]
fn without_a_word_levels_types_and_values_come_from_the_tags() {
    assert_eq!(
        shown(&AIR, AssetModel::default()),
        [
            "acme enterprise - - []",
            "acme/rdam site - - []",
            "acme/rdam/air area - - [pressure<pressure_setpoint pressure_setpoint]",
            "acme/rdam/air/comp-1 machine comp motor_on [power]",
            "acme/rdam/air/comp-2 line - motor_on [power]",
            "acme/rdam/air/comp-2/oil machine oil - [level]",
        ]
    );
}

fn model() -> AssetModel {
    let limits = Limits { high: Some(60.0), ..Limits::default() };
    let compressor = AssetType {
        name: "compressor".into(),
        values: vec!["oil/level".into(), "power".into()],
        limits: [("power".to_owned(), limits)].into(),
        states: States::default(),
        matches: vec![Matches::new(|path| path.starts_with("air/comp-"))],
        ..AssetType::default()
    };
    let line = NamedAsset {
        path: TagPath::new("acme/rdam/air").unwrap(),
        type_name: None,
        title: Some("Compressed air".into()),
        level: Some(Level::Line),
    };
    let node = Some(TagPath::new("acme/rdam").unwrap());
    AssetModel { node, types: vec![Arc::new(compressor)], named: vec![line] }
}

#[test]
fn what_the_plant_folder_says_comes_first() {
    assert_eq!(
        shown(&AIR, model()),
        [
            "acme enterprise - - []",
            "acme/rdam site - - []",
            "acme/rdam/air line - - [pressure<pressure_setpoint pressure_setpoint]",
            "acme/rdam/air/comp-1 machine compressor motor_on [power]",
            "acme/rdam/air/comp-2 machine compressor motor_on [level power]",
        ]
    );
}

#[test]
fn limits_belong_to_the_tags_that_are_there() {
    let (namespace, assets) = plant(&AIR, model());
    let limited: Vec<&str> = assets.limited().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(limited, ["acme/rdam/air/comp-1/power", "acme/rdam/air/comp-2/power"]);
    let one = assets.get("acme/rdam/air/comp-1").unwrap();
    let power = TagPath::new("acme/rdam/air/comp-1/power").unwrap();
    assert_eq!(one.limits(&power).unwrap().high, Some(60.0));
    let other = TagPath::new("acme/rdam/air/comp-10/power").unwrap();
    assert_eq!(one.limits(&other), None);
    let id = namespace.find(&power).unwrap();
    assert_eq!(one.role(id, &namespace.meta(id).unwrap()), Role::Value);
}

#[test]
fn a_value_at_a_limit_is_inside_of_it() {
    let limits = Limits { low: Some(1.0), high_high: Some(9.0), ..Limits::default() };
    for (value, beyond) in [(0.9, true), (1.0, false), (9.0, false), (9.1, true)] {
        assert_eq!(limits.is_beyond(&value.into()), beyond, "{value}");
    }
    assert!(!limits.is_beyond(&"x".into()) && !limits.is_beyond(&lineshaft_model::Value::Null));
}

#[test]
fn like_machines_have_one_type_after_their_names_or_their_folder() {
    let kinds = |lines: &[&str]| -> Vec<String> {
        let (_, assets) = plant(lines, AssetModel::default());
        let machines = assets.iter().filter(|asset| asset.is_leaf);
        machines.map(|asset| asset.type_name.as_deref().unwrap_or("-").to_owned()).collect()
    };
    let pumps = ["p/pump-1/flow f32 m3/h", "p/pump-2/flow f32 m3/h", "p/fan/speed f32 1/min"];
    assert_eq!(kinds(&pumps), ["fan", "pump", "pump"]);
    // One has a value more that nobody is shown: still alike.
    let meters = [
        "energy/bottling/power f32 kW",
        "energy/offices/power f32 kW",
        "energy/offices/serial text(8)",
    ];
    assert_eq!(kinds(&meters), ["energy", "energy"]);
    assert_eq!(kinds(&["a/1/x f32 V", "b/2/x f32 V"]), ["1", "1"]);
}

#[test]
fn a_search_wants_all_words_and_puts_names_that_begin_so_first() {
    let (_, assets) = plant(&AIR, model());
    let found = |search: &str| -> Vec<&str> {
        assets.find(search).iter().map(|asset| asset.path.name()).collect()
    };
    assert_eq!(found("comp"), ["air", "comp-1", "comp-2"]);
    assert_eq!(found("COMP-2"), ["comp-2"]);
    assert_eq!(found("air comp-1"), ["comp-1"]);
    assert_eq!(found("compressor"), ["comp-1", "comp-2"]);
    assert_eq!(found("rdam"), ["rdam"]);
    assert_eq!(found("nothing"), [""; 0]);
    assert_eq!(found("  "), [""; 0]);
}

#[test]
fn a_change_of_tags_or_of_the_model_is_seen() {
    let (namespace, before) = plant(&AIR, AssetModel::default());
    assert!(Arc::ptr_eq(&before, &namespace.assets()));
    namespace.set_assets(model());
    assert_eq!(namespace.assets().len(), 5);
    namespace.configure(Vec::new());
    assert!(namespace.assets().is_empty());
}
