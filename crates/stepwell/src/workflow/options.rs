//! What can be said of a step besides its signature.

use std::any::{TypeId, type_name};
use std::collections::BTreeSet;
use std::time::Duration;

use stepwell_core::DEFAULT_WORKERS;

use super::GraphCheck;
use crate::retry::RetryPolicy;

/// What can be set for a step.
#[derive(Clone, Debug)]
pub struct StepOptions {
    pub(crate) workers: u32,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) take: Option<u32>,
    pub(crate) is_atomic: bool,
    pub(crate) description: Option<String>,
    pub(crate) skips: BTreeSet<GraphCheck>,
    pub(crate) resources: Vec<ResourceUse>,
}

/// A resource that a step takes.
#[derive(Clone, Debug)]
pub struct ResourceUse {
    /// The name of the parameter.
    pub parameter: String,
    /// The name of its type.
    pub type_name: &'static str,
    pub(crate) type_id: TypeId,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self {
            workers: DEFAULT_WORKERS,
            retry: None,
            timeout: None,
            heartbeat: None,
            take: None,
            is_atomic: false,
            description: None,
            skips: BTreeSet::new(),
            resources: Vec::new(),
        }
    }
}

impl StepOptions {
    /// Returns the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many bodies of the step run at once in one run; 4 by default.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// Sets what becomes of a failed attempt. By default there is no other one.
    #[must_use]
    pub fn retry(mut self, policy: impl Into<RetryPolicy>) -> Self {
        self.retry = Some(policy.into());
        self
    }

    /// Sets how long one attempt may run. Time in which it only waits for an answer does not
    /// count, nor does time before a crash. No limit by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how long an attempt may go without a sign of life, [`Context::heartbeat`]. No limit
    /// by default.
    ///
    /// [`Context::heartbeat`]: crate::Context::heartbeat
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// Sets how many events of a batch are enough for a step that takes a [`Join`](crate::Join).
    #[must_use]
    pub fn take(mut self, members: u32) -> Self {
        self.take = Some(members);
        self
    }

    /// Keeps the updates of an attempt back until it succeeds: those of a failed one are undone.
    /// From its first update to its end no other step can change the state.
    #[must_use]
    pub fn atomic(mut self) -> Self {
        self.is_atomic = true;
        self
    }

    /// Says what the step is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Leaves out one check of the graph for this step.
    #[must_use]
    pub fn skip(mut self, check: GraphCheck) -> Self {
        self.skips.insert(check);
        self
    }

    /// Says that the step takes a resource, so that building the workflow fails if nobody
    /// provides it.
    #[must_use]
    pub fn needs<T: Send + Sync + 'static>(mut self, parameter: impl Into<String>) -> Self {
        self.resources.push(ResourceUse {
            parameter: parameter.into(),
            type_name: type_name::<T>(),
            type_id: TypeId::of::<T>(),
        });
        self
    }
}
