//! What readers of a run see: items of its stream, numbered by the order they are published in.

use serde::{Deserialize, Serialize};

use crate::{Event, Name};

/// One item of a run's stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamItem {
    /// An event that a step published, a request, or the event that ended the run.
    Event(Event),
    /// Internal: a body was queued, began or ended.
    Step(StepChange),
    /// Internal: nothing is queued and nothing runs; the run waits for the outside.
    Idle,
    /// Internal: nobody took an event.
    Unhandled(Unhandled),
    /// Internal: a body that was run again published something else than before.
    Restarted {
        /// The step whose body it is.
        step: Name,
        /// What the body publishes from here on replaces what it published from this number on.
        from_sequence: u64,
    },
}

impl StreamItem {
    /// Tells whether only readers who ask for internal items see it.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        !matches!(self, Self::Event(_))
    }
}

/// A body was queued, began or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepChange {
    /// The step.
    pub step: Name,
    /// What became of the body.
    pub phase: StepPhase,
    /// The worker it runs on, counted from 0; none while it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// The name of the event it was given.
    pub input: Name,
    /// The name of the event it returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Name>,
}

/// Where the body of a step is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPhase {
    /// Waits for a worker.
    Queued,
    /// Was begun.
    Running,
    /// Waits for something and has no worker meanwhile.
    Waiting,
    /// Returned something.
    Returned,
    /// Failed.
    Failed,
}

/// An event that nobody took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unhandled {
    /// The name of the event.
    pub event: Name,
    /// Its module.
    pub module: Name,
    /// The step it was sent to, if it was sent to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Name>,
    /// Whether the run has nothing else to do.
    pub idle: bool,
}
