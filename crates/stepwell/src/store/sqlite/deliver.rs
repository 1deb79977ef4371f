//! The write behind [`Store::deliver`](crate::store::Store::deliver).

use rusqlite::{Connection, OptionalExtension};

use super::number::RunNumber;
use super::writer::{Outcome, Verb};
use crate::store::{Delivery, Message};

impl Verb for Message {
    type Answer = Delivery;

    fn apply(&self, connection: &Connection) -> Outcome<Delivery> {
        let Some(run) = RunNumber::of(self.run) else {
            return Ok(Ok(Delivery::Ended));
        };
        let sql = "SELECT status <> 0 FROM runs WHERE run_no = ?1";
        let ended: Option<bool> =
            connection.prepare_cached(sql)?.query_row([run.0], |row| row.get(0)).optional()?;
        let sql = "SELECT 1 FROM inbox_keys WHERE run_no = ?1 AND idempotency_key = ?2";
        let mut known = connection.prepare_cached(sql)?;
        // First, since a message that was taken before is told so even if its run has ended.
        if known.exists((run.0, &self.idempotency_key))? {
            return Ok(Ok(Delivery::Duplicate));
        }
        if ended.unwrap_or(true) {
            return Ok(Ok(Delivery::Ended));
        }
        let sql = "INSERT INTO inbox_keys (run_no, idempotency_key) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((run.0, &self.idempotency_key))?;
        let sql = "INSERT INTO inbox (run_no, body) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((run.0, &self.body[..]))?;
        Ok(Ok(Delivery::Accepted))
    }
}
