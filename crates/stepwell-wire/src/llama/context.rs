//! What a serialized context brings to a new run: its state.
//!
//! # What is deliberately not here
//!
//! - **No work that was under way.** A context may hold the queues of the run that it was taken
//!   from, in terms of the engine that wrote it. One that holds work is refused, for to leave the
//!   work out would lose it.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{BodyError, json};

/// The newest form of contexts that is understood.
const NEWEST_VERSION: u64 = 2;

/// Reads the state that a context holds; none if it holds none.
pub(super) fn state(context: &RawValue) -> Result<Option<Value>, BodyError> {
    let context: Map<String, Value> = serde_json::from_str(context.get())
        .map_err(|_| BodyError::wrong_context(&"it must be an object"))?;
    // A null stands for what is absent.
    let member = |name: &str| context.get(name).filter(|member| !member.is_null());
    check_version(member("version"))?;
    if member("is_running") == Some(&Value::Bool(true)) {
        check_work(&context)?;
    }
    let Some(state) = member("state") else { return Ok(None) };
    let state =
        state.as_object().ok_or_else(|| BodyError::wrong_context(&"state must be an object"))?;
    match state.get("state_data") {
        None | Some(Value::Null) => Ok(None),
        Some(data) => data_of(data).map(Some),
    }
}

fn check_version(version: Option<&Value>) -> Result<(), BodyError> {
    match version {
        None => Ok(()),
        Some(version) if version.as_u64().is_some_and(|version| version <= NEWEST_VERSION) => {
            Ok(())
        }
        Some(version) => Err(BodyError::wrong_context(&format_args!(
            "version {version} is not one of 0 to {NEWEST_VERSION}"
        ))),
    }
}

/// Work lies in the queues of the steps; the oldest form has them elsewhere.
fn check_work(context: &Map<String, Value>) -> Result<(), BodyError> {
    const QUEUES: [&str; 3] = ["queue", "in_progress", "collected_waiters"];
    let has_any = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    let is_busy =
        |worker: &Value| QUEUES.iter().any(|queue| worker.get(queue).is_some_and(has_any));
    let members = |name: &str| context.get(name).and_then(Value::as_object).into_iter().flatten();
    let busy = members("workers").find(|(_, worker)| is_busy(worker));
    match busy.or_else(|| members("in_progress").find(|(_, queue)| has_any(queue))) {
        None => Ok(()),
        Some((step, _)) => Err(BodyError::wrong_context(&format_args!(
            "step {step} has work that is not done, and only the state of a context is taken over"
        ))),
    }
}

/// A state is an object of texts of JSON, or an instance of a class, or a text of either.
fn data_of(data: &Value) -> Result<Value, BodyError> {
    if let Some(text) = data.as_str() {
        return match parse("state_data", text)? {
            Value::String(_) => Err(BodyError::wrong_context(&"state_data must be an object")),
            data => data_of(&data),
        };
    }
    if let Some(members) = data.get("_data") {
        let members = members
            .as_object()
            .ok_or_else(|| BodyError::wrong_context(&"_data must be an object"))?;
        let read = |(key, text): (&String, &Value)| {
            let text = text
                .as_str()
                .ok_or_else(|| BodyError::wrong_context(&format_args!("{key} must be a text")))?;
            Ok((key.clone(), plain(parse(key, text)?)))
        };
        return members.iter().map(read).collect::<Result<Map<_, _>, _>>().map(Value::Object);
    }
    match instance(data) {
        Some(fields) => Ok(plain(fields.clone())),
        None => Err(BodyError::wrong_context(
            &"state_data must have a member _data, or be an instance of a class",
        )),
    }
}

fn parse(name: &str, text: &str) -> Result<Value, BodyError> {
    if json::is_too_deep(text) {
        let levels = json::MAX_DEPTH;
        return Err(BodyError::wrong_context(&format_args!(
            "{name} nests deeper than {levels} levels"
        )));
    }
    serde_json::from_str(text)
        .map_err(|error| BodyError::wrong_context(&format_args!("{name} is no JSON: {error}")))
}

/// Returns the fields of a value that says that it is an instance of a class.
fn instance(value: &Value) -> Option<&Value> {
    let is_instance = value.get("__is_pydantic") == Some(&Value::Bool(true));
    value.get("value").filter(|_| is_instance)
}

/// Puts the fields of instances in their place: classes are Python's.
fn plain(mut value: Value) -> Value {
    // Taken rather than copied, for instances nest.
    while instance(&value).is_some() {
        value = value["value"].take();
    }
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, member)| (key, plain(member))).collect()
        }
        value => value,
    }
}
