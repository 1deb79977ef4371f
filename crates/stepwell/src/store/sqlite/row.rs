//! Rows as the rest of the crate knows them.

use bytes::Bytes;
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};
use stepwell_core::{InboxId, RunId, TimerId, Timestamp};

use super::number::{unpack, unsigned};
use crate::store::{InboxRow, RunKey, RunRow, Status, StreamRow, TimerRow, Turn};

/// The columns that [`run`] reads, for a statement in which the table is called `r`.
macro_rules! run_columns {
    () => {
        "r.run_no, r.run_id, r.handler, r.workflow, r.pool, r.shard, r.epoch, r.head, r.turn_id, \
         r.status, r.idle, r.next_sequence, r.started_at, r.updated_at"
    };
}
pub(super) use run_columns;

pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        key: key(row, 0)?,
        run: RunId::new(row.get::<_, String>(1)?),
        handler: row.get(2)?,
        workflow: row.get(3)?,
        pool: row.get(4)?,
        shard: row.get(5)?,
        epoch: unsigned(row, 6)?,
        head: unsigned(row, 7)?,
        turn_id: row.get::<_, i64>(8)?.cast_unsigned(),
        status: status(row, 9)?,
        idle: row.get::<_, i64>(10)? == IDLE,
        next_sequence: unsigned(row, 11)?,
        started_at: Timestamp(unsigned(row, 12)?),
        updated_at: Timestamp(unsigned(row, 13)?),
    })
}

/// What stands in the column `idle` for a run that waits for the outside.
const IDLE: i64 = 1;

/// Returns the number that stands for how much a run rests after a turn. Indices and queries say
/// 0 for one that has something to do.
pub(super) fn rest_number(turn: &Turn) -> i64 {
    match (turn.idle, turn.rests) {
        (true, _) => IDLE,
        (false, true) => 2,
        (false, false) => 0,
    }
}

/// Reads a run's number.
pub(super) fn key(row: &Row<'_>, column: usize) -> rusqlite::Result<RunKey> {
    unsigned(row, column).map(RunKey)
}

/// Reads a body.
pub(super) fn body(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    row.get::<_, Vec<u8>>(column).map(Bytes::from)
}

/// Reads `k, body`.
pub(super) fn stream(row: &Row<'_>) -> rusqlite::Result<StreamRow> {
    Ok(StreamRow { first: unpack(row.get(0)?), body: body(row, 1)? })
}

/// Reads `id, body`.
pub(super) fn inbox(row: &Row<'_>) -> rusqlite::Result<InboxRow> {
    Ok(InboxRow { id: InboxId(unsigned(row, 0)?), body: body(row, 1)? })
}

/// Reads `run_no, run_id, timer, due`.
pub(super) fn timer(row: &Row<'_>) -> rusqlite::Result<TimerRow> {
    Ok(TimerRow {
        key: key(row, 0)?,
        run: RunId::new(row.get::<_, String>(1)?),
        timer: TimerId(row.get::<_, i64>(2)?.cast_unsigned()),
        due: Timestamp(unsigned(row, 3)?),
    })
}

/// Returns the number that stands for a status. Indices and queries say 0 for running.
pub(super) fn status_number(status: Status) -> i64 {
    match status {
        Status::Running => 0,
        Status::Completed => 1,
        Status::Failed => 2,
        Status::TimedOut => 3,
        Status::Cancelled => 4,
    }
}

fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<Status> {
    Ok(match row.get(column)? {
        0 => Status::Running,
        1 => Status::Completed,
        2 => Status::Failed,
        3 => Status::TimedOut,
        4 => Status::Cancelled,
        other => {
            let error = FromSqlError::OutOfRange(other);
            return Err(rusqlite::Error::FromSqlConversionFailure(
                column,
                Type::Integer,
                error.into(),
            ));
        }
    })
}
