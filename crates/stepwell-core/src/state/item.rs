//! Work items: what is given to a step, and how far its body has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::recorded::Recorded;
use super::snapshot::pairs;
use crate::{BatchId, CallKey, Event, Failure, Name, TimerId, Timestamp};

/// What a step is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// An event.
    Event(Event),
    /// The members of a batch, in the order in which they arrived.
    Batch(Arc<Vec<Member>>),
    /// One event for each parameter.
    All(Vec<Event>),
    /// The failure of another step.
    Failed(Arc<FailedStep>),
}

impl Input {
    /// Returns what it is called in the stream.
    #[must_use]
    pub fn name(&self) -> Name {
        match self {
            Self::Event(event) => event.name.clone(),
            Self::Batch(_) => "CollectionReleaseEvent".into(),
            Self::All(events) => events.last().map_or_else(Name::empty, |last| last.name.clone()),
            Self::Failed(_) => "StepFailedEvent".into(),
        }
    }
}

/// A member of a batch that arrived at a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Which event of the list that opened the batch it descends from.
    pub index: u32,
    /// The event.
    pub event: Event,
}

/// A failure of a step that no further attempt will mend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedStep {
    /// The step.
    pub step: Name,
    /// What it was given.
    pub input: Input,
    /// Why its last attempt failed.
    pub failure: Failure,
    /// How many attempts there were.
    pub attempts: u32,
    /// How long ago the first attempt began.
    pub elapsed: Duration,
    /// When the last attempt failed.
    pub failed_at: Timestamp,
    /// The failures of its attempts, the last [`HISTORY`] of them.
    pub history: Vec<FailedAttempt>,
}

/// A failure of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedAttempt {
    /// The number of the attempt; the first is 1.
    pub attempt: u32,
    /// When it failed.
    pub failed_at: Timestamp,
    /// Why.
    pub failure: Failure,
}

/// How many failed attempts a work item remembers: enough to see a pattern, and few enough to
/// carry along.
pub const HISTORY: usize = 20;

/// One event given to one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkItem {
    /// Where its step is in the definition.
    pub(crate) step: usize,
    pub(crate) input: Input,
    /// The batch that it belongs to, and so do the events it returns.
    pub(crate) scope: Option<Scope>,
    pub(crate) lineage: Lineage,
    pub(crate) attempt: u32,
    pub(crate) stage: Stage,
    /// Whether a body was started for this attempt.
    pub(crate) has_begun: bool,
    /// The worker it was on last.
    pub(crate) worker: Option<u32>,
    pub(crate) first_run_at: Option<Timestamp>,
    /// The number of the stream item that told of its beginning; it grows from body to body.
    pub(crate) begun: u64,
    #[serde(default, skip_serializing_if = "Recorded::is_nothing")]
    pub(crate) recorded: Recorded,
    /// Calls that are not answered yet.
    #[serde(default, with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) pending: BTreeMap<CallKey, Pending>,
    /// The buffers that its calls took sets from.
    #[serde(default, with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sets: BTreeMap<CallKey, Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failures: Vec<FailedAttempt>,
}

/// Where a work item is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// In the queue of its step.
    Queued,
    /// On this worker.
    Running(u32),
    /// Waits for an answer, and has given its worker away.
    Waiting {
        /// Whether that is all it does: only then it need not run again after a crash.
        parked: bool,
    },
    /// Waits for its next attempt, which begins when this timer fires.
    Delayed(TimerId),
}

/// What answers a call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pending {
    /// An event that this waiter takes.
    Wait(WaiterId),
    /// This timer.
    Sleep(TimerId),
}

/// Names a waiter; a later one has the greater number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct WaiterId(pub(crate) u64);

/// Where in a batch something is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scope {
    pub(crate) batch: BatchId,
    /// Which event of the list that opened the batch it descends from.
    pub(crate) member: u32,
}

/// How often each error handler was entered on the way here. None, for almost all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lineage(Option<Arc<BTreeMap<Name, u32>>>);

impl Lineage {
    pub(crate) fn recoveries(&self, handler: &Name) -> u32 {
        self.0.as_ref().and_then(|counts| counts.get(handler)).copied().unwrap_or(0)
    }

    /// Returns that of what comes of one more recovery.
    pub(crate) fn recovered(&self, handler: &Name) -> Self {
        let mut counts = self.0.as_deref().cloned().unwrap_or_default();
        *counts.entry(handler.clone()).or_default() += 1;
        Self(Some(Arc::new(counts)))
    }

    /// Adds that of another ancestor.
    pub(crate) fn join(&mut self, other: &Self) {
        let Some(others) = &other.0 else { return };
        if self.0.as_ref().is_some_and(|counts| Arc::ptr_eq(counts, others)) {
            return;
        }
        let mut counts = self.0.as_deref().cloned().unwrap_or_default();
        for (handler, count) in others.iter() {
            let known = counts.entry(handler.clone()).or_default();
            *known = (*known).max(*count);
        }
        self.0 = Some(Arc::new(counts));
    }
}

impl WorkItem {
    pub(crate) fn new(step: usize, input: Input, scope: Option<Scope>, lineage: Lineage) -> Self {
        Self {
            step,
            input,
            scope,
            lineage,
            attempt: 1,
            stage: Stage::Queued,
            has_begun: false,
            worker: None,
            first_run_at: None,
            begun: 0,
            recorded: Recorded::default(),
            pending: BTreeMap::new(),
            sets: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Tells whether it does nothing until something answers it.
    pub(crate) fn is_parked(&self) -> bool {
        self.stage == Stage::Waiting { parked: true }
    }
}
