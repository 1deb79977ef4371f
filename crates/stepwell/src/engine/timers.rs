//! Fires timers, whether or not their run is in memory.
//!
//! Timers live in the store; a process holds only those that are due soon and looks into the
//! store for the others from time to time. A firing is only a hint: the run's state knows whether
//! the timer is still set. So holding one twice, or one that was cleared, is harmless.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_core::{RunId, TimerId, Timestamp};
use tokio::sync::Notify;

use super::shared::Shared;
use crate::store::StoreError;

/// How far ahead a process holds timers.
const HORIZON: Duration = Duration::from_secs(60);

/// How often it looks into the store: often enough that every timer is held before it is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How many timers are read at once; the rest follow when these have fired.
const LOOK_LIMIT: usize = 1000;

/// The timers that are due soon.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: Mutex<Due>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Due {
    timers: BTreeSet<(Timestamp, RunId, TimerId)>,
    /// Timers that are due later are left to the store.
    until: Timestamp,
}

impl Timers {
    /// Takes a timer that is durable in the store.
    pub(crate) fn add(&self, at: Timestamp, run: RunId, timer: TimerId) {
        let mut due = self.due.lock();
        if at <= due.until && due.timers.insert((at, run, timer)) {
            self.changed.notify_one();
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

    fn next(&self) -> Option<Timestamp> {
        self.due.lock().timers.first().map(|(at, _, _)| *at)
    }
}

/// Fires timers and takes up runs that nobody drives, until the engine is gone.
pub(crate) async fn keep(shared: Weak<Shared>) {
    let mut next_look = tokio::time::Instant::now();
    loop {
        let Some(engine) = shared.upgrade() else { return };
        if tokio::time::Instant::now() >= next_look {
            if let Err(error) = look(&engine).await {
                tracing::warn!(%error, "cannot look for timers and unfinished runs; trying again");
            }
            next_look = tokio::time::Instant::now() + LOOK_EVERY;
        }
        let now = engine.clock.now();
        for (due, run, timer) in engine.timers.take_due(now) {
            engine.wake(&run, |errands| errands.fired.push((timer, due)));
        }
        let delay = engine.timers.next().map_or(LOOK_EVERY, |next| next.since(now));
        let closing = engine.closing.clone();
        let changed = engine.timers.changed.notified();
        let until = next_look.min(tokio::time::Instant::now() + delay);
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = changed => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Reads timers that are due soon, and wakes runs that have something to do and no driver.
pub(crate) async fn look(engine: &Arc<Shared>) -> Result<(), StoreError> {
    let pools = engine.pools();
    let until = engine.clock.now().after(HORIZON);
    let timers = engine.store.timers(&pools, until, LOOK_LIMIT).await?;
    {
        let mut due = engine.timers.due.lock();
        due.until = if timers.len() < LOOK_LIMIT { until } else { timers[LOOK_LIMIT - 1].due };
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
