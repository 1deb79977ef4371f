//! Sends events to runs.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use stepwell_wire::llama::{Acknowledged, Acknowledgement, ClientEvent, Refusal, SendBody};

use super::inbound;
use crate::app::App;
use crate::error::ApiError;
use crate::request::HandlerId;
use crate::{reply, request};

/// `POST /events/{handler_id}`. The order of the checks is the protocol's.
pub(super) async fn send(
    State(app): State<Arc<App>>,
    HandlerId(handler): HandlerId,
    body: Body,
) -> Result<Response, ApiError> {
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
