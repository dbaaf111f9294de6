//! What is tried out, checked exactly as `lineshaft check` would: it is read as a plant folder with one device.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use lineshaft_contract::{Trial, TrialMistake};
use lineshaft_drivers::DRIVERS;
use serde_json::{Map, Value as Json};

use crate::plant::{self, Draft, Mistake, Outside, PlantDevice, Severity};

/// What the device is called while it is tried out.
const NAME: &str = "trial";
const DEVICE_FILE: &str = "devices/trial.toml";
const TABLE_FILE: &str = "tags/trial.csv";
const NODE: &str = "[node]\nname = \"trial\"\npath = \"trial\"\n";

/// The device of a trial.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(trial: &Trial) -> Result<PlantDevice, Vec<TrialMistake>> {
    let (device, keys) = device_file(&trial.device);
    let (table, cells) = table_file(&trial.tags);
    let files: BTreeMap<String, Vec<u8>> =
        [("lineshaft.toml", NODE.to_owned()), (DEVICE_FILE, device), (TABLE_FILE, table)]
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.into_bytes()))
            .collect();
    let draft = Draft { files: Arc::new(files), outside: Outside::Only(Default::default()) };
    // A folder that is not there: whatever is read comes from the draft.
    let folder = Path::new("/nonexistent/lineshaft-trial");
    let places = Places { keys, cells };
    match plant::load_draft(folder, DRIVERS, draft) {
        Ok(mut plant) => plant.devices.pop().ok_or_else(|| vec![nothing()]),
        Err(mistakes) => {
            let errors = mistakes.all().iter().filter(|one| one.severity == Severity::Error);
            let errors: Vec<TrialMistake> = errors.map(|one| places.mistake(one)).collect();
            Err(if errors.is_empty() { vec![nothing()] } else { errors })
        }
    }
}

fn nothing() -> TrialMistake {
    TrialMistake {
        key: String::new(),
        code: "LS-CFG-004".into(),
        what: "there is no device to try".into(),
        remedy: "give at least `driver` and `endpoint`".into(),
    }
}

/// What stands where in the files of a trial.
struct Places {
    /// By line from 1.
    keys: Vec<String>,
    /// By row: at which character from 1 each column begins.
    cells: Vec<Vec<(u32, String)>>,
}

impl Places {
    fn mistake(&self, mistake: &Mistake) -> TrialMistake {
        let line = mistake.at.line as usize;
        let key = if mistake.at.file == TABLE_FILE {
            let row = line.saturating_sub(2);
            let column = self.cells.get(row).and_then(|cells| {
                cells.iter().rfind(|(start, _)| *start <= mistake.at.column).map(|(_, name)| name)
            });
            match column {
                Some(column) => format!("tags[{row}].{column}"),
                None => "tags".into(),
            }
        } else {
            self.keys.get(line.saturating_sub(1)).cloned().unwrap_or_default()
        };
        TrialMistake {
            key,
            code: mistake.code.into(),
            what: mistake.what.clone(),
            remedy: mistake.help.join("; "),
        }
    }
}

/// The device as a file with one key on each line, and which key is on which.
fn device_file(device: &Map<String, Json>) -> (String, Vec<String>) {
    let mut text = format!("[{NAME}]\n");
    let mut keys = vec![String::new()];
    let mut line = |text: &mut String, path: String, key: &str, value: &Json| {
        let Some(value) = toml(value) else { return };
        let _ = writeln!(text, "{} = {value}", toml_edit::Key::new(key));
        keys.push(path);
    };
    line(&mut text, "tags".into(), "tags", &Json::from("../tags/trial.csv"));
    let is_settings = |key: &str, value: &Json| key == "settings" && value.is_object();
    for (key, value) in device {
        // The rows come along; where they will stand is not known yet.
        if key != "tags" && !is_settings(key, value) {
            line(&mut text, key.clone(), key, value);
        }
    }
    if let Some(Json::Object(settings)) = device.get("settings") {
        let _ = writeln!(text, "[{NAME}.settings]");
        keys.push("settings".into());
        for (key, value) in settings {
            let Some(value) = toml(value) else { continue };
            let _ = writeln!(text, "{} = {value}", toml_edit::Key::new(key));
            keys.push(format!("settings.{key}"));
        }
    }
    (text, keys)
}

/// A value on one line; nothing for null, which TOML does not have.
fn toml(value: &Json) -> Option<toml_edit::Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(on) => (*on).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        // A line break would move everything behind it to another line.
        Json::String(text) => text.replace(['\n', '\r'], " ").into(),
        Json::Array(items) => toml_edit::Value::Array(items.iter().filter_map(toml).collect()),
        Json::Object(fields) => {
            let mut table = toml_edit::InlineTable::new();
            for (key, value) in fields {
                if let Some(value) = toml(value) {
                    table.insert(key, value);
                }
            }
            toml_edit::Value::InlineTable(table)
        }
    })
}

/// The rows as a tag table with one row on each line, and where each cell begins.
fn table_file(tags: &[Vec<(String, String)>]) -> (String, Vec<Vec<(u32, String)>>) {
    let mut columns: Vec<&str> = vec!["tag", "address", "type"];
    for (column, _) in tags.iter().flatten() {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let mut text = columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(",");
    text.push('\n');
    let mut cells = Vec::with_capacity(tags.len());
    for row in tags {
        let mut line = String::new();
        let mut starts = Vec::with_capacity(columns.len());
        for (n, column) in columns.iter().enumerate() {
            if n > 0 {
                line.push(',');
            }
            let start = u32::try_from(line.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
            starts.push((start, (*column).to_owned()));
            if let Some((_, value)) = row.iter().find(|(name, _)| name == column) {
                line.push_str(&quoted(value));
            }
        }
        text.push_str(&line);
        text.push('\n');
        cells.push(starts);
    }
    (text, cells)
}

/// A cell as RFC 4180 has it, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    if text.contains([',', '"', ';', '\t']) || text.starts_with('#') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trial(device: Json, tags: &[(&str, &str, &str)]) -> Trial {
        let cells = |(tag, address, kind): &(&str, &str, &str)| {
            [("tag", tag), ("address", address), ("type", kind)]
                .map(|(column, text)| (column.to_owned(), (*text).to_owned()))
                .to_vec()
        };
        let Json::Object(device) = device else { panic!("no object") };
        Trial { device, tags: tags.iter().map(cells).collect() }
    }

    #[test]
    fn a_device_that_is_right_is_read_as_the_plant_folder_reads_it() {
        let device = json!({"driver": "modbus", "endpoint": "tcp://plc:502", "timeout": "2s",
            "path": "line/press", "settings": {"unit": 7, "pause": "20ms"}});
        let device =
            read(&trial(device, &[("t", "hr:1", "i16"), ("a,b", "co:1", "bool")])).unwrap();
        assert_eq!(device.device.spec().timeout.as_secs(), 2);
        assert_eq!(device.device.spec().settings, json!({"unit": 7, "pause": "20ms"}));
        let names: Vec<&str> =
            device.device.spec().points.iter().map(|point| point.name.as_str()).collect();
        assert_eq!(names, ["t", "a,b"]);
    }

    #[test]
    fn every_mistake_names_its_key() {
        let device = json!({"driver": "modbus", "endpoint": "tcp://plc", "timout": "1s",
            "settings": {"unit": 300, "part_write": "both"}});
        let wrong =
            read(&trial(device, &[("t", "hr:1", "i16"), ("u", "hr:2", "i15")])).unwrap_err();
        let keys: Vec<&str> = wrong.iter().map(|one| one.key.as_str()).collect();
        for key in ["endpoint", "timout", "settings.unit", "settings.part_write", "tags[1].type"] {
            assert!(keys.contains(&key), "{key} in {keys:?}");
        }
        assert!(wrong.iter().all(|one| one.code.starts_with("LS-CFG-") && !one.what.is_empty()));
    }

    #[test]
    fn an_address_that_the_driver_refuses_is_named_too() {
        let device = json!({"driver": "modbus", "endpoint": "tcp://plc:502"});
        let wrong = read(&trial(device, &[("t", "holding:5", "i16")])).unwrap_err();
        assert_eq!((wrong[0].key.as_str(), wrong.len()), ("tags[0].address", 1));
        assert_eq!(wrong[0].remedy, "did you mean `hr:5`?");
    }

    #[test]
    fn nothing_at_all_and_an_unknown_driver_are_mistakes() {
        assert!(!read(&Trial::default()).unwrap_err().is_empty());
        let wrong = read(&trial(json!({"driver": "modbos", "endpoint": "tcp://x:1"}), &[]));
        let wrong = wrong.unwrap_err();
        assert_eq!((wrong[0].key.as_str(), wrong[0].code.as_str()), ("driver", "LS-CFG-009"));
    }
}
