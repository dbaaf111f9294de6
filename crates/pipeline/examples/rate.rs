//! What steps and expressions cost per sample.
//!
//! `cargo run --release -p lineshaft-pipeline --example rate`

use std::hint::black_box;
use std::time::Duration;

use lineshaft_model::{
    Access, Batch, DataType, OriginId, Sample, TagId, TagMeta, TagPath, Tags, Timestamp,
};
use lineshaft_pipeline::expr::{Input, Kind, Parsed};
use lineshaft_pipeline::op::{
    ClampConfig, Clamped, DeadbandConfig, MovingAverageConfig, OpConfig, ScaleConfig,
};
use lineshaft_pipeline::{Period, Pipeline, Plan, Rule};
use lineshaft_runtime::Clock;

const TAGS: usize = 10_000;
const ROUNDS: i64 = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    predicate()?;
    let scale = || OpConfig::Scale(ScaleConfig { factor: 0.1, offset: -40.0 });
    let clamp = OpConfig::Clamp(ClampConfig { low: Some(0.0), high: None, quality: Clamped::Good });
    let deadband = OpConfig::Deadband(DeadbandConfig {
        absolute: Some(0.5),
        percent: None,
        low: None,
        high: None,
        silence_max: None,
    });
    let window = Period(Duration::from_secs(10));
    let average = OpConfig::MovingAverage(MovingAverageConfig { window });
    steps("no steps", vec![], None)?;
    steps("scale", vec![scale()], None)?;
    steps("scale, clamp, deadband", vec![scale(), clamp, deadband], None)?;
    steps("moving average over 10 samples", vec![average], None)?;
    steps("a derived tag for each two", vec![], Some("x0 / x1 * 100"))
}

fn predicate() -> Result<(), Box<dyn std::error::Error>> {
    let text = "temperature > 50 AND status = 'RUN' AND pressure * 1.8 + 32 > 40";
    let expression = Parsed::new(text)?.compile(&[Kind::Number, Kind::Text, Kind::Number])?;
    let inputs = [Input::Number(60.0), Input::Text("RUN".into()), Input::Number(5.0)];
    let clock = Clock::real();
    let (count, started) = (20_000_000_u32, clock.steady());
    for _ in 0..count {
        let _ = black_box(expression.evaluate(black_box(&inputs)));
    }
    let each = (clock.steady() - started).as_secs_f64() / f64::from(count);
    println!("{text}: {:.1} ns", each * 1e9);
    Ok(())
}

fn steps(
    what: &str,
    ops: Vec<OpConfig>,
    expr: Option<&str>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (node, tags) = (TagPath::new("acme")?, Tags::new());
    let mut metas = Vec::new();
    for n in 0..TAGS {
        metas.push(TagMeta {
            path: node.join(&format!("m{}/x{}", n / 2, n % 2))?,
            data_type: DataType::F64,
            unit: None,
            access: Access::Read,
            step: false,
            description: String::new(),
            device: std::sync::Arc::default(),
        });
    }
    let ids: Vec<TagId> = metas.iter().map(|meta| tags.intern(&meta.path)).collect();
    let mut rules = Vec::new();
    if !ops.is_empty() {
        rules.push(("steps".into(), Rule { tags: Some("**".into()), ops, ..Rule::default() }));
    }
    for n in 0..TAGS / 2 {
        if let Some(expr) = expr {
            let (tag, expr) = (Some(format!("m{n}/d")), Some(expr.into()));
            rules.push((format!("d{n}"), Rule { tag, expr, ..Rule::default() }));
        }
    }
    let plan = Plan { node: &node, tags: &tags, metas, steps: &[], rules: &rules };
    let mut pipeline = Pipeline::build(plan).map_err(|mistakes| mistakes[0].to_string())?.pipeline;
    let mut batch = Batch::new(OriginId(0), Timestamp::default());
    let clock = Clock::real();
    let mut spent = Duration::ZERO;
    for round in 0..ROUNDS {
        for ids in ids.chunks(1_000) {
            batch.rows.clear();
            for (value, id) in (0_i32..).zip(ids) {
                let value = f64::from(value) + f64::from(i32::try_from(round % 7)?);
                batch.push(*id, Sample::good(Timestamp::from_secs(round), value));
            }
            let started = clock.steady();
            pipeline.apply(&mut batch);
            spent += clock.steady() - started;
        }
    }
    let samples = f64::from(i32::try_from(ROUNDS)?) * f64::from(i32::try_from(TAGS)?);
    println!("{what}: {:.1} ns a sample", spent.as_secs_f64() * 1e9 / samples);
    Ok(())
}
