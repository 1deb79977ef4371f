//! Handler records: what is known of a handler's newest run.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Envelope, Timestamp};

/// What is known of a handler's newest run. All members are always there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Handler, bound = ""))]
pub struct HandlerRecord<'a, R = Envelope<'a>> {
    /// The handler.
    pub handler_id: Cow<'a, str>,
    /// The name its workflow is registered under.
    pub workflow_name: Cow<'a, str>,
    /// The run.
    pub run_id: Cow<'a, str>,
    /// Why it failed, if it did; may be empty.
    pub error: Option<Cow<'a, str>>,
    /// The event it completed with, if it did.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Envelope>))]
    pub result: Option<R>,
    /// Whether there is a result that cannot be read. Servers before 0.8.0 do not send it.
    #[serde(default)]
    pub result_unreadable: bool,
    /// How it stands.
    pub status: Status,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it last went on.
    pub updated_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Status {
    /// It has not ended; perhaps it waits.
    Running,
    /// It ended with a stop event.
    Completed,
    /// A step failed for good, or the time was over.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

/// The answer to a question for handlers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HandlersList, bound = ""))]
pub struct HandlerList<'a, R = Envelope<'a>> {
    /// Their records.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<HandlerRecord>))]
    pub handlers: Vec<HandlerRecord<'a, R>>,
}

impl Status {
    /// Returns the status that a filter names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "running" => Some(Self::Running),
            "completed" => Some(Self::Completed),
            "failed" => Some(Self::Failed),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Returns the name that a filter knows it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Tells whether the run has ended.
    #[must_use]
    pub fn is_ended(self) -> bool {
        self != Self::Running
    }

    /// Returns the status of an HTTP answer whose body is the record of such a run.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::Running => 202,
            Self::Completed => 200,
            // The dialect tells the run's fate in the status line as well as in the body.
            Self::Failed | Self::Cancelled => 500,
        }
    }
}
