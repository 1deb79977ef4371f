//! What callers learn of a run.

use stepwell_core::{End, Event as RawEvent, RunId, StreamItem, Timestamp};

use crate::store::{RunRow, Status, StoreError, StreamRow, unpack};

/// What is known of a run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The run's name.
    pub run: RunId,
    /// The client's name for it, which later runs may have too.
    pub handler: String,
    /// The name its workflow is registered under.
    pub workflow: String,
    /// How it stands.
    pub status: Status,
    /// Whether it waits for the outside.
    pub idle: bool,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it last went on. Items on its stream alone do not count.
    pub updated_at: Timestamp,
    /// The sequence that its next stream item gets.
    pub next_sequence: u64,
    /// Why it cannot go on in this process, if it was set aside: it waits until a person has
    /// looked at it, or other code is registered, and can be cancelled.
    pub set_aside: Option<String>,
    /// The event it ended with: the last of its stream. None if it has not ended, or if that
    /// event cannot be read.
    pub end: Option<RawEvent>,
}

impl RunRecord {
    /// Makes the record of a run that ended with `end`, or has not ended.
    pub(crate) fn new(row: RunRow, end: Option<RawEvent>) -> Self {
        Self {
            run: row.run,
            handler: row.handler,
            workflow: row.workflow,
            status: row.status,
            idle: row.idle,
            started_at: row.started_at,
            updated_at: row.updated_at,
            next_sequence: row.next_sequence,
            set_aside: None,
            end,
        }
    }

    /// Makes the record of a run from what the store has; `last` is the last row of its stream.
    ///
    /// A row that cannot be read is no error: it must not hide the others of a list.
    pub(crate) fn read(row: RunRow, last: Option<&StreamRow>) -> Self {
        let last = last.filter(|_| row.status.is_ended());
        let end = last.and_then(|last| match terminal(&row.run, last) {
            Ok(end) => Some(end),
            Err(error) => {
                tracing::error!(%error, "the end of a run is unreadable");
                None
            }
        });
        Self::new(row, end)
    }

    /// Tells whether the run has ended with an event that cannot be read.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.status.is_ended() && self.end.is_none()
    }
}

/// One item of a run's stream with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequenced {
    /// Its number; it never changes.
    pub sequence: u64,
    /// The item.
    pub item: StreamItem,
}

/// Reads a stream row.
pub(crate) fn items(run: &RunId, row: &StreamRow) -> Result<Vec<Sequenced>, StoreError> {
    let items: Vec<StreamItem> = unpack(&row.body).map_err(|error| StoreError::Corrupt {
        what: format!("the stream of run `{run}` from {}: {error}", row.first),
    })?;
    Ok((row.first..).zip(items).map(|(sequence, item)| Sequenced { sequence, item }).collect())
}

fn terminal(run: &RunId, row: &StreamRow) -> Result<RawEvent, StoreError> {
    match items(run, row)?.pop() {
        Some(Sequenced { item: StreamItem::Event(event), .. }) => Ok(event),
        _ => Err(StoreError::Corrupt { what: format!("run `{run}` has ended without an event") }),
    }
}

pub(crate) fn status(end: Option<&End>) -> Status {
    match end {
        None => Status::Running,
        Some(End::Completed(_)) => Status::Completed,
        Some(End::Failed(_)) => Status::Failed,
        Some(End::TimedOut(_)) => Status::TimedOut,
        Some(End::Cancelled(_)) => Status::Cancelled,
    }
}
