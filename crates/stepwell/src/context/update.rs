//! Changing the state.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use stepwell_core::{
    CallKey, CallKind, Failure, Name, Outcome, Payload, Remembered, Tick, Updated,
};

use super::{Context, ContextError, check_size};
use crate::engine::mailbox::Input;
use crate::engine::state::{Changed, Latest, StateCell};
use crate::workflow::State;

/// The kinds of failure by which the journal keeps why an update was refused.
const TOO_LARGE: &str = "TooLarge";
const PANIC: &str = "Panic";
const NOT_JSON: &str = "Json";

impl<S: State> Context<S> {
    /// Returns the state as of the last committed update, this step's own included.
    ///
    /// It is a live read: a body that is run again may see more than it did before.
    #[must_use]
    pub fn state(&self) -> Arc<S> {
        self.working().unwrap_or_else(|| self.state.committed())
    }

    /// Changes the state, and returns what `change` returns once the change is durable.
    ///
    /// Each update takes time in proportion to the whole state, so keep in it what steps need to
    /// decide, and large things elsewhere.
    ///
    /// Updates of one run take place one after another, so `change` sees every earlier one. It
    /// takes effect exactly once, even if the body is run again after a crash: then `change` is
    /// not called, and what it returned is returned again. If `change` panics, nothing changes.
    /// Whatever else it returns, the change stays, also if that is an error: for all or nothing
    /// there is [`Context::try_update`].
    ///
    /// So an update that has its turn and is not polled, such as one that a `select!` has turned
    /// away from without dropping it, keeps all others of its run waiting.
    ///
    /// The change stays if the step fails afterwards, unless the step is
    /// [atomic](crate::StepOptions::atomic): then it counts only if the step succeeds. An atomic
    /// step that is run again after a crash begins with the state as it is then, and calls
    /// `change` again.
    ///
    /// Both the state and what is returned are read back from their JSON at once, so that nothing
    /// is there that would be gone after a crash.
    ///
    /// # Errors
    ///
    /// Returns [`ContextError::Json`] if the state or the returned value cannot be written as JSON
    /// and read back (like `NaN`), and [`ContextError::TooLarge`] if the change is; nothing has
    /// changed then, and a body that runs again gets the same error. Else
    /// [`ContextError::Concurrent`], [`ContextError::Ended`], and in an atomic step
    /// [`ContextError::Atomic`].
    pub async fn update<R>(&self, change: impl FnOnce(&mut S) -> R) -> Result<R, ContextError>
    where
        R: Serialize + DeserializeOwned,
    {
        self.change(change, |_| true).await
    }

    /// Changes the state if `change` returns `Ok`; what it has changed before an `Err` is undone.
    ///
    /// What it returned is recorded either way, for the body goes on by it: one that runs again
    /// gets the same `Err` again, whatever the state is by then. So the error must be one that can
    /// be written as JSON and read back; a text will do. See [`Context::update`].
    ///
    /// # Errors
    ///
    /// As [`Context::update`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use stepwell::{Context, StepError};
    /// async fn withdraw(ctx: &Context<u64>, amount: u64) -> Result<bool, StepError> {
    ///     let withdrawn = ctx.try_update(|balance| {
    ///         *balance = balance.checked_sub(amount).ok_or("there is not enough")?;
    ///         Ok::<u64, String>(*balance)
    ///     });
    ///     Ok(withdrawn.await?.is_ok())
    /// }
    /// ```
    pub async fn try_update<R, E>(
        &self,
        change: impl FnOnce(&mut S) -> Result<R, E>,
    ) -> Result<Result<R, E>, ContextError>
    where
        R: Serialize + DeserializeOwned,
        E: Serialize + DeserializeOwned,
    {
        self.change(change, Result::is_ok).await
    }

    /// Changes the state if what `change` returns is worth that.
    async fn change<R: Serialize + DeserializeOwned>(
        &self,
        change: impl FnOnce(&mut S) -> R,
        keeps: fn(&R) -> bool,
    ) -> Result<R, ContextError> {
        let inner = &*self.raw.inner;
        if inner.options.is_atomic {
            return self.update_atomic(change, keeps).await;
        }
        let name = Name::empty();
        let made = inner.make(&self.branch, CallKind::Update, name, None, |_| None).await?;
        if made.is_new {
            let turn = inner.calls.wait_for(self.state.turn()).await?;
            self.tell(&made.key, change, keeps)?;
            drop(turn);
        }
        match made.answer().await? {
            Outcome::Value(value) => Ok(serde_json::from_str(value.text())?),
            Outcome::Failed(failure) => Err(refusal(&failure)),
            _ => Err(ContextError::Ended),
        }
    }

    /// Works out an update and makes it, in memory, and tells the driver. Whoever calls it has
    /// their turn. Users' code runs while nothing is locked.
    fn tell<R: Serialize + DeserializeOwned>(
        &self,
        key: &CallKey,
        change: impl FnOnce(&mut S) -> R,
        keeps: fn(&R) -> bool,
    ) -> Result<(), ContextError> {
        let calls = &self.raw.inner.calls;
        let call = calls.call(key.clone());
        let latest = self.state.latest();
        let mut panic = None;
        let worked_out = catch_unwind(AssertUnwindSafe(|| {
            let worked_out = work_out(&latest, change, keeps)?;
            check_patch(&worked_out.patch)?;
            Ok::<_, ContextError>(worked_out)
        }));
        let (input, next) = match worked_out {
            Ok(Ok(WorkedOut { patch, returned, next })) => {
                let tick = Tick::Updated(Updated { call, patch, returned });
                let input = match &next {
                    Some(next) => commit(tick, &self.state, next, ()),
                    None => Input::new(tick),
                };
                (input, next)
            }
            // Recorded as well, for the body goes on by it.
            Ok(Err(error)) => {
                let outcome = Err(refused(&error));
                (Input::new(Tick::Remembered(Remembered { call, outcome })), None)
            }
            Err(payload) => {
                panic = Some(payload);
                let outcome = Err(Failure::new(PANIC, "an update panicked"));
                (Input::new(Tick::Remembered(Remembered { call, outcome })), None)
            }
        };
        // Once the attempt is over, an update would be in memory and never in the journal.
        let old = calls.unless_over(|| {
            calls.mailbox.tell(input);
            next.map(|next| self.state.replace_latest(next))
        })?;
        drop(old);
        panic.map_or(Ok(()), |payload| resume_unwind(payload))
    }
}

/// An update that was worked out and not made.
pub(super) struct WorkedOut<S> {
    pub(super) patch: json_patch::Patch,
    pub(super) returned: Payload,
    /// The state after it, if it changes it.
    pub(super) next: Option<Arc<Latest<S>>>,
}

pub(super) fn work_out<S: State, R: Serialize + DeserializeOwned>(
    latest: &Latest<S>,
    change: impl FnOnce(&mut S) -> R,
    keeps: fn(&R) -> bool,
) -> Result<WorkedOut<S>, ContextError> {
    let Changed { patch, returned, next } = latest.changed(change, keeps)?;
    let returned = Payload::from(serde_json::value::to_raw_value(&returned)?);
    // What cannot be read back now could not be after a crash.
    let _: R = serde_json::from_str(returned.text())?;
    check_size(&returned)?;
    Ok(WorkedOut { patch, returned, next: next.map(Arc::new) })
}

pub(super) fn check_patch(patch: &json_patch::Patch) -> Result<(), ContextError> {
    check_size(&Payload::from(serde_json::value::to_raw_value(patch)?))
}

/// Says that the state is another one once the tick is durable; `guard` is dropped then.
pub(super) fn commit<S: State>(
    tick: Tick,
    state: &Arc<StateCell<S>>,
    next: &Latest<S>,
    guard: impl Send + 'static,
) -> Input {
    let (state, snapshot) = (Arc::clone(state), next.typed());
    Input::new(tick).on_commit(move || {
        state.commit(snapshot);
        drop(guard);
    })
}

/// Writes down why an update was refused.
fn refused(error: &ContextError) -> Failure {
    match error {
        ContextError::TooLarge { bytes } => {
            let details = Some(json!({ "bytes": bytes }));
            Failure { details, ..Failure::new(TOO_LARGE, error.to_string()) }
        }
        ContextError::Json(error) => Failure::new(NOT_JSON, error.to_string()),
        other => Failure::new(NOT_JSON, other.to_string()),
    }
}

/// Reads why an update was refused; panics if it had panicked.
fn refusal(failure: &Failure) -> ContextError {
    let bytes = || failure.details.as_ref()?.get("bytes")?.as_u64();
    match &*failure.kind {
        PANIC => resume_unwind(Box::new(failure.message.clone())),
        TOO_LARGE if let Some(bytes) = bytes() => {
            ContextError::TooLarge { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) }
        }
        _ => ContextError::Json(serde::de::Error::custom(&failure.message)),
    }
}
