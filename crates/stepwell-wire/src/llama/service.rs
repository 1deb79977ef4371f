//! Small answers: health, catalog, acknowledgements, errors.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody<'a> {
    /// What is wrong, in one text.
    pub detail: Cow<'a, str>,
}

/// Whether the server is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it is.
    pub status: HealthStatus,
}

/// See [`Health`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It answers.
    Healthy,
    /// It is about to stop.
    Unhealthy,
}

/// The workflows of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowList<'a> {
    /// Their names, in the order of registration.
    pub workflows: Vec<Cow<'a, str>>,
}

/// What a workflow begins and ends with, as JSON Schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowSchema<S = Box<RawValue>> {
    /// Its start event.
    pub start: S,
    /// Its stop event.
    pub stop: S,
}

/// The classes of event that a workflow knows, as JSON Schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventSchemas<S = Box<RawValue>> {
    /// Their schemas, in no particular order.
    pub events: Vec<S>,
}

/// Says that something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// What was done.
    pub status: Acknowledgement,
}

/// See [`Acknowledged`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledgement {
    /// The event was accepted; it is not processed yet.
    Sent,
    /// The run was cancelled, and its record is final.
    Cancelled,
    /// The handler was forgotten.
    Deleted,
}
