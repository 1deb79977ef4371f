//! Rows as the rest of the crate knows them, and values as PostgreSQL takes them.

use std::error::Error as StdError;

use bytes::{Bytes, BytesMut};
use stepwell_core::{InboxId, RunId, TimerId, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::error::Unreadable;
use crate::store::{InboxRow, RunKey, RunRow, Status, StreamRow, TimerRow, Turn};

type Result<T> = std::result::Result<T, tokio_postgres::Error>;

/// The columns that [`run`] reads, for a statement in which the table is called `r`.
macro_rules! run_columns {
    () => {
        "r.run_no, r.run_id, r.handler, r.workflow, r.pool, r.shard, r.epoch, r.head, r.turn_id, \
         r.status, r.idle, r.next_sequence, r.started_at, r.updated_at"
    };
}
pub(super) use run_columns;

pub(super) fn run(row: &Row) -> Result<RunRow> {
    Ok(RunRow {
        key: RunKey(unsigned(row, 0)?),
        run: RunId::new(row.try_get::<_, String>(1)?),
        handler: row.try_get(2)?,
        workflow: row.try_get(3)?,
        pool: row.try_get(4)?,
        shard: shard(row, 5)?,
        epoch: unsigned(row, 6)?,
        head: unsigned(row, 7)?,
        turn_id: row.try_get::<_, i64>(8)?.cast_unsigned(),
        status: row.try_get::<_, StatusNumber>(9)?.0,
        idle: row.try_get::<_, i16>(10)? == IDLE,
        next_sequence: unsigned(row, 11)?,
        started_at: Timestamp(unsigned(row, 12)?),
        updated_at: Timestamp(unsigned(row, 13)?),
    })
}

/// What stands in the column `idle` for a run that waits for the outside.
const IDLE: i16 = 1;

/// Returns the number that stands for how much a run rests after a turn. Indices and queries say
/// 0 for one that has something to do.
pub(super) fn rest_number(turn: &Turn) -> i16 {
    match (turn.idle, turn.rests) {
        (true, _) => IDLE,
        (false, true) => 2,
        (false, false) => 0,
    }
}

/// Returns the number that stands for a status. Indices and queries say 0 for running.
pub(super) fn status_number(status: Status) -> i16 {
    match status {
        Status::Running => 0,
        Status::Completed => 1,
        Status::Failed => 2,
        Status::TimedOut => 3,
        Status::Cancelled => 4,
    }
}

/// Reads `number, body`.
pub(super) fn stream(row: &Row) -> Result<StreamRow> {
    Ok(StreamRow { first: unsigned(row, 0)?, body: body(row, 1)? })
}

/// Reads `id, body`.
pub(super) fn inbox(row: &Row) -> Result<InboxRow> {
    Ok(InboxRow { id: InboxId(unsigned(row, 0)?), body: body(row, 1)? })
}

/// Reads `run_no, run_id, timer, due`.
pub(super) fn timer(row: &Row) -> Result<TimerRow> {
    Ok(TimerRow {
        key: RunKey(unsigned(row, 0)?),
        run: RunId::new(row.try_get::<_, String>(1)?),
        timer: TimerId(row.try_get::<_, i64>(2)?.cast_unsigned()),
        due: Timestamp(unsigned(row, 3)?),
    })
}

pub(super) fn body(row: &Row, column: usize) -> Result<Bytes> {
    row.try_get::<_, Vec<u8>>(column).map(Bytes::from)
}

/// Reads a number that cannot be negative.
pub(super) fn unsigned(row: &Row, column: usize) -> Result<u64> {
    row.try_get::<_, Unsigned>(column).map(|number| number.0)
}

pub(super) fn shard(row: &Row, column: usize) -> Result<u16> {
    row.try_get::<_, Shard>(column).map(|shard| shard.0)
}

/// Returns a moment as it is stored. Those after the year 290,000 become one, which never comes.
pub(super) fn moment(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// Returns the number behind a key; none if no run of this store can have that key.
pub(super) fn run_number(key: RunKey) -> Option<i64> {
    i64::try_from(key.0).ok()
}

/// Returns a limit as PostgreSQL takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A body on its way into a row.
#[derive(Debug)]
pub(super) struct Body(pub(super) Bytes);

impl ToSql for Body {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::BYTEA
    }

    to_sql_checked!();
}

struct Unsigned(u64);
struct StatusNumber(Status);
struct Shard(u16);

type FromSqlResult<T> = std::result::Result<T, Box<dyn StdError + Sync + Send>>;

impl<'a> FromSql<'a> for Unsigned {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> FromSqlResult<Self> {
        let value = i64::from_sql(kind, raw)?;
        Ok(Self(u64::try_from(value).map_err(|_| Unreadable(value))?))
    }

    fn accepts(kind: &Type) -> bool {
        <i64 as FromSql>::accepts(kind)
    }
}

impl<'a> FromSql<'a> for StatusNumber {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> FromSqlResult<Self> {
        Ok(Self(match i16::from_sql(kind, raw)? {
            0 => Status::Running,
            1 => Status::Completed,
            2 => Status::Failed,
            3 => Status::TimedOut,
            4 => Status::Cancelled,
            other => return Err(Unreadable(other.into()).into()),
        }))
    }

    fn accepts(kind: &Type) -> bool {
        <i16 as FromSql>::accepts(kind)
    }
}

impl<'a> FromSql<'a> for Shard {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> FromSqlResult<Self> {
        let value = i32::from_sql(kind, raw)?;
        Ok(Self(u16::try_from(value).map_err(|_| Unreadable(value.into()))?))
    }

    fn accepts(kind: &Type) -> bool {
        <i32 as FromSql>::accepts(kind)
    }
}
