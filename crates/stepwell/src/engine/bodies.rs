//! The bodies of a run that are running or parked: started, told answers, dropped at the end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{Execution, ItemId, Recorded, RunId, RunState};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::body::{Body, guarded};
use super::clock::Clock;
use super::mailbox::Mailbox;
use super::state::ErasedState;
use crate::Workflow;
use crate::context::{Place, RawContext};

/// How long bodies may go on after their run has ended.
const GRACE: Duration = Duration::from_millis(500);

/// About what a parked body takes besides its future: its task, its calls, its run.
const BODY_OVERHEAD: usize = 8 << 10;

/// The bodies of one run in this process.
pub(crate) struct Bodies {
    run: RunId,
    workflow: Workflow,
    state: Arc<dyn ErasedState>,
    mailbox: Mailbox,
    clock: Arc<dyn Clock>,
    /// Whether a body that is answered runs again from its beginning, to show whether it makes the
    /// same calls.
    reruns: bool,
    ended: CancellationToken,
    running: HashMap<ItemId, Handle>,
    /// What those take together.
    bytes: usize,
    tasks: JoinSet<(ItemId, u32)>,
}

/// A body in this process.
struct Handle {
    attempt: u32,
    context: RawContext,
    /// How many answers it was told.
    told: usize,
    bytes: usize,
    task: AbortHandle,
}

impl Bodies {
    pub(crate) fn new(
        run: RunId,
        workflow: Workflow,
        state: Arc<dyn ErasedState>,
        mailbox: Mailbox,
        clock: Arc<dyn Clock>,
        reruns: bool,
    ) -> Self {
        Self {
            run,
            workflow,
            state,
            mailbox,
            clock,
            reruns,
            ended: CancellationToken::new(),
            running: HashMap::new(),
            bytes: 0,
            tasks: JoinSet::new(),
        }
    }

    /// Starts a body, or lets it go on if it is parked here; how it ended comes as an input.
    pub(crate) fn run(&mut self, execution: Execution, state: &RunState) {
        self.reap();
        let Execution { item, attempt, .. } = execution;
        let Some(recorded) = state.recorded(item) else { return };
        if state.attempt(item) != Some(attempt) {
            // Its attempt was over before it began.
            return;
        }
        if let Some(handle) = self.running.get_mut(&item)
            && handle.attempt == attempt
            // Of one that does more than wait, not everything that it did is recorded yet.
            && !(self.reruns && handle.context.inner.calls.is_parked())
        {
            return handle.tell(recorded);
        }
        if let Some(old) = self.forget(item) {
            old.drop_body();
        }
        self.start(execution, recorded, state);
    }

    /// Tells a body that more of its calls are answered.
    pub(crate) fn answer(&mut self, item: ItemId, state: &RunState) {
        if let (Some(handle), Some(recorded)) = (self.running.get_mut(&item), state.recorded(item))
            && state.attempt(item) == Some(handle.attempt)
        {
            handle.tell(recorded);
        }
    }

    fn start(&mut self, execution: Execution, recorded: &Recorded, state: &RunState) {
        let Some(step) = self.workflow.step(&execution.step) else {
            // The driver checked that the code fits the run before it took it up.
            tracing::error!(run = %self.run, step = %execution.step, "the step is not in the code");
            return;
        };
        let place = Place {
            workflow: self.workflow.clone(),
            run: self.run.clone(),
            options: step.options.clone(),
            mailbox: self.mailbox.clone(),
            clock: Arc::clone(&self.clock),
            state: Arc::clone(&self.state),
            ended: self.ended.clone(),
        };
        let Execution { item, attempt, ref input, .. } = execution;
        let context = RawContext::new(place, &execution, recorded, state.failures(item));
        // Cloning a step is users' code too.
        let future = guarded(|| step.body.call(input.clone(), context.clone()));
        let future = future.unwrap_or_else(|said| Box::pin(async move { panic!("{said}") }));
        let bytes = BODY_OVERHEAD + size_of_val(&*future);
        let span = tracing::info_span!(
            "attempt",
            run = %self.run,
            step = %execution.step,
            item = item.0,
            attempt,
            input = %execution.input.name(),
        );
        let body = Body {
            run: self.run.clone(),
            execution,
            options: step.options.clone(),
            context: context.clone(),
            clock: Arc::clone(&self.clock),
            mailbox: self.mailbox.clone(),
        };
        let run = async move {
            body.run(future).await;
            (item, attempt)
        };
        let task = self.tasks.spawn(run.instrument(span));
        let told = recorded.answers().len();
        self.running.insert(item, Handle { attempt, context, told, bytes, task });
        self.bytes += bytes;
    }

    fn forget(&mut self, item: ItemId) -> Option<Handle> {
        let handle = self.running.remove(&item)?;
        self.bytes -= handle.bytes;
        Some(handle)
    }

    /// Forgets bodies that have returned.
    fn reap(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Ok((item, attempt)) = ended
                && self.running.get(&item).is_some_and(|handle| handle.attempt == attempt)
            {
                self.forget(item);
            }
        }
    }

    /// Warns of a run that waits although nothing it waits for can come: as a rule a step returned
    /// nothing where it should have returned something.
    pub(crate) fn warn_of_stall(&self) {
        let workflow = self.workflow.name();
        tracing::warn!(
            run = %self.run,
            workflow,
            "the run has nothing left to do and waits for nothing that can come"
        );
    }

    /// Tells whether what the run does is to be logged.
    pub(crate) fn are_verbose(&self) -> bool {
        self.workflow.is_verbose()
    }

    /// Tells whether more than one body was started and perhaps runs.
    pub(crate) fn are_several(&self) -> bool {
        self.tasks.len() > 1
    }

    /// Returns about how many bytes the bodies take that are here; none if there are none.
    pub(crate) fn bytes(&mut self) -> Option<usize> {
        self.reap();
        let mut here = self.running.values().filter(|handle| !handle.context.inner.calls.is_over());
        here.next()?;
        // With those that are over: they are gone in a moment.
        Some(self.bytes)
    }

    /// Tells bodies that the run has ended, and drops those that do not return in time.
    pub(crate) fn end(mut self) {
        self.ended.cancel();
        self.running.values().for_each(|handle| handle.context.end());
        self.reap();
        if self.tasks.is_empty() {
            return;
        }
        let mut tasks = std::mem::take(&mut self.tasks);
        tokio::spawn(async move {
            let all = async { while tasks.join_next().await.is_some() {} };
            // Those that are left are dropped with the set.
            let _ = tokio::time::timeout(GRACE, all).await;
        });
    }
}

impl Handle {
    /// Tells the body the answers that came since it was told last.
    fn tell(&mut self, recorded: &Recorded) {
        let answers = recorded.answers();
        if let Some(new) = answers.get(self.told..) {
            self.context.inner.calls.deliver(new);
            self.told = answers.len();
        }
    }

    /// Drops the body; its calls stay as they are.
    fn drop_body(&self) {
        self.context.end();
        self.task.abort();
    }
}

impl Drop for Bodies {
    fn drop(&mut self) {
        // For tasks of theirs that outlive them, and so that dropping them gives up no call.
        self.ended.cancel();
        self.running.values().for_each(|handle| handle.context.end());
    }
}
