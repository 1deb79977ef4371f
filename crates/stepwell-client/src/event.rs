//! Events: as they come, as types, and as they are sent.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stepwell_wire::llama::{Envelope, WorkflowFailed, WorkflowTimedOut};

use crate::{Error, fields, transport};

/// An event of a run.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Event {
    envelope: Envelope<'static>,
    #[serde(skip)]
    pub(crate) sequence: Option<u64>,
}

/// A type that is an event's class: a name, and fields that serde reads and writes.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use stepwell_client::TypedEvent;
///
/// #[derive(Serialize, Deserialize)]
/// struct Approval {
///     ticket: String,
///     approved: bool,
/// }
///
/// impl TypedEvent for Approval {
///     const NAME: &'static str = "Approval";
/// }
/// ```
///
/// With the feature `stepwell`, `#[derive(stepwell::Event)]` does all of this:
///
/// ```
/// use stepwell::Event;
/// use stepwell_client::TypedEvent;
///
/// #[derive(Event)]
/// #[event(response)]
/// struct Approval {
///     ticket: String,
///     approved: bool,
/// }
///
/// assert_eq!(<Approval as TypedEvent>::NAME, "Approval");
/// ```
///
/// A type that derives it cannot implement this trait by hand as well, not even without the
/// feature: another crate of the program may turn it on.
pub trait TypedEvent: Serialize + DeserializeOwned {
    /// The name of the class.
    const NAME: &'static str;

    /// The module of the class, if classes of other modules with this name are not meant.
    const MODULE: Option<&'static str> = None;

    /// Names that the class had before.
    const ALIASES: &'static [&'static str] = &[];
}

#[cfg(feature = "stepwell")]
impl<E: stepwell::Event> TypedEvent for E {
    const NAME: &'static str = <E as stepwell::Event>::NAME;
    const MODULE: Option<&'static str> = <E as stepwell::Event>::MODULE;
    const ALIASES: &'static [&'static str] = <E as stepwell::Event>::ALIASES;
}

/// What can be sent as an event: every [`TypedEvent`], and a [`NamedEvent`].
pub trait ToEvent {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Argument`] if it is no object in JSON.
    fn to_event(&self) -> Result<NamedEvent, Error>;
}

/// An event to be sent, with the name of its class.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use stepwell_client::NamedEvent;
///
/// let answer = NamedEvent::new("ResponseEvent", json!({ "response": "John" }))?;
/// # Ok::<_, stepwell_client::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct NamedEvent {
    r#type: String,
    value: Box<RawValue>,
}

/// How a run ended, as its last event says.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With this stop event, whose fields are for [`Event::load`] and [`Event::result_as`].
    Completed,
    /// A step failed.
    Failed(WorkflowFailed<'static>),
    /// It was busy for too long.
    TimedOut(WorkflowTimedOut),
    /// Somebody cancelled it.
    Cancelled,
}

/// Why an event cannot be read as a type.
#[derive(Debug, thiserror::Error)]
#[error("an event of class {class} is not as expected, at {field}")]
pub struct LoadError {
    /// The event's class.
    pub class: String,
    /// The path of the field that is wrong, such as `inner.id`; a dot for the whole.
    pub field: String,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

impl Event {
    /// Returns the name of its class.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.envelope.r#type
    }

    /// Returns the module and the name of its class, joined by a dot, if the server told it.
    #[must_use]
    pub fn qualified_name(&self) -> Option<&str> {
        self.envelope.qualified_name.as_deref()
    }

    /// Returns its number in the stream that it came from; a record's result has none.
    #[must_use]
    pub fn sequence(&self) -> Option<u64> {
        self.sequence
    }

    /// Tells whether it is of a class with this name, or of one that descends from it.
    #[must_use]
    pub fn is(&self, class: &str) -> bool {
        let types = self.envelope.types.as_deref().unwrap_or_default();
        self.name() == class || types.iter().any(|ancestor| ancestor == class)
    }

    /// Tells whether the run ended with it.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.is("StopEvent")
    }

    /// Tells whether the server made it itself.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.is("InternalDispatchEvent")
    }

    /// Returns its fields as the server wrote them, with undeclared ones under `_data`.
    #[must_use]
    pub fn value(&self) -> &RawValue {
        &self.envelope.value
    }

    /// Reads its fields as a type, whatever its class is called. Undeclared fields, which servers
    /// put under `_data`, are read like all others.
    ///
    /// # Errors
    ///
    /// Returns which field does not fit.
    pub fn value_as<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        self.read(&fields::flat(self.envelope.value.get()))
    }

    /// Reads it as an event of this type; none if it is of another class.
    ///
    /// # Errors
    ///
    /// Returns which field does not fit, although the class is right.
    pub fn load<E: TypedEvent>(&self) -> Result<Option<E>, LoadError> {
        if self.is_of::<E>() { self.value_as().map(Some) } else { Ok(None) }
    }

    /// Reads what a run returned: the `result` of the stop event that every workflow knows, which
    /// is null if absent, and all fields of any other.
    ///
    /// # Errors
    ///
    /// Returns which field does not fit.
    pub fn result_as<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        if self.name() != "StopEvent" {
            return self.value_as();
        }
        let mut fields: fields::Fields<'_> = self.read(self.envelope.value.get())?;
        self.read(fields.0.remove("result").map_or("null", RawValue::get))
    }

    /// Tells how the run ended; none if this is not its last event.
    ///
    /// # Errors
    ///
    /// Returns which field is not as in the protocol.
    pub fn end(&self) -> Result<Option<End>, LoadError> {
        if !self.is_terminal() {
            return Ok(None);
        }
        let builtin =
            self.qualified_name().is_none_or(|name| name.starts_with("workflows.events."));
        Ok(Some(match self.name() {
            "WorkflowFailedEvent" if builtin => End::Failed(self.value_as()?),
            "WorkflowTimedOutEvent" if builtin => End::TimedOut(self.value_as()?),
            "WorkflowCancelledEvent" if builtin => End::Cancelled,
            _ => End::Completed,
        }))
    }

    pub(crate) fn is_of<E: TypedEvent>(&self) -> bool {
        let known = |name: &str| name == E::NAME || E::ALIASES.contains(&name);
        let Some((module, qualified)) = E::MODULE.zip(self.qualified_name()) else {
            return known(self.name());
        };
        let name = qualified.strip_prefix(module).and_then(|rest| rest.strip_prefix('.'));
        name.is_some_and(known)
    }

    fn read<'a, T: Deserialize<'a>>(&self, json: &'a str) -> Result<T, LoadError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| LoadError {
            class: self.name().to_owned(),
            field: error.path().to_string(),
            source: error.into_inner(),
        })
    }
}

impl NamedEvent {
    /// Makes an event of the class with this name. Its fields are anything that is an object in
    /// JSON.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Argument`] if the fields are no object.
    pub fn new(class: impl AsRef<str>, fields: impl Serialize) -> Result<Self, Error> {
        let r#type = class.as_ref().to_owned();
        let value = transport::object(&format!("an event of class {type}"), &fields)?;
        Ok(Self { r#type, value })
    }
}

impl<E: TypedEvent> ToEvent for E {
    fn to_event(&self) -> Result<NamedEvent, Error> {
        NamedEvent::new(E::NAME, self)
    }
}

impl ToEvent for NamedEvent {
    fn to_event(&self) -> Result<NamedEvent, Error> {
        Ok(self.clone())
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sequence) = self.sequence {
            write!(f, "{sequence} ")?;
        }
        write!(f, "{} {}", self.name(), self.value())
    }
}
