//! Fires timers, whether or not their run is in memory.
//!
//! Timers live in the store; a process holds only those that are due soon and looks into the
//! store for the others from time to time. A firing is only a hint: the run's state knows whether
//! the timer is still set. So holding one twice, or one that was cleared, is harmless.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_core::{RunId, TimerId, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::shared::Shared;
use crate::store::StoreError;

/// How far ahead a process holds timers.
const HORIZON: Duration = Duration::from_secs(60);

/// How often it looks into the store: often enough that every timer is held before it is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How many timers are asked for at first; if there are more, for four times as many.
const LOOK_LIMIT: usize = 1000;

/// The timers that are due soon, and those of runs that are in memory.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: Mutex<Due>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Due {
    timers: BTreeSet<(Timestamp, RunId, TimerId)>,
    /// Timers that are due later are left to the store, unless their run is in memory.
    until: Timestamp,
}

impl Timers {
    /// Takes a timer of a run that is in memory. It is held however late it is due, for it need
    /// not be in the store yet.
    fn hold(&self, at: Timestamp, run: &RunId, timer: TimerId) {
        if self.due.lock().timers.insert((at, run.clone(), timer)) {
            self.changed.notify_one();
        }
    }

    /// Forgets a timer that was cleared, or whose run cannot go on.
    fn forget(&self, at: Timestamp, run: &RunId, timer: TimerId) {
        self.due.lock().timers.remove(&(at, run.clone(), timer));
    }

    /// Leaves a timer to the store, if there is time for that: its run goes out of memory.
    fn leave(&self, at: Timestamp, run: &RunId, timer: TimerId) {
        let mut due = self.due.lock();
        if at > due.until {
            due.timers.remove(&(at, run.clone(), timer));
        }
    }

    fn take_due(&self, now: Timestamp) -> Vec<(Timestamp, RunId, TimerId)> {
        let mut due = self.due.lock();
        let mut taken = Vec::new();
        while let Some(first) = due.timers.first()
            && first.0 <= now
        {
            taken.extend(due.timers.pop_first());
        }
        taken
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.lock().timers.first().map(|(at, _, _)| *at)
    }
}

/// The timers of a run that is in memory.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeMap<TimerId, Timestamp>);

impl Held {
    /// Sets a timer, or clears it.
    pub(crate) fn set(&mut self, to: &Timers, run: &RunId, timer: TimerId, due: Option<Timestamp>) {
        if let Some(before) = self.0.remove(&timer) {
            to.forget(before, run, timer);
        }
        if let Some(due) = due {
            self.0.insert(timer, due);
            to.hold(due, run, timer);
        }
    }

    /// Leaves the timers to the store: the run goes out of memory.
    pub(crate) fn leave(self, to: &Timers, run: &RunId) {
        self.0.into_iter().for_each(|(timer, due)| to.leave(due, run, timer));
    }

    /// Forgets the timers: the run has ended, or goes on elsewhere.
    pub(crate) fn forget(self, to: &Timers, run: &RunId) {
        self.0.into_iter().for_each(|(timer, due)| to.forget(due, run, timer));
    }
}

/// Fires timers and takes up runs that nobody drives, until the engine is gone.
pub(crate) async fn keep(shared: Weak<Shared>) {
    let mut next_look = Instant::now() + LOOK_EVERY;
    loop {
        let Some(engine) = shared.upgrade() else { return };
        if Instant::now() >= next_look {
            if let Err(error) = look(&engine).await {
                tracing::warn!(%error, "cannot look for timers and unfinished runs; trying again");
            }
            next_look = Instant::now() + LOOK_EVERY;
        }
        let now = engine.clock.now();
        for (due, run, timer) in engine.timers.take_due(now) {
            engine.fire(&run, timer, due);
        }
        let delay = engine.timers.next().map_or(LOOK_EVERY, |next| next.since(now));
        let until = next_look.min(Instant::now() + delay);
        let closing = engine.closing.clone();
        let timers = Arc::clone(&engine.timers);
        // Not held while it sleeps: an engine that nobody uses any more goes at once.
        drop(engine);
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = timers.changed.notified() => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Reads timers that are due soon, and wakes runs that have something to do and no driver.
pub(crate) async fn look(engine: &Arc<Shared>) -> Result<(), StoreError> {
    let pools = engine.pools();
    let until = engine.clock.now().after(HORIZON);
    let mut limit = LOOK_LIMIT;
    let timers = loop {
        let timers = engine.store.timers(&pools, until, limit).await?;
        if timers.len() < limit {
            break timers;
        }
        limit *= 4;
    };
    {
        let mut due = engine.timers.due.lock();
        due.until = until;
        due.timers.extend(timers.into_iter().map(|row| (row.due, row.run, row.timer)));
    }
    let unfinished = engine.store.unfinished(&pools).await?;
    let forgotten: Vec<_> = unfinished.iter().filter(|row| !engine.is_known(&row.run)).collect();
    if !forgotten.is_empty() {
        tracing::info!(runs = forgotten.len(), "taking up unfinished runs");
    }
    for row in forgotten {
        engine.wake(&row.run, |errands| errands.inbox = true);
    }
    Ok(())
}
