//! What all parts of an engine share, and which runs are in memory.

mod claim;
mod later;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::FutureExt;
use parking_lot::Mutex;
use stepwell_core::{Definitions, RunId, TimerId, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use tracing::field::Empty;

pub(crate) use claim::Claim;
pub(super) use later::RELOAD_DELAY;

use super::EngineError;
use super::clock::Clock;
use super::driver::{self, Exit};
use super::end;
use super::hub::Hub;
use super::mailbox::{Errands, Letters, Mailbox};
use super::resting::Resting;
use super::timers::Timers;
use super::unfinished;
use crate::Workflow;
use crate::store::Store;

/// How many runs are read from the store at once: enough to keep its readers busy, and few enough
/// that a restart with many runs does not hold up new work.
const LOADS: usize = 32;

/// A workflow under the name that it is served by.
#[derive(Debug)]
pub struct Registered {
    /// The name.
    pub name: String,
    /// The workflow.
    pub workflow: Workflow,
    pub(crate) definitions: Definitions,
    pub(crate) pool: String,
    /// The places of runs in memory, if there are only so many.
    pub(crate) admission: Option<Arc<Semaphore>>,
}

/// What can be set for an engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How many bytes the bodies of waiting runs may take.
    pub(crate) resident_bytes: usize,
    /// How many calls may wait for the store.
    pub(crate) waiting_calls: usize,
    /// Whether a body that is answered runs again from its beginning.
    pub(crate) reruns: bool,
}

/// What all parts of an engine share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// In the order of registration.
    pub(crate) workflows: Vec<Arc<Registered>>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) settings: Settings,
    pub(crate) resting: Resting,
    pub(crate) loads: Semaphore,
    taking_up: Arc<Semaphore>,
    /// A place for each call that waits for the store.
    calls: Semaphore,
    pub(crate) closing: CancellationToken,
    /// Whether the store failed the last turn. No body begins again before it has written one:
    /// while a disk is full, each would run over and over, and nothing of it would be remembered.
    pub(crate) failing: AtomicBool,
    pub(crate) tasks: TaskTracker,
    residents: Mutex<HashMap<RunId, Mailbox>>,
    parked: Mutex<BTreeMap<RunId, String>>,
    turn_ids: AtomicU64,
    /// Where drivers run, even if the future that started them is dropped elsewhere.
    runtime: Handle,
}

/// What a driver begins with.
pub(crate) enum Work {
    /// To read the run from the store.
    Read,
    /// The run as it is.
    Go(Box<driver::Loaded>),
    /// To see whether a run that was set aside, for this reason, was cancelled.
    SetAside(String),
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
        settings: Settings,
    ) -> Self {
        // Turn ids need only differ between turns that follow the same head: the random start
        // keeps those of two owners apart, the counter those of one.
        let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
        Self {
            store,
            clock,
            workflows,
            hub: Arc::default(),
            timers: Arc::default(),
            settings,
            resting: Resting::new(settings.resident_bytes),
            loads: Semaphore::new(LOADS),
            taking_up: Arc::new(Semaphore::new(unfinished::AT_ONCE)),
            calls: Semaphore::new(settings.waiting_calls.min(Semaphore::MAX_PERMITS)),
            closing: CancellationToken::new(),
            failing: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            residents: Mutex::default(),
            parked: Mutex::default(),
            turn_ids: AtomicU64::new(random),
            runtime: Handle::current(),
        }
    }

    pub(crate) fn registered(&self, name: &str) -> Option<&Arc<Registered>> {
        self.workflows.iter().find(|registered| registered.name == name)
    }

    pub(crate) fn pools(&self) -> Vec<String> {
        self.workflows.iter().map(|registered| registered.pool.clone()).collect()
    }

    /// Makes a place for a call that writes; refuses it if too many wait already.
    pub(crate) fn place(&self) -> Result<SemaphorePermit<'_>, EngineError> {
        self.calls.try_acquire().map_err(|_| EngineError::Overloaded)
    }

    pub(crate) fn turn_id(&self) -> u64 {
        self.turn_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Gives the run's driver an errand, and takes the run into memory if it is not there. One
    /// that was set aside is only looked at for a cancel: it would not come further than before.
    pub(crate) fn wake(self: &Arc<Self>, run: &RunId, errand: impl FnOnce(&mut Errands)) {
        if self.closing.is_cancelled() {
            // The next owner will look for itself.
            return;
        }
        let mut residents = self.residents.lock();
        if let Some(mailbox) = residents.get(run) {
            mailbox.add(errand);
            return;
        }
        let (mailbox, letters) = Mailbox::new();
        mailbox.add(errand);
        residents.insert(run.clone(), mailbox.clone());
        let reason = self.parked.lock().remove(run);
        drop(residents);
        let work = reason.map_or(Work::Read, Work::SetAside);
        self.spawn_driver(run.clone(), mailbox, letters, work);
    }

    /// Tells the run that a timer came due.
    pub(crate) fn fire(
        self: &Arc<Self>,
        run: &RunId,
        timer: TimerId,
        due: Timestamp,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        if !self.parked.lock().contains_key(run) {
            self.wake(run, |errands| {
                errands.fired.push((timer, due));
                errands.permits.extend(permit);
            });
        }
    }

    /// Waits until one more run may be taken up that nobody waits for; none if the process is
    /// about to end.
    pub(crate) async fn may_take_up(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.closing.cancelled() => None,
            permit = Arc::clone(&self.taking_up).acquire_owned() => permit.ok(),
        }
    }

    /// Makes a place in memory for a run that is about to be created.
    pub(crate) fn claim(self: &Arc<Self>, run: &RunId) -> Claim {
        let (mailbox, letters) = Mailbox::new();
        self.residents.lock().insert(run.clone(), mailbox.clone());
        Claim { shared: Arc::clone(self), run: run.clone(), ends: Some((mailbox, letters)) }
    }

    /// Lets a run know that the memory of its bodies is needed.
    pub(crate) fn press(&self, run: &RunId) {
        if let Some(mailbox) = self.residents.lock().get(run) {
            mailbox.add(|errands| errands.evict = true);
        }
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

    /// Drives a run until there is nothing to do for it in memory.
    pub(crate) fn spawn_driver(
        self: &Arc<Self>,
        run: RunId,
        mailbox: Mailbox,
        letters: Letters,
        work: Work,
    ) {
        if self.closing.is_cancelled() {
            // It came too late for `stop_all` to find it.
            mailbox.add(|errands| errands.stop = true);
        }
        let shared = Arc::clone(self);
        let span = tracing::info_span!("run", %run, workflow = Empty, handler = Empty);
        let drive = async move { shared.drive(&run, mailbox, letters, work).await };
        self.tasks.spawn_on(drive.instrument(span), &self.runtime);
    }

    async fn drive(self: &Arc<Self>, run: &RunId, mailbox: Mailbox, letters: Letters, work: Work) {
        let driven = driver::drive(self, run, mailbox.clone(), letters, work);
        let exit = AssertUnwindSafe(driven).catch_unwind().await;
        let exit = exit.unwrap_or_else(|_| Exit::Parked("its driver panicked".to_owned()));
        match exit {
            // Its place is given up already, and may be somebody else's by now.
            Exit::Evicted => {}
            Exit::Parked(reason) => self.set_aside(run, &mailbox, reason).await,
            Exit::Ended => {
                self.residents.lock().remove(run);
            }
            Exit::Stopped => {
                self.residents.lock().remove(run);
                // If it was stopped for another owner, it may have come back meanwhile.
                self.reload_later(run);
            }
            Exit::Lost => {
                self.residents.lock().remove(run);
                self.reload_later(run);
            }
        }
    }

    /// Sets a run aside, or ends it if somebody has cancelled it.
    async fn set_aside(self: &Arc<Self>, run: &RunId, mailbox: &Mailbox, reason: String) {
        loop {
            // What comes from here on is seen when it is parked.
            mailbox.take_errands();
            let looked =
                AssertUnwindSafe(driver::end_or_park(self, run, &[], &reason)).catch_unwind();
            let exit = match looked.await {
                Ok(exit) => exit,
                // Its journal cannot be folded, but it can be cancelled all the same.
                Err(_) => end::cancel_unread(self, run, &reason).await,
            };
            let parked = match exit {
                Exit::Parked(reason) => self.park(run, mailbox, &reason),
                Exit::Lost => {
                    // It stays aside; only whether it was cancelled is not known yet.
                    mailbox.take_errands();
                    self.reload_later(run);
                    self.park(run, mailbox, &reason)
                }
                Exit::Ended | Exit::Stopped | Exit::Evicted => {
                    self.residents.lock().remove(run);
                    true
                }
            };
            if parked {
                return;
            }
        }
    }

    /// Sets a run aside, unless something has come for it that may be a cancel.
    fn park(&self, run: &RunId, mailbox: &Mailbox, reason: &str) -> bool {
        let mut residents = self.residents.lock();
        if mailbox.take_errands().inbox {
            return false;
        }
        residents.remove(run);
        tracing::error!(%run, reason, "the run is set aside");
        self.parked.lock().insert(run.clone(), reason.to_owned());
        true
    }

    /// Returns the runs that were set aside, with the reasons.
    pub(crate) fn parked(&self) -> BTreeMap<RunId, String> {
        self.parked.lock().clone()
    }

    /// Returns why a run was set aside, if it was.
    pub(crate) fn why_set_aside(&self, run: &RunId) -> Option<String> {
        self.parked.lock().get(run).cloned()
    }

    pub(crate) fn is_resident(&self, run: &RunId) -> bool {
        self.residents.lock().contains_key(run)
    }

    pub(crate) fn is_known(&self, run: &RunId) -> bool {
        self.residents.lock().contains_key(run) || self.parked.lock().contains_key(run)
    }

    /// Asks every driver to stop.
    pub(crate) fn stop_all(&self) {
        self.closing.cancel();
        self.tell_all(|errands| errands.stop = true);
    }

    /// Gives every driver an errand.
    pub(crate) fn tell_all(&self, errand: impl Fn(&mut Errands)) {
        let residents: Vec<Mailbox> = self.residents.lock().values().cloned().collect();
        residents.iter().for_each(|mailbox| mailbox.add(&errand));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}
