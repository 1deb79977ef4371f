//! Whether the server is well, and what it serves.

use serde_json::Value;
use stepwell_wire::llama::{EventSchemas, Health, WorkflowList, WorkflowRepresentation};

use crate::transport::{Transport, decode};
use crate::{Call, Client, Error, Operation, WorkflowGraph, WorkflowSchema};

/// See [`Client::is_healthy`].
#[derive(Debug)]
pub struct IsHealthy(());

/// See [`Client::list_workflows`].
#[derive(Debug)]
pub struct ListWorkflows(());

/// See [`Client::get_workflow_schema`].
#[derive(Debug)]
pub struct GetWorkflowSchema {
    workflow: String,
}

/// See [`Client::get_workflow_events_schema`].
#[derive(Debug)]
pub struct GetWorkflowEventsSchema {
    workflow: String,
}

/// See [`Client::get_workflow_graph`].
#[derive(Debug)]
pub struct GetWorkflowGraph {
    workflow: String,
}

impl Client {
    /// Asks whether the server is well.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Unavailable`] if it says that it is not.
    pub fn is_healthy(&self) -> Call<IsHealthy> {
        Call::new(self, IsHealthy(()))
    }

    /// Asks for the names of the server's workflows.
    ///
    /// # Errors
    ///
    /// None of its own; see [`Error`].
    pub fn list_workflows(&self) -> Call<ListWorkflows> {
        Call::new(self, ListWorkflows(()))
    }

    /// Asks for the JSON Schemas of a workflow's start and stop event.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotFound`] if there is no such workflow.
    pub fn get_workflow_schema(&self, workflow: impl AsRef<str>) -> Call<GetWorkflowSchema> {
        Call::new(self, GetWorkflowSchema { workflow: workflow.as_ref().to_owned() })
    }

    /// Asks for the JSON Schemas of all events that a workflow knows, in no particular order.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotFound`] if there is no such workflow.
    pub fn get_workflow_events_schema(
        &self,
        workflow: impl AsRef<str>,
    ) -> Call<GetWorkflowEventsSchema> {
        Call::new(self, GetWorkflowEventsSchema { workflow: workflow.as_ref().to_owned() })
    }

    /// Asks for the graph of a workflow: its steps, events and what leads where.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotFound`] if there is no such workflow.
    pub fn get_workflow_graph(&self, workflow: impl AsRef<str>) -> Call<GetWorkflowGraph> {
        Call::new(self, GetWorkflowGraph { workflow: workflow.as_ref().to_owned() })
    }
}

impl Operation for IsHealthy {
    type Output = Health;

    async fn perform(self, transport: Transport) -> Result<Health, Error> {
        decode(transport.get(transport.url(&["health"])?).await?)
    }
}

impl Operation for ListWorkflows {
    type Output = Vec<String>;

    async fn perform(self, transport: Transport) -> Result<Vec<String>, Error> {
        let answer = transport.get(transport.url(&["workflows"])?).await?;
        let list: WorkflowList<'_> = decode(answer)?;
        Ok(list.workflows.into_iter().map(Into::into).collect())
    }
}

impl Operation for GetWorkflowSchema {
    type Output = WorkflowSchema;

    async fn perform(self, transport: Transport) -> Result<WorkflowSchema, Error> {
        decode(transport.get(transport.url(&["workflows", &self.workflow, "schema"])?).await?)
    }
}

impl Operation for GetWorkflowEventsSchema {
    type Output = Vec<Value>;

    async fn perform(self, transport: Transport) -> Result<Vec<Value>, Error> {
        let url = transport.url(&["workflows", &self.workflow, "events"])?;
        let schemas: EventSchemas<Value> = decode(transport.get(url).await?)?;
        Ok(schemas.events)
    }
}

impl Operation for GetWorkflowGraph {
    type Output = WorkflowGraph;

    async fn perform(self, transport: Transport) -> Result<WorkflowGraph, Error> {
        let url = transport.url(&["workflows", &self.workflow, "representation"])?;
        let representation: WorkflowRepresentation<'_> = decode(transport.get(url).await?)?;
        Ok(representation.graph)
    }
}
