//! What clients learn of errors; the causes go to the log.

use std::any::Any;
use std::error::Error as StdError;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use stepwell::MAX_EVENT_BYTES;
use stepwell::engine::EngineError;
use stepwell::store::StoreError;
use stepwell_wire::llama::{BodyError, ErrorBody, Refusal};

use crate::reply;

/// When a client may try again what is not possible now: soon, for a store that hiccuped is back
/// in moments, and so is a server that is restarted.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// What an endpoint answers instead of what was asked for.
#[derive(Debug)]
pub(crate) struct ApiError(Refusal);

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        Self(match error {
            EngineError::UnknownWorkflow(_) => Refusal::UnknownWorkflow,
            EngineError::UnknownHandler(_) => Refusal::UnknownHandler,
            EngineError::WrongStart { expected, .. } => Refusal::WrongStart { expected },
            EngineError::WrongState { problem } => {
                Refusal::RunBody(BodyError::wrong_context(&problem))
            }
            EngineError::Busy(handler) => Refusal::Busy { handler },
            EngineError::Ended(_) => Refusal::Ended,
            EngineError::InboxFull(_) => Refusal::InboxFull,
            EngineError::UnknownStep(step) => Refusal::UnknownStep { step },
            EngineError::NotAccepted { step, event } => Refusal::NotAccepted { step, class: event },
            EngineError::TooLarge { bytes } => {
                Refusal::EventTooLarge { bytes, limit: MAX_EVENT_BYTES }
            }
            EngineError::Overloaded => Refusal::Overloaded,
            EngineError::Closing => Refusal::Closing,
            EngineError::Store(error @ StoreError::Unavailable(_)) => {
                tracing::error!(error = &error as &dyn StdError, "the store did not answer");
                Refusal::Unavailable
            }
            error => {
                tracing::error!(error = &error as &dyn StdError, "the engine failed");
                Refusal::Internal
            }
        })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(refusal) = self;
        let detail = refusal.to_string().into();
        let mut response = reply::json(refusal.status(), &ErrorBody { detail });
        if refusal.is_passing() {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

/// Answers a request whose endpoint panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("something that is not a text");
    tracing::error!(message, "an endpoint panicked");
    ApiError(Refusal::Internal).into_response()
}
