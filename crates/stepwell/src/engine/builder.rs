//! How an engine is put together and opened.

use std::sync::Arc;

use stepwell_core::Definitions;

use super::clock::{Clock, SystemClock};
use super::shared::{Registered, Shared};
use super::{Engine, EngineError, timers};
use crate::Workflow;
use crate::store::{MemoryStore, Store};

/// An engine that is not open yet.
#[derive(Debug)]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    workflows: Vec<(String, Workflow)>,
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(SystemClock),
            workflows: Vec::new(),
        }
    }
}

impl EngineBuilder {
    /// Keeps runs in this store; in memory by default.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Takes the time from this clock; the machine's by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Registers a workflow under a name; a second one of the same name replaces the first.
    #[must_use]
    pub fn workflow(mut self, name: impl Into<String>, workflow: Workflow) -> Self {
        let name = name.into();
        match self.workflows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = workflow,
            None => self.workflows.push((name, workflow)),
        }
        self
    }

    /// Opens the engine: from here on every unfinished run of its workflows goes on.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Store`].
    pub async fn open(self) -> Result<Engine, EngineError> {
        let mut workflows = Vec::new();
        for (name, workflow) in self.workflows {
            let definition = workflow.definition().clone();
            let body = serde_json::to_vec(&definition).expect("a definition has text keys");
            self.store.define(definition.id(), body.into()).await?;
            let pool = format!("{name}@{}", workflow.version());
            let definitions = Definitions::from(definition);
            workflows.push(Arc::new(Registered { name, workflow, definitions, pool }));
        }
        let shared = Arc::new(Shared::new(self.store, self.clock, workflows));
        timers::look(&shared).await?;
        tokio::spawn(timers::keep(Arc::downgrade(&shared)));
        Ok(Engine { shared })
    }
}
