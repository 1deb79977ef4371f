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

use super::graph::graph;
use crate::app::App;
use crate::error::ApiError;
use crate::request::WorkflowName;
use crate::{page, reply};

/// Answers that never change.
#[derive(Debug)]
pub(crate) struct Catalog {
    page: Bytes,
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
        Self { page, workflows: json(&list), by_name: described.collect() }
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

/// `GET /`.
pub(super) async fn get_page(State(app): State<Arc<App>>) -> Response {
    page::reply(app.catalog.page.clone())
}

/// `GET /workflows`.
pub(super) async fn get_workflows(State(app): State<Arc<App>>) -> Response {
    reply::bytes(200, app.catalog.workflows.clone())
}

/// `GET /workflows/{workflow_name}/schema`.
pub(super) async fn get_schema(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
) -> Result<Response, ApiError> {
    let described = app.catalog.by_name.get(&workflow).ok_or(Refusal::UnknownWorkflow)?;
    Ok(reply::bytes(200, described.schema.clone()))
}

/// `GET /workflows/{workflow_name}/events`.
pub(super) async fn get_events(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
) -> Result<Response, ApiError> {
    match app.catalog.by_name.get(&workflow) {
        Some(described) => Ok(reply::bytes(200, described.events.clone())),
        None => Err(Refusal::NoSuchWorkflow { workflow }.into()),
    }
}

/// `GET /workflows/{workflow_name}/representation`.
pub(super) async fn get_representation(
    State(app): State<Arc<App>>,
    WorkflowName(workflow): WorkflowName,
) -> Result<Response, ApiError> {
    let described = app.catalog.by_name.get(&workflow).ok_or(Refusal::UnknownWorkflow)?;
    Ok(reply::bytes(200, described.representation.clone()))
}
