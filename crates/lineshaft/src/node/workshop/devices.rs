//! What a form needs: the drivers of this build, and the devices of the plant folder as they are written.

use lineshaft_contract::{Configuration, ConfigurationError, ConfiguredDevice, DriverPage};
use lineshaft_drivers::DRIVERS;
use serde_json::{Map, Value as Json};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::plant::table::DeviceTable;
use crate::plant::tidy;

/// The drivers of this build.
pub(super) fn drivers() -> Vec<DriverPage> {
    let device = schemars::schema_for!(DeviceTable).to_value();
    let page = |kind: &lineshaft_contract::DriverKind| DriverPage {
        driver: kind.name,
        card: kind.card,
        settings: kind.schema().to_value(),
        device: device.clone(),
    };
    DRIVERS.iter().map(page).collect()
}

/// The devices of the plant as it runs, by name.
pub(super) async fn configured(
    plant: Option<&dyn Configuration>,
) -> Result<Vec<ConfiguredDevice>, ConfigurationError> {
    let unknown = || ConfigurationError::Unknown { what: "plant folder".into() };
    let plant = plant.ok_or_else(unknown)?;
    let current = plant.files().await?;
    let is_device = |path: &str| path.starts_with("devices/") && path.ends_with(".toml");
    let mut devices = Vec::new();
    for file in current.files.iter().filter(|file| is_device(&file.path)) {
        let content = plant.file(file.path.clone(), Some(current.revision)).await?;
        let text = String::from_utf8(content.bytes).unwrap_or_default();
        // What runs can be read.
        let Ok(document) = text.parse::<DocumentMut>() else { continue };
        for (name, item) in document.iter() {
            let Some(table) = item.as_table_like() else { continue };
            let table = json_of_table(table);
            let tags_file =
                table.get("tags").and_then(Json::as_str).map(|tags| beside(&file.path, tags));
            let outside = tags_file
                .as_deref()
                .is_some_and(|path| path.starts_with('/') || path.starts_with(".."));
            devices.push(ConfiguredDevice {
                device: name.to_owned(),
                file: file.path.clone(),
                tags_file,
                is_writable: content.writable && !outside,
                is_enabled: table.get("enabled") != Some(&Json::Bool(false)),
                table,
            });
        }
    }
    devices.sort_by(|a, b| a.device.cmp(&b.device));
    Ok(devices)
}

/// The path of a tag table from the plant folder on.
fn beside(file: &str, tags: &str) -> String {
    let folder = std::path::Path::new(file).parent().unwrap_or(std::path::Path::new(""));
    tidy(&folder.join(tags)).to_string_lossy().into_owned()
}

fn json_of_table(table: &dyn TableLike) -> Map<String, Json> {
    table.iter().map(|(key, item)| (key.to_owned(), json_of(item))).collect()
}

fn json_of(item: &Item) -> Json {
    match item {
        Item::None => Json::Null,
        Item::Value(value) => json_of_value(value),
        Item::Table(table) => json_of_table(table).into(),
        Item::ArrayOfTables(tables) => {
            tables.iter().map(|table| Json::from(json_of_table(table))).collect()
        }
    }
}

fn json_of_value(value: &Value) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(whole) => (*whole.value()).into(),
        Value::Float(float) => (*float.value()).into(),
        Value::Boolean(on) => (*on.value()).into(),
        Value::Datetime(time) => time.value().to_string().into(),
        Value::Array(items) => items.iter().map(json_of_value).collect(),
        Value::InlineTable(table) => json_of_table(table).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_is_as_it_is_written() {
        let text = "[press-1] # the big one\ndriver = \"modbus\"\nperiod = '1s'\nsettings = { unit = 3 }\n";
        let document: DocumentMut = text.parse().unwrap();
        let table = json_of_table(document["press-1"].as_table_like().unwrap());
        let expected = json!({"driver": "modbus", "period": "1s", "settings": {"unit": 3}});
        assert_eq!(Json::from(table), expected);
    }

    #[test]
    fn a_tag_table_is_named_from_the_plant_folder_on() {
        assert_eq!(beside("devices/line-1.toml", "../tags/press-1.csv"), "tags/press-1.csv");
        assert_eq!(beside("devices/line-1.toml", "/srv/tags.csv"), "/srv/tags.csv");
        assert_eq!(beside("devices/line-1.toml", "../../x.csv"), "../x.csv");
    }

    /// A form is made of the schema: whoever fills it in sees what each key is and what it is without him.
    #[test]
    fn every_key_of_a_form_has_a_title_a_description_and_a_default_where_there_is_one() {
        for page in drivers() {
            assert!(!page.card.title.is_empty() && !page.card.types.is_empty(), "{}", page.driver);
            let kind = DRIVERS.iter().find(|kind| kind.name == page.driver).unwrap();
            let schemes: Vec<&str> = page.card.endpoints.iter().map(|e| e.scheme).collect();
            assert_eq!(schemes, kind.schemes);
            for endpoint in page.card.endpoints {
                endpoint.example.parse::<lineshaft_runtime::Endpoint>().unwrap();
            }
            for (schema, optional) in [
                (&page.settings, &[][..]),
                (
                    &page.device,
                    &["driver", "endpoint", "path", "tags", "stale_after", "settings"][..],
                ),
            ] {
                for (key, field) in schema["properties"].as_object().unwrap() {
                    let (driver, key) = (page.driver, key.as_str());
                    assert!(field["title"].is_string(), "{driver}: {key} has no title");
                    assert!(field["description"].is_string(), "{driver}: {key} has no description");
                    let has = field.get("default").is_some_and(|default| !default.is_null());
                    assert!(has || optional.contains(&key), "{driver}: {key} has no default");
                }
            }
        }
    }
}
