//! What a step can do while it runs.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_core::{
    Effect, Event as RawEvent, Execution, Family, ItemId, Name, Payload, Recorded, RunId, Sent,
    Streamed, Tick, Updated,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::engine::mailbox::{Input, Mailbox, Permit};
use crate::engine::state::{ErasedState, StateCell};
use crate::workflow::State;
use crate::{Event, Workflow, emit};

/// The largest event, as JSON, in bytes: 1 MiB.
///
/// An event is copied into a journal row and into every reader's buffer, so it must be small;
/// larger things belong into a file or an object store, and their address into the event.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// What a step can do while it runs. Cheap to clone.
///
/// Calls take effect in the order in which they are made, before what the step returns. After a
/// crash the body runs again from its beginning; calls that had taken effect are then recognised
/// by their kind and number and answered as before, without taking effect again. So make the same
/// calls in the same order, whatever the clock says. A body that sends an event of another type
/// than before sets its run aside; other differences are not noticed yet.
pub struct Context<S = ()> {
    raw: RawContext,
    state: Arc<StateCell<S>>,
}

/// A context whose state type is not known.
#[derive(Clone)]
pub(crate) struct RawContext {
    inner: Arc<Inner>,
}

struct Inner {
    workflow: Workflow,
    run: RunId,
    step: Name,
    item: ItemId,
    attempt: u32,
    recorded: Recorded,
    calls: Mutex<Calls>,
    mailbox: Mailbox,
    state: Arc<dyn ErasedState>,
    ended: CancellationToken,
}

/// How many calls of each kind the body has made.
#[derive(Debug, Default)]
struct Calls {
    sent: u32,
    updated: u32,
    streamed: u32,
    /// Whether the body has returned.
    over: bool,
    /// Whether an item differed from what the attempt published before it was interrupted.
    restarted: bool,
}

/// Why a call took no effect.
///
/// There is one variant for each thing a step can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The run has ended or has moved to another process. Return soon; nothing more will count.
    #[error("the run has ended")]
    Ended,

    /// The value cannot be written as JSON. Change its type.
    #[error("what the step sends, publishes or changes cannot be written as JSON")]
    Json(#[from] serde_json::Error),

    /// The event is larger than [`MAX_EVENT_BYTES`]. Send its address instead.
    #[error(
        "what the step sends, publishes or changes is {bytes} bytes long, more than the limit of {MAX_EVENT_BYTES}"
    )]
    TooLarge {
        /// How long it is as JSON.
        bytes: usize,
    },

    /// There is no such step, or it does not accept the event. Correct the call.
    #[error("step `{step}` does not exist or does not accept `{event}`")]
    NotAccepted {
        /// The step.
        step: String,
        /// The event.
        event: &'static str,
    },
}

impl RawContext {
    pub(crate) fn new(
        workflow: Workflow,
        run: RunId,
        execution: &Execution,
        mailbox: Mailbox,
        state: Arc<dyn ErasedState>,
        ended: CancellationToken,
    ) -> Self {
        let inner = Inner {
            workflow,
            run,
            step: execution.step.clone(),
            item: execution.item,
            attempt: execution.attempt,
            recorded: execution.recorded.clone(),
            calls: Mutex::default(),
            mailbox,
            state,
            ended,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Refuses all further calls: the body has returned.
    pub(crate) fn finish(&self) {
        self.inner.calls.lock().over = true;
    }

    pub(crate) fn module(&self) -> Option<&str> {
        self.inner.workflow.module()
    }

    pub(crate) fn typed<S: State>(self) -> Context<S> {
        let state = Arc::clone(&self.inner.state).as_any().downcast();
        let state = state.expect("the builder gives all steps of a workflow one state type");
        Context { raw: self, state }
    }
}

impl Inner {
    fn effect(&self, nth: u32) -> Effect {
        Effect { item: self.item, attempt: self.attempt, nth }
    }

    async fn permit(&self) -> Result<Permit<'_>, ContextError> {
        self.mailbox.reserve().await.ok_or(ContextError::Ended)
    }

    fn calls(&self) -> Result<parking_lot::MutexGuard<'_, Calls>, ContextError> {
        let calls = self.calls.lock();
        if calls.over { Err(ContextError::Ended) } else { Ok(calls) }
    }

    fn raw<E: Event>(&self, event: &E) -> Result<RawEvent, ContextError> {
        let event = emit::raw(event, self.workflow.module())?;
        check_size(&event.value)?;
        Ok(event)
    }

    /// The body made another call than before it was interrupted: nobody can say what its effects
    /// would mean, so the run is set aside for a person, and this body goes no further.
    async fn diverged<T>(&self, before: &str, now: &str) -> T {
        let reason = format!(
            "step `{}` made another call than before it was interrupted: {now} instead of {before}",
            self.step
        );
        self.mailbox.park(reason).await;
        std::future::pending().await
    }
}

impl<S: State> Context<S> {
    /// Returns the run's name.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        &self.raw.inner.run
    }

    /// Returns the number of this attempt; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.raw.inner.attempt
    }

    /// Returns a token that is cancelled when the run ends, or leaves this process: then it goes on
    /// elsewhere, so this is no place to undo things. A body that does not return within
    /// half a second after that is dropped at its next `await`.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.raw.inner.ended.clone()
    }

    /// Returns the state as of the last committed update, this step's own included.
    ///
    /// It is a live read: a body that is run again may see more than it did before.
    #[must_use]
    pub fn state(&self) -> Arc<S> {
        self.state.committed()
    }

    /// Changes the state, and returns what `change` returns once the change is durable.
    ///
    /// Each update takes time in proportion to the whole state, so keep in it what steps need to
    /// decide, and large things elsewhere.
    ///
    /// Updates of one run take place one after another, so `change` sees every earlier one. It
    /// takes effect exactly once, even if the body is run again after a crash: then `change` is
    /// not called, and what it returned is returned again. If `change` panics, nothing changes.
    ///
    /// # Errors
    ///
    /// Returns [`ContextError::Json`] if the state or the returned value cannot be written as JSON
    /// and read back (like `NaN`), [`ContextError::TooLarge`] if the change is, and [`ContextError::Ended`].
    pub async fn update<R>(&self, change: impl FnOnce(&mut S) -> R) -> Result<R, ContextError>
    where
        R: Serialize + DeserializeOwned,
    {
        let inner = &*self.raw.inner;
        let permit = inner.permit().await?;
        let sent = {
            let mut calls = inner.calls()?;
            match inner.recorded.updated.get(calls.updated as usize) {
                Some(before) => {
                    calls.updated += 1;
                    Err(serde_json::from_str(before.text()))
                }
                None => Ok(self.send_update(permit, &mut calls, change)?),
            }
        };
        match sent {
            Ok((returned, committed)) => {
                committed.await.map_err(|_| ContextError::Ended)?;
                Ok(returned)
            }
            Err(Ok(returned)) => Ok(returned),
            Err(Err(_)) => inner.diverged("an update that returns another type", "an update").await,
        }
    }

    /// Sends the update while others are kept out, so that the journal has them in order.
    fn send_update<R: Serialize + DeserializeOwned>(
        &self,
        permit: Permit<'_>,
        calls: &mut Calls,
        change: impl FnOnce(&mut S) -> R,
    ) -> Result<(R, oneshot::Receiver<()>), ContextError> {
        let mut latest = self.state.latest();
        let changed = latest.changed(change)?;
        let returned = Payload::from(serde_json::value::to_raw_value(&changed.returned)?);
        // What cannot be read back now could not be after a crash.
        let _: R = serde_json::from_str(returned.text())?;
        check_size(&returned)?;
        check_size(&Payload::from(serde_json::value::to_raw_value(&changed.patch)?))?;

        let effect = self.raw.inner.effect(calls.updated);
        calls.updated += 1;
        let patch = changed.patch.clone();
        let (snapshot, value) = latest.replace(changed);
        let cell = Arc::clone(&self.state);
        let (tell, committed) = oneshot::channel();
        let tick = Tick::Updated(Updated { effect, patch, returned });
        permit.send(Input::new(tick).on_commit(move || {
            cell.commit(snapshot);
            // The body may have been dropped while it waited.
            let _ = tell.send(());
        }));
        Ok((value, committed))
    }

    /// Sends an event to every step that accepts it.
    ///
    /// Returns when the event is queued; it becomes durable with the step's result at latest.
    ///
    /// # Errors
    ///
    /// See [`ContextError`].
    pub async fn send<E: Event>(&self, event: E) -> Result<(), ContextError> {
        self.send_event(event, None).await
    }

    /// Sends an event to one step.
    ///
    /// # Errors
    ///
    /// Returns [`ContextError::NotAccepted`] if there is no such step or it does not accept the
    /// event, and else as [`ContextError`] says.
    pub async fn send_to<E: Event>(&self, step: &str, event: E) -> Result<(), ContextError> {
        let accepted = self.raw.inner.workflow.accepted_by(step);
        if !accepted.is_some_and(|types| types.iter().any(|accepted| &**accepted.name() == E::NAME))
        {
            return Err(ContextError::NotAccepted { step: step.to_owned(), event: E::NAME });
        }
        self.send_event(event, Some(step.into())).await
    }

    async fn send_event<E: Event>(
        &self,
        event: E,
        target: Option<Name>,
    ) -> Result<(), ContextError> {
        let inner = &*self.raw.inner;
        let event = inner.raw(&event)?;
        let permit = inner.permit().await?;
        let before = {
            let mut calls = inner.calls()?;
            let nth = calls.sent;
            calls.sent += 1;
            match inner.recorded.sent.get(nth as usize) {
                None => {
                    permit.send(Input::new(Tick::Sent(Sent {
                        effect: inner.effect(nth),
                        event,
                        target,
                    })));
                    return Ok(());
                }
                Some(before) if before.event.name == event.name && before.target == target => {
                    return Ok(());
                }
                Some(before) => format!("a send of `{}`", before.event.name),
            }
        };
        inner.diverged(&before, &format!("a send of `{}`", event.name)).await
    }

    /// Publishes an event on the run's stream.
    ///
    /// Returns when the event is queued; readers see it when it is durable, at most 20 ms later
    /// under light load. A body that is run again after a crash publishes equal items only once.
    ///
    /// A stop event does not compile here: it would tell readers that the run has ended.
    ///
    /// # Errors
    ///
    /// See [`ContextError`].
    pub async fn stream<E: Event>(&self, event: E) -> Result<(), ContextError> {
        const {
            assert!(
                !matches!(E::FAMILY, Family::Stop),
                "a stop event on the stream would tell readers that the run has ended; return it"
            );
        }
        let inner = &*self.raw.inner;
        let event = inner.raw(&event)?;
        let permit = inner.permit().await?;
        let mut calls = inner.calls()?;
        let nth = calls.streamed;
        calls.streamed += 1;
        let digest = digest(&event);
        let mut restarted = false;
        if !calls.restarted
            && let Some(before) = inner.recorded.streamed.get(nth as usize)
        {
            if before.digest == digest {
                return Ok(());
            }
            calls.restarted = true;
            restarted = true;
        }
        let streamed = Streamed { effect: inner.effect(nth), digests: vec![digest], restarted };
        permit.send(Input::new(Tick::Streamed(streamed)).with_stream(event));
        Ok(())
    }
}

fn check_size(payload: &Payload) -> Result<(), ContextError> {
    let bytes = payload.text().len();
    if bytes > MAX_EVENT_BYTES { Err(ContextError::TooLarge { bytes }) } else { Ok(()) }
}

/// FNV-1a, 64 bits, over the name and the fields. It is stored, so it must never change.
fn digest(event: &RawEvent) -> u64 {
    let bytes = event.name.bytes().chain([0]).chain(event.value.text().bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl<S> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), state: Arc::clone(&self.state) }
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { run, step, item, attempt, .. } = &*self.raw.inner;
        write!(f, "Context({run}, {step} #{item}, attempt {attempt})")
    }
}
