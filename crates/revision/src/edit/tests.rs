use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const PLANT: &str = r#"# Line 1, since 2024
[press-1]
driver   = "modbus"   # over TCP
endpoint = "tcp://192.168.0.17:502"
# Maria: slower since the firmware update
period   = "1s"
points   = [
  1, # one
  2,
]

[press-1.settings]
unit = 1

# The oven
[oven]
driver = 'modbus'
period = "5s"
"#;

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn set(key: &str, value: &str) -> Edit {
    Edit::Set { path: path(key), value: value.into() }
}

fn remove(key: &str) -> Edit {
    Edit::Remove { path: path(key) }
}

/// Shows the lines that come and go.
#[track_caller]
fn check(text: &str, edits: &[Edit], expect: Expect) {
    let shown = match edit_toml(text, edits) {
        Ok(edited) => {
            let diff = similar::TextDiff::from_lines(text, &edited);
            let lines = diff.iter_all_changes().filter(|c| c.tag() != similar::ChangeTag::Equal);
            lines.map(|change| format!("{}{}", change.tag(), change.value())).collect()
        }
        Err(error) => format!("{error}\n"),
    };
    expect.assert_eq(&shown);
}

#[test]
fn a_value_changes_and_its_comment_stays() {
    check(
        PLANT,
        &[set("press-1.period", "\"500ms\""), set("press-1.driver", "\"s7\"")],
        expect![[r#"
            -driver   = "modbus"   # over TCP
            +driver   = "s7"   # over TCP
            -period   = "1s"
            +period   = "500ms"
        "#]],
    );
}

#[test]
fn a_new_key_comes_behind_the_last_of_its_table() {
    check(
        PLANT,
        &[set("press-1.settings.timeout", "\"2s\""), set("oven.enabled", "false")],
        expect![[r#"
            +timeout = "2s"
            +enabled = false
        "#]],
    );
}

#[test]
fn a_new_table_comes_behind_the_others() {
    check(
        PLANT,
        &[set("press-2.driver", "\"modbus\""), set("press-2.settings.unit", "2")],
        expect![[r#"
            +
            +[press-2]
            +driver = "modbus"
            +
            +[press-2.settings]
            +unit = 2
        "#]],
    );
}

#[test]
fn a_removed_key_takes_its_line_with_it() {
    check(
        PLANT,
        &[remove("press-1.endpoint"), remove("oven")],
        expect![[r#"
            -endpoint = "tcp://192.168.0.17:502"
            -
            -# The oven
            -[oven]
            -driver = 'modbus'
            -period = "5s"
        "#]],
    );
}

#[test]
fn an_array_of_tables_is_counted() {
    check(
        "[[rule]]\nkind = 1 # first\n\n[[rule]]\nkind = 2\n",
        &[set("rule.1.kind", "3"), set("rule.0.on", "true")],
        expect![[r#"
            +on = true
            -kind = 2
            +kind = 3
        "#]],
    );
}

#[test]
fn an_edit_that_does_not_fit_changes_nothing() {
    for (text, edit, expect) in [
        (
            PLANT,
            remove("press-1.nothing"),
            expect![[r#"
            LS-REV-014: `press-1.nothing` is not there
        "#]],
        ),
        (
            PLANT,
            remove("nothing.at.all"),
            expect![[r#"
            LS-REV-014: `nothing.at.all` is not there
        "#]],
        ),
        (
            PLANT,
            set("press-1", "1"),
            expect![[r#"
            LS-REV-014: `press-1` is a table: set its keys, or remove it first
        "#]],
        ),
        (
            PLANT,
            set("press-1.driver.name", "1"),
            expect![[r#"
            LS-REV-014: `press-1.driver.name` lies in a value that is not a table
        "#]],
        ),
        (
            PLANT,
            set("", "1\nb = 2"),
            expect![[r#"
            LS-REV-014: `` has a value that is not TOML: unexpected content, expected nothing
        "#]],
        ),
        (
            "a = \n",
            set("a", "1"),
            expect![[r#"
            LS-REV-013: this file cannot be edited key by key: it is not TOML: string values must be quoted, expected literal string
        "#]],
        ),
        (
            "a = 1\r\nb = 2\n",
            set("a", "2"),
            expect![[r#"
            LS-REV-013: this file cannot be edited key by key: some of its lines end as on Windows and some do not
        "#]],
        ),
        (
            "[[rule]]\n",
            set("rule.7.kind", "3"),
            expect![[r#"
            LS-REV-014: `rule.7.kind` has no table of this number
        "#]],
        ),
    ] {
        check(text, &[edit], expect);
    }
}

#[test]
fn a_value_cannot_smuggle_in_another_key() {
    for value in ["1\nadmin = true", "1 # c\n[x]", "\"a\"\n", "]", ""] {
        let edited = edit_toml(PLANT, &[set("oven.period", value)]);
        let same =
            edited.as_ref().is_ok_and(|text| !text.contains("admin") && !text.contains("[x]"));
        assert!(edited.is_err() || same, "{value:?} {edited:?}");
    }
}

#[test]
fn json_becomes_toml() {
    let json = serde_json::json!({"a": [1, 2.5, true, "x\"\n"], "b": {"c": -1}});
    let text = toml_of_json(&[], &json).unwrap();
    expect![[r#"
        { a = [1, 2.5, true, """
        x"
        """], b = { c = -1 } }"#]]
    .assert_eq(&text);
    for wrong in [serde_json::json!(null), serde_json::json!([null]), serde_json::json!(u64::MAX)] {
        assert!(toml_of_json(&[], &wrong).is_err(), "{wrong}");
    }
}

/// A plausible file: keys, tables, comments, blank lines, odd spaces.
fn file_of_lines() -> impl Strategy<Value = (Vec<String>, bool, bool)> {
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("'a b'".to_owned()),
        Just("\"x # y\"".to_owned()),
        Just("[ 1,2 ,3]".to_owned()),
        Just("{ a = 1,b=2 }".to_owned()),
        Just("1_000".to_owned()),
        Just("0x1F".to_owned()),
        Just("1979-05-27T07:32:00Z".to_owned()),
    ];
    let comment = prop_oneof![Just(""), Just(" # comment ü"), Just("\t#tab"), Just("   ")];
    let space = prop_oneof![Just("="), Just(" = "), Just("   =\t")];
    let indent = prop_oneof![Just(""), Just("  "), Just("\t")];
    let line = (0..4u8, indent, space, value, comment);
    let lines = proptest::collection::vec(line, 1..30);
    (lines, any::<bool>(), any::<bool>()).prop_map(|(lines, carriage, end)| {
        let mut text = Vec::new();
        for (at, (kind, indent, space, value, comment)) in lines.into_iter().enumerate() {
            text.push(match kind {
                0 => format!("{indent}[t{at}]{comment}"),
                1 => format!("{indent}# only a comment"),
                2 if at % 3 == 0 => String::new(),
                _ => format!("{indent}k{at}{space}{value}{comment}"),
            });
        }
        (text, carriage, end)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lines_that_no_edit_touches_stay_byte_by_byte((lines, carriage, end) in file_of_lines(), which in any::<usize>()) {
        let ending = if carriage { "\r\n" } else { "\n" };
        let mut text = lines.join(ending);
        if end {
            text.push_str(ending);
        }
        let keys: Vec<usize> =
            (0..lines.len()).filter(|at| lines[*at].trim_start().starts_with('k')).collect();
        let unchanged = edit_toml(&text, &[]).unwrap();
        prop_assert_eq!(&unchanged, &text);
        if keys.is_empty() {
            return Ok(());
        }
        let at = keys[which % keys.len()];
        let table = lines[..at].iter().rev().find_map(|line| {
            line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name)
        });
        let key: Vec<String> =
            table.map(str::to_owned).into_iter().chain([format!("k{at}")]).collect();

        let edited = edit_toml(&text, &[Edit::Set { path: key.clone(), value: "\"new\"".into() }]).unwrap();
        let after: Vec<&str> = edited.split(ending).collect();
        let before: Vec<&str> = text.split(ending).collect();
        prop_assert_eq!(after.len(), before.len());
        for (number, (old, new)) in before.iter().zip(&after).enumerate() {
            if number == at {
                prop_assert!(new.contains("\"new\""));
            } else {
                prop_assert_eq!(old, new);
            }
        }
        // Taking the key away takes its line and nothing else but the comments that belong to it.
        let removed = edit_toml(&text, &[Edit::Remove { path: key }]).unwrap();
        let name = format!("k{at}");
        let is_left = removed
            .split(ending)
            .any(|line| line.trim_start().split(['=', ' ', '\t']).next() == Some(name.as_str()));
        prop_assert!(!is_left);
        for line in removed.split(ending).filter(|line| !line.is_empty()) {
            prop_assert!(before.contains(&line), "{:?}", line);
        }
    }
}
