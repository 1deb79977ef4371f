//! Typed events: what steps accept and return.
//!
//! An event is a struct with `#[derive(Event)]`, which also makes it readable and writable as
//! JSON and gives it a JSON Schema.
//!
//! # Examples
//!
//! ```
//! use stepwell::Event;
//!
//! #[derive(Event)]
//! #[event(request)]
//! struct Approve {
//!     order: u64,
//!     amount: f64,
//! }
//!
//! assert_eq!(Approve::NAME, "Approve");
//! ```

mod builtin;
mod extra;
mod kind;
mod mistakes;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_core::{Family, Payload};

pub use builtin::{HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent};
pub use extra::Extra;
pub use kind::{EventType, EventTypeError};
pub(crate) use kind::{read, schema};

/// A typed message between steps, or between a run and the outside.
///
/// Implemented by `#[derive(Event)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "add `#[derive(stepwell::Event)]` to the struct"
)]
pub trait Event: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// What it is called in journals and by clients. Changing it hides stored events, unless the
    /// old name becomes one of the [`ALIASES`](Self::ALIASES).
    const NAME: &'static str;

    /// The module that Python clients find its class in; none stands for the workflow's module.
    const MODULE: Option<&'static str> = None;

    /// What kind of event it is.
    const FAMILY: Family = Family::Plain;

    /// Names it was stored under before.
    const ALIASES: &'static [&'static str] = &[];
}

/// Writes an event's fields as JSON.
pub(crate) fn payload<E: Event>(event: &E) -> Result<Payload, serde_json::Error> {
    serde_json::value::to_raw_value(event).map(Payload::from)
}

/// Reads an event's fields; the error names the field that is wrong.
pub(crate) fn load<E: Event>(
    payload: &Payload,
) -> Result<E, serde_path_to_error::Error<serde_json::Error>> {
    let mut json = serde_json::Deserializer::from_str(payload.text());
    serde_path_to_error::deserialize(&mut json)
}
