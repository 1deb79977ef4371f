//! Sends events to runs.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use stepwell_wire::llama::{Acknowledged, Acknowledgement, ClientEvent, Refusal, SendBody};

use super::document::{EVENTS, HandlerPath, SendAnswers};
use super::inbound;
use crate::app::App;
use crate::error::ApiError;
use crate::request::HandlerId;
use crate::{reply, request};

/// Sends an event to a run.
///
/// It reaches every step that takes its class and every wait that it matches, or only the step
/// that is named. One that nobody takes is told of in the run's stream.
#[utoipa::path(
    post,
    path = "/events/{handler_id}",
    operation_id = "sendEvent",
    tag = EVENTS,
    params(HandlerPath),
    request_body = SendBody,
    responses(SendAnswers)
)]
pub(super) async fn send(
    State(app): State<Arc<App>>,
    HandlerId(handler): HandlerId,
    body: Body,
) -> Result<Response, ApiError> {
    // The order of the checks is the protocol's.
    let body = request::body(body, app.body_limit).await?;
    let body = SendBody::read(&body).map_err(Refusal::SendBody)?;
    let event = body.event.ok_or(Refusal::NoEvent)?;
    let record = app.engine.handler(&handler).await?.ok_or(Refusal::UnknownHandler)?;
    if record.status.is_ended() {
        return Err(Refusal::Ended.into());
    }
    let Some(registered) = app.engine.workflow(&record.workflow) else {
        // The run waits for a server that has its code.
        tracing::warn!(handler, workflow = record.workflow, "the workflow is not served here");
        return Err(Refusal::Unavailable.into());
    };
    let event = ClientEvent::read_sent(event)
        .and_then(|event| inbound::read(&registered.workflow, event))
        .map_err(Refusal::Event)?;
    let step = body.step;
    app.finish(|engine| async move { engine.send(&handler, event, step.as_deref()).await }).await?;
    Ok(reply::json(200, &Acknowledged { status: Acknowledgement::Sent }))
}
