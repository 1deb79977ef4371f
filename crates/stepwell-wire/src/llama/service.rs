//! Small answers: health, catalog, acknowledgements, errors.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Error))]
pub struct ErrorBody<'a> {
    /// What is wrong, in one text.
    pub detail: Cow<'a, str>,
}

/// Whether the server is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Whether it is.
    pub status: HealthStatus,
}

/// Whether a server is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HealthStatus {
    /// It answers.
    Healthy,
    /// It is about to stop.
    Unhealthy,
}

/// The workflows of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkflowList<'a> {
    /// Their names, in the order of registration.
    pub workflows: Vec<Cow<'a, str>>,
}

/// What a workflow begins and ends with, as JSON Schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(bound = ""))]
pub struct WorkflowSchema<S = Box<RawValue>> {
    /// Its start event.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub start: S,
    /// Its stop event.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub stop: S,
}

/// The classes of event that a workflow knows, as JSON Schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(bound = ""))]
pub struct EventSchemas<S = Box<RawValue>> {
    /// Their schemas, in no particular order.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub events: Vec<S>,
}

/// Says that something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledged {
    /// What was done.
    pub status: Acknowledgement,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Acknowledgement {
    /// The event was accepted; it is not processed yet.
    Sent,
    /// The run was cancelled, and its record is final.
    Cancelled,
    /// The handler was forgotten.
    Deleted,
}
