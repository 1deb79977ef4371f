//! Ends a run whose journal cannot be read: all that is left to do for it is to cancel it.

use stepwell_core::{Entry, Event as RawEvent, Family, InboxId, Payload, RunId, StreamItem, Tick};

use super::driver::Exit;
use super::inbound::Inbound;
use super::load;
use super::shared::Shared;
use crate::store::{Commit, InboxRow, RunRow, Status, StoreError, StreamRow, Taken, Turn, pack};

/// Writes the turn that ends the run if its inbox holds a cancel.
pub(crate) async fn cancel_unread(shared: &Shared, run: &RunId, reason: &str) -> Exit {
    match try_cancel(shared, run).await {
        Ok(true) => Exit::Ended,
        Ok(false) => Exit::Parked(reason.to_owned()),
        Err(_) => Exit::Lost,
    }
}

async fn try_cancel(shared: &Shared, run: &RunId) -> Result<bool, StoreError> {
    let (row, epoch) = match shared.store.take(run).await? {
        Taken::Ours { row, epoch } => (row, epoch),
        Taken::Elsewhere | Taken::Gone => return Ok(true),
    };
    let row = RunRow { epoch, ..row };
    let messages = shared.store.inbox(row.key, usize::MAX).await?;
    let is_cancel =
        |message: &&InboxRow| matches!(Inbound::unpack(&message.body), Ok(Some(Inbound::Cancel)));
    let Some(cancel) = messages.iter().find(is_cancel).map(|message| message.id) else {
        return Ok(false);
    };
    let consumed: Vec<InboxId> = messages.iter().map(|message| message.id).collect();
    let undelivered = consumed.iter().copied().filter(|id| *id != cancel).collect();
    match shared.store.commit(turn(shared, &row, consumed, undelivered)).await? {
        Commit::Committed => {
            let row = shared.store.run(run).await?;
            if let Some(row) = row {
                load::publish_end(shared, row).await?;
            }
            Ok(true)
        }
        _ => Err(StoreError::unavailable("the run went on while it was cancelled")),
    }
}

fn turn(shared: &Shared, row: &RunRow, consumed: Vec<InboxId>, undelivered: Vec<InboxId>) -> Turn {
    let at = shared.clock.now().max(row.updated_at);
    let end = RawEvent::builtin("WorkflowCancelledEvent", Family::Stop, Payload::object());
    Turn {
        key: row.key,
        epoch: row.epoch,
        head: row.head,
        id: shared.turn_id(),
        at,
        status: Status::Cancelled,
        idle: false,
        rests: false,
        next_sequence: row.next_sequence + 1,
        journal: pack(&[
            Entry { at, tick: Tick::Cancelled },
            Entry { at, tick: Tick::Undelivered { rows: undelivered } },
        ]),
        stream: Some(StreamRow { first: row.next_sequence, body: pack(&[StreamItem::Event(end)]) }),
        timers: Vec::new(),
        consumed,
    }
}
