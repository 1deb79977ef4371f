//! The write behind [`Store::commit`](crate::store::Store::commit), and the rows of any turn.

use std::collections::BTreeSet;
use std::num::TryFromIntError;

use rusqlite::{Connection, OptionalExtension, Row};
use stepwell_core::InboxId;

use super::number::{RunNumber, moment, unsigned};
use super::row;
use super::writer::{Outcome, Verb};
use crate::store::{Commit, InboxRow, StoreError, TimerChange, Turn};

impl Verb for Turn {
    type Answer = Commit;

    fn apply(&self, connection: &Connection) -> Outcome<Commit> {
        let Some(run) = RunNumber::of(self.key) else {
            return Ok(Ok(Commit::Fenced));
        };
        let numbers = match Numbers::of(self) {
            Ok(numbers) => numbers,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if self.status.is_ended() {
            let left = leftovers(connection, run, &self.consumed)?;
            if !left.is_empty() {
                let stand = stand(connection, run, self)?;
                return Ok(Ok(stand.unwrap_or(Commit::Leftovers(left))));
            }
        }
        if !advance(connection, run, &numbers, self)? {
            let stand = stand(connection, run, self)?;
            return Ok(Ok(stand.expect("a turn that fits advances its run")));
        }
        write_rows(connection, run, &numbers, self)?;
        if self.status.is_ended() {
            let sql = "DELETE FROM timers WHERE run_no = ?1";
            connection.prepare_cached(sql)?.execute([run.0])?;
        } else {
            write_timers(connection, run, &self.timers)?;
        }
        consume(connection, run, &self.consumed)?;
        Ok(Ok(Commit::Committed))
    }
}

/// A turn's numbers, all within what this store can hold.
pub(super) struct Numbers {
    pub(super) epoch: i64,
    pub(super) next_sequence: i64,
    head: u32,
    stream: Option<u32>,
}

impl Numbers {
    /// Refuses a turn that is beyond the limits.
    pub(super) fn of(turn: &Turn) -> Result<Self, StoreError> {
        Self::within_limits(turn).map_err(StoreError::unavailable)
    }

    fn within_limits(turn: &Turn) -> Result<Self, TryFromIntError> {
        // The sequence after the last possible one is no limit to this turn, only to the next.
        u32::try_from(turn.next_sequence.saturating_sub(1))?;
        Ok(Self {
            epoch: turn.epoch.try_into()?,
            next_sequence: turn.next_sequence.try_into()?,
            head: turn.head.try_into()?,
            stream: turn.stream.as_ref().map(|row| row.first.try_into()).transpose()?,
        })
    }
}

/// Moves the run on if the turn fits. This is the fence.
fn advance(
    connection: &Connection,
    run: RunNumber,
    numbers: &Numbers,
    turn: &Turn,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE runs SET head = head + 1, epoch = ?3, turn_id = ?4, status = ?5, idle = ?6,
                   next_sequence = ?7, updated_at = ?8
               WHERE run_no = ?1 AND head = ?2 AND epoch <= ?3";
    let changed = connection.prepare_cached(sql)?.execute((
        run.0,
        numbers.head,
        numbers.epoch,
        turn.id.cast_signed(),
        row::status_number(turn.status),
        row::rest_number(turn),
        numbers.next_sequence,
        moment(turn.at),
    ))?;
    Ok(changed == 1)
}

/// Returns what is to be answered to a turn that does not fit, and none to one that does.
fn stand(connection: &Connection, run: RunNumber, turn: &Turn) -> rusqlite::Result<Option<Commit>> {
    let sql = "SELECT head, epoch, turn_id FROM runs WHERE run_no = ?1";
    let read = |row: &Row<'_>| Ok((unsigned(row, 0)?, unsigned(row, 1)?, row.get(2)?));
    let found: Option<(u64, u64, i64)> =
        connection.prepare_cached(sql)?.query_row([run.0], read).optional()?;
    Ok(match found {
        Some((head, epoch, _)) if head == turn.head && epoch <= turn.epoch => None,
        Some((head, _, id)) if head == turn.head + 1 && id.cast_unsigned() == turn.id => {
            Some(Commit::Committed)
        }
        _ => Some(Commit::Fenced),
    })
}

/// Returns the messages that a turn would leave in the inbox.
fn leftovers(
    connection: &Connection,
    run: RunNumber,
    consumed: &[InboxId],
) -> rusqlite::Result<Vec<InboxRow>> {
    let sql = "SELECT id, body FROM inbox WHERE run_no = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut left =
        statement.query_map([run.0], row::inbox)?.collect::<rusqlite::Result<Vec<_>>>()?;
    if !left.is_empty() {
        let consumed: BTreeSet<_> = consumed.iter().collect();
        left.retain(|message| !consumed.contains(&message.id));
    }
    Ok(left)
}

/// Writes the journal row and the stream row.
pub(super) fn write_rows(
    connection: &Connection,
    run: RunNumber,
    numbers: &Numbers,
    turn: &Turn,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO journal (k, body) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute((run.pack(numbers.head), &turn.journal[..]))?;
    if let (Some(first), Some(stream)) = (numbers.stream, &turn.stream) {
        let sql = "INSERT INTO stream (k, body) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((run.pack(first), &stream.body[..]))?;
    }
    Ok(())
}

/// Sets and clears timers of a run that goes on.
pub(super) fn write_timers(
    connection: &Connection,
    run: RunNumber,
    changes: &[TimerChange],
) -> rusqlite::Result<()> {
    for change in changes {
        let timer = change.timer.0.cast_signed();
        match change.due {
            Some(due) => {
                let sql = "INSERT INTO timers (run_no, timer, due, pool, shard)
                           SELECT run_no, ?2, ?3, pool, shard FROM runs WHERE run_no = ?1
                           ON CONFLICT (run_no, timer) DO UPDATE SET due = excluded.due";
                connection.prepare_cached(sql)?.execute((run.0, timer, moment(due)))?;
            }
            None => {
                let sql = "DELETE FROM timers WHERE run_no = ?1 AND timer = ?2";
                connection.prepare_cached(sql)?.execute((run.0, timer))?;
            }
        }
    }
    Ok(())
}

fn consume(connection: &Connection, run: RunNumber, consumed: &[InboxId]) -> rusqlite::Result<()> {
    let (mut messages, mut bytes) = (0_i64, 0_i64);
    for id in consumed {
        let sql = "DELETE FROM inbox WHERE id = ?1 AND run_no = ?2 RETURNING length(body)";
        let mut statement = connection.prepare_cached(sql)?;
        let removed = statement.query_row((id.0.cast_signed(), run.0), |row| row.get(0));
        let removed: Option<i64> = removed.optional()?;
        messages += i64::from(removed.is_some());
        bytes += removed.unwrap_or(0);
    }
    if messages == 0 {
        return Ok(());
    }
    let sql = "UPDATE inboxes SET messages = messages - ?2, bytes = bytes - ?3 WHERE run_no = ?1";
    connection.prepare_cached(sql)?.execute((run.0, messages, bytes))?;
    let sql = "DELETE FROM inboxes WHERE run_no = ?1 AND messages = 0";
    connection.prepare_cached(sql)?.execute([run.0])?;
    Ok(())
}
