//! Samples as text, so that a test is data: `0s 20.0, 1s 20.5 bad(comm), 2s -`.

use std::fmt::Write as _;

use lineshaft_model::{ClockSource, Quality, Reason, Sample, Timestamp, Value, parse_duration};

use super::{Flow, OpConfig, Step};

/// `2s 20.5 bad(comm)`; `-` is null, `on` and `off` are bools, a number without a point is whole, the rest is text.
pub(crate) fn parse(text: &str) -> Sample {
    let mut words = text.split_whitespace();
    let ts = words.next().and_then(parse_duration).expect(text);
    let value = match words.next().expect(text) {
        "-" => Value::Null,
        "on" => Value::Bool(true),
        "off" => Value::Bool(false),
        word => match (word.parse::<i64>(), word.parse::<f64>()) {
            (Ok(int), _) => Value::Int(int),
            (_, Ok(float)) => Value::Float(float),
            _ => Value::from(word),
        },
    };
    let quality = words.next().map_or(Quality::GOOD, |word| {
        let (level, reason) = word.trim_end_matches(')').split_once('(').expect(text);
        let reason = Reason::ALL.into_iter().find(|known| known.word() == reason).expect(text);
        if level == "bad" { Quality::bad(reason) } else { Quality::uncertain(reason) }
    });
    Sample::new(Timestamp::from_secs(0).saturating_add(ts), value, quality, ClockSource::Source)
}

pub(crate) fn print(sample: &Sample) -> String {
    let seconds = std::time::Duration::from_nanos(u64::try_from(sample.ts.nanos()).unwrap_or(0));
    let mut text = format!("{}s ", seconds.as_secs_f64());
    match &sample.value {
        Value::Null => text.push('-'),
        Value::Bool(on) => text.push_str(if *on { "on" } else { "off" }),
        Value::Float(float) => write!(text, "{float:?}").unwrap(),
        other => write!(text, "{other}").unwrap(),
    }
    if !sample.quality.is_good() {
        write!(text, " {}", sample.quality).unwrap();
    }
    text
}

/// Sends `input` through a step; `tick 3s` lets it speak.
pub(crate) fn run(config: &OpConfig, input: &str) -> String {
    let mut step = Step::new(config, None).unwrap();
    let mut out = Vec::new();
    for item in input.split(',').map(str::trim) {
        if let Some(now) = item.strip_prefix("tick ") {
            let now = Timestamp::from_secs(0).saturating_add(parse_duration(now).expect(item));
            out.extend(step.tick(now).map(|sample| print(&sample)));
            continue;
        }
        let mut sample = parse(item);
        if step.apply(&mut sample) == Flow::Forward {
            out.push(print(&sample));
        }
    }
    out.join(", ")
}

#[track_caller]
pub(crate) fn check(config: &OpConfig, input: &str, expected: &str) {
    assert_eq!(run(config, input), expected);
}
