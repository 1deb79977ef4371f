//! The dialect of LlamaIndex's workflow server.
//!
//! # Examples
//!
//! ```
//! use stepwell_wire::llama::{ClientEvent, RunBody};
//!
//! let body = RunBody::read(br#"{"start_event": {"name": "Ada"}}"#).unwrap();
//! let ClientEvent::Bare(fields) = body.start_event().unwrap() else { panic!() };
//! assert_eq!(fields.get(), r#"{"name": "Ada"}"#);
//! ```
//!
//! # What is deliberately not here
//!
//! - **No classes.** Which events a workflow knows, and which fields they have, is for the server
//!   to say; here is only how a client may spell them.

mod body;
mod client_event;
mod context;
mod envelope;
mod frame;
mod graph;
mod json;
mod record;
mod refusal;
#[cfg(feature = "openapi")]
mod schema;
mod service;
mod stream_event;
mod timestamp;

pub use body::{BodyError, RunBody, SendBody};
pub use client_event::{ClientEnvelope, ClientEvent, EventError, Mistake};
pub use envelope::{BUILTIN_MODULE, Envelope};
pub use frame::{HEARTBEAT, push_line, push_sse_frame};
pub use graph::{GraphEdge, GraphNode, NodeKind, WorkflowGraph, WorkflowRepresentation};
pub use json::MAX_DEPTH;
pub use record::{HandlerList, HandlerRecord, Status};
pub use refusal::Refusal;
pub use service::{
    Acknowledged, Acknowledgement, ErrorBody, EventSchemas, Health, HealthStatus, WorkflowList,
    WorkflowSchema,
};
pub use stream_event::{
    Exception, StepRestarted, StepState, StepStateChanged, UnhandledEvent, WorkflowFailed,
    WorkflowIdle, WorkflowTimedOut,
};
pub use timestamp::Timestamp;

#[cfg(test)]
mod tests;
