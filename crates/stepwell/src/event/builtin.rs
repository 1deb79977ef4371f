//! The events that every workflow knows, for those that need no types of their own.
//!
//! Clients are shown the doc comments of the types, so the examples are here.
//!
//! # Examples
//!
//! ```
//! use stepwell::{StartEvent, StopEvent};
//!
//! let start = StartEvent::new().with("name", "John");
//! let stop = StopEvent::new("done").with("seconds", 3);
//!
//! assert_eq!(start.get::<String>("name").as_deref(), Some("John"));
//! assert_eq!(stop.result, "done");
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stepwell_macros::Event;

use super::Extra;

/// Begins a run of a workflow without a start event of its own. All its fields are undeclared.
#[derive(Clone, Debug, Default, PartialEq, Event)]
#[event(start, module = "workflows.events")]
pub struct StartEvent {
    /// Its fields.
    #[event(extra)]
    pub extra: Extra,
}

/// Ends a run with any JSON value as its result.
#[derive(Clone, Debug, Default, PartialEq, Event)]
#[event(stop, module = "workflows.events")]
pub struct StopEvent {
    /// The result of the run; null stands for none.
    // Python's class does not declare it, so clients expect no trace of it in the schema.
    #[event(default)]
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schemars(skip)]
    pub result: Value,
    /// Its other fields.
    #[event(extra)]
    pub extra: Extra,
}

/// Asks the outside world for input. All its fields are undeclared.
#[derive(Clone, Debug, Default, PartialEq, Event)]
#[event(request, module = "workflows.events")]
pub struct InputRequiredEvent {
    /// Its fields.
    #[event(extra)]
    pub extra: Extra,
}

/// Brings the input that was asked for. All its fields are undeclared.
#[derive(Clone, Debug, Default, PartialEq, Event)]
#[event(response, module = "workflows.events")]
pub struct HumanResponseEvent {
    /// Its fields.
    #[event(extra)]
    pub extra: Extra,
}

macro_rules! open_fields {
    ($($event:ident)*) => {$(
        impl $event {
            /// Adds a field.
            #[must_use]
            pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
                self.extra.insert(name, value);
                self
            }

            /// Returns a field as a type of the caller's choice; none if it is absent or of
            /// another type.
            #[must_use]
            pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
                self.extra.get(name)
            }
        }
    )*};
}

open_fields! { StartEvent StopEvent InputRequiredEvent HumanResponseEvent }

macro_rules! new_without_fields {
    ($($event:ident)*) => {$(
        impl $event {
            /// Makes one without fields.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }
        }
    )*};
}

new_without_fields! { StartEvent InputRequiredEvent HumanResponseEvent }

impl StopEvent {
    /// Makes one with a JSON value as its result: a text, a number, a list of those and so on.
    #[must_use]
    pub fn new(result: impl Into<Value>) -> Self {
        Self { result: result.into(), extra: Extra::default() }
    }

    /// Makes one with anything that serde can write as its result.
    ///
    /// # Errors
    ///
    /// Returns serde's error if the value has no form in JSON, such as a map with keys that are
    /// not texts.
    pub fn of<T: Serialize + ?Sized>(result: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_value(result).map(Self::new)
    }
}
