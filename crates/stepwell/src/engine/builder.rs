//! How an engine is put together and opened.

use std::sync::Arc;

use stepwell_core::Definitions;
use tokio::sync::Semaphore;

use super::clock::{Clock, SystemClock};
use super::shared::{Registered, Settings, Shared};
use super::{Engine, EngineError, elsewhere, timers, unfinished};
use crate::Workflow;
use crate::store::{MemoryStore, Store};

/// An engine that is not open yet.
#[derive(Debug)]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    workflows: Vec<(String, Workflow)>,
    settings: Settings,
}

/// How many bytes the bodies of waiting runs take unless said otherwise: some ten thousand of
/// them, on a machine of which others want memory too.
const RESIDENT_BYTES: usize = 256 << 20;

/// How many starts, events and cancels may wait for the store unless said otherwise: twice as many
/// as SQLite's queue takes, and as a rule less than a second of its work. Each holds its event.
const WAITING_CALLS: usize = 8_192;

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(SystemClock),
            workflows: Vec::new(),
            settings: Settings {
                resident_bytes: RESIDENT_BYTES,
                waiting_calls: WAITING_CALLS,
                reruns: false,
            },
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

    /// Sets how many bytes the bodies of waiting runs may take; 256 MiB by default. The longest
    /// waiting are dropped when it is more: when they are answered they run again from their
    /// beginning, and what they had done is answered from the journal.
    #[must_use]
    pub fn resident_bytes(mut self, bytes: usize) -> Self {
        self.settings.resident_bytes = bytes;
        self
    }

    /// Sets how many starts, events and cancels may wait for the store at once; 8,192 by default.
    /// Further ones are refused as [`EngineError::Overloaded`]: a store that cannot keep up is
    /// told of by an error, not by ever longer waits and ever more memory.
    #[must_use]
    pub fn waiting_calls(mut self, calls: usize) -> Self {
        self.settings.waiting_calls = calls;
        self
    }

    /// Runs a body again from its beginning each time something it waits for comes, rather than
    /// letting it go on. For tests: a body that would make other calls after a crash then sets
    /// its run aside at once.
    #[must_use]
    pub fn always_rerun(mut self) -> Self {
        self.settings.reruns = true;
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
            let places = |runs: usize| Arc::new(Semaphore::new(runs.min(Semaphore::MAX_PERMITS)));
            let admission = workflow.concurrent_runs().map(places);
            workflows.push(Arc::new(Registered { name, workflow, definitions, pool, admission }));
        }
        let shared = Arc::new(Shared::new(self.store, self.clock, workflows, self.settings));
        shared.store.serve(&shared.pools()).await?;
        timers::look(&shared, None).await?;
        let last = unfinished::look(&shared, None).await?;
        tokio::spawn(timers::keep(Arc::downgrade(&shared)));
        tokio::spawn(unfinished::keep(Arc::downgrade(&shared), last));
        if shared.store.changes().is_some() {
            tokio::spawn(elsewhere::keep(Arc::downgrade(&shared)));
        }
        Ok(Engine { shared })
    }
}
