//! What holds for any steps and any samples.

use lineshaft_model::{
    Batch, ClockSource, OriginId, Quality, Reason, Row, Sample, Timestamp, Value,
};
use lineshaft_pipeline::Pipeline;
use proptest::prelude::*;

use crate::plant::Plant;

const STEPS: [&str; 9] = [
    r#"{"scale":{"factor":0.5,"offset":3}}"#,
    r#"{"convert":{"from":"Cel","to":"[degF]"}}"#,
    r#"{"clamp":{"low":-10,"high":10}}"#,
    r#"{"range":{"low":-5,"high":20}}"#,
    r#"{"deadband":{"absolute":2,"silence_max":"5s"}}"#,
    r#"{"deadband":{"percent":10,"silence_max":"3s"}}"#,
    r#"{"limit_rate":{"interval":"3s"}}"#,
    r#"{"moving_average":{"window":"4s"}}"#,
    r#"{"range":{"high":15,"outside":"uncertain"}}"#,
];

fn any_sample() -> impl Strategy<Value = Sample> {
    let value = prop_oneof![
        6 => (-300i64..300).prop_map(|n| {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let float = n as f64 / 10.0;
            Value::Float(float)
        }),
        2 => (-30i64..30).prop_map(Value::Int),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::from("RUN")),
        1 => any::<f64>().prop_map(Value::Float),
    ];
    let quality = prop_oneof![
        6 => Just(Quality::GOOD),
        1 => Just(Quality::uncertain(Reason::Stale)),
        1 => Just(Quality::bad(Reason::Comm)),
    ];
    (0i64..30, value, quality).prop_map(|(ts, value, quality)| {
        Sample::new(Timestamp::from_secs(ts), value, quality, ClockSource::Source)
    })
}

fn any_rows() -> impl Strategy<Value = Vec<(bool, Sample)>> {
    proptest::collection::vec((any::<bool>(), any_sample()), 0..40)
}

fn plant(steps: &[usize]) -> Plant {
    let ops: Vec<&str> = steps.iter().map(|n| STEPS[*n]).collect();
    let rule = format!(r#"{{"tags":"line/*","ops":[{}]}}"#, ops.join(","));
    Plant::new("line/a f64\nline/b f64").rule("any", &rule)
}

fn rows(plant: &Plant, rows: &[(bool, Sample)]) -> Vec<Row> {
    let tag = |first: bool| {
        let path = plant.node.join(if first { "line/a" } else { "line/b" }).unwrap();
        plant.tags.id(&path).unwrap()
    };
    rows.iter().map(|(first, sample)| Row { tag: tag(*first), sample: sample.clone() }).collect()
}

fn run(pipeline: &mut Pipeline, rows: Vec<Row>) -> Vec<String> {
    let mut batch = Batch { rows, ..Batch::new(OriginId(0), Timestamp::from_secs(0)) };
    pipeline.apply(&mut batch);
    // As text, because a NaN does not equal itself.
    batch.rows.iter().map(|row| format!("{row:?}")).collect()
}

fn any_steps() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..STEPS.len(), 1..5)
}

proptest! {
    #[test]
    fn a_split_batch_gives_the_same_rows(steps in any_steps(), input in any_rows(), cut in 0usize..40) {
        let plant = plant(&steps);
        let whole = run(&mut plant.pipeline(), rows(&plant, &input));
        let (first, second) = input.split_at(cut.min(input.len()));
        let mut pipeline = plant.pipeline();
        let mut parts = run(&mut pipeline, rows(&plant, first));
        parts.extend(run(&mut pipeline, rows(&plant, second)));
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn the_same_samples_give_the_same_rows(steps in any_steps(), input in any_rows()) {
        let plant = plant(&steps);
        let first = run(&mut plant.pipeline(), rows(&plant, &input));
        prop_assert_eq!(first, run(&mut plant.pipeline(), rows(&plant, &input)));
    }

    #[test]
    fn a_reload_without_a_change_changes_nothing(steps in any_steps(), input in any_rows(), cut in 0usize..40) {
        let plant = plant(&steps);
        let whole = run(&mut plant.pipeline(), rows(&plant, &input));
        let (first, second) = input.split_at(cut.min(input.len()));
        let mut old = plant.pipeline();
        let mut parts = run(&mut old, rows(&plant, first));
        let mut new = plant.pipeline();
        new.take_state_from(old);
        parts.extend(run(&mut new, rows(&plant, second)));
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn no_step_raises_a_quality_and_no_good_sample_is_no_number(steps in any_steps(), input in any_rows()) {
        let plant = plant(&steps);
        let mut pipeline = plant.pipeline();
        for row in rows(&plant, &input) {
            let before = row.sample.quality.level();
            let mut batch = Batch { rows: vec![row], ..Batch::new(OriginId(0), Timestamp::from_secs(0)) };
            pipeline.apply(&mut batch);
            for row in &batch.rows {
                prop_assert!(row.sample.quality.level() >= before);
                if let Value::Float(float) = row.sample.value && !row.sample.quality.is_bad() {
                    prop_assert!(float.is_finite());
                }
            }
        }
    }

    #[test]
    fn what_forwards_only_news_never_swallows_a_change_of_quality(
        step in proptest::sample::select(vec![4usize, 5, 6]),
        input in any_rows(),
    ) {
        let plant = plant(&[step]);
        let mut pipeline = plant.pipeline();
        let mut last: Vec<Option<Quality>> = vec![None, None];
        for (row, (first, sample)) in rows(&plant, &input).into_iter().zip(&input) {
            let mut batch = Batch { rows: vec![row], ..Batch::new(OriginId(0), Timestamp::from_secs(0)) };
            pipeline.apply(&mut batch);
            let known = &mut last[usize::from(*first)];
            if *known != Some(sample.quality) {
                prop_assert_eq!(batch.rows.len(), 1, "{:?} after {:?}", sample, known);
            }
            *known = Some(sample.quality);
        }
    }

    #[test]
    fn what_is_held_back_is_within_the_band_of_what_was_forwarded(input in any_rows()) {
        let plant = plant(&[4]);
        let mut pipeline = plant.pipeline();
        let mut last: Vec<Option<Sample>> = vec![None, None];
        for (row, (first, sample)) in rows(&plant, &input).into_iter().zip(&input) {
            let mut batch = Batch { rows: vec![row], ..Batch::new(OriginId(0), Timestamp::from_secs(0)) };
            pipeline.apply(&mut batch);
            let known = &mut last[usize::from(*first)];
            if let Some(row) = batch.rows.pop() {
                *known = Some(row.sample);
                continue;
            }
            let forwarded = known.as_ref().expect("the first is always forwarded");
            prop_assert_eq!(forwarded.quality, sample.quality);
            prop_assert!(sample.ts.checked_since(forwarded.ts).expect("not older").as_secs() < 5);
            match (forwarded.value.as_f64(), sample.value.as_f64()) {
                (Some(a), Some(b)) if a.is_finite() && b.is_finite() => prop_assert!((a - b).abs() <= 2.0),
                _ => {}
            }
        }
    }
}
