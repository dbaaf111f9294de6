//! A small plant as text, and batches as text.

use lineshaft_model::{
    Access, Batch, ClockSource, DataType, OriginId, Quality, Reason, Sample, TagMeta, TagPath,
    Tags, Timestamp, Unit, Value,
};
use lineshaft_pipeline::{Band, Built, Pipeline, PipelineMistake, Plan, Rule, TagSteps};

/// `path type unit`, and in the tag table `scale=`, `offset=`, `deadband=`.
pub(crate) struct Plant {
    pub(crate) node: TagPath,
    pub(crate) tags: Tags,
    metas: Vec<TagMeta>,
    steps: Vec<TagSteps>,
    rules: Vec<(String, Rule)>,
}

impl Plant {
    pub(crate) fn new(table: &str) -> Plant {
        let node = TagPath::new("acme/site").unwrap();
        let tags = Tags::new();
        let (mut metas, mut steps) = (Vec::new(), Vec::new());
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let path = node.join(words.next().unwrap()).unwrap();
            let data_type: DataType = words.next().unwrap().parse().unwrap();
            let mut row =
                TagSteps { tag: tags.intern(&path), scale: None, offset: None, deadband: None };
            let mut unit = None;
            for word in words {
                match word.split_once('=') {
                    Some(("scale", number)) => row.scale = Some(number.parse().unwrap()),
                    Some(("offset", number)) => row.offset = Some(number.parse().unwrap()),
                    Some(("deadband", band)) => row.deadband = Some(band.parse::<Band>().unwrap()),
                    _ => unit = Some(Unit::new(word).unwrap()),
                }
            }
            metas.push(TagMeta {
                path,
                data_type,
                unit,
                access: Access::Read,
                step: false,
                description: String::new(),
                device: "plc".into(),
            });
            steps.push(row);
        }
        Plant { node, tags, metas, steps, rules: Vec::new() }
    }

    /// Adds a rule from JSON, which has the structure of the file.
    pub(crate) fn rule(mut self, name: &str, json: &str) -> Plant {
        self.rules.push((name.into(), serde_json::from_str(json).expect(json)));
        self
    }

    pub(crate) fn build(&self) -> Result<Built, Vec<PipelineMistake>> {
        Pipeline::build(Plan {
            node: &self.node,
            tags: &self.tags,
            metas: self.metas.clone(),
            steps: &self.steps,
            rules: &self.rules,
        })
    }

    pub(crate) fn pipeline(&self) -> Pipeline {
        self.build().unwrap_or_else(|mistakes| panic!("{mistakes:?}")).pipeline
    }

    /// `line/x 1s 20.5, line/on 2s on`: path, time, value, quality.
    pub(crate) fn batch(&self, text: &str) -> Batch {
        let mut batch = Batch::new(OriginId(1), Timestamp::from_secs(0));
        for row in text.split(',').map(str::trim).filter(|row| !row.is_empty()) {
            let words: Vec<&str> = row.split_whitespace().collect();
            let tag = self.tags.intern(&self.node.join(words[0]).unwrap());
            let seconds: i64 = words[1].trim_end_matches('s').parse().unwrap();
            let value = match words[2] {
                "on" => Value::Bool(true),
                "off" => Value::Bool(false),
                "-" => Value::Null,
                word => word.parse::<f64>().map_or_else(|_| Value::from(word), Value::Float),
            };
            let quality = match words.get(3).copied() {
                None => Quality::GOOD,
                Some("bad") => Quality::bad(Reason::Comm),
                Some("uncertain") => Quality::uncertain(Reason::Stale),
                Some(other) => panic!("{other}"),
            };
            batch.push(
                tag,
                Sample::new(Timestamp::from_secs(seconds), value, quality, ClockSource::Source),
            );
        }
        batch
    }

    pub(crate) fn print(&self, batch: &Batch) -> String {
        let rows: Vec<String> = batch
            .rows
            .iter()
            .map(|row| {
                let path = self.tags.path(row.tag).unwrap().to_string();
                let path = path.trim_start_matches(self.node.as_str()).trim_start_matches('/');
                let seconds = row.sample.ts.millis() / 1_000;
                let value = &row.sample.value;
                let quality = match row.sample.quality {
                    Quality::GOOD => String::new(),
                    other => format!(" {other}"),
                };
                format!("{path} {seconds}s {value}{quality}")
            })
            .collect();
        rows.join(", ")
    }

    pub(crate) fn apply(&self, pipeline: &mut Pipeline, text: &str) -> String {
        let mut batch = self.batch(text);
        pipeline.apply(&mut batch);
        self.print(&batch)
    }

    pub(crate) fn tick(&self, pipeline: &mut Pipeline, seconds: i64) -> String {
        let mut batch = self.batch("");
        pipeline.tick(Timestamp::from_secs(seconds), &mut batch);
        self.print(&batch)
    }
}
