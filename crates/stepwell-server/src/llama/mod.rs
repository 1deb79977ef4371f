//! The dialect of LlamaIndex's workflow server, one file for each resource.
//!
//! Its bytes, texts and statuses are `stepwell_wire::llama`'s.

mod catalog;
mod convert;
mod document;
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
use stepwell_wire::llama::{Health, HealthStatus};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use catalog::Catalog;

use self::document::{HealthAnswers, SERVICE};
use crate::app::App;
use crate::error::{self, ApiError};
use crate::{reply, request};

/// Returns the dialect's endpoints, and what is told of them.
#[expect(deprecated, reason = "that it is deprecated is for clients to know")]
fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(catalog::get_page))
        .routes(routes!(catalog::get_index))
        .routes(routes!(catalog::get_document))
        .routes(routes!(get_health))
        .routes(routes!(catalog::get_workflows))
        .routes(routes!(catalog::get_schema))
        .routes(routes!(catalog::get_events))
        .routes(routes!(catalog::get_representation))
        .routes(routes!(run::run))
        .routes(routes!(run::run_nowait))
        .routes(routes!(handlers::get_handlers))
        .routes(routes!(handlers::get_handler))
        .routes(routes!(handlers::cancel))
        .routes(routes!(handlers::get_result))
        .routes(routes!(stream::get_stream, send::send))
}

/// Returns the router of the dialect.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::from(endpoints())
        .method_not_allowed_fallback(unknown_path)
        .fallback(unknown_path)
        .layer(CatchPanicLayer::custom(error::panicked))
        .with_state(app)
}

async fn unknown_path(method: Method) -> ApiError {
    request::unknown_path(&method).into()
}

/// Tells whether the server is well.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = SERVICE,
    responses(HealthAnswers),
    security(())
)]
async fn get_health(State(app): State<Arc<App>>) -> Response {
    if app.closing.begun.is_cancelled() {
        reply::json(503, &Health { status: HealthStatus::Unhealthy })
    } else {
        reply::json(200, &Health { status: HealthStatus::Healthy })
    }
}
