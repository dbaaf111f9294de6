//! What is applied, by either road.

use lineshaft_contract::{ChangeMode, Configuration as _, FileChange};
use serde_json::json;

use super::*;

#[test]
fn the_first_start_records_what_runs_and_the_next_one_nothing() {
    let mut bench = Bench::new();
    let first = bench.newest();
    assert_eq!((first.id, first.by.who.as_str(), first.why.as_str()), (1, "disk", "first start"));
    let paths: Vec<&str> = first.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["devices/line.toml", "lineshaft.toml", "tags/press.csv"]);
    bench.start();
    assert_eq!(bench.newest(), first);
    bench.put(
        "devices/line.toml",
        &DEVICE.replace("press", "mill").replace("mill.csv", "press.csv"),
    );
    assert_eq!(bench.start(), "mill");
    assert_eq!((bench.newest().id, bench.newest().why.as_str()), (2, "found at the start"));
    assert_eq!(
        bench.acts(),
        ["disk plant.change revision 1 Done", "disk plant.change revision 2 Done"]
    );
}

#[test]
fn an_edit_on_disk_is_applied_recorded_and_in_the_trail() {
    let bench = Bench::new();
    bench.put("devices/line.toml", &DEVICE.replace("[press]", "[mill]"));
    bench.look();
    bench.look();
    assert_eq!(bench.stand.0.lock().ran, [(2, "mill".to_owned())]);
    let two = bench.newest();
    assert_eq!((two.id, two.parent, two.by.road.as_str()), (2, Some(1), "disk"));
    assert_eq!(
        bench.acts(),
        ["disk plant.change revision 1 Done", "disk plant.change revision 2 Done"]
    );
}

#[test]
fn a_wrong_edit_on_disk_is_refused_once_and_forgotten_when_it_is_gone() {
    let bench = Bench::new();
    bench.put("devices/line.toml", &DEVICE.replace("period", "periode"));
    bench.look();
    bench.look();
    let why = bench.stand.0.lock().refused.clone().unwrap();
    assert!(why.contains("did you mean `period`?") && why.contains("goes on"), "{why}");
    bench.put("devices/line.toml", DEVICE);
    bench.look();
    assert_eq!(bench.stand.0.lock().refused, None);
    assert!(bench.stand.0.lock().ran.is_empty());
    assert_eq!(bench.newest().id, 1);
    assert_eq!(
        bench.acts(),
        ["disk plant.change revision 1 Done", "disk plant.refuse plant folder Refused"]
    );
}

#[test]
fn a_folder_that_is_gone_changes_nothing() {
    let bench = Bench::new();
    std::fs::rename(bench.path(""), bench.parent.path().join("aside")).unwrap();
    bench.look();
    let why = bench.stand.0.lock().refused.clone().unwrap();
    assert!(why.contains("there is no such folder"), "{why}");
    std::fs::rename(bench.parent.path().join("aside"), bench.path("")).unwrap();
    bench.look();
    assert_eq!(bench.stand.0.lock().refused, None);
}

#[test]
fn an_edit_through_the_interface_keeps_the_comments_and_the_watch_sees_nothing_new() {
    let bench = Bench::new();
    let change = set("devices/line.toml", &["press", "period"], json!("500ms"));
    let applied = applied(bench.change(change, "maria"));
    assert_eq!((applied.revision, applied.before), (2, Some(1)));
    assert_eq!(bench.text("devices/line.toml"), DEVICE.replace("\"1s\"", "\"500ms\""));
    let [difference] = applied.checked.difference.files.as_slice() else { panic!("one file") };
    assert_eq!(
        (difference.path.as_str(), difference.change),
        ("devices/line.toml", FileChange::Changed)
    );
    let signs: String = difference.hunks[0].lines.iter().map(|line| line.kind).collect();
    assert_eq!(signs, "   -+ ");

    bench.look();
    assert_eq!(bench.stand.0.lock().ran, [(2, "press".to_owned())]);
    let two = bench.newest();
    assert_eq!((two.by.who.as_str(), two.why.as_str()), ("maria", "because"));
    assert_eq!(two.digest, applied.digest);
    // The entry of a change through the interface is written by whoever serves it.
    assert_eq!(bench.acts(), ["disk plant.change revision 1 Done"]);
}

#[test]
fn files_come_change_and_go_together() {
    let bench = Bench::new();
    let table = "tag,address,type\nflow,hr:2,u16\n";
    let device = DEVICE.replace("press", "pump").replace("[pump]", "[pump]\nenabled = false");
    let mut change = file("devices/pump.toml", Some(&device), None);
    change.files.push(file("tags/pump.csv", Some(table), None).files.remove(0));
    change.files.push(file("devices/line.toml", None, Some(DEVICE)).files.remove(0));
    let table_warns = applied(bench.change(change, "maria"));
    let warned: Vec<&str> =
        table_warns.checked.warnings.iter().map(|warning| warning.file.as_str()).collect();
    assert_eq!(warned, ["tags/press.csv"], "no device reads it any more");
    assert_eq!(bench.stand.0.lock().ran, [(2, "pump".to_owned())]);
    assert!(!bench.path("devices/line.toml").exists());
    assert_eq!(bench.text("tags/pump.csv"), table);
}

#[test]
fn a_check_changes_nothing() {
    let bench = Bench::new();
    let mut change = set("lineshaft.toml", &["node", "name"], json!("other"));
    change.mode = ChangeMode::CheckOnly;
    let Ok(Changed::Checked(checked)) = bench.change(change, "maria") else { panic!("checked") };
    assert_eq!(checked.difference.files.len(), 1);
    assert!(checked.waits_for_start);
    assert_eq!(bench.newest().id, 1);
    assert_eq!(bench.text("lineshaft.toml"), NODE);
}

#[test]
fn a_change_that_changes_nothing_is_no_revision() {
    let bench = Bench::new();
    let change = set("devices/line.toml", &["press", "period"], json!("1s"));
    let nothing = applied(bench.change(change, "maria"));
    assert_eq!(nothing.revision, 1);
    assert!(nothing.checked.difference.files.is_empty());
    assert!(bench.stand.0.lock().ran.is_empty());
}

#[test]
fn an_old_revision_comes_back_as_a_new_one() {
    let bench = Bench::new();
    let device = DEVICE.replace("press", "pump");
    let table = ("tags/pump.csv", "tag,address,type\nflow,hr:2,u16\n");
    let mut change = file("devices/pump.toml", Some(&device), None);
    change.files.push(file(table.0, Some(table.1), None).files.remove(0));
    applied(bench.change(change, "maria"));
    applied(bench.change(set("devices/line.toml", &["press", "period"], json!("5s")), "maria"));

    let back = applied(bench.ask(bench.configuration().roll_back(1, "back".into(), by("ben"))));
    assert_eq!((back.revision, back.before), (4, Some(3)));
    assert_eq!(back.checked.left, [""; 0]);
    let four = bench.newest();
    assert_eq!((four.rolled_back_to, four.by.who.as_str()), (Some(1), "ben"));
    let one = bench.ask(bench.configuration().revision(1)).unwrap();
    assert_eq!((four.digest, four.files), (one.digest, one.files));
    assert!(!bench.path("devices/pump.toml").exists());
    assert_eq!(bench.text("devices/line.toml"), DEVICE);
    assert_eq!(bench.stand.0.lock().ran.last(), Some(&(4, "press".to_owned())));

    let unknown = bench.ask(bench.configuration().roll_back(9, "back".into(), by("ben")));
    assert_eq!(unknown, Err(ConfigurationError::Unknown { what: "revision 9".into() }));
}

#[test]
fn a_broken_edit_on_disk_does_not_hold_up_a_change_of_another_file() {
    let bench = Bench::new();
    bench.put("devices/broken.toml", "[");
    bench.look();
    assert!(bench.stand.0.lock().refused.is_some());
    applied(bench.change(set("devices/line.toml", &["press", "period"], json!("5s")), "maria"));
    assert_eq!(bench.text("devices/broken.toml"), "[");
    bench.look();
    assert!(bench.stand.0.lock().refused.is_some(), "it is still there");

    bench.put("devices/line.toml", "# mine\n");
    let change = set("devices/line.toml", &["press", "period"], json!("6s"));
    let said = bench.change(change, "maria").unwrap_err().to_string();
    assert!(said.contains("`devices/line.toml` on disk is not what runs"), "{said}");
    assert!(said.contains("`devices/broken.toml` has a mistake: LS-CFG-002"), "{said}");
    assert_eq!(bench.text("devices/line.toml"), "# mine\n");
    bench.put("devices/broken.toml", "");
    let change = set("devices/line.toml", &["press", "period"], json!("6s"));
    let moved = ConfigurationError::Moved { what: "devices/line.toml".into() };
    assert_eq!(bench.change(change, "maria"), Err(moved), "it is about to be looked at");
}

#[test]
fn revisions_files_and_differences_can_be_read() {
    let bench = Bench::new();
    applied(bench.change(set("devices/line.toml", &["press", "period"], json!("5s")), "maria"));
    let configuration = bench.configuration();
    let page = bench.ask(configuration.revisions(None, 1)).unwrap();
    assert_eq!((page.revisions[0].id, page.next), (2, Some(2)));
    let page = bench.ask(configuration.revisions(page.next, 1)).unwrap();
    assert_eq!((page.revisions[0].id, page.next), (1, None));

    let forward = bench.ask(configuration.difference(2, None)).unwrap();
    assert_eq!(forward, bench.ask(configuration.difference(2, Some(1))).unwrap());
    assert_ne!(forward, bench.ask(configuration.difference(1, Some(2))).unwrap());
    assert_eq!(bench.ask(configuration.difference(1, None)).unwrap().files.len(), 3);
    for (id, to) in [(3, None), (0, None), (1, Some(3)), (1, Some(0))] {
        let unknown = bench.ask(configuration.difference(id, to));
        assert!(matches!(unknown, Err(ConfigurationError::Unknown { .. })), "{id} {to:?}");
    }

    assert_eq!(bench.ask(configuration.files()).unwrap().revision, 2);
    let now = bench.ask(configuration.file("devices/line.toml".into(), None)).unwrap();
    assert!(now.writable && now.bytes == bench.text("devices/line.toml").as_bytes());
    let then = bench.ask(configuration.file("devices/line.toml".into(), Some(1))).unwrap();
    assert_eq!((then.bytes, then.sha256), (DEVICE.as_bytes().to_vec(), sha(DEVICE)));
}

#[test]
fn the_revisions_of_a_stopped_node_can_be_read_and_not_changed() {
    let mut bench = Bench::with("[security]\nrequire_reason = true\n");
    bench.configuration = None;
    let data = bench.parent.path().join("data");
    let node = super::super::newest_file(&data, "lineshaft.toml").unwrap();
    assert!(node.starts_with(NODE));
    assert_eq!(super::super::newest_file(&data, "../plant/lineshaft.toml"), None);
    let stopped = super::super::of_stopped(&data).unwrap();
    assert_eq!(stopped.policy().reason, lineshaft_contract::Reason::Required);
    assert_eq!(bench.ask(stopped.revisions(None, 9)).unwrap().revisions.len(), 1);
    let refused = bench.ask(stopped.roll_back(1, "why".into(), by("ben")));
    assert!(matches!(refused, Err(ConfigurationError::Failed { code: "LS-REV-015", .. })));
    assert!(super::super::of_stopped(&data.join("nothing")).is_none());
}
