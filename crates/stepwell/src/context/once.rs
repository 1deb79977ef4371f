//! Doing something once, however often the body runs.

use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_core::{CallKind, Failure, Outcome, Payload, Remembered, Tick};

use super::{Context, ContextError, check_size};
use crate::StepError;
use crate::engine::mailbox::Input;
use crate::workflow::State;

impl<S: State> Context<S> {
    /// Does something, and remembers what came of it: a body that runs again, after a crash or in
    /// another attempt, gets the same value without doing it again. An error is remembered only
    /// within its attempt.
    ///
    /// It may be done twice all the same, if the process dies between the doing and the
    /// remembering; [`Context::idempotency_key`] lets the other side notice. The name tells it
    /// from other things the step does once, also from those that run at the same time.
    ///
    /// What is returned comes from the journal, in every life: a value as it is read back from its
    /// JSON, and an error with its kind, its message and its causes.
    ///
    /// # Errors
    ///
    /// Returns what `act` returned; an error if that cannot be written as JSON and read back, or
    /// is too large; or what [`ContextError`] says.
    pub async fn once<T, E, F>(&self, name: &str, act: impl FnOnce() -> F) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
        E: Into<StepError>,
        F: Future<Output = Result<T, E>>,
    {
        let inner = &*self.raw.inner;
        let made = inner.make(&self.branch, CallKind::Once, name.into(), None, |_| None).await?;
        if made.is_new {
            let busy = inner.calls.busy();
            let outcome = outcome(act().await);
            drop(busy);
            let call = inner.calls.call(made.key.clone());
            let tick = Tick::Remembered(Remembered { call, outcome });
            inner.calls.unless_over(|| inner.calls.mailbox.tell(Input::new(tick)))?;
        }
        match made.answer().await? {
            Outcome::Value(value) => Ok(serde_json::from_str(value.text())?),
            Outcome::Failed(failure) => Err(StepError::from_failure(&failure)),
            other => Err(unexpected(&other)),
        }
    }
}

fn outcome<T: Serialize + DeserializeOwned, E: Into<StepError>>(
    returned: Result<T, E>,
) -> Result<Payload, Failure> {
    let value = returned.map_err(|error| error.into().failure())?;
    // An error too: what was done is not done again within the attempt.
    kept(&value).map_err(|error| StepError::from(error).failure())
}

fn kept<T: Serialize + DeserializeOwned>(value: &T) -> Result<Payload, ContextError> {
    let value = Payload::from(serde_json::value::to_raw_value(value)?);
    check_size(&value)?;
    // What cannot be read back now could not be when the body runs again.
    let _: T = serde_json::from_str(value.text())?;
    Ok(value)
}

/// The journal answers a call with something that is no answer to it.
pub(super) fn unexpected(outcome: &Outcome) -> StepError {
    StepError::fatal(format!("the journal answers a call with {outcome:?}"))
}
