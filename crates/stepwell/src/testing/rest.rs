//! Whether there is something to do, and when the next thing comes due.

use std::time::Duration;

use serde_json::Value;
use stepwell_core::Timestamp;

use crate::Engine;
use crate::engine::EngineError;
use crate::store::{RunRow, StoreError};

/// How many timers of the store are looked at: of runs that were set aside none ever fires.
const TIMERS: usize = 1_000;

/// What is due later than this counts as never: tokio cannot tell the time then.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Tokio's timers fire at whole milliseconds.
const TICK_MICROS: u64 = 1_000;

/// How a run stands when nothing can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It has ended.
    Ended,
    /// It cannot go on, for this reason.
    SetAside(String),
    /// It does nothing but wait; the first thing that comes by itself comes then, if anything.
    Waits(Option<Timestamp>),
    /// It does nothing, and nothing that it could wait for can come.
    Stalled,
    /// Something of it runs, although not at this moment: it waits for something that is not
    /// recorded, such as a timer of tokio's or another process.
    Busy,
}

impl Rest {
    /// Says why nothing comes of the run by itself.
    pub(super) fn reason(&self, now: Timestamp) -> String {
        match self {
            Self::Ended => "has ended".to_owned(),
            Self::SetAside(why) => format!("was set aside: {why}"),
            Self::Waits(None) => "waits for an event that nobody sends".to_owned(),
            Self::Waits(Some(due)) => {
                format!("waits, and the clock is held: advance it by {:?}", due.since(now))
            }
            Self::Stalled => {
                "has nothing left to do, has returned no stop event, and waits for nothing that \
                 can come"
                    .to_owned()
            }
            Self::Busy => "is busy".to_owned(),
        }
    }
}

/// Looks how a run stands.
pub(super) async fn look(
    engine: &Engine,
    handler: &str,
    now: Timestamp,
) -> Result<Rest, EngineError> {
    let row = row(engine, handler).await?;
    if row.status.is_ended() {
        return Ok(Rest::Ended);
    }
    if let Some(reason) = engine.parked().remove(&row.run) {
        return Ok(Rest::SetAside(reason));
    }
    let state = engine.run_state(&row).await?;
    if !state.is_at_rest() || has_message(engine, &row).await? {
        return Ok(Rest::Busy);
    }
    let due = state.timers().map(|(_, due)| due).filter(|due| due.since(now) < NEVER).min();
    Ok(if due.is_none() && state.is_stalled() { Rest::Stalled } else { Rest::Waits(due) })
}

/// Tells whether every run does nothing but wait. Then nothing happens before the next timer.
pub(super) async fn all_wait(engine: &Engine) -> Result<bool, EngineError> {
    let aside = engine.parked();
    for row in engine.store().unfinished(&pools(engine), None, usize::MAX).await? {
        let waits = row.idle || engine.run_state(&row).await?.is_at_rest();
        let is_aside = aside.contains_key(&row.run);
        if !is_aside && (!waits || has_message(engine, &row).await?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns how long it is to the next timer, but not beyond `until`; none if that is unknown.
pub(super) async fn gap(
    engine: &Engine,
    now: Timestamp,
    until: Option<Timestamp>,
) -> Result<Option<Duration>, EngineError> {
    let aside = engine.parked();
    let rows = engine.store().timers(&pools(engine), None, Timestamp(u64::MAX), TIMERS).await?;
    let stored = rows.into_iter().filter(|row| !aside.contains_key(&row.run)).map(|row| row.due);
    let stored = stored.filter(|due| *due > now).min();
    let next = [stored, engine.next_timer(), until].into_iter().flatten().min();
    let gap = next.map_or(Duration::ZERO, |next| next.since(now)).min(NEVER);
    let micros = u64::try_from(gap.as_micros()).unwrap_or(u64::MAX);
    Ok((micros > 0).then(|| Duration::from_micros(micros.next_multiple_of(TICK_MICROS))))
}

/// Returns the state of a run as JSON.
pub(super) async fn user_state(engine: &Engine, handler: &str) -> Result<Value, EngineError> {
    Ok(engine.run_state(&row(engine, handler).await?).await?.user_state().clone())
}

async fn row(engine: &Engine, handler: &str) -> Result<RunRow, EngineError> {
    let row = engine.store().handler(handler).await?;
    row.ok_or_else(|| EngineError::UnknownHandler(handler.to_owned()))
}

async fn has_message(engine: &Engine, row: &RunRow) -> Result<bool, StoreError> {
    Ok(!engine.store().inbox(row.key, 1).await?.is_empty())
}

fn pools(engine: &Engine) -> Vec<String> {
    engine.workflows().iter().map(|registered| registered.pool.clone()).collect()
}
