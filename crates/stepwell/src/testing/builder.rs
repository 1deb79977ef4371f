//! How a kit is put together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::TestKit;
use super::count::Counts;
use super::points::CrashPoint;
use crate::Workflow;
use crate::store::{MemoryStore, Store};

/// How long something may take, by the clock on the wall, of which nothing comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many writes a test may make: far more than one does whose runs end.
const MAX_WRITES: usize = 20_000;

/// A [`TestKit`] that is not open yet.
pub struct TestKitBuilder {
    workflows: Vec<(String, Workflow)>,
    store: Arc<dyn Store>,
    reruns: bool,
    resident_bytes: Option<usize>,
    is_held: bool,
    patience: Duration,
    max_writes: usize,
    crash_at: Option<CrashPoint>,
}

/// What every life of the process begins with.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) workflows: Vec<(String, Workflow)>,
    /// Of the bodies of all lives.
    pub(super) counts: Arc<Counts>,
    pub(super) store: Arc<dyn Store>,
    pub(super) reruns: bool,
    pub(super) resident_bytes: Option<usize>,
    /// Whether time goes on only when it is told to.
    pub(super) is_held: bool,
    /// How long to wait by the clock on the wall.
    pub(super) patience: Duration,
    /// How many writes there may be.
    pub(super) max_writes: usize,
    pub(super) crash_at: Option<CrashPoint>,
    /// Whether the kit is gone.
    pub(super) stop: Arc<AtomicBool>,
}

impl Default for TestKitBuilder {
    fn default() -> Self {
        Self {
            workflows: Vec::new(),
            store: Arc::new(MemoryStore::default()),
            reruns: false,
            resident_bytes: None,
            is_held: false,
            patience: PATIENCE,
            max_writes: MAX_WRITES,
            crash_at: None,
        }
    }
}

impl From<Workflow> for TestKitBuilder {
    /// Begins a kit with this workflow under its own name.
    fn from(workflow: Workflow) -> Self {
        Self::default().workflow(workflow.name().to_owned(), workflow)
    }
}

impl TestKitBuilder {
    /// Registers a workflow under a name; a second one of the same name replaces the first.
    #[must_use]
    pub fn workflow(mut self, name: impl Into<String>, workflow: Workflow) -> Self {
        let name = name.into();
        self.workflows.retain(|(known, _)| *known != name);
        self.workflows.push((name, workflow));
        self
    }

    /// Keeps runs in this store, which a crash leaves as it is; in memory by default. It may have
    /// threads of its own, but must not wait by tokio's clock: that stands still meanwhile.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Runs a body again from its beginning each time something it waits for comes. A body that
    /// then makes other calls than before has its run set aside, and the test fails.
    #[must_use]
    pub fn always_rerun(mut self) -> Self {
        self.reruns = true;
        self
    }

    /// Sets how many bytes the bodies of waiting runs may take: with 0, every body that waits is
    /// dropped at once and runs again from its beginning when it is answered.
    #[must_use]
    pub fn resident_bytes(mut self, bytes: usize) -> Self {
        self.resident_bytes = Some(bytes);
        self
    }

    /// Lets time go on only in [`TestKit::advance`].
    ///
    /// A test that waits for something that takes time fails at once then. One that waits for a
    /// body that is busy with something outside of the kit, such as a server, waits by the clock on
    /// the wall.
    #[must_use]
    pub fn hold_clock(mut self) -> Self {
        self.is_held = true;
        self
    }

    /// Sets how long, by the clock on the wall, a test waits for a run that is busy although
    /// nothing comes of it; 10 s by default.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets how many writes the test may make, turns and messages alike; 20,000 by default. One that
    /// makes more fails: as a rule its steps give each other work for ever.
    #[must_use]
    pub fn max_writes(mut self, writes: usize) -> Self {
        self.max_writes = writes;
        self
    }

    /// Lets the process crash at this point, once, and go on.
    #[must_use]
    pub fn crash_at(mut self, point: CrashPoint) -> Self {
        self.crash_at = Some(point);
        self
    }

    /// Opens the kit.
    ///
    /// # Panics
    ///
    /// Panics if the store cannot be read.
    pub async fn open(self) -> TestKit {
        let plan = Plan {
            workflows: self.workflows,
            counts: Arc::default(),
            store: self.store,
            reruns: self.reruns,
            resident_bytes: self.resident_bytes,
            is_held: self.is_held,
            patience: self.patience,
            max_writes: self.max_writes,
            crash_at: self.crash_at,
            stop: Arc::default(),
        };
        TestKit::begin(plan).await
    }
}

impl fmt::Debug for TestKitBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKitBuilder").finish_non_exhaustive()
    }
}
