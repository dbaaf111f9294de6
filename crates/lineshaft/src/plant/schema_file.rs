//! The JSON schema of the whole plant folder: for editors, the page's forms and the manual's tables.

use lineshaft_contract::DriverKind;
use lineshaft_pipeline::Rule;
use serde_json::{Map, Value as Json, json};

use super::table::{DeviceTable, NodeFile};
use super::table_assets::AssetFile;

/// The schema of every file of a plant folder, by file; each driver's settings are told apart by `driver`.
#[must_use]
pub fn config_schema(drivers: &[DriverKind]) -> Json {
    let mut definitions = Map::new();
    let node = embedded("", schemars::schema_for!(NodeFile).to_value(), &mut definitions);
    let device = embedded("", schemars::schema_for!(DeviceTable).to_value(), &mut definitions);
    let rule = embedded("pipeline", schemars::schema_for!(Rule).to_value(), &mut definitions);
    let assets = embedded("assets", schemars::schema_for!(AssetFile).to_value(), &mut definitions);
    let names: Vec<&str> = drivers.iter().map(|driver| driver.name).collect();
    let mut all = vec![device, json!({ "properties": { "driver": { "enum": names } } })];
    for driver in drivers {
        let settings = embedded(driver.name, driver.schema().to_value(), &mut definitions);
        all.push(json!({
            "if": { "properties": { "driver": { "const": driver.name } } },
            "then": { "properties": { "settings": settings } },
        }));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Lineshaft plant folder",
        "description": "One property per kind of file. Formats and `x-` limits are Lineshaft's own; see the manual.",
        "properties": {
            "lineshaft.toml": node,
            "devices/*.toml": {
                "description": "One table per device.",
                "additionalProperties": {
                    "allOf": all,
                },
            },
            "pipelines/*.toml": {
                "description": "One table per rule.",
                "additionalProperties": rule,
            },
            "assets/*.toml": assets,
        },
        "$defs": definitions,
    })
}

/// Moves the definitions of one schema into the common ones, under names that no other schema has.
fn embedded(owner: &str, mut schema: Json, definitions: &mut Map<String, Json>) -> Json {
    let prefix = if owner.is_empty() { String::new() } else { format!("{owner}.") };
    let own = schema.as_object_mut().and_then(|fields| {
        fields.remove("$schema");
        fields.remove("$defs")
    });
    rename(&mut schema, &prefix);
    if let Some(Json::Object(own)) = own {
        for (name, mut definition) in own {
            rename(&mut definition, &prefix);
            definitions.insert(format!("{prefix}{name}"), definition);
        }
    }
    schema
}

/// Puts `prefix` before the name of every definition that is referred to.
fn rename(schema: &mut Json, prefix: &str) {
    match schema {
        Json::Object(fields) => {
            if let Some(Json::String(target)) = fields.get_mut("$ref") {
                *target = target.replacen("#/$defs/", &format!("#/$defs/{prefix}"), 1);
            }
            fields.values_mut().for_each(|field| rename(field, prefix));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, prefix)),
        _ => {}
    }
}
