//! What a handler is, as it was written and as a store shows it.

use std::collections::BTreeMap;

use anyhow::Result;
use stepwell::store::{RunKey, RunRow, Status, Store, StreamRow, Turn};
use stepwell_core::Timestamp;

/// The pool that all runs are of.
pub(super) const POOL: &str = "power@1";

/// More rows than any handler has.
const ROWS: usize = 10_000;

/// All that a store shows of a handler's newest run.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) run: String,
    pub(super) head: u64,
    pub(super) turn: u64,
    pub(super) ended: bool,
    pub(super) next_sequence: u64,
    pub(super) journal: Vec<u32>,
    pub(super) stream: Vec<(u64, u32)>,
    pub(super) inbox: Vec<String>,
    pub(super) timers: BTreeMap<u64, u64>,
}

impl Model {
    /// Does what a store does with a turn that it writes.
    pub(super) fn follow(&mut self, turn: &Turn) {
        self.head = turn.head + 1;
        self.turn = turn.id;
        self.ended = turn.status.is_ended();
        self.next_sequence = turn.next_sequence;
        self.journal.push(digest(&turn.journal));
        self.stream.extend(turn.stream.as_ref().map(row));
        if !turn.consumed.is_empty() {
            self.inbox.clear();
        }
        for change in &turn.timers {
            match change.due {
                Some(due) => self.timers.insert(change.timer.0, due.0),
                None => self.timers.remove(&change.timer.0),
            };
        }
        if self.ended {
            self.timers.clear();
        }
    }

    /// Returns a text that says everything.
    pub(super) fn shape(&self) -> String {
        format!("{self:?}")
    }
}

/// Reads what a store shows of a handler.
pub(super) async fn look(store: &dyn Store, handler: &str) -> Result<Option<String>> {
    let Some(found) = store.handler(handler).await? else { return Ok(None) };
    let RunRow { key, run, head, turn_id, status, next_sequence, .. } = found;
    let journal = store.journal(key, 0, ROWS).await?.iter().map(|body| digest(body)).collect();
    let stream = store.stream(key, None, ROWS).await?.iter().map(row).collect();
    let inbox = store.inbox(key, ROWS).await?;
    let inbox = inbox.iter().map(|row| String::from_utf8_lossy(&row.body).into_owned()).collect();
    let model = Model {
        run: run.as_str().to_owned(),
        head,
        turn: turn_id,
        ended: status != Status::Running,
        next_sequence,
        journal,
        stream,
        inbox,
        timers: timers(store, run.as_str()).await?,
    };
    Ok(Some(model.shape()))
}

async fn timers(store: &dyn Store, run: &str) -> Result<BTreeMap<u64, u64>> {
    let rows = store.timers(&[POOL.to_owned()], None, Timestamp(u64::MAX), ROWS).await?;
    let of_run = rows.iter().filter(|row| row.run.as_str() == run);
    Ok(of_run.map(|row| (row.timer.0, row.due.0)).collect())
}

/// Reads the names of the messages that wait for a run.
pub(super) async fn waiting(store: &dyn Store, run: RunKey) -> Result<Vec<stepwell_core::InboxId>> {
    Ok(store.inbox(run, ROWS).await?.into_iter().map(|row| row.id).collect())
}

fn row(row: &StreamRow) -> (u64, u32) {
    (row.first, digest(&row.body))
}

/// Tells bytes from others; FNV-1a is enough for that.
fn digest(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
