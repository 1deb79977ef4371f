//! The bodies of requests.

use std::error::Error as StdError;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::client_event::{self, ClientEvent, EventError};
use super::{context, json};

/// The body of a request that starts a run.
#[derive(Clone, Copy, Debug)]
pub struct RunBody<'a> {
    start_event: Option<&'a RawValue>,
    kwargs: Option<&'a RawValue>,
    handler_id: Option<&'a RawValue>,
    context: Option<&'a RawValue>,
}

/// The body of a request that sends an event.
#[derive(Clone, Debug)]
pub struct SendBody<'a> {
    /// The event, as [`ClientEvent::read_sent`] takes it; none if it is absent or empty.
    pub event: Option<&'a RawValue>,
    /// The step that it is for; none stands for all that accept it.
    pub step: Option<String>,
}

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is no JSON, or nests too deep.
    NotJson(String),
    /// It is JSON, but not of the shape that the endpoint takes.
    WrongShape(String),
}

impl BodyError {
    /// Returns the error of a body whose context has this problem.
    #[must_use]
    pub fn wrong_context(problem: &dyn fmt::Display) -> Self {
        Self::WrongShape(format!("Context dict specified in an invalid format: {problem}"))
    }
}

impl<'a> RunBody<'a> {
    /// Reads the body.
    ///
    /// # Errors
    ///
    /// See [`BodyError`].
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let names = ["start_event", "kwargs", "handler_id", "context"];
        let [start_event, kwargs, handler_id, context] = read(body, names)?;
        Ok(Self { start_event, kwargs, handler_id, context })
    }

    /// Returns the start event. Without one, `kwargs` takes its place; one that is null stands
    /// for no fields at all, whatever `kwargs` says.
    ///
    /// # Errors
    ///
    /// See [`ClientEvent::read_start`].
    pub fn start_event(&self) -> Result<ClientEvent, EventError> {
        match self.start_event.or(self.kwargs) {
            Some(event) if !json::is_null(event) => ClientEvent::read_start(event),
            _ => Ok(ClientEvent::Bare(client_event::no_fields())),
        }
    }

    /// Tells whether there is a context with anything in it.
    #[must_use]
    pub fn has_context(&self) -> bool {
        self.context.is_some_and(|context| !json::is_empty(context))
    }

    /// Returns the state that the context brings; none if it brings none.
    ///
    /// # Errors
    ///
    /// Returns [`BodyError::WrongShape`] if the context is no object, is of an unknown version, or
    /// holds work that its run has not done.
    pub fn context_state(&self) -> Result<Option<Value>, BodyError> {
        match self.context.filter(|context| !json::is_empty(context)) {
            Some(context) => context::state(context),
            None => Ok(None),
        }
    }

    /// Returns the handler id; none if it is to be made up.
    ///
    /// # Errors
    ///
    /// Returns [`BodyError::WrongShape`] if it is not a text.
    pub fn handler_id(&self) -> Result<Option<String>, BodyError> {
        let id = text(self.handler_id, "handler_id")?;
        Ok(id.filter(|id| !id.is_empty()))
    }
}

impl<'a> SendBody<'a> {
    /// Reads the body.
    ///
    /// # Errors
    ///
    /// See [`BodyError`].
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let [event, step] = read(body, ["event", "step"])?;
        Ok(Self { event: event.filter(|event| !json::is_empty(event)), step: text(step, "step")? })
    }
}

fn read<'a, const N: usize>(
    body: &'a [u8],
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], BodyError> {
    let not_json = |error: &dyn fmt::Display| BodyError::NotJson(error.to_string());
    let body = str::from_utf8(body).map_err(|error| not_json(&error))?;
    if json::is_too_deep(body) {
        return Err(not_json(&format_args!("it nests deeper than {} levels", json::MAX_DEPTH)));
    }
    json::members(body, names).map_err(|error| {
        if !error.is_data() {
            return not_json(&error);
        }
        // What is no object may still turn out to be no JSON.
        match serde_json::from_str::<IgnoredAny>(body) {
            Ok(_) => BodyError::WrongShape("the body must be an object".to_owned()),
            Err(error) => not_json(&error),
        }
    })
}

fn text(member: Option<&RawValue>, name: &str) -> Result<Option<String>, BodyError> {
    let Some(member) = member else { return Ok(None) };
    serde_json::from_str(member.get())
        .map_err(|_| BodyError::WrongShape(format!("{name} must be a text")))
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotJson(message) | Self::WrongShape(message)) = self;
        f.write_str(message)
    }
}

impl StdError for BodyError {}
