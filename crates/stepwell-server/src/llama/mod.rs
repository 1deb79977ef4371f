//! The dialect of LlamaIndex's workflow server, one file for each resource.
//!
//! Its bytes, texts and statuses are `stepwell_wire::llama`'s.

mod catalog;
mod convert;
mod frames;
mod graph;
mod handlers;
mod inbound;
mod run;
mod send;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use stepwell_wire::llama::{Health, HealthStatus};
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use catalog::Catalog;

use crate::app::App;
use crate::error::{self, ApiError};
use crate::{reply, request};

/// Returns the dialect's endpoints.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(catalog::get_page))
        .route("/index.html", get(catalog::get_page))
        .route("/health", get(get_health))
        .route("/workflows", get(catalog::get_workflows))
        .route("/workflows/{workflow_name}/schema", get(catalog::get_schema))
        .route("/workflows/{workflow_name}/events", get(catalog::get_events))
        .route("/workflows/{workflow_name}/representation", get(catalog::get_representation))
        .route("/workflows/{workflow_name}/run", post(run::run))
        .route("/workflows/{workflow_name}/run-nowait", post(run::run_nowait))
        .route("/handlers", get(handlers::get_handlers))
        .route("/handlers/{handler_id}", get(handlers::get_handler))
        .route("/handlers/{handler_id}/cancel", post(handlers::cancel))
        .route("/results/{handler_id}", get(handlers::get_result))
        .route("/events/{handler_id}", get(stream::get_stream).post(send::send))
        .method_not_allowed_fallback(unknown_path)
        .fallback(unknown_path)
        .layer(CatchPanicLayer::custom(error::panicked))
        .with_state(app)
}

async fn unknown_path(method: Method) -> ApiError {
    request::unknown_path(&method).into()
}

/// `GET /health`.
async fn get_health(State(app): State<Arc<App>>) -> Response {
    if app.closing.begun.is_cancelled() {
        reply::json(503, &Health { status: HealthStatus::Unhealthy })
    } else {
        reply::json(200, &Health { status: HealthStatus::Healthy })
    }
}
