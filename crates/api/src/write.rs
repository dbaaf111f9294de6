//! The road against the flow, from a request to a command and its answer back.

use std::fmt;
use std::sync::Arc;

use lineshaft_audit::{Act, Action, Outcome, Recorded};
use lineshaft_contract::Chain;
use lineshaft_model::{Answer, Command, DataType, Refusal, TagMeta, TagPath, Value};
use lineshaft_namespace::Namespace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::access::{Caller, Pass, Scope, WritePlant};
use crate::problem::{ApiError, Code, Problem};
use crate::query::Json;
use crate::refusals::{check_reason, no_trail};
use crate::server::Shared;
use crate::shape::{AnyValue, Written};
use crate::tags::{Known, Text, known, no_such_tag};

/// A value to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteRequest {
    /// Which tag.
    tag: String,
    /// What to write, in the tag's own unit: a number, `true` or `false`, a text, or bytes as hexadecimal text.
    #[schema(value_type = AnyValue)]
    value: serde_json::Value,
    /// Why, for whoever reads it later; at most 1,000 bytes. Some plants require it.
    #[serde(default)]
    why: String,
}

/// A write that was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WriteDone)]
struct Done<'a> {
    /// Always `done`.
    outcome: &'static str,
    /// The value that was read back; null where the protocol cannot read it back.
    value: AnyValue<'a>,
    /// The command's name.
    #[schema(value_type = String)]
    id: Text<lineshaft_model::CommandId>,
}

/// Writes one value and waits for the device.
#[utoipa::path(
    post,
    path = "/api/v1/write",
    request_body = WriteRequest,
    responses(
        (status = 200, description = "Done", body = Done),
        (status = 409, description = "Refused: nothing changed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Unknown: it may or may not have been done", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn write_value(
    caller: Caller<WritePlant>,
    Json(request): Json<WriteRequest>,
) -> Result<Written, ApiError> {
    let target = request.target()?;
    let shared = caller.may(Scope::Tags(std::slice::from_ref(&target)))?;
    let api = &shared.api;
    check_reason(api, &request.why)?;
    let Known { id: tag, meta } = known(&api.namespace, &target, caller.pass())?;
    let wrong = |why: Unfit| {
        ApiError::new(Code::Value, format!("{} does not fit `{target}`: {why}", request.value))
            .field("value")
    };
    let value = read_value(&request.value, meta.data_type).map_err(wrong)?;
    if !meta.access.can_write() {
        return Err(refused(Refusal::ReadOnly(target), &api.namespace, caller.pass()));
    }

    let id = shared.next_command();
    let deadline = api.clock.now().saturating_add(api.limits.write_deadline);
    let actor = caller.actor();
    let who = actor.name.to_string();
    let command = Command { id, target: target.clone(), value, who, why: request.why, deadline };
    let old = api.namespace.last(tag).map(|last| json(&last.value, &meta));
    let act = Act { old, ..Act::done(actor, Action::TagWrite, target.as_str()) }
        .new(json(&command.value, &meta))
        .why(&command.why);
    let Ended { answer, entry } = send(shared, command, act, meta.clone()).await?;
    caller.recorded(&entry);
    match answer {
        Answer::Done(value) => {
            let value = value.unwrap_or(Value::Null);
            let value = AnyValue::new(&value, meta.data_type);
            Ok(Written::new(&Done { outcome: "done", value, id: Text(id) }, 128))
        }
        Answer::Refused(refusal) => Err(refused(refusal, &api.namespace, caller.pass())),
        Answer::Unknown => {
            let detail = format!("`{target}` was sent {} and did not confirm it", request.value);
            Err(ApiError::new(Code::Unknown, detail)
                .remedy("look at the value the tag shows before writing again"))
        }
    }
}

/// A value as the trail keeps it.
fn json(value: &Value, meta: &TagMeta) -> serde_json::Value {
    serde_json::to_value(AnyValue::new(value, meta.data_type)).unwrap_or_default()
}

/// A write that has its entry, and how it ended.
struct Ended {
    answer: Answer,
    entry: Recorded,
}

/// Sends a command on its way once the trail has the wish, and enters how it ended.
///
/// In a task of its own: a client that hangs up meanwhile must not take the second entry with it.
async fn send(
    shared: &Arc<Shared>,
    command: Command,
    act: Act,
    meta: Arc<TagMeta>,
) -> Result<Ended, ApiError> {
    let lost = || ApiError::new(Code::Internal, "the write was cut off");
    let turn = shared.writes.clone().acquire_owned().await.map_err(|_closed| lost())?;
    let at = shared.clone();
    let task = shared.changes.spawn(async move {
        let _turn = turn;
        carry_out(&at.api, command, act, &meta).await
    });
    task.await.map_err(|error| {
        tracing::error!(%error, "a write failed");
        lost()
    })?
}

async fn carry_out(
    api: &Api,
    command: Command,
    act: Act,
    meta: &TagMeta,
) -> Result<Ended, ApiError> {
    let wish = api.trail.record(act.clone().result(Outcome::Requested)).await;
    let wish = wish.map_err(|error| no_trail(&error))?;
    // The road answers soon after the deadline; twice as long is a road that has broken down.
    let answer = tokio::time::timeout(api.limits.write_deadline * 2, api.commands.submit(command));
    let answer = answer.await.unwrap_or(Answer::Unknown);
    let entry = format!("entry {}", wish.seq());
    let act = match &answer {
        Answer::Done(Some(value)) => act.new(json(value, meta)).detail(entry),
        Answer::Done(None) => act.detail(format!("{entry}; it cannot be read back")),
        Answer::Refused(refusal) => {
            act.result(Outcome::Refused).detail(format!("{entry}; {refusal}"))
        }
        Answer::Unknown => act.result(Outcome::Unknown).detail(entry),
    };
    match api.trail.record(act).await {
        Ok(entry) => Ok(Ended { answer, entry }),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "the outcome of a write could not be recorded");
            let ended = match answer {
                Answer::Done(_) => "was done",
                Answer::Refused(_) => "was refused by the device",
                Answer::Unknown => "was sent and may have been done",
            };
            let detail = format!("the write {ended}, and that could not be recorded");
            Err(ApiError::new(Code::Trail, detail)
                .remedy("`GET /api/v1/audit/status` says what is wrong with the trail"))
        }
    }
}

impl WriteRequest {
    fn target(&self) -> Result<TagPath, ApiError> {
        TagPath::new(&self.tag)
            .map_err(|error| ApiError::new(Code::Body, error.to_string()).field("tag"))
    }
}

/// A refusal with its code and what to do.
fn refused(refusal: Refusal, namespace: &Namespace, asker: &Pass) -> ApiError {
    let detail = refusal.to_string();
    match refusal {
        Refusal::NoSuchTag(path) => no_such_tag(namespace, &path, asker),
        Refusal::ReadOnly(_) => ApiError::new(Code::ReadOnly, detail)
            .field("tag")
            .remedy("a tag that may be written has `read-write` in its access column"),
        Refusal::Value { .. } => ApiError::new(Code::Value, detail).field("value"),
        Refusal::NotConnected(_) => ApiError::new(Code::Refused, detail)
            .remedy("`GET /api/v1/devices` says what is wrong with the device"),
        Refusal::TooLate | Refusal::Busy { .. } => {
            ApiError::new(Code::Refused, detail).remedy("nothing was sent; try again")
        }
        _ => ApiError::new(Code::Refused, detail),
    }
}

/// Why a JSON value does not fit a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unfit {
    /// Another kind of value.
    Kind(&'static str),
    /// Outside the range of the type.
    Range(DataType),
    /// A text or byte string of the wrong length.
    Length(DataType),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Kind(wanted) => write!(f, "it takes {wanted}"),
            Unfit::Range(data_type) => write!(f, "it is outside the range of {data_type}"),
            Unfit::Length(DataType::Text(max)) => write!(f, "it takes at most {max} bytes"),
            Unfit::Length(DataType::Bytes(count)) => write!(f, "it takes exactly {count} bytes"),
            Unfit::Length(data_type) => write!(f, "it has not the length of {data_type}"),
        }
    }
}

fn read_value(json: &serde_json::Value, data_type: DataType) -> Result<Value, Unfit> {
    match data_type {
        DataType::Bool => json.as_bool().map(Value::Bool).ok_or(Unfit::Kind("true or false")),
        DataType::F32 | DataType::F64 => {
            let float = json.as_f64().ok_or(Unfit::Kind("a number"))?;
            let most = if data_type == DataType::F32 { f64::from(f32::MAX) } else { f64::MAX };
            if float.abs() > most { Err(Unfit::Range(data_type)) } else { Ok(Value::Float(float)) }
        }
        DataType::Text(max) => {
            let text = json.as_str().ok_or(Unfit::Kind("a text"))?;
            if text.len() > usize::from(max) {
                return Err(Unfit::Length(data_type));
            }
            Ok(Value::Text(text.into()))
        }
        DataType::Bytes(count) => {
            let bytes = json.as_str().and_then(unhex);
            let bytes = bytes.ok_or(Unfit::Kind("bytes as hexadecimal text"))?;
            if bytes.len() != usize::from(count) {
                return Err(Unfit::Length(data_type));
            }
            Ok(Value::Bytes(bytes.into()))
        }
        _ => whole(json, data_type),
    }
}

fn whole(json: &serde_json::Value, data_type: DataType) -> Result<Value, Unfit> {
    // JavaScript has no whole numbers: 25.0 is one, 25.5 is not.
    let number = match (json.as_i64(), json.as_u64(), json.as_f64()) {
        (Some(int), ..) => i128::from(int),
        (None, Some(uint), _) => i128::from(uint),
        (None, None, Some(float)) if float.fract() == 0.0 && float.abs() < 9.1e18 => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within range")]
            let int = float as i128;
            int
        }
        _ => return Err(Unfit::Kind("a whole number")),
    };
    let (least, most) = match data_type {
        DataType::I8 => (i128::from(i8::MIN), i128::from(i8::MAX)),
        DataType::U8 => (0, i128::from(u8::MAX)),
        DataType::I16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
        DataType::U16 => (0, i128::from(u16::MAX)),
        DataType::I32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        DataType::U32 => (0, i128::from(u32::MAX)),
        DataType::U64 => (0, i128::from(u64::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    if number < least || number > most {
        return Err(Unfit::Range(data_type));
    }
    match (data_type, i64::try_from(number), u64::try_from(number)) {
        (DataType::U64, _, Ok(uint)) => Ok(Value::Uint(uint)),
        (_, Ok(int), _) => Ok(Value::Int(int)),
        _ => Err(Unfit::Range(data_type)),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.iter().all(u8::is_ascii_hexdigit) || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(json: serde_json::Value, data_type: &str, expect: Result<Value, &str>) {
        let read = read_value(&json, data_type.parse().unwrap()).map_err(|why| why.to_string());
        assert_eq!(read, expect.map_err(String::from), "{json} as {data_type}");
    }

    /// Proves: P11-32.
    #[test]
    fn a_value_must_fit_the_type_of_its_tag() {
        check(json!(true), "bool", Ok(true.into()));
        check(json!(1), "bool", Err("it takes true or false"));
        check(json!(true), "f32", Err("it takes a number"));
        check(json!(25), "f32", Ok(25.0.into()));
        check(json!(1e39), "f32", Err("it is outside the range of f32"));
        check(json!(25.0), "u16", Ok(25_i64.into()));
        check(json!(25.5), "u16", Err("it takes a whole number"));
        check(json!(65_536), "u16", Err("it is outside the range of u16"));
        check(json!(-1), "u8", Err("it is outside the range of u8"));
        check(json!(i64::MIN), "i64", Ok(i64::MIN.into()));
        check(json!(u64::MAX), "i64", Err("it is outside the range of i64"));
        check(json!(u64::MAX), "u64", Ok(u64::MAX.into()));
        check(json!("21.5"), "f64", Err("it takes a number"));
        check(json!("abc"), "text(3)", Ok("abc".into()));
        check(json!("abcd"), "text(3)", Err("it takes at most 3 bytes"));
        check(json!("00Ff"), "bytes(2)", Ok(Value::Bytes([0, 255].into())));
        check(json!("00f"), "bytes(2)", Err("it takes bytes as hexadecimal text"));
        check(json!("00"), "bytes(2)", Err("it takes exactly 2 bytes"));
        check(json!(null), "f64", Err("it takes a number"));
    }
}
