//! The plant folder: what a person reads who made a mistake in it.
//!
//! Each folder of `tests/config_errors` is a plant folder; beside it stands what `lineshaft check` prints,
//! mistakes first. `UPDATE=1 cargo test -p lineshaft config` writes the outputs anew: look at them before you keep them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lineshaft::cli::{check, init};
use lineshaft::plant;
use lineshaft_drivers::DRIVERS;
use lineshaft_model::{DataType, WordOrder};
use lineshaft_pipeline::Band;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn root() -> PathBuf {
    here().join("../..")
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// What `lineshaft check` prints about a folder.
fn printed(dir: &Path) -> (bool, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let fine = check::check(dir, DRIVERS, &mut out, &mut err).unwrap();
    err.extend(out);
    (fine, String::from_utf8(err).unwrap())
}

/// Compares with the file at `path`, or writes it when `UPDATE` is set.
fn golden(path: &Path, text: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected != text {
        wrong.push(format!("{}\n--- expected\n{expected}\n--- is\n{text}", path.display()));
    }
}

#[test]
fn every_mistake_names_its_place_and_the_remedy() {
    let cases = folders(&here().join("tests/config_errors"));
    assert!(cases.len() >= 25);
    let mut wrong = Vec::new();
    for case in &cases {
        let (_, text) = printed(case);
        golden(&case.with_extension("stderr"), &text, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_european_spreadsheet_writes_is_what_it_means() {
    let case = "tests/config_errors/csv-with-semicolons-and-decimal-commas-is-read";
    let plant = plant::load(&here().join(case), DRIVERS).unwrap();
    let device = &plant.devices[0];
    let (point, meta, steps) = (&device.device.spec().points[0], &device.metas[0], device.steps[0]);
    assert_eq!(meta.path.as_str(), "acme/rotterdam/packaging/line-1/press-1/Temperatur");
    assert_eq!(meta.description, "Düse; \"heiß\"");
    assert_eq!((point.data_type, meta.data_type), (DataType::I16, DataType::F64));
    assert_eq!(point.period, Duration::from_millis(1500));
    assert_eq!((steps.scale, steps.offset), (Some(0.1), Some(-273.15)));
    assert_eq!(steps.deadband, Some(Band::Absolute(0.2)));
    let (point, steps) = (&device.device.spec().points[1], device.steps[1]);
    assert_eq!((point.data_type, point.order), (DataType::F32, WordOrder::Cdab));
    assert_eq!((point.period, point.access.can_write()), (Duration::from_millis(100), true));
    assert_eq!((steps.scale, steps.deadband), (None, Some(Band::PercentOfLast(0.5))));
}

#[test]
fn every_encoding_of_a_spreadsheet_gives_the_same_letters() {
    for (case, tag, expected) in [
        ("csv-in-windows-1252-is-a-warning", 0, "Düsentemperatur"),
        ("csv-in-utf-16-is-read", 0, "Die temperature"),
        ("csv-with-bom-is-read", 2, "Motor contactor"),
    ] {
        let plant = plant::load(&here().join("tests/config_errors").join(case), DRIVERS).unwrap();
        assert_eq!(plant.devices[0].metas[tag].description, expected, "{case}");
    }
}

#[test]
fn a_tag_table_outside_of_the_plant_folder_is_watched_too() {
    let dir = tempfile::tempdir().unwrap();
    let plant = dir.path().join("plant");
    init::write(&plant).unwrap();
    fs::create_dir(dir.path().join("shared")).unwrap();
    fs::rename(plant.join("tags/press-1.csv"), dir.path().join("shared/press-1.csv")).unwrap();
    let file = plant.join("devices/line-1.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("../tags/", "../../shared/")).unwrap();
    let loaded = plant::load(&plant, DRIVERS).unwrap();
    for folder in [plant.clone(), plant.join("tags"), dir.path().join("shared")] {
        assert!(loaded.paths().contains(&folder), "{}", folder.display());
    }
    assert_eq!(plant::paths(&dir.path().join("nothing")), Vec::<PathBuf>::new());
}

#[test]
fn every_example_is_a_plant_without_a_mistake_or_warning() {
    let examples = folders(&root().join("examples"));
    assert!(examples.len() >= 3);
    for example in examples {
        let (fine, text) = printed(&example);
        assert!(fine && text.lines().count() == 1, "{}:\n{text}", example.display());
    }
}

#[test]
fn a_new_plant_folder_has_no_mistake_and_an_old_one_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let plant = dir.path().join("deep/plant");
    init::write(&plant).unwrap();
    let (fine, text) = printed(&plant);
    assert!(fine && text.starts_with("plant is fine: 1 device, 3 tags"), "{text}");
    assert!(matches!(init::write(&plant), Err(init::InitError::NotEmpty(_))));
    assert!(matches!(
        init::write(&plant.join("lineshaft.toml")),
        Err(init::InitError::Write { .. })
    ));
}

#[test]
fn a_folder_that_is_not_there_is_one_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let mistakes = plant::load(&dir.path().join("plnt"), DRIVERS).unwrap_err();
    assert_eq!(mistakes.all()[0].code, "LS-CFG-001");
    assert_eq!(mistakes.error_count(), 1);
}

/// A plant folder of two devices, changed by one replacement; says which devices' fingerprints changed.
fn changed(file: &str, from: &str, to: &str) -> (bool, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let source = root().join("examples/gateway");
    for folder in ["devices", "tags", "pipelines"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let before = plant::load(&source, DRIVERS).unwrap();
    for path in &before.files {
        let name = path.strip_prefix(plant_tidy(&source)).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let text = if name == Path::new(file) {
            assert!(text.contains(from), "{from} is not in {file}");
            text.replace(from, to)
        } else {
            text
        };
        fs::write(dir.path().join(name), text).unwrap();
    }
    let after = plant::load(dir.path(), DRIVERS).unwrap();
    let prints = |plant: &plant::Plant| -> BTreeMap<String, u64> {
        plant.devices.iter().map(|device| (device.name.clone(), device.fingerprint)).collect()
    };
    let (old, new) = (prints(&before), prints(&after));
    let names = old.keys().chain(new.keys()).collect::<BTreeSet<_>>();
    let names = names.into_iter().filter(|name| old.get(*name) != new.get(*name)).cloned();
    (before.revision != after.revision, names.collect())
}

/// Without `a/..`, as the files of a plant are named.
fn plant_tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(tidy.pop()),
            other => tidy.push(other),
        }
    }
    tidy
}

#[test]
fn a_change_of_one_device_is_a_change_of_that_device_only() {
    assert_eq!(changed("lineshaft.toml", "# ", "# "), (false, vec![]));
    assert_eq!(changed("lineshaft.toml", "# ", "#  "), (true, vec![]));
    assert_eq!(
        changed("devices/meters.toml", "unit = 2", "unit = 12"),
        (true, vec!["meter-2".to_owned()])
    );
}

/// The codes in the sources below `dir`. The list of pages itself is no use of a code.
fn codes_in(dir: &Path, codes: &mut BTreeSet<String>) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            codes_in(&path, codes);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("cli/explain.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let starts = text.match_indices("LS-").map(|(at, _)| &text[at..]);
            codes.extend(starts.filter_map(code_at).map(str::to_owned));
        }
    }
}

/// The code that `text` starts with.
fn code_at(text: &str) -> Option<&str> {
    let code = text.get(..10)?;
    let (family, number) = code.strip_prefix("LS-")?.split_once('-')?;
    let is_code = family.len() == 3
        && family.bytes().all(|b| b.is_ascii_uppercase())
        && number.bytes().all(|b| b.is_ascii_digit());
    is_code.then_some(code)
}

#[test]
fn every_code_has_a_page_and_every_page_has_a_code() {
    let mut used = BTreeSet::new();
    for member in folders(&root().join("crates")) {
        codes_in(&member.join("src"), &mut used);
    }
    let compiled: BTreeSet<String> =
        lineshaft_manual::errors().iter().map(|(code, _)| (*code).to_owned()).collect();
    let files: BTreeSet<String> = fs::read_dir(root().join("docs/errors"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let missing: Vec<&String> = used.difference(&compiled).collect();
    assert!(missing.is_empty(), "no page in docs/errors for {missing:?}");
    let unused: Vec<&String> = compiled.difference(&used).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
    assert_eq!(files, compiled, "docs/errors is not what is compiled in");
    for (code, page) in lineshaft_manual::errors() {
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: the title");
        for section in ["\n## What\n", "\n## Why\n", "\n## What to do\n"] {
            assert!(page.contains(section), "{code}: no section {}", section.trim());
        }
    }
}

#[test]
fn the_committed_schema_is_that_of_this_version() {
    let mut wrong = Vec::new();
    let text = serde_json::to_string_pretty(&plant::config_schema(DRIVERS)).unwrap() + "\n";
    golden(&root().join("schemas/config.schema.json"), &text, &mut wrong);
    assert!(wrong.is_empty(), "run UPDATE=1 cargo test -p lineshaft config:\n{}", wrong.join("\n"));
}

/// Whatever is in a file, reading the folder ends with a plant or with mistakes that can be printed.
/// Proves: A11, CR 3.5.
#[test]
fn no_text_breaks_the_reader() {
    let dir = tempfile::tempdir().unwrap();
    let plant = dir.path().join("plant");
    init::write(&plant).unwrap();
    let litter =
        ["\"", "'", "\n", "[", "]", "{", "=", ",", ";", "#", "\u{0}", "ü", "9e999", "\r", "*"];
    for (name, text) in init::FILES {
        let path = plant.join(name);
        // A step that is no multiple of the litter's length brings every piece to many places.
        for (turn, at) in (0..text.len()).step_by(7).enumerate() {
            let piece = litter[turn % litter.len()];
            let mut bytes = text.as_bytes().to_vec();
            bytes.splice(at..at, piece.bytes());
            fs::write(&path, &bytes).unwrap();
            let _ = printed(&plant);
            fs::write(&path, &text.as_bytes()[..at]).unwrap();
            let _ = printed(&plant);
            bytes[at] = 0xff;
            fs::write(&path, &bytes).unwrap();
            let _ = printed(&plant);
        }
        fs::write(&path, text).unwrap();
    }
    assert!(printed(&plant).0);
}
