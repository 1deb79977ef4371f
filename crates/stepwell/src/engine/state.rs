//! The user's state while its run is in memory: typed for steps, JSON for the journal.
//!
//! ```text
//!              update(f)                      turn committed
//!   latest ────────────────▶ latest' ─────────────────────────▶ committed
//!     │       one at a time     │ difference: Tick::Updated         │
//!     └── what the next update sees                                 └── what Context::state reads
//! ```

use std::any::{Any, TypeId};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use crate::workflow::State;

/// How deep a state may be nested: a journal entry nests it a little deeper, and JSON is read back
/// up to 128 levels.
pub(crate) const MAX_DEPTH: usize = 100;

/// The state of a run, of a type that only its steps know.
pub(crate) trait ErasedState: Any + Send + Sync {
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The state of a run.
#[derive(Debug)]
pub(crate) struct StateCell<S> {
    latest: Mutex<Arc<Latest<S>>>,
    committed: Mutex<Arc<S>>,
    /// Whose turn it is to make an update.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The state with every update that was made, committed or not.
#[derive(Clone, Debug)]
pub(crate) struct Latest<S> {
    typed: Arc<S>,
    json: Value,
}

impl<S: State> StateCell<S> {
    /// Returns the state that a run begins with.
    pub(crate) fn initial() -> Result<Value, serde_json::Error> {
        serde_json::to_value(S::default())
    }

    /// Makes the cell of a run that is taken into memory. A workflow without state passes on
    /// whatever there is, for the next run of its handler may be another workflow's.
    pub(crate) fn load(json: Value) -> Result<Arc<dyn ErasedState>, serde_json::Error> {
        let typed: Arc<S> = Arc::new(if is_stateless::<S>() {
            S::default()
        } else {
            serde_json::from_value(json.clone())?
        });
        let committed = Mutex::new(Arc::clone(&typed));
        let latest = Mutex::new(Arc::new(Latest { typed, json }));
        Ok(Arc::new(Self { latest, committed, turn: Arc::default() }))
    }

    /// Returns the committed state.
    pub(crate) fn committed(&self) -> Arc<S> {
        Arc::clone(&self.committed.lock())
    }

    /// Makes a state the committed one.
    pub(crate) fn commit(&self, state: Arc<S>) {
        let before = std::mem::replace(&mut *self.committed.lock(), state);
        // Users' code may be run by that.
        drop(before);
    }

    /// Waits until nobody else makes an update; nobody does until the guard is dropped.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// Returns the state with every update that was made.
    pub(crate) fn latest(&self) -> Arc<Latest<S>> {
        Arc::clone(&self.latest.lock())
    }

    /// Makes an update, for whoever has the turn. Returns what was there before.
    pub(crate) fn replace_latest(&self, next: Arc<Latest<S>>) -> Arc<Latest<S>> {
        std::mem::replace(&mut *self.latest.lock(), next)
    }
}

impl<S: State> Latest<S> {
    /// Returns it as steps see it.
    pub(crate) fn typed(&self) -> Arc<S> {
        Arc::clone(&self.typed)
    }

    /// Returns the difference to another one.
    pub(crate) fn difference(&self, to: &Self) -> json_patch::Patch {
        json_patch::diff(&self.json, &to.json)
    }

    /// Works out an update without making it. If `change` panics, nothing has happened; if what
    /// it returns is not worth it, nothing changes.
    pub(crate) fn changed<R>(
        &self,
        change: impl FnOnce(&mut S) -> R,
        keeps: fn(&R) -> bool,
    ) -> Result<Changed<S, R>, serde_json::Error> {
        let mut typed = S::clone(&self.typed);
        let returned = change(&mut typed);
        if is_stateless::<S>() || !keeps(&returned) {
            return Ok(Changed { patch: json_patch::Patch::default(), returned, next: None });
        }
        let json = serde_json::to_value(&typed)?;
        // A state that cannot be read back would set its run aside after the next crash.
        if depth(&json) > MAX_DEPTH {
            return Err(serde::ser::Error::custom(format!("it is nested over {MAX_DEPTH} deep")));
        }
        // What its JSON leaves out is gone at once, rather than after the next crash.
        let typed = Arc::new(S::deserialize(&json)?);
        let patch = json_patch::diff(&self.json, &json);
        Ok(Changed { patch, returned, next: Some(Self { typed, json }) })
    }
}

/// Tells whether a type stands for no state at all.
fn is_stateless<S: 'static>() -> bool {
    TypeId::of::<S>() == TypeId::of::<()>()
}

pub(crate) fn depth(json: &Value) -> usize {
    match json {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// An update that was worked out.
#[derive(Debug)]
pub(crate) struct Changed<S, R> {
    pub(crate) patch: json_patch::Patch,
    /// What `change` returned.
    pub(crate) returned: R,
    /// The state after it, if it changes it.
    pub(crate) next: Option<Latest<S>>,
}

impl<S: State> ErasedState for StateCell<S> {
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
