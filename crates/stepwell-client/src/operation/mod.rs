//! What can be asked of a server: one type for each call, next to the method that makes it.

mod catalog;
mod events;
mod handlers;
mod run;
mod send;
mod wait;

pub use catalog::{
    GetWorkflowEventsSchema, GetWorkflowGraph, GetWorkflowSchema, IsHealthy, ListWorkflows,
};
pub use events::GetWorkflowEvents;
pub use handlers::{CancelHandler, GetHandler, GetHandlers};
pub use run::{Run, RunWorkflow, RunWorkflowNowait, Start};
pub use send::SendEvent;
pub use wait::{Backoff, WaitForHandler};
