//! Steps whose changes of the state count only if they succeed.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_core::{CallKey, CallKind, Name, Payload, Tick, Updated};
use tokio::sync::OwnedMutexGuard;

use super::update::{WorkedOut, check_patch, commit, work_out};
use super::{Context, ContextError, Inner};
use crate::engine::mailbox::Input;
use crate::engine::state::{Latest, StateCell};
use crate::workflow::State;

/// The state as an atomic step has changed it, if it has.
#[derive(Debug, Default)]
pub(super) struct Working {
    changes: Mutex<Option<Changes>>,
    /// Branches of the body make their updates one after another.
    order: tokio::sync::Mutex<()>,
}

/// Writes the difference between the state and what a step has made of it.
type Write = fn(Arc<dyn Any + Send + Sync>, &Inner, OwnedMutexGuard<()>) -> Option<Input>;

/// What an atomic step has changed.
pub(super) struct Changes {
    /// A [`Latest`] of the type of the state.
    latest: Arc<dyn Any + Send + Sync>,
    write: Write,
    /// Nobody else changes the state meanwhile.
    turn: OwnedMutexGuard<()>,
}

impl Changes {
    /// Writes the changes as one, to be committed with the result of the step.
    pub(super) fn into_input(self, inner: &Inner) -> Option<Input> {
        (self.write)(self.latest, inner, self.turn)
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changes")
    }
}

impl Working {
    pub(super) fn take(&self) -> Option<Changes> {
        self.changes.lock().take()
    }

    fn is_begun(&self) -> bool {
        self.changes.lock().is_some()
    }

    fn latest<S: State>(&self) -> Option<Arc<Latest<S>>> {
        let latest = Arc::clone(&self.changes.lock().as_ref()?.latest);
        latest.downcast().ok()
    }

    /// Returns what was there before, to be dropped where nothing is locked.
    fn replace<S: State>(&self, next: Arc<Latest<S>>) -> Option<Arc<dyn Any + Send + Sync>> {
        let mut changes = self.changes.lock();
        changes.as_mut().map(|changes| std::mem::replace(&mut changes.latest, next))
    }
}

impl<S: State> Context<S> {
    /// Returns the state as this body, if it is of an atomic step, has changed it.
    pub(super) fn working(&self) -> Option<Arc<S>> {
        self.raw.inner.working.latest::<S>().map(|latest| latest.typed())
    }

    /// A step that keeps others from the state must not wait.
    pub(super) fn may_wait(&self) -> Result<(), ContextError> {
        if self.raw.inner.working.is_begun() { Err(ContextError::Atomic) } else { Ok(()) }
    }

    /// Changes the copy of an atomic step.
    pub(super) async fn update_atomic<R: Serialize + DeserializeOwned>(
        &self,
        change: impl FnOnce(&mut S) -> R,
        keeps: fn(&R) -> bool,
    ) -> Result<R, ContextError> {
        let Inner { calls, working, .. } = &*self.raw.inner;
        if calls.are_waiting() {
            return Err(ContextError::Atomic);
        }
        let _order = calls.wait_for(working.order.lock()).await?;
        if !working.is_begun() {
            let turn = calls.wait_for(self.state.turn()).await?;
            if calls.are_waiting() {
                // Another branch has begun to wait meanwhile: nobody could change the state until
                // it is answered.
                return Err(ContextError::Atomic);
            }
            let latest = self.state.latest();
            let changes = Changes { latest, write: write::<S>, turn };
            calls.unless_over(|| *working.changes.lock() = Some(changes))?;
        }
        let own = working.latest::<S>().ok_or(ContextError::Ended)?;
        let WorkedOut { next, returned, .. } = work_out(&own, change, keeps)?;
        if let Some(next) = next {
            check_patch(&self.state.latest().difference(&next))?;
            drop(calls.unless_over(|| working.replace(next))?);
        }
        Ok(serde_json::from_str(returned.text())?)
    }
}

/// Writes what an atomic step changed.
fn write<S: State>(
    latest: Arc<dyn Any + Send + Sync>,
    inner: &Inner,
    turn: OwnedMutexGuard<()>,
) -> Option<Input> {
    let own: Arc<Latest<S>> = latest.downcast().ok()?;
    let state: Arc<StateCell<S>> = Arc::clone(&inner.state).as_any().downcast().ok()?;
    let patch = state.latest().difference(&own);
    if patch.0.is_empty() {
        return None;
    }
    let key =
        CallKey { branch: Name::empty(), kind: CallKind::Update, name: "atomic".into(), nth: 0 };
    let call = inner.calls.call(key);
    let updated = Updated { call, patch, returned: Payload::null() };
    let input = commit(Tick::Updated(updated), &state, &own, turn);
    drop(state.replace_latest(own));
    Some(input)
}
