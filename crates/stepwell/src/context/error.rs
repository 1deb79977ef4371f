//! Why a call of a body took no effect.

use super::MAX_EVENT_BYTES;

/// Why a call took no effect.
///
/// There is one variant for each thing a step can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The run has ended or has moved to another process. Return soon; nothing more will count.
    #[error("the run has ended")]
    Ended,

    /// The value cannot be written as JSON. Change its type.
    #[error("what the step sends, publishes, changes or returns cannot be written as JSON")]
    Json(#[from] serde_json::Error),

    /// The event is larger than [`MAX_EVENT_BYTES`]. Send its address instead.
    #[error(
        "what the step sends, publishes or changes is {bytes} bytes long, more than the limit of {MAX_EVENT_BYTES}"
    )]
    TooLarge {
        /// How long it is as JSON.
        bytes: usize,
    },

    /// There is no such step, or it does not accept the event. Correct the call.
    #[error("step `{step}` does not exist or does not accept `{event}`")]
    NotAccepted {
        /// The step.
        step: String,
        /// The event.
        event: &'static str,
    },

    /// The workflow does not know the type of event. Declare it, with
    /// `.additional_event::<…>()` or `#[workflow(events = […])]`.
    #[error(
        "the workflow does not know `{event}`, so nobody could send it; declare it with \
         `.additional_event::<{event}>()` or `#[workflow(events = [{event}])]`"
    )]
    NotDeclared {
        /// The event.
        event: &'static str,
    },

    /// The type of event has no such field, so no event could match. Correct the name.
    #[error("`{event}` has no field `{field}`, so nothing could match")]
    NoSuchField {
        /// The event.
        event: &'static str,
        /// The field.
        field: String,
    },

    /// Nothing came in time. Do without.
    #[error("nothing came in time")]
    TimedOut,

    /// Two calls at once could not be told apart when the body runs again. Make each through a
    /// [`Context::branch`](crate::Context::branch) of its own.
    #[error(
        "{now} was begun while {pending} is not over; make calls that run at the same time through \
         `ctx.branch(name)`"
    )]
    Concurrent {
        /// What is under way.
        pending: &'static str,
        /// What was to begin.
        now: &'static str,
    },

    /// An atomic step cannot wait once it has changed the state: nobody else could change it
    /// meanwhile. Wait before the first update, or split the step.
    #[error("an atomic step cannot wait after its first update: it keeps others from the state")]
    Atomic,

    /// The body has made more calls than one may. Split the step.
    #[error("the step has made more than 100,000 calls; split it")]
    TooManyCalls,
}
