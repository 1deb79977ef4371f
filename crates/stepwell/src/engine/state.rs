//! The user's state while its run is in memory: typed for steps, JSON for the journal.
//!
//! ```text
//!              update(f)                      turn committed
//!   latest ────────────────▶ latest' ─────────────────────────▶ committed
//!     │       one at a time     │ difference: Tick::Updated         │
//!     └── what the next update sees                                 └── what Context::state reads
//! ```

use std::any::Any;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

use crate::workflow::State;

/// How deep a state may be nested: a journal entry nests it a little deeper, and JSON is read back
/// up to 128 levels.
const MAX_DEPTH: usize = 100;

/// The state of a run, of a type that only its steps know.
pub(crate) trait ErasedState: Any + Send + Sync {
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The state of a run.
#[derive(Debug)]
pub(crate) struct StateCell<S> {
    latest: Mutex<Latest<S>>,
    committed: Mutex<Arc<S>>,
}

/// The state with every update that was made, committed or not.
#[derive(Debug)]
pub(crate) struct Latest<S> {
    typed: Arc<S>,
    json: Value,
}

impl<S: State> StateCell<S> {
    /// Returns the state that a run begins with.
    pub(crate) fn initial() -> Result<Value, serde_json::Error> {
        serde_json::to_value(S::default())
    }

    /// Makes the cell of a run that is taken into memory.
    pub(crate) fn load(json: Value) -> Result<Arc<dyn ErasedState>, serde_json::Error> {
        let typed: Arc<S> = Arc::new(serde_json::from_value(json.clone())?);
        let committed = Mutex::new(Arc::clone(&typed));
        Ok(Arc::new(Self { latest: Mutex::new(Latest { typed, json }), committed }))
    }

    /// Returns the committed state.
    pub(crate) fn committed(&self) -> Arc<S> {
        Arc::clone(&self.committed.lock())
    }

    /// Makes a state the committed one.
    pub(crate) fn commit(&self, state: Arc<S>) {
        *self.committed.lock() = state;
    }

    /// Keeps other updates out until the guard is dropped.
    pub(crate) fn latest(&self) -> MutexGuard<'_, Latest<S>> {
        self.latest.lock()
    }
}

impl<S: State> Latest<S> {
    /// Works out an update without making it: the new state, the difference in JSON, and what
    /// `change` returned. If `change` panics, nothing has happened.
    pub(crate) fn changed<R>(
        &self,
        change: impl FnOnce(&mut S) -> R,
    ) -> Result<Changed<S, R>, serde_json::Error> {
        let mut typed = S::clone(&self.typed);
        let returned = change(&mut typed);
        let json = serde_json::to_value(&typed)?;
        // A state that cannot be read back would set its run aside after the next crash.
        if depth(&json) > MAX_DEPTH {
            return Err(serde::ser::Error::custom(format!("it is nested over {MAX_DEPTH} deep")));
        }
        S::deserialize(&json)?;
        let patch = json_patch::diff(&self.json, &json);
        Ok(Changed { typed: Arc::new(typed), json, patch, returned })
    }

    /// Makes the update, and returns the new state and what `change` returned.
    pub(crate) fn replace<R>(&mut self, changed: Changed<S, R>) -> (Arc<S>, R) {
        self.json = changed.json;
        self.typed = Arc::clone(&changed.typed);
        (changed.typed, changed.returned)
    }
}

fn depth(json: &Value) -> usize {
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
    pub(crate) returned: R,
    typed: Arc<S>,
    json: Value,
}

impl<S: State> ErasedState for StateCell<S> {
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
