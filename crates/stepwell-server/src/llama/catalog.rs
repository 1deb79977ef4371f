//! What the server has: its workflows and their events. Written once, for none of it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use stepwell::{Engine, EventType, Workflow};
use stepwell_wire::llama::{
    EventSchemas, Refusal, WorkflowList, WorkflowRepresentation, WorkflowSchema,
};

use super::document::{
    DocumentAnswers, EventsAnswers, PageAnswers, RepresentationAnswers, SERVICE, SchemaAnswers,
    WORKFLOWS, WorkflowPath, WorkflowsAnswers,
};
use super::graph::graph;
use crate::app::App;
use crate::error::ApiError;
use crate::request::WorkflowName;
use crate::{page, reply};

/// Answers that never change.
#[derive(Debug)]
pub(crate) struct Catalog {
    page: Bytes,
    document: Bytes,
    workflows: Bytes,
    by_name: BTreeMap<String, Described>,
}

/// What is told of one workflow.
#[derive(Debug)]
struct Described {
    schema: Bytes,
    events: Bytes,
    representation: Bytes,
}

impl Catalog {
    /// Writes down what the engine has.
    pub(crate) fn new(engine: &Engine, page: Bytes) -> Self {
        let names = engine.workflows().iter().map(|known| known.name.as_str().into());
        let list = WorkflowList { workflows: names.collect() };
        let described = engine.workflows().iter();
        let described = described.map(|known| (known.name.clone(), describe(&known.workflow)));
        Self {
            page,
            document: json(&super::endpoints().into_openapi()),
            workflows: json(&list),
            by_name: described.collect(),
        }
    }
}

fn describe(workflow: &Workflow) -> Described {
    let schema = |event: &EventType| event.schema().to_value();
    let schemas =
        WorkflowSchema { start: schema(workflow.start_type()), stop: schema(workflow.stop_type()) };
    let events = EventSchemas { events: workflow.event_types().iter().map(schema).collect() };
    let representation = WorkflowRepresentation { graph: graph(workflow) };
    Described {
        schema: json(&schemas),
        events: json(&events),
        representation: json(&representation),
    }
}

fn json<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).expect("names and schemas have text keys").into()
}

/// Shows the server in a browser.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "getPage",
    tag = SERVICE,
    responses(PageAnswers),
    security(())
)]
pub(super) async fn get_page(State(app): State<Arc<App>>) -> Response {
    page::reply(app.catalog.page.clone())
}

/// Shows the server in a browser, at the page's full name.
#[utoipa::path(
    get,
    path = "/index.html",
    operation_id = "getIndex",
    tag = SERVICE,
    responses(PageAnswers),
    security(())
)]
pub(super) async fn get_index(State(app): State<Arc<App>>) -> Response {
    page::reply(app.catalog.page.clone())
}

/// Describes the endpoints: this document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDocument",
    tag = SERVICE,
    responses(DocumentAnswers)
)]
pub(super) async fn get_document(State(app): State<Arc<App>>) -> Response {
    reply::bytes(200, app.catalog.document.clone())
}

/// Lists the workflows.
#[utoipa::path(
    get,
    path = "/workflows",
    operation_id = "listWorkflows",
    tag = WORKFLOWS,
    responses(WorkflowsAnswers)
)]
pub(super) async fn get_workflows(State(app): State<Arc<App>>) -> Response {
    reply::bytes(200, app.catalog.workflows.clone())
}

/// Describes what a workflow begins and ends with.
#[utoipa::path(
    get,
    path = "/workflows/{name}/schema",
    operation_id = "getSchema",
    tag = WORKFLOWS,
    params(WorkflowPath),
    responses(SchemaAnswers)
)]
pub(super) async fn get_schema(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
) -> Result<Response, ApiError> {
    let described = app.catalog.by_name.get(&workflow).ok_or(Refusal::UnknownWorkflow)?;
    Ok(reply::bytes(200, described.schema.clone()))
}

/// Describes the events of a workflow.
#[utoipa::path(
    get,
    path = "/workflows/{name}/events",
    operation_id = "getEvents",
    tag = WORKFLOWS,
    params(WorkflowPath),
    responses(EventsAnswers)
)]
pub(super) async fn get_events(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
) -> Result<Response, ApiError> {
    match app.catalog.by_name.get(&workflow) {
        Some(described) => Ok(reply::bytes(200, described.events.clone())),
        None => Err(Refusal::NoSuchWorkflow { workflow }.into()),
    }
}

/// Draws a workflow as a graph.
#[utoipa::path(
    get,
    path = "/workflows/{name}/representation",
    operation_id = "getRepresentation",
    tag = WORKFLOWS,
    params(WorkflowPath),
    responses(RepresentationAnswers)
)]
pub(super) async fn get_representation(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
) -> Result<Response, ApiError> {
    let described = app.catalog.by_name.get(&workflow).ok_or(Refusal::UnknownWorkflow)?;
    Ok(reply::bytes(200, described.representation.clone()))
}
