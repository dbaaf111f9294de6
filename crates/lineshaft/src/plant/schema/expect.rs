//! What a schema allows, in words.

use serde_json::Value as Json;

use crate::plant::quantity::{BYTES_EXAMPLES, DURATION_EXAMPLES};

/// `a whole number from 0 to 247`, `one of `a` or `b``: everything the shapes allow.
pub(crate) fn expected(shapes: &[&Json]) -> String {
    let constants = constants(shapes);
    if !constants.is_empty() && constants.len() >= shapes.len() {
        return words(constants, "or");
    }
    let mut each: Vec<String> = shapes.iter().map(|shape| one(shape)).collect();
    each.dedup();
    each.join(", or ")
}

/// The texts that shapes allow by `const` or `enum`.
pub(crate) fn constants<'a>(shapes: &[&'a Json]) -> Vec<&'a str> {
    let of = |shape: &'a Json| {
        let listed = shape.get("enum").and_then(Json::as_array).into_iter().flatten();
        shape.get("const").into_iter().chain(listed).filter_map(Json::as_str)
    };
    shapes.iter().flat_map(|shape| of(shape)).collect()
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn words<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., end] => format!("{} {last} {end}", all.join(", ")),
    }
}

fn one(shape: &Json) -> String {
    let types: Vec<&str> = match shape.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => {
            names.iter().filter_map(Json::as_str).filter(|name| *name != "null").collect()
        }
        _ => Vec::new(),
    };
    let word = |name: &&str| match *name {
        "string" => text(shape),
        "integer" => format!("a whole number{}", range(shape)),
        "number" => format!("a number{}", range(shape)),
        "boolean" => "`true` or `false`".into(),
        "array" => "a list `[…]`".into(),
        "object" => "a table".into(),
        other => other.into(),
    };
    match types.as_slice() {
        [] => "something else".into(),
        types => types.iter().map(word).collect::<Vec<_>>().join(" or "),
    }
}

fn text(shape: &Json) -> String {
    match shape.get("format").and_then(Json::as_str) {
        Some("duration") => format!("a duration with its unit such as {DURATION_EXAMPLES}"),
        Some("bytes") => format!("a size with its unit such as {BYTES_EXAMPLES}"),
        _ => "text in quotes".into(),
    }
}

/// ` from 1 to 247`; empty without limits, or with none but those of the number's width.
pub(crate) fn range(shape: &Json) -> String {
    let get = |name: &str| shape.get(name).filter(|limit| !is_width_limit(limit));
    let low = get("minimum").or_else(|| get("x-minimum"));
    let high = get("maximum").or_else(|| get("x-maximum"));
    let plain = |limit: &Json| match limit {
        Json::String(text) => text.clone(),
        Json::Number(number)
            if number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() < 1e15) =>
        {
            format!("{:.0}", number.as_f64().unwrap_or_default())
        }
        other => other.to_string(),
    };
    match (low.map(plain), high.map(plain)) {
        (Some(low), Some(high)) => format!(" from {low} to {high}"),
        (Some(low), None) => format!(" of {low} or more"),
        (None, Some(high)) => format!(" of at most {high}"),
        (None, None) => match (shape.get("exclusiveMinimum"), shape.get("exclusiveMaximum")) {
            (Some(low), Some(high)) => format!(" between {} and {}", plain(low), plain(high)),
            (Some(low), None) => format!(" greater than {}", plain(low)),
            (None, Some(high)) => format!(" less than {}", plain(high)),
            (None, None) => String::new(),
        },
    }
}

/// The ends of 32 and 64-bit numbers say nothing to a person.
fn is_width_limit(limit: &Json) -> bool {
    limit.as_f64().is_some_and(|limit| limit.abs() >= 2_147_483_647.0)
}
