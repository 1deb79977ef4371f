//! Takes up runs that have something to do and no driver: those of a process that is gone, and
//! any that were forgotten.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use crate::store::{RunKey, StoreError};

/// How many runs are taken up at once, be it from here or because a timer of theirs came due: until
/// they have taken their next step. Enough that many share a commit, and few enough that
/// new work does not wait for long behind them, and that any number of them needs little memory.
pub(super) const AT_ONCE: usize = 256;

/// How many are read at once.
const PAGE: usize = AT_ONCE;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long to wait before the store is asked again that did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Takes up runs after a first page of them, and from time to time all, until the engine is gone.
pub(crate) async fn keep(shared: Weak<Shared>, first: Option<RunKey>) {
    let mut next_look = Instant::now() + LOOK_EVERY;
    let mut after = first;
    let mut goes_on = first.is_some();
    loop {
        let Some(engine) = shared.upgrade() else { return };
        let closing = engine.closing.clone();
        let mut delay = Duration::ZERO;
        if goes_on || Instant::now() >= next_look {
            if !goes_on {
                next_look = Instant::now() + LOOK_EVERY;
            }
            match look(&engine, after).await {
                Ok(last) => (after, goes_on) = (last, last.is_some()),
                Err(error) => {
                    tracing::warn!(%error, "cannot look for unfinished runs; trying again");
                    (goes_on, delay) = (true, RETRY_DELAY);
                }
            }
        }
        // Not held while it sleeps: an engine that nobody uses any more goes at once.
        drop(engine);
        let until = if goes_on { Instant::now() + delay } else { next_look };
        tokio::select! {
            biased;
            () = closing.cancelled() => return,
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

/// Takes up all of them, as soon as possible: there are others by now.
pub(crate) async fn look_anew(engine: Arc<Shared>) {
    let mut after = None;
    loop {
        match look(&engine, after).await {
            Ok(None) => return,
            Ok(last) => after = last,
            Err(error) => {
                tracing::warn!(%error, "cannot look for unfinished runs; trying again");
                tokio::select! {
                    biased;
                    () = engine.closing.cancelled() => return,
                    () = tokio::time::sleep(RETRY_DELAY) => {}
                }
            }
        }
    }
}

/// Wakes the next runs after one, or the first ones. Returns the last of them, if there may be
/// more.
pub(crate) async fn look(
    engine: &Arc<Shared>,
    after: Option<RunKey>,
) -> Result<Option<RunKey>, StoreError> {
    let rows = engine.store.unfinished(&engine.pools(), after, PAGE).await?;
    let last = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.key);
    let mut taken = 0;
    for row in rows {
        if engine.is_known(&row.run) {
            continue;
        }
        let Some(permit) = engine.may_take_up().await else { return Ok(None) };
        engine.wake(&row.run, |errands| errands.permits.push(permit));
        taken += 1;
    }
    if taken > 0 {
        tracing::info!(runs = taken, "taking up unfinished runs");
    }
    Ok(last)
}
