//! The bodies of a run that are running: spawned, watched for panics, dropped at the end.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use stepwell_core::{Event as RawEvent, Execution, Failure, Output, RunId, Tick};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::mailbox::{Input, Mailbox};
use super::state::ErasedState;
use crate::Workflow;
use crate::context::{MAX_EVENT_BYTES, RawContext};

/// How long bodies may go on after their run has ended.
const GRACE: Duration = Duration::from_millis(500);

/// How many bytes the events that a step returns may have in all: they are one journal entry, and
/// SQLite keeps rows of up to a gigabyte.
const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// About what is written of an event besides its fields.
const EVENT_OVERHEAD: usize = 64;

/// The bodies of one run in this process.
pub(crate) struct Bodies {
    run: RunId,
    workflow: Workflow,
    state: Arc<dyn ErasedState>,
    mailbox: Mailbox,
    ended: CancellationToken,
    tasks: JoinSet<()>,
}

impl Bodies {
    pub(crate) fn new(
        run: RunId,
        workflow: Workflow,
        state: Arc<dyn ErasedState>,
        mailbox: Mailbox,
    ) -> Self {
        let ended = CancellationToken::new();
        Self { run, workflow, state, mailbox, ended, tasks: JoinSet::new() }
    }

    /// Starts a body; how it ended comes as an input.
    pub(crate) fn start(&mut self, execution: &Execution) {
        while self.tasks.try_join_next().is_some() {}
        let Some(step) = self.workflow.step(&execution.step) else {
            // The driver checked that the code fits the run before it took it up.
            tracing::error!(run = %self.run, step = %execution.step, "the step is not in the code");
            return;
        };
        let context = RawContext::new(
            self.workflow.clone(),
            self.run.clone(),
            execution,
            self.mailbox.clone(),
            Arc::clone(&self.state),
            self.ended.clone(),
        );
        // Called inside, so that a panic before the first await is caught too.
        let body = Arc::clone(&step.body);
        let event = execution.event.clone();
        let finished = context.clone();
        let called = async move { outcome(body.call(event, context).await) };
        let (item, attempt) = (execution.item, execution.attempt);
        let (run, step) = (self.run.clone(), execution.step.clone());
        let mailbox = self.mailbox.clone();
        self.tasks.spawn(async move {
            let returned = AssertUnwindSafe(called).catch_unwind().await;
            finished.finish();
            let tick = match returned.unwrap_or_else(|panic| Err(panicked(&*panic))) {
                Ok(output) => Tick::Returned { item, attempt, output },
                Err(failure) => {
                    let Failure { kind, message } = &failure;
                    tracing::warn!(%run, %step, kind, message, "a step failed");
                    Tick::Failed { item, attempt, failure }
                }
            };
            mailbox.input(Input::new(tick)).await;
        });
    }

    /// Warns of a run that waits although nobody is expected to answer: as a rule a step returned
    /// nothing where it should have returned something.
    pub(crate) fn warn_if_stalled(&self) {
        if !self.workflow.expects_answers() {
            let workflow = self.workflow.name();
            tracing::warn!(
                run = %self.run,
                workflow,
                "the run has nothing left to do and its workflow accepts no response; it waits"
            );
        }
    }

    /// Tells whether more than one body was started and perhaps runs.
    pub(crate) fn are_several(&self) -> bool {
        self.tasks.len() > 1
    }

    /// Tells bodies that the run has ended, and drops those that do not return in time.
    pub(crate) fn end(mut self) {
        self.ended.cancel();
        while self.tasks.try_join_next().is_some() {}
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

impl Drop for Bodies {
    fn drop(&mut self) {
        // For tasks of theirs that outlive them.
        self.ended.cancel();
    }
}

fn outcome(returned: Result<Output, crate::StepError>) -> Result<Output, Failure> {
    let output = returned.map_err(|error| error.failure())?;
    let size = |event: &RawEvent| event.value.text().len();
    let too_large = |message| Failure { kind: "EventTooLarge".to_owned(), message };
    if let Some(event) = output.events().iter().find(|event| size(event) > MAX_EVENT_BYTES) {
        let RawEvent { name, .. } = event;
        let bytes = size(event);
        return Err(too_large(format!(
            "the returned `{name}` is {bytes} bytes long, more than the limit of {MAX_EVENT_BYTES}"
        )));
    }
    let bytes: usize = output.events().iter().map(|event| EVENT_OVERHEAD + size(event)).sum();
    if bytes > MAX_OUTPUT_BYTES {
        return Err(too_large(format!(
            "the returned events are {bytes} bytes long, more than the limit of {MAX_OUTPUT_BYTES}"
        )));
    }
    Ok(output)
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let message = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not a text".to_owned());
    Failure { kind: "Panic".to_owned(), message: format!("the step panicked: {message}") }
}
