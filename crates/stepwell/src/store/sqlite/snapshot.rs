//! The write behind [`Store::keep_snapshot`](crate::store::Store::keep_snapshot).

use rusqlite::Connection;

use super::number::RunNumber;
use super::writer::{Outcome, Verb};
use crate::store::{RunKey, SnapshotRow};

pub(super) struct Keep {
    pub(super) run: RunKey,
    pub(super) snapshot: SnapshotRow,
}

impl Verb for Keep {
    type Answer = ();

    fn apply(&self, connection: &Connection) -> Outcome<()> {
        let Some(run) = RunNumber::of(self.run) else { return Ok(Ok(())) };
        // No run has so many turns.
        let Ok(head) = u32::try_from(self.snapshot.head) else { return Ok(Ok(())) };
        let sql = "INSERT INTO snapshots (run_no, head, body)
                   SELECT run_no, ?2, ?3 FROM runs WHERE run_no = ?1 AND head >= ?2 AND ?2 > 0
                   ON CONFLICT (run_no) DO UPDATE SET head = excluded.head, body = excluded.body
                   WHERE excluded.head > head";
        connection.prepare_cached(sql)?.execute((run.0, head, &self.snapshot.body[..]))?;
        Ok(Ok(()))
    }
}
