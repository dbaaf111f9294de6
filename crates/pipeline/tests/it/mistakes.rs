//! Every mistake is named, with its place, its code and what to do.

use expect_test::{Expect, expect};
use lineshaft_pipeline::{Period, Rule};

use crate::plant::Plant;

fn line() -> Plant {
    Plant::new(
        "line/t     i16  Cel
         line/p     f32
         line/on    bool
         line/raw   bytes(4)
         other/t    f64  bar",
    )
}

#[track_caller]
fn check(plant: &Plant, expected: &Expect) {
    let mistakes = plant.build().expect_err("it has mistakes");
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_rule_is_steps_or_a_derived_tag() {
    let plant = line()
        .rule("empty", "{}")
        .rule("both", r#"{"tags":"**","ops":[{"scale":{}}],"tag":"x","expr":"p"}"#)
        .rule("no-ops", r#"{"tags":"**"}"#)
        .rule("no-tags", r#"{"ops":[{"scale":{}}]}"#)
        .rule("no-expr", r#"{"tag":"x"}"#)
        .rule("no-tag", r#"{"expr":"p","unit":"bar"}"#);
    check(
        &plant,
        &expect![[r#"
        LS-CFG-201 [empty]: the rule is empty; write `tags` and `ops` for steps, `tag` and `expr` for a derived tag
        LS-CFG-201 [both]: a rule is either steps (`tags`, `ops`) or a derived tag (`tag`, `expr`, `unit`, `description`); make two rules of it
        LS-CFG-201 [no-ops] ops: `ops` is missing or empty; say what to do with the tags
        LS-CFG-201 [no-tags] tags: `tags` is missing; say which tags the steps are for
        LS-CFG-201 [no-expr] expr: `expr` is missing; say how to compute the tag
        LS-CFG-201 [no-tag] tag: `tag` is missing; say the path of the derived tag"#]],
    );
}

#[test]
fn patterns_and_steps() {
    let plant = line()
        .rule("typo", r#"{"tags":"lime/*","ops":[{"clamp":{"low":2,"high":1}}]}"#)
        .rule("absolute", r#"{"tags":"acme/site/line/*","ops":[{"scale":{"factor":2}}]}"#)
        .rule("stars", r#"{"tags":"line/t**","ops":[{"scale":{"factor":2}}]}"#)
        .rule("zero", r#"{"tags":"line/*","ops":[{"scale":{"factor":2}},{"scale":{"factor":0}}]}"#)
        .rule("bits", r#"{"tags":"line/on","ops":[{"scale":{"factor":2}}]}"#)
        .rule("band", r#"{"tags":"line/on","ops":[{"deadband":{}},{"deadband":{"absolute":-1}},{"limit_rate":{"interval":"0s"}}]}"#)
        .rule("unit", r#"{"tags":"**","ops":[{"convert":{"to":"K"}}]}"#)
        .rule("degrees", r#"{"tags":"line/t","ops":[{"convert":{"to":"°F"}}]}"#);
    check(
        &plant,
        &expect![[r#"
        LS-CFG-202 [typo] tags: no tag is like `lime/*`; `*` stands for letters within one segment, `**` for any number of segments
        LS-CFG-203 [typo] ops[0].clamp.low: `low` (2) must not be above `high` (1)
        LS-CFG-202 [absolute] tags: no tag is like `acme/site/line/*`; patterns are below the node's path; write `line/*`
        LS-CFG-202 [stars] tags: `**` stands for whole segments, `t**` has other letters beside it
        LS-CFG-203 [zero] ops[1].scale.factor: `factor` must not be 0: every value would be the offset
        LS-CFG-210 [bits] ops[0].scale: none of the tags has numbers, which `scale` needs; leave the step out, or name other tags
        LS-CFG-203 [band] ops[0].deadband: one of `absolute` and `percent` is needed
        LS-CFG-203 [band] ops[1].deadband.absolute: `absolute` must not be negative
        LS-CFG-203 [band] ops[2].limit_rate.interval: `interval` must be longer than 0
        LS-CFG-204 [unit] ops[0].convert.from: the tag has no unit to convert from (tag `acme/site/line/p`); give it one in the tag table, or write `from`
        LS-CFG-204 [degrees] ops[0].convert.to: `°F` is not a UCUM unit code (tag `acme/site/line/t`); did you mean `[degF]`?"#]],
    );
}

#[test]
fn derived_tags() {
    let plant = line()
        .rule("path", r#"{"tag":"line/a+b","expr":"p"}"#)
        .rule("taken", r#"{"tag":"line/t","expr":"p"}"#)
        .rule("one", r#"{"tag":"line/d","expr":"p"}"#)
        .rule("two", r#"{"tag":"line/d","expr":"t"}"#)
        .rule("syntax", r#"{"tag":"line/s","expr":"p +"}"#)
        .rule("missing", r#"{"tag":"line/m","expr":"p + \"line/q\" + \"lane/t\""}"#)
        .rule("types", r#"{"tag":"line/y","expr":"p + on"}"#)
        .rule("bytes", r#"{"tag":"line/b","expr":"raw"}"#)
        .rule("constant", r#"{"tag":"line/c","expr":"1 + 1"}"#)
        .rule("unit", r#"{"tag":"line/u","expr":"p","unit":"rpm"}"#)
        .rule("on-a-wrong-one", r#"{"tag":"line/w","expr":"s + 1"}"#);
    check(
        &plant,
        &expect![[r#"
            LS-CFG-209 [path] tag: segment 4 `a+b` has `+`, which a tag path cannot have
            LS-CFG-209 [taken] tag: the tag `acme/site/line/t` exists already; give the derived tag a path of its own
            LS-CFG-209 [two] tag: the tag `acme/site/line/d` exists already; give the derived tag a path of its own
            LS-CFG-205 [syntax] expr: expected an expression, found EOF
            LS-CFG-206 [constant] expr: the expression names no tag, so nothing would ever compute it
            LS-CFG-204 [unit] unit: `rpm` is not a UCUM unit code; did you mean `1/min`?
            LS-CFG-206 [missing] expr 1:5: there is no tag `acme/site/line/q`; a bare name is a tag in the same folder, a path in double quotes is one below the node's path
            LS-CFG-206 [missing] expr 1:16: there is no tag `acme/site/lane/t`; did you mean "other/t"?
            LS-CFG-207 [types] expr 1:5: a number is needed here, this is a bool; CAST(… AS INTEGER) makes it 1 or 0
            LS-CFG-207 [bytes] expr 1:1: `acme/site/line/raw` is of type bytes(4), which cannot be computed with"#]],
    );
}

#[test]
fn circles_are_printed() {
    let plant = line()
        .rule("a", r#"{"tag":"line/a","expr":"b + p"}"#)
        .rule("b", r#"{"tag":"line/b","expr":"c"}"#)
        .rule("c", r#"{"tag":"line/c","expr":"a"}"#)
        .rule("behind", r#"{"tag":"line/x","expr":"a"}"#)
        .rule("self", r#"{"tag":"line/s","expr":"COALESCE(s, 0) + p"}"#);
    check(
        &plant,
        &expect![[r#"
        LS-CFG-208 [a] expr: derived tags need each other: acme/site/line/a -> acme/site/line/b -> acme/site/line/c -> acme/site/line/a; a tag cannot be computed from itself
        LS-CFG-208 [self] expr: derived tags need each other: acme/site/line/s -> acme/site/line/s; a tag cannot be computed from itself"#]],
    );
}

#[test]
fn the_tag_table() {
    let plant = Plant::new(
        "a bool scale=2
         b i16  scale=0
         c i16  offset=inf
         d i16  deadband=1%",
    );
    check(
        &plant,
        &expect![[r#"
        LS-CFG-210 acme/site/a scale: a tag of type bool has no number to scale; leave the cell empty
        LS-CFG-203 acme/site/b scale: `scale` must not be 0: every value would be the offset
        LS-CFG-203 acme/site/c offset: `offset` must be a finite number"#]],
    );
}

#[test]
fn a_file_with_a_wrong_key_is_refused() {
    for (json, what) in [
        (r#"{"tag":"x","exp":"p"}"#, "unknown field `exp`"),
        (r#"{"tags":"x","ops":[{"deadbnd":{}}]}"#, "unknown variant `deadbnd`"),
        (r#"{"tags":"x","ops":[{"deadband":{"abs":1}}]}"#, "unknown field `abs`"),
        (
            r#"{"tags":"x","ops":[{"moving_average":{"window":"10"}}]}"#,
            "`10` is not a length of time",
        ),
        (r#"{"tags":"x","ops":[{"moving_average":{}}]}"#, "missing field `window`"),
    ] {
        let error = serde_json::from_str::<Rule>(json).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    assert!(Period::try_from(String::from("1.5h")).is_ok());
}

#[test]
fn the_schema_knows_every_step() {
    let schema = serde_json::to_string(&schemars::schema_for!(Rule)).unwrap();
    for verb in ["scale", "convert", "clamp", "range", "deadband", "limit_rate", "moving_average"] {
        assert!(schema.contains(&format!("\"{verb}\"")), "{verb}");
    }
}
