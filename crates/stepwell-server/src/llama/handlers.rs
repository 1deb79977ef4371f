//! What became of runs, and cancelling them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use stepwell::Engine;
use stepwell::engine::{EngineError, RunRecord};
use stepwell::store::{self, HandlerFilter};
use stepwell_wire::llama::{Acknowledged, Acknowledgement, HandlerList, Refusal, Status};

use super::convert;
use super::document::{
    CancelAnswers, CancelQuery, HANDLERS, HandlerAnswers, HandlerPath, HandlersAnswers,
    HandlersQuery, ResultAnswers,
};
use crate::app::App;
use crate::error::ApiError;
use crate::reply;
use crate::request::{HandlerId, Parameters};

/// Lists handlers.
#[utoipa::path(
    get,
    path = "/handlers",
    operation_id = "listHandlers",
    tag = HANDLERS,
    params(HandlersQuery),
    responses(HandlersAnswers)
)]
pub(super) async fn get_handlers(
    State(app): State<Arc<App>>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let records = match filter(&parameters) {
        Some(filter) => app.engine.handlers(&filter).await?,
        None => Vec::new(),
    };
    let handlers = records.iter().map(convert::record).collect();
    Ok(reply::json(200, &HandlerList { handlers }))
}

/// Returns which handlers are asked for; none if no handler can be what is asked for.
fn filter(parameters: &Parameters) -> Option<HandlerFilter> {
    let wanted: Vec<&str> = parameters.all("status").collect();
    let statuses: Vec<store::Status> = wanted
        .iter()
        .filter_map(|name| Status::from_name(name))
        .flat_map(|status| convert::stored_statuses(status).iter().copied())
        .collect();
    let workflows = parameters.all("workflow_name").map(ToOwned::to_owned).collect();
    let possible = wanted.is_empty() || !statuses.is_empty();
    possible.then_some(HandlerFilter { statuses, workflows })
}

/// Tells how a handler's newest run stands.
///
/// The status of the answer tells it too: 202 while the run goes on, 200 if it completed, and 500
/// if it failed or was cancelled.
#[utoipa::path(
    get,
    path = "/handlers/{handler_id}",
    operation_id = "getHandler",
    tag = HANDLERS,
    params(HandlerPath),
    responses(HandlerAnswers)
)]
pub(super) async fn get_handler(
    State(app): State<Arc<App>>,
    HandlerId(handler): HandlerId,
) -> Result<Response, ApiError> {
    let record = find(&app, &handler).await?;
    Ok(reply::json(status(&record), &convert::record(&record)))
}

/// Tells how a handler's newest run stands, for old clients.
///
/// As for the handler, but the result is bare, without its envelope.
#[utoipa::path(
    get,
    path = "/results/{handler_id}",
    operation_id = "getResult",
    tag = HANDLERS,
    params(HandlerPath),
    responses(ResultAnswers)
)]
#[deprecated = "clients read the handler instead"]
pub(super) async fn get_result(
    State(app): State<Arc<App>>,
    HandlerId(handler): HandlerId,
) -> Result<Response, ApiError> {
    let record = find(&app, &handler).await?;
    Ok(reply::json(status(&record), &convert::bare_record(&record)))
}

fn status(record: &RunRecord) -> u16 {
    if record.is_unreadable() { 422 } else { convert::status(record.status).http_status() }
}

async fn find(app: &App, handler: &str) -> Result<RunRecord, ApiError> {
    Ok(app.engine.handler(handler).await?.ok_or(Refusal::UnknownHandler)?)
}

/// Cancels a run.
///
/// When the answer comes, the record is final and the stream has ended. A body is not read.
#[utoipa::path(
    post,
    path = "/handlers/{handler_id}/cancel",
    operation_id = "cancel",
    tag = HANDLERS,
    params(HandlerPath, CancelQuery),
    responses(CancelAnswers)
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    HandlerId(handler): HandlerId,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let status = if parameters.is_on("purge").unwrap_or(false) {
        app.finish(|engine| async move { engine.purge(&handler).await }).await?;
        Acknowledgement::Deleted
    } else {
        app.finish(|engine| async move { cancel_open(&engine, &handler).await }).await?;
        Acknowledgement::Cancelled
    };
    Ok(reply::json(200, &Acknowledged { status }))
}

/// Cancels a run that has not ended. One that has is not found, and neither is one that came to
/// another end in the last moment.
async fn cancel_open(engine: &Engine, handler: &str) -> Result<(), EngineError> {
    match engine.cancel(handler).await {
        Ok(record) if record.status == store::Status::Cancelled => Ok(()),
        Ok(_) | Err(EngineError::Ended(_)) => Err(EngineError::UnknownHandler(handler.to_owned())),
        Err(error) => Err(error),
    }
}
