//! What a step can do while it runs.

mod answers;
mod atomic;
mod blocking;
mod branch;
mod calls;
mod collect;
mod error;
mod made;
mod numbers;
mod once;
mod polling;
mod published;
mod send;
mod sleep;
mod stream;
#[cfg(test)]
mod tests;
mod update;
mod wait;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_core::{
    Event as RawEvent, Execution, FailedAttempt, ItemId, Name, Payload, Recorded, RunId,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use blocking::BlockingContext;
pub use error::ContextError;
pub use wait::Wait;

use crate::engine::clock::Clock;
use crate::engine::mailbox::{Input, Mailbox};
use crate::engine::state::{ErasedState, StateCell};
use crate::resource::{Res, Resources};
use crate::workflow::{State, StepOptions};
use crate::{Event, StepError, Workflow, emit};
use atomic::Working;
use calls::Calls;

/// The largest event, as JSON, in bytes: 1 MiB.
///
/// An event is copied into a journal row and into every reader's buffer, so it must be small;
/// larger things belong into a file or an object store, and their address into the event.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// What a step can do while it runs. Cheap to clone.
///
/// Calls take effect in the order in which they are made, before what the step returns. After a
/// crash the body runs again from its beginning; calls that had taken effect are then recognised
/// by what was called and how often, and answered as before, without taking effect again. So make
/// the same calls in the same order, whatever the clock says: what may come out differently, do
/// with [`Context::once`]. A body that makes other calls than before sets its run aside.
///
/// Code of a body that runs concurrently makes its calls through [`Context::branch`].
pub struct Context<S = ()> {
    raw: RawContext,
    branch: Name,
    state: Arc<StateCell<S>>,
}

/// A context whose state type is not known.
#[derive(Clone)]
pub(crate) struct RawContext {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    workflow: Workflow,
    run: RunId,
    step: Name,
    item: ItemId,
    attempt: u32,
    options: StepOptions,
    failures: Vec<FailedAttempt>,
    elapsed: Duration,
    pub(crate) calls: Calls,
    clock: Arc<dyn Clock>,
    state: Arc<dyn ErasedState>,
    /// The state as an atomic step has changed it.
    working: Working,
    resources: Resources,
    /// When the body last gave a sign of life.
    pub(crate) heartbeat: Mutex<Instant>,
}

/// Where a body runs.
pub(crate) struct Place {
    pub(crate) workflow: Workflow,
    pub(crate) run: RunId,
    pub(crate) options: StepOptions,
    pub(crate) mailbox: Mailbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: Arc<dyn ErasedState>,
    pub(crate) ended: CancellationToken,
}

impl RawContext {
    pub(crate) fn new(
        place: Place,
        execution: &Execution,
        recorded: &Recorded,
        failures: &[FailedAttempt],
    ) -> Self {
        let Place { workflow, run, options, mailbox, clock, state, ended } = place;
        let inner = Inner {
            resources: workflow.resources().for_body(),
            workflow,
            run,
            step: execution.step.clone(),
            item: execution.item,
            attempt: execution.attempt,
            options,
            failures: failures.to_vec(),
            elapsed: clock.now().since(execution.first_run_at),
            calls: Calls::new(execution, recorded, mailbox, &ended),
            clock,
            state,
            working: Working::default(),
            heartbeat: Mutex::new(Instant::now()),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn module(&self) -> Option<&str> {
        self.inner.workflow.module()
    }

    pub(crate) fn typed<S: State>(self) -> Context<S> {
        let state = Arc::clone(&self.inner.state).as_any().downcast();
        let state = state.expect("the builder gives all steps of a workflow one state type");
        Context { raw: self, branch: Name::empty(), state }
    }

    /// The body has returned, well or not. Returns what an atomic step changed, to be written with
    /// the result; or nothing if there is no result to tell: the run has ended or left this
    /// process, or is set aside because the body made other calls than before.
    pub(crate) fn finish(&self, well: bool) -> Option<Option<Input>> {
        let inner = &*self.inner;
        let finished = inner.calls.finish();
        let changes = inner.working.take();
        let unmade = finished.ok()?;
        if well && let Some(before) = unmade {
            inner.calls.set_aside(&before, "it returned without that call");
            return None;
        }
        Some(changes.filter(|_| well).and_then(|changes| changes.into_input(inner)))
    }

    /// The run has ended or leaves this process: no further call counts.
    pub(crate) fn end(&self) {
        self.inner.calls.end();
        // Others may change the state again.
        drop(self.inner.working.take());
    }
}

impl Inner {
    fn raw<E: Event>(&self, event: &E) -> Result<RawEvent, ContextError> {
        let event = emit::raw(event, self.workflow.module())?;
        check_size(&event.value)?;
        Ok(event)
    }
}

impl<S: State> Context<S> {
    /// Returns the run's name.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        &self.raw.inner.run
    }

    /// Returns the step's name.
    #[must_use]
    pub fn step(&self) -> &str {
        &self.raw.inner.step
    }

    /// Returns the number of this attempt; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.raw.inner.attempt
    }

    /// Returns the failures of the attempts before this one, oldest first, the last 20 of them.
    #[must_use]
    pub fn failures(&self) -> &[FailedAttempt] {
        &self.raw.inner.failures
    }

    /// Returns how long before this body began the first attempt was begun; zero in the first.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.raw.inner.elapsed
    }

    /// Returns a text that is the same in every attempt of this work, and differs from that of
    /// any other: what other systems should recognise a repeated request by.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("{}-{}", self.raw.inner.run, self.raw.inner.item)
    }

    /// Returns a token that is cancelled when the run ends, or leaves this process: then it goes on
    /// elsewhere, so this is no place to undo things. A body that does not return within
    /// half a second after that is dropped at its next `await`. It is cancelled as well when the
    /// attempt has taken longer than it may, for those that block their thread.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.raw.inner.calls.cancelled()
    }

    /// Gives a sign of life, for a step with [`StepOptions::heartbeat`].
    pub fn heartbeat(&self) {
        *self.raw.inner.heartbeat.lock() = Instant::now();
    }

    /// Returns a resource of the workflow.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none of this type, or if it cannot be made.
    pub async fn resource<T: Send + Sync + 'static>(&self) -> Result<Res<T>, StepError> {
        let _busy = self.raw.inner.calls.busy();
        self.raw.inner.resources.get().await
    }
}

fn check_size(payload: &Payload) -> Result<(), ContextError> {
    let bytes = payload.text().len();
    if bytes > MAX_EVENT_BYTES { Err(ContextError::TooLarge { bytes }) } else { Ok(()) }
}

impl<S> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), branch: self.branch.clone(), state: Arc::clone(&self.state) }
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { run, step, item, attempt, .. } = &*self.raw.inner;
        write!(f, "Context({run}, {step} #{item}, attempt {attempt}")?;
        if !self.branch.is_empty() {
            write!(f, ", branch {}", self.branch)?;
        }
        f.write_str(")")
    }
}
