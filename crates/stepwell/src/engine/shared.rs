//! What all parts of an engine share, and which runs are in memory.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_core::{Definitions, RunId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::Clock;
use super::driver::{self, Exit};
use super::hub::Hub;
use super::mailbox::{Errands, Letters, Mailbox};
use super::timers::Timers;
use crate::Workflow;
use crate::store::Store;

/// How many runs are read from the store at once: enough to keep its readers busy, and few enough
/// that a restart with many runs does not hold up new work.
const LOADS: usize = 32;

/// How long a run rests after the store failed it, before it is looked at again.
const RELOAD_DELAY: Duration = Duration::from_millis(100);

/// How often a run is looked for that may have been created: over six seconds, longer than a
/// write waits in its queue.
const FINDS: usize = 6;

/// A workflow under the name that it is served by.
#[derive(Debug)]
pub struct Registered {
    /// The name.
    pub name: String,
    /// The workflow.
    pub workflow: Workflow,
    pub(crate) definitions: Definitions,
    pub(crate) pool: String,
}

/// What all parts of an engine share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// In the order of registration.
    pub(crate) workflows: Vec<Arc<Registered>>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) timers: Timers,
    pub(crate) loads: Semaphore,
    pub(crate) closing: CancellationToken,
    pub(crate) tasks: TaskTracker,
    residents: Mutex<HashMap<RunId, Mailbox>>,
    parked: Mutex<BTreeMap<RunId, String>>,
    turn_ids: AtomicU64,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        workflows: Vec<Arc<Registered>>,
    ) -> Self {
        // Turn ids need only differ between turns that follow the same head: the epoch keeps
        // those of two owners apart, the counter those of one.
        let turn_ids = AtomicU64::new(store.epoch() << 40);
        Self {
            store,
            clock,
            workflows,
            hub: Arc::default(),
            timers: Timers::default(),
            loads: Semaphore::new(LOADS),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            residents: Mutex::default(),
            parked: Mutex::default(),
            turn_ids,
        }
    }

    pub(crate) fn registered(&self, name: &str) -> Option<&Arc<Registered>> {
        self.workflows.iter().find(|registered| registered.name == name)
    }

    pub(crate) fn pools(&self) -> Vec<String> {
        self.workflows.iter().map(|registered| registered.pool.clone()).collect()
    }

    pub(crate) fn turn_id(&self) -> u64 {
        self.turn_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Gives the run's driver an errand, and takes the run into memory if it is not there.
    pub(crate) fn wake(self: &Arc<Self>, run: &RunId, errand: impl FnOnce(&mut Errands)) {
        if self.closing.is_cancelled() {
            // The next owner will look for itself.
            return;
        }
        let (mailbox, letters) = {
            let mut residents = self.residents.lock();
            if let Some(mailbox) = residents.get(run) {
                mailbox.add(errand);
                return;
            }
            let (mailbox, letters) = Mailbox::new();
            mailbox.add(errand);
            residents.insert(run.clone(), mailbox.clone());
            (mailbox, letters)
        };
        self.parked.lock().remove(run);
        self.spawn_driver(run.clone(), mailbox, letters, None);
    }

    /// Makes a place in memory for a run that is about to be created.
    pub(crate) fn claim(self: &Arc<Self>, run: &RunId) -> Claim {
        let (mailbox, letters) = Mailbox::new();
        self.residents.lock().insert(run.clone(), mailbox.clone());
        Claim { shared: Arc::clone(self), run: run.clone(), ends: Some((mailbox, letters)) }
    }

    /// Gives up the run's place if nothing has come for it.
    pub(crate) fn evict(&self, run: &RunId, letters: &Letters) -> bool {
        let mut residents = self.residents.lock();
        // Whoever has an errand adds it under this lock, so none can slip in between.
        let nothing = letters.messages.is_empty() && letters.errands.lock().is_empty();
        if nothing {
            residents.remove(run);
        }
        nothing
    }

    /// Drives a run until there is nothing to do for it in memory. Without a loaded one it is
    /// read from the store first.
    pub(crate) fn spawn_driver(
        self: &Arc<Self>,
        run: RunId,
        mailbox: Mailbox,
        letters: Letters,
        loaded: Option<driver::Loaded>,
    ) {
        if self.closing.is_cancelled() {
            // It came too late for `stop_all` to find it.
            mailbox.add(|errands| errands.stop = true);
        }
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let exit = driver::drive(&shared, &run, mailbox, letters, loaded).await;
            if matches!(exit, Exit::Evicted) {
                // Its place is given up already, and may be somebody else's by now.
                return;
            }
            shared.residents.lock().remove(&run);
            match exit {
                Exit::Ended | Exit::Stopped | Exit::Evicted => {}
                Exit::Lost => shared.reload_later(&run),
                Exit::Parked(reason) => {
                    tracing::error!(%run, reason, "the run is set aside");
                    shared.parked.lock().insert(run, reason);
                }
            }
        });
    }

    /// Returns the runs that were set aside, with the reasons.
    pub(crate) fn parked(&self) -> BTreeMap<RunId, String> {
        self.parked.lock().clone()
    }

    pub(crate) fn is_known(&self, run: &RunId) -> bool {
        self.residents.lock().contains_key(run) || self.parked.lock().contains_key(run)
    }

    /// Asks every driver to stop.
    pub(crate) fn stop_all(&self) {
        self.closing.cancel();
        let residents: Vec<Mailbox> = self.residents.lock().values().cloned().collect();
        for mailbox in residents {
            mailbox.add(|errands| errands.stop = true);
        }
    }

    /// Takes up a run that may be about to appear in the store. A run that appears later still is
    /// found with the unfinished ones.
    fn find_later(self: &Arc<Self>, run: &RunId) {
        let (shared, run) = (Arc::clone(self), run.clone());
        self.tasks.spawn(async move {
            let mut delay = RELOAD_DELAY;
            for _ in 0..FINDS {
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = shared.closing.cancelled() => return,
                }
                if matches!(shared.store.run(&run).await, Ok(Some(_))) {
                    return shared.wake(&run, |errands| errands.inbox = true);
                }
                delay *= 2;
            }
        });
    }

    fn reload_later(self: &Arc<Self>, run: &RunId) {
        let (shared, run) = (Arc::clone(self), run.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(RELOAD_DELAY) => shared.wake(&run, |errands| errands.inbox = true),
                () = shared.closing.cancelled() => {}
            }
        });
    }
}

/// The place in memory of a run of which nobody knows yet whether it exists.
///
/// If it is dropped, the run is looked for a little later: perhaps it was created all the same.
pub(crate) struct Claim {
    shared: Arc<Shared>,
    run: RunId,
    ends: Option<(Mailbox, Letters)>,
}

impl Claim {
    /// Drives the run, which exists.
    pub(crate) fn drive(mut self, loaded: driver::Loaded) {
        if let Some((mailbox, letters)) = self.ends.take() {
            self.shared.spawn_driver(self.run.clone(), mailbox, letters, Some(loaded));
        }
    }

    /// Gives up the place: the run does not exist.
    pub(crate) fn give_up(mut self) {
        self.ends = None;
        self.shared.residents.lock().remove(&self.run);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.ends.is_some() {
            self.shared.residents.lock().remove(&self.run);
            self.shared.find_later(&self.run);
        }
    }
}
