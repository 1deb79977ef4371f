//! One body while it runs: polled, timed, and its end told to the driver.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::CatchUnwind;
use stepwell_core::{Cause, Event as RawEvent, Execution, Failure, Output, RunId, Tick};
use tokio::time::{Instant, Sleep};

use super::clock::Clock;
use super::mailbox::{Input, Mailbox};
use crate::StepError;
use crate::context::{MAX_EVENT_BYTES, RawContext};
use crate::retry::{Attempted, CauseView, FailureView, RetryPolicy, Verdict, seed};
use crate::workflow::{BodyFuture, StepOptions};

/// How many bytes the events that a step returns may have in all: they are one journal entry, and
/// SQLite keeps rows of up to a gigabyte.
const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// About what is written of an event besides its fields.
const EVENT_OVERHEAD: usize = 64;

/// A body to run to its end.
pub(super) struct Body {
    pub(super) run: RunId,
    pub(super) execution: Execution,
    pub(super) options: StepOptions,
    pub(super) context: RawContext,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) mailbox: Mailbox,
}

/// Why an attempt failed, before a retry policy has seen it.
enum Failed {
    /// It returned this.
    Error(StepError),
    /// It was stopped, panicked, or returned something that cannot be kept.
    Failure(Failure),
}

impl Body {
    /// Runs it, and tells the driver how it ended.
    pub(super) async fn run(self, future: BodyFuture) {
        let ended = AssertUnwindSafe(self.run_and_tell(future)).catch_unwind();
        if let Err(panic) = ended.await {
            // Users' code can hide anywhere, in the drop of a state for one. Whoever is not told
            // how a body ended would wait for ever.
            let Execution { item, attempt, .. } = self.execution;
            let failure = panicked(&said(panic));
            self.mailbox.tell(Input::new(Tick::Failed { item, attempt, failure, retry: None }));
        }
    }

    async fn run_and_tell(&self, future: BodyFuture) {
        let Execution { item, attempt, .. } = self.execution;
        let ended = Running::new(future, self).await;
        let ended = ended.and_then(|output| fitting(output).map_err(Failed::Failure));
        let Some(first) = self.context.finish(ended.is_ok()) else { return };
        let tick = match ended {
            Ok(output) => {
                tracing::debug!(output = summary(&output), "an attempt returned");
                Tick::Returned { item, attempt, output }
            }
            Err(failed) => {
                // Displaying an error, and dropping it, is users' code too.
                let judged = guarded(|| self.judge(&failed));
                let (failure, retry) = judged.unwrap_or_else(|said| (panicked(&said), None));
                let _ = guarded(|| drop(failed));
                let Failure { kind, message, .. } = &failure;
                let (run, step) = (&self.run, &self.execution.step);
                tracing::warn!(%run, %step, attempt, kind, error = message, ?retry, "an attempt failed");
                Tick::Failed { item, attempt, failure, retry }
            }
        };
        self.mailbox.tell(Input::new(tick).after(first));
    }

    /// Asks the retry policy what becomes of a failed attempt.
    fn judge(&self, failed: &Failed) -> (Failure, Option<Duration>) {
        let (failure, error) = match failed {
            Failed::Error(error) => (error.failure(), Some(error)),
            Failed::Failure(failure) => (failure.clone(), None),
        };
        let Some(policy) = &self.options.retry else { return (failure, None) };
        match guarded(|| self.verdict(policy, &failure, error)) {
            Ok(Verdict::Retry { delay }) => (failure, Some(delay)),
            Ok(Verdict::Stop) => (failure, None),
            Err(said) => {
                let message = format!("the retry policy panicked: {said}");
                let mut policy_failed = Failure::new("Panic", message);
                policy_failed.causes.push(Cause { kind: failure.kind, message: failure.message });
                (policy_failed.shortened(), None)
            }
        }
    }

    fn verdict(
        &self,
        policy: &RetryPolicy,
        failure: &Failure,
        error: Option<&StepError>,
    ) -> Verdict {
        let Execution { step, attempt, first_run_at, .. } = &self.execution;
        let causes: Vec<CauseView<'_>> = failure
            .causes
            .iter()
            .map(|cause| CauseView { kind: &cause.kind, message: &cause.message })
            .collect();
        policy.verdict(&Attempted {
            elapsed: self.clock.now().since(*first_run_at),
            failures: *attempt,
            failure: FailureView {
                causes: &causes,
                fatal: error.is_some_and(StepError::is_fatal),
                error: error.map(StepError::error),
                ..FailureView::new(&failure.kind, &failure.message)
            },
            seed: seed(self.run.as_str(), step, *attempt),
        })
    }
}

/// The future of a body, with its limits.
struct Running<'a> {
    /// None when it is dropped.
    future: Option<CatchUnwind<AssertUnwindSafe<BodyFuture>>>,
    body: &'a Body,
    began: Instant,
    /// How long it did nothing but wait, which no limit counts.
    parked: Duration,
    parked_since: Option<Instant>,
    /// When it last had something to do besides waiting: silence counts from there.
    went_on: Instant,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<'a> Running<'a> {
    fn new(future: BodyFuture, body: &'a Body) -> Self {
        let began = Instant::now();
        let StepOptions { timeout, heartbeat, .. } = &body.options;
        let limited = timeout.is_some() || heartbeat.is_some();
        Self {
            future: Some(AssertUnwindSafe(future).catch_unwind()),
            body,
            began,
            parked: Duration::ZERO,
            parked_since: None,
            went_on: began,
            alarm: limited.then(|| Box::pin(tokio::time::sleep_until(began))),
        }
    }

    /// Returns the limit that was exceeded, or sets the alarm for the next one.
    fn poll_limits(&mut self, task: &mut TaskContext<'_>) -> Option<Failure> {
        let StepOptions { timeout, heartbeat, .. } = &self.body.options;
        let alarm = self.alarm.as_mut()?;
        loop {
            let beat = self.went_on.max(*self.body.context.inner.heartbeat.lock());
            let silence = heartbeat.and_then(|limit| beat.checked_add(limit));
            let end = timeout
                .and_then(|limit| limit.checked_add(self.parked))
                .and_then(|limit| self.began.checked_add(limit));
            // A limit beyond all time is none.
            let next = [silence, end].into_iter().flatten().min()?;
            if next <= Instant::now() {
                let limit = if end == Some(next) { *timeout } else { *heartbeat };
                let what = if end == Some(next) {
                    "the attempt ran longer than"
                } else {
                    "the attempt gave no sign of life for"
                };
                let message = format!("{what} {:?}", limit.unwrap_or_default());
                return Some(Failure::new("StepTimeout", message));
            }
            alarm.as_mut().reset(next);
            if alarm.as_mut().poll(task).is_pending() {
                return None;
            }
        }
    }
}

impl Future for Running<'_> {
    type Output = Result<Output, Failed>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(since) = this.parked_since.take() {
            this.went_on = Instant::now();
            this.parked += this.went_on - since;
        }
        let calls = &this.body.context.inner.calls;
        let future = this.future.as_mut().expect("it is polled before it is dropped");
        let polled = calls.poll_body(task, |task| future.poll_unpin(task));
        if let Poll::Ready(returned) = polled {
            return Poll::Ready(match returned {
                Ok(returned) => returned.map_err(Failed::Error),
                Err(panic) => Err(Failed::Failure(panicked(&said(panic)))),
            });
        }
        if calls.is_parked() {
            this.parked_since = Some(Instant::now());
            return Poll::Pending;
        }
        match this.poll_limits(task) {
            Some(failure) => {
                // One that blocks its thread cannot be dropped.
                this.body.context.inner.calls.cancelled().cancel();
                Poll::Ready(Err(Failed::Failure(failure)))
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A body that ran out of time is dropped where it stands, with all that it holds.
        let future = self.future.take();
        let _ = guarded(|| drop(future));
    }
}

/// Checks that what a body returned can be kept.
fn fitting(output: Output) -> Result<Output, Failure> {
    let size = |event: &RawEvent| event.value.text().len();
    let too_large = |message: String| Failure::new("EventTooLarge", message);
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

fn summary(output: &Output) -> String {
    match output {
        Output::Nothing => "nothing".to_owned(),
        Output::Event(event) => event.name.to_string(),
        Output::Events(events) => format!("a list of {}", events.len()),
    }
}

fn panicked(said: &str) -> Failure {
    Failure::new("Panic", format!("the step panicked: {said}")).shortened()
}

/// Runs users' code. If it panics, returns what it said.
pub(super) fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(said)
}

/// Returns what a panic said, and drops it, which may panic too.
fn said(panic: Box<dyn Any + Send>) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not a text".to_owned());
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    text
}
