//! The write behind [`Store::create`](crate::store::Store::create).

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use super::number::{RunNumber, moment};
use super::row;
use super::turn::{Numbers, write_rows, write_timers};
use super::writer::{Outcome, Verb};
use crate::store::{Creation, NewRun, RunKey, StoreError};

impl Verb for NewRun {
    type Answer = Creation;

    fn apply(&self, connection: &Connection) -> Outcome<Creation> {
        let newest = newest(connection, &self.handler)?;
        let seen = self.previous.as_ref().map(|run| run.as_str());
        if newest.as_ref().map(|run| run.id.as_str()) != seen {
            // Perhaps the caller makes again what was done before.
            let known = known(connection, self)?;
            return Ok(Ok(known.map_or(Creation::Changed, Creation::Created)));
        }
        if newest.as_ref().is_some_and(|run| !run.ended) {
            return Ok(Ok(Creation::Busy));
        }
        let numbers = match Numbers::of(&self.turn) {
            Ok(numbers) => numbers,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let run = match insert(connection, self, newest.map(|run| run.number), &numbers) {
            Ok(run) => run,
            // Another run has this name, or there are too many. Nothing is written.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Ok(Err(StoreError::unavailable(error)));
            }
            Err(error) => return Err(error),
        };
        let sql = "INSERT INTO handlers (handler, first_no, run_no) VALUES (?1, ?2, ?2)
                   ON CONFLICT (handler) DO UPDATE SET run_no = excluded.run_no";
        connection.prepare_cached(sql)?.execute((&self.handler, run.0))?;
        write_rows(connection, run, &numbers, &self.turn)?;
        if !self.turn.status.is_ended() {
            write_timers(connection, run, &self.turn.timers)?;
        }
        Ok(Ok(Creation::Created(RunKey(run.0.cast_unsigned()))))
    }
}

/// The newest run of a handler.
struct Newest {
    number: i64,
    id: String,
    ended: bool,
}

fn newest(connection: &Connection, handler: &str) -> rusqlite::Result<Option<Newest>> {
    let sql = "SELECT r.run_no, r.run_id, r.status <> 0
               FROM handlers h JOIN runs r ON r.run_no = h.run_no WHERE h.handler = ?1";
    let read =
        |row: &Row<'_>| Ok(Newest { number: row.get(0)?, id: row.get(1)?, ended: row.get(2)? });
    connection.prepare_cached(sql)?.query_row([handler], read).optional()
}

/// Returns the run if it was created before.
fn known(connection: &Connection, new: &NewRun) -> rusqlite::Result<Option<RunKey>> {
    let sql = "SELECT run_no FROM runs WHERE run_id = ?1 AND handler = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row((new.run.as_str(), &new.handler), |row| row::key(row, 0)).optional()
}

fn insert(
    connection: &Connection,
    new: &NewRun,
    previous: Option<i64>,
    numbers: &Numbers,
) -> rusqlite::Result<RunNumber> {
    let sql = "INSERT INTO runs (run_id, handler, previous_no, workflow, pool, shard, epoch, head,
                   turn_id, status, idle, next_sequence, started_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, ?11, ?12, ?12)";
    connection.prepare_cached(sql)?.execute((
        new.run.as_str(),
        &new.handler,
        previous,
        &new.workflow,
        &new.pool,
        new.shard,
        numbers.epoch,
        new.turn.id.cast_signed(),
        row::status_number(new.turn.status),
        row::rest_number(&new.turn),
        numbers.next_sequence,
        moment(new.turn.at),
    ))?;
    Ok(RunNumber(connection.last_insert_rowid()))
}
