//! A client of workflow servers: of Stepwell, and of LlamaIndex's `WorkflowServer`.
//!
//! # Examples
//!
//! Start a run, see its events as they come, and read its result:
//!
//! ```no_run
//! use serde_json::json;
//! use stepwell_client::Client;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://localhost:8080")?;
//!
//! let started = client.run_workflow_nowait("greet").fields(json!({ "name": "John" })).await?;
//! let mut events = client.get_workflow_events(&started.handler_id).await?;
//! while let Some(event) = events.next_event().await? {
//!     println!("{} {}", event.name(), event.value());
//! }
//! let record = client.get_handler(&started.handler_id).await?;
//! println!("{:?} {:?}", record.status, record.result);
//! # Ok(())
//! # }
//! ```
//!
//! Answer a run that asks for input, with events as types:
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use stepwell_client::{Client, TypedEvent};
//!
//! #[derive(Serialize, Deserialize)]
//! struct RequestEvent {
//!     prompt: String,
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! struct ResponseEvent {
//!     response: String,
//! }
//!
//! impl TypedEvent for RequestEvent {
//!     const NAME: &'static str = "RequestEvent";
//! }
//!
//! impl TypedEvent for ResponseEvent {
//!     const NAME: &'static str = "ResponseEvent";
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://localhost:8080")?;
//! let started = client.run_workflow_nowait("human").await?;
//! let mut events = client.get_workflow_events(&started.handler_id).await?;
//! while let Some(event) = events.next_event().await? {
//!     if let Some(request) = event.load::<RequestEvent>()? {
//!         println!("{}", request.prompt);
//!         let answer = ResponseEvent { response: "John".to_owned() };
//!         client.send_event(&started.handler_id, &answer).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Calls
//!
//! Each method of [`Client`] returns a [`Call`], which does nothing until it is awaited. What the
//! method does not ask for is set on the call: arguments that can be left out, headers, and how
//! long it may take.
//!
//! # Runs that fail are no errors
//!
//! A record is returned however its run ended; [`HandlerRecord::status`] says how. An [`Error`]
//! means that the server did not do what it was asked. The protocol answers a question for a
//! failed run with status 500; this client tells the two apart.
//!
//! # Features
//!
//! - `tls` (default): addresses that begin with `https`. Without it, or to choose another TLS, give
//!   the builder a [`reqwest::Client`].
//! - `stepwell`: types with `#[derive(stepwell::Event)]` are [`TypedEvent`]s, so that a server and
//!   its clients can share them. This brings the engine with it, though no store.
//!
//! # What is deliberately not here
//!
//! - **No retries** of what could happen twice. Streams and
//!   [`wait_for_handler`](Client::wait_for_handler) come back when a connection breaks, since
//!   reading changes nothing; all else fails, and says whether it may have been done.
//! - **No results without their event**, which `GET /results` tells; it is deprecated.
//!   [`Event::result_as`] reads them.

mod answer;
mod base;
mod call;
mod client;
mod error;
mod event;
mod fields;
mod operation;
mod registry;
mod stream;
#[cfg(test)]
mod tests;
mod transport;

pub use answer::Answer;
pub use call::{Call, Operation};
pub use client::{Client, ClientBuilder};
pub use error::Error;
pub use event::{End, Event, LoadError, NamedEvent, ToEvent, TypedEvent};
pub use operation::{
    Backoff, CancelHandler, GetHandler, GetHandlers, GetWorkflowEvents, GetWorkflowEventsSchema,
    GetWorkflowGraph, GetWorkflowSchema, IsHealthy, ListWorkflows, Run, RunWorkflow,
    RunWorkflowNowait, SendEvent, Start, WaitForHandler,
};
pub use registry::EventRegistry;
pub use stream::{Cursor, EventStream};

pub use stepwell_wire::llama::{
    GraphEdge, GraphNode, Health, HealthStatus, NodeKind, Status, StepState, StepStateChanged,
    Timestamp, UnhandledEvent, WorkflowFailed, WorkflowTimedOut,
};

/// What is known of a handler's newest run.
pub type HandlerRecord = stepwell_wire::llama::HandlerRecord<'static, Event>;

/// What a workflow begins and ends with, as JSON Schema.
pub type WorkflowSchema = stepwell_wire::llama::WorkflowSchema<serde_json::Value>;

/// A workflow's graph.
pub type WorkflowGraph = stepwell_wire::llama::WorkflowGraph<'static>;
