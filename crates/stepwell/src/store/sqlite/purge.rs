//! The write behind [`Store::purge`](crate::store::Store::purge).

use rusqlite::{Connection, OptionalExtension, Row};

use super::number::RunNumber;
use super::writer::{Outcome, Verb};
use crate::store::StoreError;

pub(super) struct Purge {
    pub(super) handler: String,
}

impl Verb for Purge {
    type Answer = bool;

    fn apply(&self, connection: &Connection) -> Outcome<bool> {
        let sql = "SELECT r.run_no, r.status <> 0
                   FROM handlers h JOIN runs r ON r.run_no = h.run_no WHERE h.handler = ?1";
        let read = |row: &Row<'_>| Ok((RunNumber(row.get(0)?), row.get(1)?));
        let newest: Option<(RunNumber, bool)> =
            connection.prepare_cached(sql)?.query_row([&self.handler], read).optional()?;
        let Some((newest, ended)) = newest else {
            return Ok(Ok(false));
        };
        if !ended {
            return Ok(Err(StoreError::unavailable("the handler's run has not ended")));
        }
        let mut next = Some(newest);
        while let Some(run) = next {
            next = remove(connection, run)?;
        }
        connection
            .prepare_cached("DELETE FROM handlers WHERE handler = ?1")?
            .execute([&self.handler])?;
        Ok(Ok(true))
    }
}

/// Removes a run and all that belongs to it, and returns the handler's run before it.
fn remove(connection: &Connection, run: RunNumber) -> rusqlite::Result<Option<RunNumber>> {
    for sql in [
        "DELETE FROM journal WHERE k BETWEEN ?1 AND ?2",
        "DELETE FROM stream WHERE k BETWEEN ?1 AND ?2",
    ] {
        connection.prepare_cached(sql)?.execute(run.range())?;
    }
    for sql in [
        "DELETE FROM timers WHERE run_no = ?1",
        "DELETE FROM inbox WHERE run_no = ?1",
        "DELETE FROM inboxes WHERE run_no = ?1",
        "DELETE FROM snapshots WHERE run_no = ?1",
        "DELETE FROM inbox_keys WHERE run_no = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([run.0])?;
    }
    let sql = "DELETE FROM runs WHERE run_no = ?1 RETURNING previous_no";
    let mut statement = connection.prepare_cached(sql)?;
    let previous: Option<i64> = statement.query_row([run.0], |row| row.get(0))?;
    Ok(previous.map(RunNumber))
}
