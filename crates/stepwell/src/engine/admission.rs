//! Lets only so many runs of a workflow into memory at once.

use std::sync::Arc;

use stepwell_core::{RunId, RunState, TimerId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::driver::{self, Exit};
use super::load::{self, Found};
use super::mailbox::Letters;
use super::shared::{RELOAD_DELAY, Shared, Work};
use super::timers::Held;
use crate::store::StoreError;

/// A run's place among those that are in memory, if there are only so many.
pub(super) type Place = Option<OwnedSemaphorePermit>;

/// Takes a run into memory; waits for its turn if its workflow has too many there.
pub(super) async fn admit(
    shared: &Arc<Shared>,
    run: &RunId,
    work: Work,
    letters: &mut Letters,
) -> Result<(Result<Found, StoreError>, Place), Exit> {
    let found = match work {
        Work::Go(loaded) => Ok(Found::Run(loaded)),
        Work::Read => load::load(shared, run).await,
        Work::SetAside(reason) => return Err(Exit::Parked(reason)),
    };
    let limited = match &found {
        Ok(Found::Run(loaded)) => {
            loaded.registered.admission.clone().map(|limit| (limit, &loaded.state))
        }
        _ => None,
    };
    let Some((limit, state)) = limited else { return Ok((found, None)) };
    if let Ok(place) = Arc::clone(&limit).try_acquire_owned() {
        return Ok((found, Some(place)));
    }
    let mut waiting = Waiting::new(shared, run, state);
    drop(found);
    let place = waiting.turn(limit, letters).await?;
    drop(waiting);
    // Read again, so that the time it has waited does not count as busy.
    Ok((load::load(shared, run).await, place))
}

/// A run that waits for its turn. Nothing that comes for it is lost: it is there when the run is
/// read. But it may end before that.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    run: &'a RunId,
    /// Of its timers only that of the deadline matters. All are set anew when it has its turn.
    timers: Held,
    fired: Vec<(TimerId, Timestamp)>,
    /// When to look whether it has ended, if there is reason to.
    look_at: Option<Instant>,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Arc<Shared>, run: &'a RunId, state: &RunState) -> Self {
        let mut timers = Held::default();
        for (timer, due) in state.timers() {
            timers.set(&shared.timers, run, timer, Some(due));
        }
        Self { shared, run, timers, fired: Vec::new(), look_at: None }
    }

    /// Waits for its turn.
    async fn turn(&mut self, limit: Arc<Semaphore>, letters: &mut Letters) -> Result<Place, Exit> {
        // One wait from beginning to end: whoever begins anew is last again.
        let mut place = Box::pin(limit.acquire_owned());
        loop {
            let look_at = self.look_at;
            let look = async {
                match look_at {
                    Some(moment) => tokio::time::sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                place = &mut place => return Ok(place.ok()),
                _ = letters.messages.recv() => {
                    let errands = letters.take_errands();
                    if errands.stop {
                        return Err(Exit::Stopped);
                    }
                    self.fired.extend(errands.fired);
                    if errands.inbox || !self.fired.is_empty() {
                        self.look_at = Some(Instant::now());
                    }
                }
                () = look => self.look().await?,
            }
        }
    }

    /// Sees whether the run has been cancelled, or has missed its deadline.
    async fn look(&mut self) -> Result<(), Exit> {
        self.look_at = None;
        let waits = "it waits for its turn";
        match driver::end_or_park(self.shared, self.run, &self.fired, waits).await {
            Exit::Parked(_) => self.fired.clear(),
            Exit::Lost => self.look_at = Some(Instant::now() + RELOAD_DELAY),
            exit => return Err(exit),
        }
        Ok(())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        std::mem::take(&mut self.timers).forget(&self.shared.timers, self.run);
    }
}
