//! Every error answer: its status and its text.

use std::fmt;

use super::{BodyError, EventError};

/// Why a request is not answered with what it asked for.
///
/// Its text is the `detail` of an [`ErrorBody`](super::ErrorBody). Clients compare these texts,
/// so they change only with the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The path is unknown.
    NotFound,
    /// The path does not know the method.
    MethodNotAllowed,
    /// No workflow has the name.
    UnknownWorkflow,
    /// No workflow has the name, where the answer repeats it.
    NoSuchWorkflow {
        /// The name.
        workflow: String,
    },
    /// There is no such handler, or what was asked is not possible once its run has ended.
    UnknownHandler,
    /// The body of a start cannot be read.
    RunBody(BodyError),
    /// The start event cannot be read.
    StartEvent(EventError),
    /// The start event is of another class than the workflow's.
    WrongStart {
        /// The qualified name of the workflow's class.
        expected: String,
    },
    /// The start brings a context.
    ContextDisabled,
    /// The handler id is too long.
    HandlerIdTooLong {
        /// How many bytes it may have.
        limit: usize,
    },
    /// The handler's run has not ended.
    Busy {
        /// The handler.
        handler: String,
    },
    /// The cursor of a stream is no number.
    InvalidCursor {
        /// The cursor.
        text: String,
    },
    /// The body of a sent event cannot be read.
    SendBody(BodyError),
    /// The body of a sent event holds none.
    NoEvent,
    /// The run has ended.
    Ended,
    /// As many events wait for the run as may.
    InboxFull,
    /// The sent event cannot be read.
    Event(EventError),
    /// The workflow has no such step.
    UnknownStep {
        /// The step.
        step: String,
    },
    /// The step does not accept the event.
    NotAccepted {
        /// The step.
        step: String,
        /// The qualified name of the event's class.
        class: String,
    },
    /// The body is too large.
    TooLarge {
        /// How many bytes it may have.
        limit: usize,
    },
    /// The event is too large.
    EventTooLarge {
        /// How many bytes it has as JSON.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The body broke off.
    BodyCutOff,
    /// The body came too slowly.
    BodyTimeout,
    /// Path and query are too long.
    TargetTooLong {
        /// How many bytes they may have.
        limit: usize,
    },
    /// The token is missing or wrong.
    Unauthorized,
    /// The request names no host, or several.
    NoHost,
    /// The server is not called like this.
    UnknownHost {
        /// What it was called.
        host: String,
    },
    /// The page that the request comes from may not call.
    ForeignOrigin {
        /// Its origin.
        origin: String,
    },
    /// There are as many connections as there may be.
    Crowded,
    /// As many requests wait for the store as may.
    Overloaded,
    /// The server cannot answer now; it may be able to in a moment.
    Unavailable,
    /// The server is about to stop; whatever takes its place can answer.
    Closing,
    /// The server made a mistake.
    Internal,
}

impl Refusal {
    /// Returns the status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound
            | Self::UnknownWorkflow
            | Self::NoSuchWorkflow { .. }
            | Self::UnknownHandler => 404,
            Self::MethodNotAllowed => 405,
            Self::RunBody(_)
            | Self::StartEvent(_)
            | Self::WrongStart { .. }
            | Self::ContextDisabled
            | Self::HandlerIdTooLong { .. }
            | Self::InvalidCursor { .. }
            | Self::SendBody(_)
            | Self::NoEvent
            | Self::Event(_)
            | Self::BodyCutOff
            | Self::NoHost => 400,
            Self::Unauthorized => 401,
            Self::ForeignOrigin { .. } => 403,
            Self::BodyTimeout => 408,
            Self::Busy { .. } | Self::Ended => 409,
            Self::TooLarge { .. } | Self::EventTooLarge { .. } => 413,
            Self::TargetTooLong { .. } => 414,
            Self::UnknownHost { .. } => 421,
            Self::InboxFull => 429,
            // The fault is the client's, but this is what the protocol says.
            Self::UnknownStep { .. } | Self::NotAccepted { .. } => 500,
            Self::Internal => 500,
            Self::Unavailable | Self::Closing | Self::Crowded | Self::Overloaded => 503,
        }
    }

    /// Tells whether the same request may succeed in a moment.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::Closing | Self::Crowded | Self::InboxFull | Self::Overloaded
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("Not Found"),
            Self::MethodNotAllowed => f.write_str("Method Not Allowed"),
            Self::UnknownWorkflow => f.write_str("Workflow not found"),
            Self::NoSuchWorkflow { workflow } => write!(f, "Workflow '{workflow}' not found"),
            Self::UnknownHandler => f.write_str("Handler not found"),
            Self::RunBody(BodyError::NotJson(message)) => {
                write!(f, "Invalid JSON body: {message}")
            }
            Self::RunBody(BodyError::WrongShape(message)) => {
                write!(f, "Error processing request body: {message}")
            }
            Self::StartEvent(error) => write!(f, "Validation error for 'start_event': {error}"),
            Self::WrongStart { expected } => {
                write!(f, "Start event must be an instance of <class '{expected}'>")
            }
            Self::ContextDisabled => f.write_str(
                "Context API is disabled. The server enables it with --accept-context, or \
                 Server::accept_context",
            ),
            Self::HandlerIdTooLong { limit } => {
                write!(f, "Error processing request body: handler_id is longer than {limit} bytes")
            }
            Self::Busy { handler } => write!(f, "Handler '{handler}' is already running"),
            Self::InvalidCursor { text } => write!(f, "Invalid after_sequence: '{text}'"),
            Self::SendBody(error) => write!(f, "Error processing request: {error}"),
            Self::NoEvent => f.write_str("Event data is required"),
            Self::Ended => f.write_str("Workflow already completed"),
            Self::InboxFull => f.write_str("Too many events wait for this workflow; try again"),
            Self::Event(error) => error.fmt(f),
            Self::UnknownStep { step } => {
                write!(f, "Failed to send event: Step {step} does not exist")
            }
            Self::NotAccepted { step, class } => write!(
                f,
                "Failed to send event: Step {step} does not accept event of type <class '{class}'>"
            ),
            Self::TooLarge { limit } => write!(f, "Request body is larger than {limit} bytes"),
            Self::EventTooLarge { bytes, limit } => {
                write!(f, "Event is {bytes} bytes long, more than the limit of {limit}")
            }
            Self::BodyCutOff => f.write_str("Request body broke off"),
            Self::BodyTimeout => f.write_str("Request body came too slowly"),
            Self::TargetTooLong { limit } => {
                write!(f, "Path and query are longer than {limit} bytes")
            }
            Self::Unauthorized => {
                f.write_str("This server wants its token, as 'Authorization: Bearer <token>'")
            }
            Self::NoHost => f.write_str("Request must have one Host header"),
            Self::UnknownHost { host } => write!(
                f,
                "Host '{host}' is not allowed; if it is this server's, allow it with --allow-host, \
                 or Server::allow_host"
            ),
            Self::ForeignOrigin { origin } => write!(
                f,
                "Origin '{origin}' is not allowed; if its pages may call this server, allow it \
                 with --cors, or Server::cors"
            ),
            Self::Crowded => f.write_str("Server has too many connections; try again"),
            Self::Overloaded => f.write_str("Server has too many requests under way; try again"),
            Self::Unavailable => f.write_str("Service Unavailable"),
            Self::Closing => f.write_str("Server is shutting down; try again"),
            Self::Internal => f.write_str("Internal server error"),
        }
    }
}
