//! What is refused, and that nothing has changed then.

use lineshaft_contract::Configuration as _;
use serde_json::json;

use super::*;

#[track_caller]
fn refused(bench: &Bench, change: Change) -> ConfigurationError {
    let before = bench.newest();
    let (node, device) = (bench.text("lineshaft.toml"), bench.text("devices/line.toml"));
    let error = bench.change(change, "maria").unwrap_err();
    assert_eq!(bench.newest(), before);
    assert_eq!((bench.text("lineshaft.toml"), bench.text("devices/line.toml")), (node, device));
    assert!(bench.stand.0.lock().ran.is_empty());
    error
}

#[test]
fn a_wrong_change_is_refused_with_every_mistake_and_its_place() {
    let bench = Bench::new();
    let wrong = DEVICE.replace("period", "periode").replace("tcp:", "udp:");
    let ConfigurationError::Mistakes(mistakes) =
        refused(&bench, file("devices/line.toml", Some(&wrong), Some(DEVICE)))
    else {
        panic!("mistakes");
    };
    let period = mistakes.iter().find(|mistake| mistake.what.contains("periode")).unwrap();
    assert_eq!(
        (period.file.as_str(), period.line, period.column, period.code.as_str()),
        ("devices/line.toml", 6, 1, "LS-CFG-004")
    );
    assert_eq!(period.help, "did you mean `period`?");
    assert!(mistakes.iter().any(|mistake| mistake.line == 4), "{mistakes:?}");
    // The last device cannot go without its table being looked at, nor the node file at all.
    let without = refused(&bench, file("lineshaft.toml", None, Some(NODE)));
    assert!(matches!(without, ConfigurationError::Mistakes(_)), "{without:?}");
}

#[test]
fn a_change_that_was_made_for_something_else_is_refused() {
    let bench = Bench::new();
    let moved = |change: Change| {
        let error = refused(&bench, change);
        assert!(matches!(error, ConfigurationError::Moved { .. }), "{error:?}");
    };
    moved(file("devices/line.toml", Some("x"), Some("something else")));
    moved(file("devices/line.toml", Some("x"), None));
    moved(file("devices/line.toml", None, Some("something else")));
    moved(file("devices/none.toml", Some("x"), Some("x")));
    let mut edit = set("devices/line.toml", &["press", "period"], json!("5s"));
    edit.edits[0].base = Some(sha("something else"));
    moved(edit);
    let mut other = file("devices/line.toml", Some("x"), None);
    other.files[0].base = Some("not a digest".into());
    moved(other);
}

#[test]
fn what_is_in_the_way_on_disk_is_said_with_what_to_do_about_it() {
    let bench = Bench::new();
    let change = || set("devices/line.toml", &["press", "period"], json!("5s"));
    bench.put("devices/line.toml", &DEVICE.replace("period", "periode"));
    bench.look();
    let error = refused(&bench, change()).to_string();
    assert!(
        error.starts_with("LS-REV-007: `devices/line.toml` on disk is not what runs"),
        "{error}"
    );
    assert!(error.contains("`devices/line.toml` has a mistake: LS-CFG-"), "{error}");

    let bench = Bench::with("[security]\nfour_eyes = true\n");
    let proposal = proposed(bench.change(change(), "maria"));
    bench.put("devices/line.toml", &DEVICE.replace("1s", "9s"));
    bench.look();
    let approve = || {
        let approving = bench.configuration().approve(proposal, "yes".into(), by("ben"));
        bench.ask(approving).unwrap_err().to_string()
    };
    let error = approve();
    assert!(error.contains("waits as proposal 2; approve it"), "{error}");
    bench.ask(bench.configuration().reject(2, "no".into(), by("ben"))).unwrap();
    let error = approve();
    assert!(error.contains("was turned down as proposal 2; put back"), "{error}");
}

#[test]
fn an_edit_that_does_not_fit_is_refused() {
    let bench = Bench::new();
    for (change, code) in [
        (set("devices/line.toml", &["press"], json!(1)), "LS-REV-014"),
        (set("devices/line.toml", &["press", "period"], json!(null)), "LS-REV-014"),
        (set("devices/line.toml", &[], json!(1)), "LS-REV-014"),
        (set("tags/press.csv", &["tag"], json!(1)), "LS-REV-013"),
    ] {
        let error = refused(&bench, change);
        let is_right =
            matches!(&error, ConfigurationError::Refused { code: said, .. } if *said == code);
        assert!(is_right, "{error:?}");
    }
    let error = refused(&bench, set("devices/none.toml", &["a"], json!(1)));
    assert_eq!(error, ConfigurationError::Unknown { what: "file devices/none.toml".into() });
}

/// Attack class 5: a path from the network that ends somewhere else.
/// Proves: A05.
#[test]
fn no_change_and_no_reading_leaves_the_plant_folder() {
    let bench = Bench::new();
    std::fs::write(bench.parent.path().join("victim.toml"), "victim").unwrap();
    for path in [
        "../victim.toml",
        "devices/../../victim.toml",
        "devices/..\\..\\victim.toml",
        "/etc/passwd",
        "devices/.hidden.toml",
        ".git/config",
        "devices/a\0.toml",
        "devices/sub/a.toml",
        "run.sh",
        "",
    ] {
        for change in [
            file(path, Some("evil"), None),
            file(path, None, Some("victim")),
            set(path, &["a"], json!(1)),
        ] {
            let error = refused(&bench, change);
            assert!(
                matches!(error, ConfigurationError::Refused { code: "LS-REV-005", .. }),
                "{path:?} {error:?}"
            );
        }
        let read = bench.ask(bench.configuration().file(path.into(), None));
        assert!(matches!(read, Err(ConfigurationError::Unknown { .. })), "{path:?}");
    }
    assert_eq!(std::fs::read(bench.parent.path().join("victim.toml")).unwrap(), b"victim");
}

/// Attack class 5 backwards: a file of the machine that is read because the plant is made to name it.
/// Proves: A05.
#[test]
fn a_change_cannot_have_a_file_of_the_machine_read() {
    let bench = Bench::new();
    let secret = bench.parent.path().join("secret.csv");
    std::fs::write(&secret, "tag,address,type,root:x:0:0\n").unwrap();
    for reference in ["../../secret.csv", secret.to_str().unwrap(), "../../secret.cvs"] {
        let change = set("devices/line.toml", &["press", "tags"], json!(reference));
        let ConfigurationError::Mistakes(mistakes) = refused(&bench, change) else {
            panic!("mistakes")
        };
        let said = format!("{mistakes:?}");
        assert!(said.contains("outside the plant folder"), "{said}");
        assert!(!said.contains("root:") && !said.contains("did you mean"), "{said}");
    }
}

#[test]
fn a_table_outside_the_folder_is_recorded_and_stays_as_it_is() {
    let bench = Bench::new();
    let shared = bench.parent.path().join("shared.csv");
    std::fs::write(&shared, TABLE).unwrap();
    let device = DEVICE.replace("../tags/press.csv", "../../shared.csv");
    bench.put("devices/line.toml", &device);
    bench.look();
    assert_eq!(bench.stand.0.lock().ran.len(), 1, "{:?}", bench.stand.0.lock().refused);
    let path = bench.newest().files[0].path.clone();
    assert!(path.ends_with("/shared.csv") && path.starts_with('/'), "{path}");

    // It can be read, and a change that leaves the reference alone is fine.
    let content = bench.ask(bench.configuration().file(path.clone(), None)).unwrap();
    assert_eq!((content.bytes, content.writable), (TABLE.as_bytes().to_vec(), false));
    applied(bench.change(set("devices/line.toml", &["press", "period"], json!("5s")), "maria"));
    let written = bench.change(file(&path, Some("evil"), Some(TABLE)), "maria");
    assert!(matches!(written, Err(ConfigurationError::Refused { .. })), "{written:?}");

    // Going back leaves it as it is now, and says so.
    let longer = format!("{TABLE}flow,hr:2,u16\n");
    std::fs::write(&shared, &longer).unwrap();
    bench.look();
    let back = applied(bench.ask(bench.configuration().roll_back(2, "back".into(), by("ben"))));
    assert_eq!(back.checked.left, [path]);
    assert_eq!(std::fs::read_to_string(&shared).unwrap(), longer);
    assert_eq!(bench.text("devices/line.toml"), device);
}

#[test]
fn a_reason_is_asked_for_where_the_plant_wants_one() {
    let bench = Bench::with("[security]\nrequire_reason = true\n");
    for why in ["", "  \n"] {
        let mut change = set("devices/line.toml", &["press", "period"], json!("5s"));
        change.why = why.into();
        assert_eq!(refused(&bench, change), ConfigurationError::ReasonRequired);
        let back = bench.ask(bench.configuration().roll_back(1, why.into(), by("ben")));
        assert_eq!(back, Err(ConfigurationError::ReasonRequired));
    }
    let mut look = set("devices/line.toml", &["press", "period"], json!("5s"));
    (look.why, look.mode) = (String::new(), ChangeMode::CheckOnly);
    assert!(matches!(bench.change(look, "ben"), Ok(Changed::Checked(_))), "looking needs none");
    applied(bench.change(set("devices/line.toml", &["press", "period"], json!("5s")), "maria"));
}

/// A change on disk that the trail does not take is not applied.
/// Proves: CR 2.10.
#[test]
fn without_a_trail_a_change_on_disk_waits() {
    let bench = Bench::new();
    bench.trail.close();
    bench.put("devices/line.toml", &DEVICE.replace("[press]", "[mill]"));
    bench.look();
    let why = bench.stand.0.lock().refused.clone().unwrap();
    assert!(why.contains("LS-REV-016"), "{why}");
    assert!(bench.stand.0.lock().ran.is_empty());
    assert_eq!(bench.newest().id, 1);
}

/// Proves: A15, A16, CR 2.1.
#[test]
fn whoever_changes_machines_does_not_open_doors_with_it() {
    let bench = Bench::new();
    let engineer = || By { guards: Guards::MayNot, ..by("ben") };
    for (table, key, value) in [
        ("security", "anonymous", json!("admin")),
        ("security", "require_reason", json!(true)),
        ("http", "listen", json!("127.0.0.1:9")),
        ("audit", "reserve", json!("1MiB")),
    ] {
        let change = set("lineshaft.toml", &[table, key], value);
        let refused = bench.ask(bench.configuration().change(change.clone(), engineer()));
        assert_eq!(refused, Err(ConfigurationError::Guarded), "{table}.{key}");
        applied(bench.change(change, "anna"));
        let back = bench.newest().id - 1;
        let refused = bench.configuration().roll_back(back, "open again".into(), engineer());
        assert_eq!(bench.ask(refused), Err(ConfigurationError::Guarded), "back to {back}");
    }
    let machine = set("devices/line.toml", &["press", "period"], json!("9s"));
    applied(bench.ask(bench.configuration().change(machine, engineer())));
}
