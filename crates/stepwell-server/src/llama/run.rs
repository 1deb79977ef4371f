//! Starts runs.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use stepwell::RawEvent;
use stepwell::engine::Start;
use stepwell::{Payload, Workflow};
use stepwell_wire::llama::{ClientEvent, Refusal, RunBody};

use super::document::{RunAnswers, StartAnswers, WORKFLOWS, WorkflowPath};
use super::{convert, inbound};
use crate::app::App;
use crate::error::ApiError;
use crate::request::WorkflowName;
use crate::{reply, request};

/// How long a handler id may be: it is in every row and line of its handler, and what a client
/// calls a conversation or a user is shorter.
pub(super) const HANDLER_ID_MAX: usize = 512;

/// Runs a workflow to its end.
///
/// A client that hangs up does not stop the run.
#[utoipa::path(
    post,
    path = "/workflows/{name}/run",
    operation_id = "run",
    tag = WORKFLOWS,
    params(WorkflowPath),
    request_body = RunBody,
    responses(RunAnswers)
)]
pub(super) async fn run(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
    body: Body,
) -> Result<Response, ApiError> {
    let start = read(&app, workflow, body).await?;
    let mut run = app.finish(|engine| async move { engine.start_run(start).await }).await?;
    // A client that hangs up leaves nothing behind but its run, which may take years.
    let record = app.in_time(run.ended()).await?;
    Ok(reply::json(convert::status(record.status).http_status(), &convert::record(&record)))
}

/// Starts a workflow.
///
/// Read the run's stream, or ask for its handler, to see what becomes of it.
#[utoipa::path(
    post,
    path = "/workflows/{name}/run-nowait",
    operation_id = "runNowait",
    tag = WORKFLOWS,
    params(WorkflowPath),
    request_body = RunBody,
    responses(StartAnswers)
)]
pub(super) async fn run_nowait(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
    body: Body,
) -> Result<Response, ApiError> {
    let start = read(&app, workflow, body).await?;
    let record = app.finish(|engine| async move { engine.start(start).await }).await?;
    Ok(reply::json(200, &convert::record(&record)))
}

/// Reads what to start. The order of the checks is the protocol's.
async fn read(app: &App, name: String, body: Body) -> Result<Start, ApiError> {
    let registered = app.engine.workflow(&name).ok_or(Refusal::UnknownWorkflow)?;
    let body = request::body(body, app.body_limit).await?;
    let body = RunBody::read(&body).map_err(Refusal::RunBody)?;
    let input = start_event(&registered.workflow, &body)?;
    if body.has_context() && !app.accepts_contexts {
        return Err(Refusal::ContextDisabled.into());
    }
    let state = body.context_state().map_err(Refusal::RunBody)?;
    let handler = body.handler_id().map_err(Refusal::RunBody)?;
    if handler.as_ref().is_some_and(|handler| handler.len() > HANDLER_ID_MAX) {
        return Err(Refusal::HandlerIdTooLong { limit: HANDLER_ID_MAX }.into());
    }
    Ok(Start { workflow: name, input, handler, state })
}

fn start_event(workflow: &Workflow, body: &RunBody<'_>) -> Result<RawEvent, Refusal> {
    let expected = workflow.start_type();
    let event = match body.start_event().map_err(Refusal::StartEvent)? {
        ClientEvent::Bare(fields) => inbound::read_as(expected, Payload::from(fields)),
        ClientEvent::Envelope(envelope) => inbound::read(workflow, envelope),
    };
    let event = event.map_err(Refusal::StartEvent)?;
    if event.name == *expected.name() {
        Ok(event)
    } else {
        Err(Refusal::WrongStart { expected: expected.qualified_name() })
    }
}
