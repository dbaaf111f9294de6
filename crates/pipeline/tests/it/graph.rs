//! What the graph does with batches.

use lineshaft_model::DataType;

use crate::plant::Plant;

fn line() -> Plant {
    Plant::new(
        "line/t     i16  Cel scale=0.1 offset=-40 deadband=0.5
         line/p     f32  bar
         line/on    bool
         line/mode  text(8)
         other/t    f64  [degF]",
    )
}

#[test]
fn the_table_comes_first_then_the_rules_in_their_order() {
    let plant = line()
        .rule("a", r#"{"tags":"line/t","ops":[{"clamp":{"low":0,"quality":"good"}}]}"#)
        .rule("b", r#"{"tags":"**/t","ops":[{"convert":{"to":"K"}}]}"#);
    let mut pipeline = plant.pipeline();
    assert_eq!(
        plant.apply(&mut pipeline, "line/t 1s 300, line/p 1s 5, line/t 2s 404, other/t 2s 0"),
        // 300 -> -10 -> 0 -> 273.15; 404 -> 0.4 is a move of 10.4.
        "line/t 1s 273.15, line/p 1s 5, line/t 2s 273.54999999999995, other/t 2s 255.37222222222223"
    );
}

#[test]
fn the_metadata_say_what_comes_out() {
    let plant = line()
        .rule("k", r#"{"tags":"**/t","ops":[{"convert":{"to":"K"}}]}"#)
        .rule("d", r#"{"tag":"line/hot","expr":"t > 300 AND on","description":"Too hot"}"#)
        .rule("r", r#"{"tag":"line/ratio","expr":"t / p * 100","unit":"%"}"#);
    let metas = plant.build().unwrap().metas;
    let of = |name: &str| metas.iter().find(|meta| meta.path.as_str().ends_with(name)).unwrap();
    let unit = |name: &str| of(name).unit.as_ref().map(|unit| unit.code().to_owned());
    assert_eq!((of("line/t").data_type, unit("line/t")), (DataType::F64, Some("K".into())));
    assert_eq!((of("line/p").data_type, unit("line/p")), (DataType::F32, Some("bar".into())));
    assert_eq!((of("line/ratio").data_type, unit("line/ratio")), (DataType::F64, Some("%".into())));
    let hot = of("line/hot");
    assert_eq!((hot.data_type, hot.step), (DataType::Bool, true));
    assert_eq!((hot.description.as_str(), &*hot.device), ("Too hot", ""));
    assert_eq!(metas.len(), 7);
}

#[test]
fn a_derived_tag_is_computed_once_for_each_batch_with_the_newest_time() {
    let plant = line().rule("r", r#"{"tag":"line/sum","expr":"p + \"other/t\""}"#);
    let mut pipeline = plant.pipeline();
    assert_eq!(
        plant.apply(&mut pipeline, "line/p 5s 1"),
        "line/p 5s 1, line/sum 5s null bad(not-yet)"
    );
    assert_eq!(
        plant.apply(&mut pipeline, "other/t 3s 10, line/p 4s 2, line/p 6s 3"),
        "other/t 3s 10, line/p 4s 2, line/p 6s 3, line/sum 6s 13"
    );
    assert_eq!(plant.apply(&mut pipeline, "line/on 9s on"), "line/on 9s true");
    assert_eq!(
        plant.apply(&mut pipeline, "line/p 7s 3 uncertain"),
        "line/p 7s 3 uncertain(stale), line/sum 7s 13 uncertain(stale)"
    );
    assert_eq!(
        plant.apply(&mut pipeline, "other/t 8s - bad"),
        "other/t 8s null bad(comm), line/sum 8s null bad(input)"
    );
}

#[test]
fn what_has_no_value_is_bad_and_not_zero() {
    let plant = line()
        .rule("r", r#"{"tag":"line/r","expr":"1 / p"}"#)
        .rule("s", r#"{"tag":"line/s","expr":"COALESCE(r, 0)"}"#);
    let mut pipeline = plant.pipeline();
    assert_eq!(
        plant.apply(&mut pipeline, "line/p 1s 0"),
        "line/p 1s 0, line/r 1s null bad(not-a-number), line/s 1s 0"
    );
}

#[test]
fn derived_tags_build_on_each_other_whatever_the_order_of_the_rules() {
    let plant = line()
        .rule("3", r#"{"tag":"line/d3","expr":"d2 + d1"}"#)
        .rule("2", r#"{"tag":"line/d2","expr":"d1 * 2"}"#)
        .rule("1", r#"{"tag":"line/d1","expr":"p + 1"}"#)
        .rule("slow", r#"{"tags":"line/d2","ops":[{"deadband":{"absolute":5}}]}"#);
    let mut pipeline = plant.pipeline();
    assert_eq!(
        plant.apply(&mut pipeline, "line/p 1s 1"),
        "line/p 1s 1, line/d1 1s 2, line/d2 1s 4, line/d3 1s 6"
    );
    assert_eq!(
        plant.apply(&mut pipeline, "line/p 2s 2"),
        "line/p 2s 2, line/d1 2s 3, line/d3 2s 7",
        "the deadband holds d2 back, and d3 is computed from what d2 said last"
    );
}

#[test]
fn text_and_switches_are_inputs_too() {
    let plant = line().rule(
        "state",
        r#"{"tag":"line/state","expr":"CASE WHEN NOT on THEN 'off' WHEN mode IN ('RUN', 'JOG') THEN 'moving' ELSE mode END"}"#,
    );
    let mut pipeline = plant.pipeline();
    assert_eq!(
        plant.apply(&mut pipeline, "line/on 1s on, line/mode 1s JOG"),
        "line/on 1s on, line/mode 1s JOG, line/state 1s moving".replace("1s on", "1s true")
    );
    assert!(plant.apply(&mut pipeline, "line/on 2s off").ends_with("line/state 2s off"));
    assert!(
        plant
            .apply(&mut pipeline, "line/on 3s on, line/mode 3s HOLD")
            .ends_with("line/state 3s HOLD")
    );
}

#[test]
fn what_a_step_held_back_comes_with_a_tick_and_reaches_what_is_behind() {
    let plant = line()
        .rule(
            "rate",
            r#"{"tags":"line/p","ops":[{"limit_rate":{"interval":"10s"}},{"scale":{"factor":2}}]}"#,
        )
        .rule("d", r#"{"tag":"line/d","expr":"p + 1"}"#);
    let mut pipeline = plant.pipeline();
    assert_eq!(plant.apply(&mut pipeline, "line/p 1s 1, line/p 2s 2"), "line/p 1s 2, line/d 1s 3");
    assert_eq!(plant.tick(&mut pipeline, 10), "");
    assert_eq!(plant.tick(&mut pipeline, 11), "line/p 2s 4, line/d 2s 5");
    assert_eq!(plant.tick(&mut pipeline, 99), "");
}

#[test]
fn a_reload_keeps_the_state_of_what_stayed() {
    let before = line()
        .rule(
            "d",
            r#"{"tags":"line/p","ops":[{"scale":{"factor":2}},{"deadband":{"absolute":5}}]}"#,
        )
        .rule("x", r#"{"tag":"line/d","expr":"p + \"other/t\""}"#);
    let mut old = before.pipeline();
    before.apply(&mut old, "line/p 1s 10, other/t 1s 1");
    before.apply(&mut old, "line/p 2s 11");

    let same = || {
        line().rule(
        "d",
        r#"{"tags":"line/p","ops":[{"clamp":{"low":0}},{"scale":{"factor":2}},{"deadband":{"absolute":5}}]}"#,
    ).rule("y", r#"{"tag":"line/e","expr":"\"other/t\" * p"}"#)
    };
    let after = same();
    let mut new = after.pipeline();
    new.take_state_from(old);
    assert!(new.unheard_inputs().is_empty());
    assert_eq!(after.apply(&mut new, "line/p 3s 12"), "", "20 was forwarded last, 24 is within 5");
    assert_eq!(after.apply(&mut new, "line/p 4s 13"), "line/p 4s 26, line/e 4s 26");

    let fresh = same();
    let mut seeded = fresh.pipeline();
    assert_eq!(seeded.unheard_inputs().len(), 2);
    let known = fresh.batch("other/t 1s 3, line/p 1s 4");
    for row in &known.rows {
        seeded.seed(row.tag, &row.sample);
    }
    assert!(seeded.unheard_inputs().is_empty());
    assert_eq!(fresh.tick(&mut seeded, 2), "line/e 1s 12");
}

#[test]
fn ten_thousand_tags_without_steps_are_left_alone() {
    let plant = line();
    let mut pipeline = plant.pipeline();
    for n in 0..10_000 {
        plant.tags.intern(&plant.node.join(&format!("x/{n}")).unwrap());
    }
    assert_eq!(plant.apply(&mut pipeline, "x/9999 1s 5, x/0 1s on"), "x/9999 1s 5, x/0 1s true");
}
