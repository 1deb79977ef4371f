//! Fires timers, whether or not their run is in memory.
//!
//! Timers live in the store; a process holds only the next ones that are due soon, at most
//! [`PAGE`] besides those of runs that are in memory, and looks into the store for the others from
//! time to time and when it runs out of them. A firing is only a hint: the run's state knows whether
//! the timer is still set. So holding one twice, or one that was cleared, is harmless.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_core::{RunId, TimerId, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::shared::Shared;
use crate::store::{StoreError, TimerRow};

/// How far ahead a process holds timers.
const HORIZON: Duration = Duration::from_secs(60);

/// How often it looks into the store: often enough that every timer is held before it is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How many timers are read at once: enough that reading them costs little beside firing them,
/// and few enough that timers of runs in memory do not wait for long behind overdue ones.
const PAGE: usize = 1000;

/// How long to wait before the store is asked again that did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

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
    /// Whether to read from the first one, before it is time for that.
    anew: bool,
    /// The last timer that was read, if there are more that are due soon.
    more_after: Option<TimerRow>,
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

    /// Has timers read from the first one: there may be others by now that are due soon.
    pub(crate) fn look_anew(&self) {
        self.due.lock().anew = true;
        self.changed.notify_one();
    }

    /// Returns the timer after which to read on, if those that were read have run out.
    fn run_out(&self, now: Timestamp) -> Option<TimerRow> {
        let due = self.due.lock();
        due.more_after.clone().filter(|_| due.until <= now)
    }

    /// Returns when to read on, if there are more that are due soon.
    fn runs_out_at(&self) -> Option<Timestamp> {
        let due = self.due.lock();
        due.more_after.is_some().then_some(due.until)
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

/// Fires timers, until the engine is gone.
pub(crate) async fn keep(shared: Weak<Shared>) {
    let mut next_look = Instant::now() + LOOK_EVERY;
    loop {
        let Some(engine) = shared.upgrade() else { return };
        let mut wake_at = None;
        let after = engine.timers.run_out(engine.clock.now());
        if std::mem::take(&mut engine.timers.due.lock().anew) {
            next_look = Instant::now();
        }
        let begins_anew = Instant::now() >= next_look;
        if begins_anew || after.is_some() {
            // From the first one, so that none is missed for ever, or from where it was.
            let after = after.filter(|_| !begins_anew);
            match look(&engine, after).await {
                Ok(()) if begins_anew => next_look = Instant::now() + LOOK_EVERY,
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot look for timers; trying again");
                    wake_at = Some(Instant::now() + RETRY_DELAY);
                }
            }
        }
        let now = engine.clock.now();
        for (due, run, timer) in engine.timers.take_due(now) {
            if engine.is_resident(&run) {
                engine.fire(&run, timer, due, None);
            } else {
                let Some(permit) = engine.may_take_up().await else { return };
                engine.fire(&run, timer, due, Some(permit));
            }
        }
        let until = wake_at.unwrap_or_else(|| {
            let timers = &engine.timers;
            let next = [timers.next(), timers.runs_out_at()].into_iter().flatten().min();
            let delay = next.map_or(LOOK_EVERY, |next| next.since(engine.clock.now()));
            next_look.min(Instant::now() + delay)
        });
        let closing = engine.closing.clone();
        let timers = Arc::clone(&engine.timers);
        // Not held while it sleeps: an engine that nobody uses any more goes at once.
        drop(engine);
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(until) => {}
            () = timers.changed.notified() => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Reads timers that are due soon: the first ones, or those after one.
pub(crate) async fn look(engine: &Arc<Shared>, after: Option<TimerRow>) -> Result<(), StoreError> {
    let horizon = engine.clock.now().after(HORIZON);
    // A run that leaves the memory meanwhile leaves its timers here: they need not be among those
    // that are read.
    let before = std::mem::replace(&mut engine.timers.due.lock().until, horizon);
    let rows = engine.store.timers(&engine.pools(), after.as_ref(), horizon, PAGE).await;
    let mut due = engine.timers.due.lock();
    due.until = before;
    let rows = rows?;
    due.more_after = rows.last().filter(|_| rows.len() == PAGE).cloned();
    due.until = due.more_after.as_ref().map_or(horizon, |last| last.due);
    due.timers.extend(rows.into_iter().map(|row| (row.due, row.run, row.timer)));
    Ok(())
}
