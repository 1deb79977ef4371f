//! Takes a run into memory: its state, and what a new owner has to do first.

use std::sync::Arc;

use stepwell_core::{Misfit, RunId, RunState, Tick};

use super::draft::Draft;
use super::driver::Loaded;
use super::fold::{ROWS, fold};
use super::hub::Head;
use super::record::RunRecord;
use super::shared::Shared;
use crate::store::{RunRow, StoreError};

/// What came of trying to take a run into memory.
pub(crate) enum Found {
    /// It is there and has to go on.
    Run(Box<Loaded>),
    /// There is nothing to do: it has ended, is gone, or is driven elsewhere.
    Nothing,
    /// It cannot go on in this process, for this reason. All that can be done is to cancel it.
    Unfit(String, RunRow, Box<RunState>),
}

/// Reads a run from the store. From then on the epoch in its row is the one to write under.
pub(crate) async fn load(shared: &Shared, run: &RunId) -> Result<Found, StoreError> {
    let _permit = shared.loads.acquire().await;
    let Some(stored) = shared.store.load(run, ROWS).await? else { return Ok(Found::Nothing) };
    let (mut row, epoch) = (stored.row.clone(), stored.epoch);
    let has_messages = stored.has_messages;
    if row.status.is_ended() {
        publish_end(shared, row).await?;
        return Ok(Found::Nothing);
    }
    // Readers may have missed a turn of which nobody knew whether it was written.
    let head = Head { next_sequence: row.next_sequence, ..Head::default() };
    shared.hub.publish(run, head);

    let was_ours = row.epoch == epoch;
    row.epoch = epoch;
    let registered = shared.workflows.iter().find(|known| known.pool == row.pool);
    let known = registered.map(|registered| &registered.definitions);
    let (mut state, tail) = fold(shared, known, stored).await?;
    if state.next_sequence() != row.next_sequence {
        return Err(unfitting(shared, &row).await?);
    }
    let Some(registered) = registered else {
        let reason = format!("workflow `{}` is not registered here", row.pool);
        return Ok(Found::Unfit(reason, row, Box::new(state)));
    };
    let Ok(cell) = (registered.workflow.state_type().load)(state.user_state().clone()) else {
        let reason = "its state is not of the type that its steps have now".to_owned();
        return Ok(Found::Unfit(reason, row, Box::new(state)));
    };
    let newest = registered.definitions.newest();
    let redefined = state.definition().is_none_or(|definition| definition.id() != newest);
    if redefined && let Err(Misfit { missing_steps }) = state.fits(registered.workflow.definition())
    {
        let missing: Vec<&str> = missing_steps.iter().map(|step| step.as_str()).collect();
        let reason = format!("it has work for steps that the code lacks: {}", missing.join(", "));
        return Ok(Found::Unfit(reason, row, Box::new(state)));
    }
    let mut draft = Draft::default();
    // A run that this process let out of memory was not interrupted: nothing of it has to run
    // again, and the time since then counts.
    let at = shared.clock.now();
    if !(state.is_at_rest() && was_ours) {
        draft.apply_tick(&mut state, at, Tick::Resumed { epoch });
    }
    if redefined {
        draft.apply_tick(&mut state, at, Tick::Redefined { definition: newest });
    }
    let registered = Arc::clone(registered);
    let loaded = Loaded { registered, row, state, tail, cell, draft, written: false, has_messages };
    Ok(Found::Run(Box::new(loaded)))
}

/// Says why a journal leads elsewhere than its run's row says.
async fn unfitting(shared: &Shared, row: &RunRow) -> Result<StoreError, StoreError> {
    let newer = shared.store.run(&row.run).await?;
    if newer.is_none_or(|newer| newer.turn_id != row.turn_id) {
        // The owner before, who is about to find out, wrote a turn between the two reads.
        return Ok(StoreError::unavailable("the run went on while it was read"));
    }
    let what = format!("the journal and the stream of run `{}` do not fit together", row.run);
    Ok(StoreError::Corrupt { what })
}

/// Tells readers who missed it how the run ended.
pub(crate) async fn publish_end(shared: &Shared, row: RunRow) -> Result<(), StoreError> {
    let last = shared.store.last_stream_rows(&[row.key]).await?.pop().flatten();
    let record = RunRecord::read(row, last.as_ref());
    let head = Head {
        next_sequence: record.next_sequence,
        tail: last.map(Arc::new),
        ended: Some(Arc::new(record.clone())),
        purged: false,
    };
    shared.hub.publish(&record.run, head);
    Ok(())
}
