//! The write behind [`Store::deliver`](crate::store::Store::deliver).

use rusqlite::{Connection, OptionalExtension};

use super::number::RunNumber;
use super::writer::{Outcome, Verb};
use crate::store::{Delivery, INBOX_BYTES, INBOX_MESSAGES, Message};

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
        let bytes = i64::try_from(self.body.len()).unwrap_or(i64::MAX);
        if !self.is_urgent && is_full(connection, run, bytes)? {
            return Ok(Ok(Delivery::Full));
        }
        let sql = "INSERT INTO inbox_keys (run_no, idempotency_key) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((run.0, &self.idempotency_key))?;
        let sql = "INSERT INTO inbox (run_no, body) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((run.0, &self.body[..]))?;
        let sql = "INSERT INTO inboxes (run_no, messages, bytes) VALUES (?1, 1, ?2)
                   ON CONFLICT (run_no) DO UPDATE
                   SET messages = messages + 1, bytes = bytes + excluded.bytes";
        connection.prepare_cached(sql)?.execute((run.0, bytes))?;
        Ok(Ok(Delivery::Accepted))
    }
}

/// Tells whether an inbox has no room for so many bytes. An empty one has room for anything.
fn is_full(connection: &Connection, run: RunNumber, bytes: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT messages >= ?3 OR bytes + ?2 > ?4 FROM inboxes WHERE run_no = ?1";
    let limits = (run.0, bytes, INBOX_MESSAGES.cast_signed(), INBOX_BYTES.cast_signed());
    let full = connection.prepare_cached(sql)?.query_row(limits, |row| row.get(0)).optional()?;
    Ok(full.unwrap_or(false))
}
