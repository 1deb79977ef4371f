//! The fields of events that the server itself puts into streams.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Internal: a step was queued, began or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepStateChanged<'a> {
    /// The step.
    pub name: Cow<'a, str>,
    /// What became of it.
    pub step_state: StepState,
    /// The number of its worker as a text, or `<enqueued>`.
    pub worker_id: Cow<'a, str>,
    /// The class of the event it was given.
    pub input_event_name: Cow<'a, str>,
    /// The class of the event it returned, or `NoneType`; null if it has not returned.
    pub output_event_name: Option<Cow<'a, str>>,
}

impl StepStateChanged<'_> {
    /// The name of the class.
    pub const TYPE: &'static str = "StepStateChanged";
    /// The worker of a step that waits for one.
    pub const ENQUEUED: &'static str = "<enqueued>";
    /// What a step returned that returned nothing.
    pub const NOTHING: &'static str = "NoneType";
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StepState {
    /// It waits for a worker.
    Preparing,
    /// It was begun.
    Running,
    /// It returned, failed, or waits for an event.
    NotRunning,
}

/// Internal: nothing is queued and nothing runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkflowIdle {}

impl WorkflowIdle {
    /// The name of the class.
    pub const TYPE: &'static str = "WorkflowIdleEvent";
}

/// Internal: nobody took an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnhandledEvent<'a> {
    /// The event's class.
    pub event_type: Cow<'a, str>,
    /// Its module and name, joined by a dot.
    pub qualified_name: Cow<'a, str>,
    /// The step it was sent to, if it was sent to one.
    pub step_name: Option<Cow<'a, str>>,
    /// Whether the run has nothing else to do.
    pub idle: bool,
}

impl UnhandledEvent<'_> {
    /// The name of the class.
    pub const TYPE: &'static str = "UnhandledEvent";
}

/// Internal, and told by no other server: what a step publishes from here on replaces what it
/// published from a number on, because it was run again and did something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepRestarted<'a> {
    /// The step.
    pub step_name: Cow<'a, str>,
    /// The number.
    pub from_sequence: u64,
}

impl StepRestarted<'_> {
    /// The name of the class.
    pub const TYPE: &'static str = "StepRestarted";
}

/// The last event of a run that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkflowFailed<'a> {
    /// The step that failed.
    pub step_name: Cow<'a, str>,
    /// Why it failed.
    pub exception: Exception<'a>,
    /// How often it was tried.
    pub attempts: Option<u32>,
    /// How long that took.
    pub elapsed_seconds: Option<f64>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Exception<'a> {
    /// The type of the error.
    pub exception_type: Cow<'a, str>,
    /// What it said.
    pub exception_message: Cow<'a, str>,
}

/// The last event of a run that was busy for too long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkflowTimedOut {
    /// The limit, in seconds.
    pub timeout: f64,
    /// The steps that were running.
    pub active_steps: Vec<String>,
}

impl WorkflowTimedOut {
    /// Returns the error of the run's record.
    #[must_use]
    pub fn error(&self) -> String {
        // As Python prints a float: 0.3s, 60.0s.
        format!("Workflow timed out after {:?}s", self.timeout)
    }
}
