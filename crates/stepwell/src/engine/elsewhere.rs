//! Follows what other processes do, where several of them share the runs of one store.
//!
//! Every process takes messages for any run and shows any run's stream; only a run's owner drives
//! it. So each process asks the store, all at once and a few times a second, how far the runs have
//! come that are read here and driven elsewhere, and for which of its own there are messages.
//!
//! # What is deliberately not here
//!
//! - **No connections between processes.** The store is all that they have in common.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use stepwell_core::{InboxId, RunId};
use tokio::time::Instant;

use super::hub::Head;
use super::load;
use super::shared::Shared;
use super::unfinished;
use crate::store::{RunRow, StoreError};

/// How often to ask: seldom enough to cost a store little, often enough that a person does not
/// notice.
const EVERY: Duration = Duration::from_millis(100);

/// How long after a change of ownership runs are looked for once more: a run that its last owner
/// was just creating may have come late.
const LATE: Duration = Duration::from_secs(2);

/// Follows other processes until the engine is gone.
pub(crate) async fn keep(shared: Weak<Shared>) {
    let mut seen = None;
    let mut heard = HashMap::new();
    let mut look_again = None;
    loop {
        let Some(engine) = shared.upgrade() else { return };
        let closing = engine.closing.clone();
        let changes = engine.store.changes();
        let is_late = look_again.is_some_and(|at| Instant::now() >= at);
        if seen != changes || is_late {
            engine.tell_all(|errands| errands.check = true);
            heard.clear();
            engine.timers.look_anew();
            engine.tasks.spawn(unfinished::look_anew(Arc::clone(&engine)));
            look_again = (seen != changes).then(|| Instant::now() + LATE);
            seen = changes;
        }
        if let Err(error) = follow(&engine, &mut heard).await {
            tracing::debug!(%error, "cannot follow other processes; trying again");
        }
        // Not held while it sleeps: an engine that nobody uses any more goes at once.
        drop(engine);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = closing.cancelled() => return,
        }
    }
}

impl Shared {
    /// Tells whether this process owns a run.
    pub(crate) fn owns(&self, row: &RunRow) -> bool {
        self.store.owns(&row.pool, row.shard)
    }
}

/// Asks the store once. `heard` holds the newest message of each run that was told of before: a
/// run that was set aside leaves its messages where they are, and is told of each once.
async fn follow(
    engine: &Arc<Shared>,
    heard: &mut HashMap<RunId, InboxId>,
) -> Result<(), StoreError> {
    let mut runs = engine.hub.open_runs();
    runs.retain(|run| !engine.is_known(run));
    let glance = engine.store.glance(&runs).await?;
    for (run, newest) in &glance.called {
        if heard.get(run) != Some(newest) {
            engine.wake(run, |errands| errands.inbox = true);
        }
    }
    *heard = glance.called.into_iter().collect();
    runs.retain(|run| glance.rows.iter().all(|row| row.run != *run) && !engine.is_known(run));
    for run in runs {
        // It is not there; if it was about to be created, nobody reads it yet.
        engine.hub.publish_gone(&run);
    }
    for row in glance.rows {
        if row.status.is_ended() {
            load::publish_end(engine, row).await?;
        } else {
            let head = Head { next_sequence: row.next_sequence, ..Head::default() };
            engine.hub.publish(&row.run.clone(), head);
        }
    }
    Ok(())
}
