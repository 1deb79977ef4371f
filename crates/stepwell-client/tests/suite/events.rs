//! The classes of the workflows, as a user of the server would share them with its clients.

use serde::{Deserialize, Serialize};
use stepwell::Event;
use stepwell_client::TypedEvent;

#[derive(Event)]
#[event(start)]
pub(crate) struct GreetStart {
    pub(crate) name: String,
}

#[derive(Event)]
#[event(module = "fixtures")]
pub(crate) struct GreetProgress {
    pub(crate) index: u32,
    pub(crate) message: String,
}

#[derive(Event)]
#[event(request)]
pub(crate) struct RequestEvent {
    pub(crate) prompt: String,
}

#[derive(Event)]
#[event(response)]
pub(crate) struct ResponseEvent {
    pub(crate) response: String,
}

#[derive(Event)]
#[event(stop)]
pub(crate) struct OutEvent {
    pub(crate) output: String,
}

#[derive(Event)]
#[event(request)]
pub(crate) struct ApprovalRequest {
    pub(crate) ticket: String,
}

#[derive(Event)]
#[event(response)]
pub(crate) struct Approval {
    pub(crate) ticket: String,
    pub(crate) approved: bool,
}

/// One without the engine's macro.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BurstItem {
    pub(crate) seq: u64,
    pub(crate) pad: String,
}

impl TypedEvent for BurstItem {
    const NAME: &'static str = "BurstItem";
    const MODULE: Option<&'static str> = Some("fixtures");
}
