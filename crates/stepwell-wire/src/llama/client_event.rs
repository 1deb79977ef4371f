//! Events as clients may spell them.

use std::error::Error as StdError;
use std::fmt;

use serde_json::value::RawValue;

use super::json;

/// An event as a client sent it.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// The fields of the workflow's start event.
    Bare(Box<RawValue>),
    /// An event that says which class it is of.
    Envelope(ClientEnvelope),
}

/// An event of a class that is named.
#[derive(Clone, Debug)]
pub struct ClientEnvelope {
    /// The class's name. At least one of the two names is there.
    pub r#type: Option<String>,
    /// Its module and name, joined by a dot.
    pub qualified_name: Option<String>,
    /// Its fields, if it is an object.
    pub value: Box<RawValue>,
}

/// Why an event from a client cannot be read. Its text is what clients expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventError {
    /// It is neither an object nor a text that holds one.
    NotAnObject,
    /// The text that holds it nests too deep.
    TooDeep,
    /// A member of the envelope is missing or of the wrong type.
    Envelope {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It does not say which class it is of.
    Unnamed,
    /// No class of the workflow has the name.
    UnknownType {
        /// The name.
        name: String,
        /// The names of the workflow's classes.
        known: Vec<String>,
    },
    /// No class of the workflow has the qualified name.
    Undeclared {
        /// The qualified name.
        qualified_name: String,
    },
    /// Fields are missing or wrong.
    Fields {
        /// The class.
        class: String,
        /// What is wrong, field by field.
        mistakes: Vec<Mistake>,
    },
}

/// A field of an event that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The path of the field, such as `inner.id`; empty if the value as a whole is wrong.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl ClientEvent {
    /// Reads a start event: bare unless it has a `value`, or both a `type` and a
    /// `qualified_name`.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with its form; its class and fields are not looked at.
    pub fn read_start(event: &RawValue) -> Result<Self, EventError> {
        with_object(event, |object| {
            let [r#type, qualified_name, value, data] = envelope_members(object)?;
            if value.is_none() && (r#type.is_none() || qualified_name.is_none()) {
                let fields = serde_json::from_str(object).map_err(|_| EventError::NotAnObject)?;
                return Ok(Self::Bare(fields));
            }
            ClientEnvelope::read([r#type, qualified_name, value, data]).map(Self::Envelope)
        })
    }

    /// Reads an event that is sent to a run, which is always in an envelope.
    ///
    /// # Errors
    ///
    /// As [`ClientEvent::read_start`].
    pub fn read_sent(event: &RawValue) -> Result<ClientEnvelope, EventError> {
        with_object(event, |object| ClientEnvelope::read(envelope_members(object)?))
    }
}

impl ClientEnvelope {
    fn read(members: [Option<&RawValue>; 4]) -> Result<Self, EventError> {
        let [r#type, qualified_name, value, data] = members;
        let missing = EventError::Envelope { member: "value", problem: "Field required" };
        let value = value.or(data).ok_or(missing)?;
        let r#type = name(r#type, "type")?;
        let qualified_name = name(qualified_name, "qualified_name")?;
        if r#type.is_none() && qualified_name.is_none() {
            return Err(EventError::Unnamed);
        }
        Ok(Self { r#type, qualified_name, value: value.to_owned() })
    }

    /// Tells whether the value can have fields at all.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.value.get().starts_with('{')
    }
}

/// Gives the text of the object to `read`, be it the event itself or in a text.
fn with_object<T>(
    event: &RawValue,
    read: impl FnOnce(&str) -> Result<T, EventError>,
) -> Result<T, EventError> {
    let json = event.get();
    if json.starts_with('{') {
        return read(json);
    }
    let inner: String = serde_json::from_str(json).map_err(|_| EventError::NotAnObject)?;
    if json::is_too_deep(&inner) {
        return Err(EventError::TooDeep);
    }
    read(&inner)
}

fn envelope_members(object: &str) -> Result<[Option<&RawValue>; 4], EventError> {
    json::members(object, ["type", "qualified_name", "value", "data"])
        .map_err(|_| EventError::NotAnObject)
}

/// An empty name is none.
fn name(member: Option<&RawValue>, name: &'static str) -> Result<Option<String>, EventError> {
    let Some(member) = member else { return Ok(None) };
    let text: Option<String> = serde_json::from_str(member.get()).map_err(|_| {
        EventError::Envelope { member: name, problem: "Input should be a valid string" }
    })?;
    Ok(text.filter(|text| !text.is_empty()))
}

pub(super) fn no_fields() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("braces are JSON")
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BAD: &str = "Failed to deserialize event:";
        match self {
            Self::NotAnObject => f.write_str(
                "Failed to deserialize event. Must be a json object, or stringified json object",
            ),
            Self::TooDeep => write!(
                f,
                "Failed to deserialize event: it nests deeper than {} levels",
                json::MAX_DEPTH
            ),
            Self::Envelope { member, problem } => {
                write!(f, "{BAD} 1 validation error for EventEnvelope\n{member}\n  {problem}")
            }
            Self::Unnamed => f.write_str(
                "Invalid client data. Must have a type or a qualified name, got neither",
            ),
            Self::UnknownType { name, known } => {
                let known = known.join(", ");
                write!(f, "Invalid event type: {name}. Expected one of {known}")
            }
            Self::Undeclared { qualified_name } => {
                write!(f, "Event type {qualified_name} is not declared by this workflow.")
            }
            Self::Fields { class, mistakes } => {
                let count = mistakes.len();
                let errors = if count == 1 { "error" } else { "errors" };
                write!(f, "{BAD} {count} validation {errors} for {class}")?;
                mistakes.iter().try_for_each(|mistake| write!(f, "\n{mistake}"))
            }
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, problem } = self;
        if !field.is_empty() {
            writeln!(f, "{field}")?;
        }
        write!(f, "  {problem}")
    }
}

impl StdError for EventError {}
