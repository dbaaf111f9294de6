//! One text, number or switch against the shapes it may have.

use lineshaft_model::{TagPath, parse_duration};
use lineshaft_runtime::Endpoint;
use serde_json::{Number, Value as Json};
use toml_edit::Value as Toml;

use super::expect::{constants, range, words};
use crate::plant::quantity::{BYTES_EXAMPLES, DURATION_EXAMPLES, parse_bytes};

/// A wrong value: what to say about it.
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) what: String,
    pub(crate) help: Vec<String>,
}

impl Wrong {
    fn new(code: &'static str, what: impl Into<String>, help: impl Into<String>) -> Wrong {
        let help = help.into();
        let help = if help.is_empty() { Vec::new() } else { vec![help] };
        Wrong { code, what: what.into(), help }
    }
}

/// Takes `value` when one of the shapes does; they are all of its type.
pub(crate) fn check(shapes: &[&Json], value: &Toml, key: &str) -> Result<Json, Wrong> {
    let mut first = None;
    for shape in shapes {
        match against(shape, value, key) {
            Ok(json) => return Ok(json),
            Err(wrong) => first = first.or(Some(wrong)),
        }
    }
    let allowed = constants(shapes);
    if let (Some(text), false) = (value.as_str(), allowed.is_empty()) {
        return Err(not_a_word(text, key, &allowed));
    }
    Err(first
        .unwrap_or_else(|| Wrong::new("LS-CFG-006", format!("`{key}` cannot have this value"), "")))
}

fn not_a_word(text: &str, key: &str, allowed: &[&str]) -> Wrong {
    let what =
        format!("`{key}` cannot be `{text}`, it must be {}", words(allowed.iter().copied(), "or"));
    let meant = crate::plant::nearest(text, allowed.iter().copied());
    let help = meant.map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
    Wrong::new("LS-CFG-006", what, help)
}

fn against(shape: &Json, value: &Toml, key: &str) -> Result<Json, Wrong> {
    match value {
        Toml::String(text) => check_text(shape, text.value(), key),
        Toml::Integer(int) => {
            let json = Json::from(*int.value());
            check_constant(shape, &json, key)?;
            check_range(shape, &json, key)?;
            Ok(json)
        }
        Toml::Float(float) => {
            let Some(number) = Number::from_f64(*float.value()) else {
                let what = format!("`{key}` must be a finite number");
                return Err(Wrong::new("LS-CFG-006", what, ""));
            };
            let json = Json::Number(number);
            check_constant(shape, &json, key)?;
            check_range(shape, &json, key)?;
            Ok(json)
        }
        Toml::Boolean(on) => {
            let json = Json::from(*on.value());
            check_constant(shape, &json, key)?;
            Ok(json)
        }
        Toml::Datetime(date) => Ok(Json::from(date.value().to_string())),
        Toml::Array(_) | Toml::InlineTable(_) => Ok(Json::Null),
    }
}

/// `const` and `enum` of numbers and switches.
fn check_constant(shape: &Json, json: &Json, key: &str) -> Result<(), Wrong> {
    let listed = shape.get("enum").and_then(Json::as_array).into_iter().flatten();
    let allowed: Vec<&Json> = shape.get("const").into_iter().chain(listed).collect();
    if allowed.is_empty() || allowed.contains(&json) {
        return Ok(());
    }
    let texts: Vec<String> = allowed.iter().map(ToString::to_string).collect();
    let all = words(texts.iter().map(String::as_str), "or");
    Err(Wrong::new("LS-CFG-006", format!("`{key}` cannot be {json}, it must be {all}"), ""))
}

fn check_range(shape: &Json, json: &Json, key: &str) -> Result<(), Wrong> {
    let limit = |name: &str| shape.get(name).and_then(Json::as_f64);
    let number = json.as_f64().unwrap_or_default();
    let inside = limit("minimum").is_none_or(|low| number >= low)
        && limit("maximum").is_none_or(|high| number <= high)
        && limit("exclusiveMinimum").is_none_or(|low| number > low)
        && limit("exclusiveMaximum").is_none_or(|high| number < high);
    if inside {
        return Ok(());
    }
    let allowed = match range(shape) {
        allowed if allowed.is_empty() => " of this width".to_owned(),
        allowed => allowed,
    };
    Err(Wrong::new("LS-CFG-006", format!("`{key}` is {json}, it must be a number{allowed}"), ""))
}

fn check_text(shape: &Json, text: &str, key: &str) -> Result<Json, Wrong> {
    let allowed = constants(&[shape]);
    if !allowed.is_empty() && !allowed.contains(&text) {
        return Err(not_a_word(text, key, &allowed));
    }
    let chars = text.chars().count() as u64;
    let length = |name: &str| shape.get(name).and_then(Json::as_u64);
    if length("minLength").is_some_and(|min| chars < min) {
        let what = if text.is_empty() {
            format!("`{key}` is empty")
        } else {
            format!("`{key}` is too short")
        };
        return Err(Wrong::new("LS-CFG-006", what, ""));
    }
    if let Some(max) = length("maxLength").filter(|max| chars > *max) {
        let what = format!("`{key}` has {chars} characters, at most {max} are allowed");
        return Err(Wrong::new("LS-CFG-006", what, ""));
    }
    match shape.get("format").and_then(Json::as_str) {
        Some("duration") => check_duration(shape, text, key)?,
        Some("bytes") => check_bytes(shape, text, key)?,
        Some("endpoint") => check_endpoint(text)?,
        Some("tag-path") => check_path(text, key)?,
        _ => {}
    }
    Ok(Json::from(text))
}

fn check_duration(shape: &Json, text: &str, key: &str) -> Result<(), Wrong> {
    let Some(duration) = parse_duration(text) else {
        let what = format!("`{text}` is not a duration");
        let mut wrong = Wrong::new("LS-CFG-011", what, "");
        wrong.help.push(duration_help(text));
        return Err(wrong);
    };
    let limit = |name: &str| shape.get(name).and_then(Json::as_str).and_then(parse_duration);
    let inside = limit("x-minimum").is_none_or(|low| duration >= low)
        && limit("x-maximum").is_none_or(|high| duration <= high);
    if inside {
        return Ok(());
    }
    Err(Wrong::new(
        "LS-CFG-006",
        format!("`{key}` is {text}, it must be a duration{}", range(shape)),
        "",
    ))
}

/// What to write instead of a text that is not a duration.
pub(crate) fn duration_help(text: &str) -> String {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let known = match unit.trim().to_lowercase().trim_end_matches('.') {
        "msec" | "msecs" | "millis" | "milliseconds" | "millisecond" => Some("ms"),
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "mins" | "minute" | "minutes" => Some("m"),
        "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "day" | "days" => Some("d"),
        _ => None,
    };
    match (number.is_empty(), unit.is_empty(), known) {
        (false, _, Some(unit)) => format!("did you mean `{number}{unit}`?"),
        (false, true, _) => {
            format!("a duration needs a unit: did you mean `{number}ms` or `{number}s`?")
        }
        _ => format!("write a number with its unit: {DURATION_EXAMPLES}"),
    }
}

fn check_bytes(shape: &Json, text: &str, key: &str) -> Result<(), Wrong> {
    let Some(bytes) = parse_bytes(text) else {
        let what = format!("`{text}` is not a size");
        let help = format!("write a number with its unit: {BYTES_EXAMPLES}");
        return Err(Wrong::new("LS-CFG-011", what, help));
    };
    let limit = |name: &str| shape.get(name).and_then(Json::as_str).and_then(parse_bytes);
    let inside = limit("x-minimum").is_none_or(|low| bytes >= low)
        && limit("x-maximum").is_none_or(|high| bytes <= high);
    if inside {
        return Ok(());
    }
    Err(Wrong::new(
        "LS-CFG-006",
        format!("`{key}` is {text}, it must be a size{}", range(shape)),
        "",
    ))
}

fn check_endpoint(text: &str) -> Result<(), Wrong> {
    let parsed = text.parse::<Endpoint>();
    parsed.map(drop).map_err(|error| Wrong::new("LS-CFG-010", error.to_string(), ""))
}

fn check_path(text: &str, key: &str) -> Result<(), Wrong> {
    let path =
        TagPath::new(text).map_err(|error| Wrong::new("LS-CFG-012", error.to_string(), ""))?;
    if let Some(segment) = path.segments().find(|segment| segment.starts_with('_')) {
        let what =
            format!("`{key}` has `{segment}`: names that start with `_` belong to Lineshaft");
        return Err(Wrong::new("LS-CFG-012", what, ""));
    }
    Ok(())
}

/// What to write instead of a value of the wrong type; empty when there is nothing to say.
pub(crate) fn type_help(shape: &Json, value: &Toml, key: &str) -> String {
    let wants = |name: &str| match shape.get("type") {
        Some(Json::String(one)) => one == name,
        Some(Json::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    };
    let number = match value {
        Toml::Integer(number) => Some(number.value().to_string()),
        Toml::Float(number) => Some(number.value().to_string()),
        _ => None,
    };
    let plain_text = wants("string") && constants(&[shape]).is_empty();
    match (value, number, shape.get("format").and_then(Json::as_str)) {
        (_, Some(number), Some("duration")) => {
            let each = format!("`{key} = \"{number}ms\"` or `{key} = \"{number}s\"`");
            format!("a duration needs a unit: did you mean {each}?")
        }
        (_, Some(number), Some("bytes")) => {
            format!("a size needs a unit: did you mean `{key} = \"{number}MiB\"`?")
        }
        (Toml::Boolean(on), ..) => {
            let word = if *on.value() { "on" } else { "off" };
            let knows = constants(&[shape]).contains(&word);
            if knows { format!("did you mean `{key} = \"{word}\"`?") } else { String::new() }
        }
        (_, Some(number), None) if plain_text => format!("did you mean `{key} = \"{number}\"`?"),
        (Toml::String(text), ..) => {
            let text = text.value().trim();
            let number = wants("integer") && text.parse::<i64>().is_ok()
                || wants("number") && text.parse::<f64>().is_ok_and(f64::is_finite);
            let switch = wants("boolean") && matches!(text, "true" | "false");
            if number || switch {
                format!("did you mean `{key} = {text}`, without quotes?")
            } else {
                String::new()
            }
        }
        _ => String::new(),
    }
}
