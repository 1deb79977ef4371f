//! The reads: one function for each verb of the store.

use std::collections::BTreeSet;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use stepwell_core::{DefinitionId, RunId, Timestamp};

use super::number::{RunNumber, limit, moment, unsigned};
use super::row::{self, run_columns};
use crate::store::{
    HandlerFilter, InboxRow, RunKey, RunRow, SnapshotRow, StoredRun, StreamRow, TimerRow,
};

type Result<T> = rusqlite::Result<T>;

pub(super) fn definition(connection: &Connection, id: DefinitionId) -> Result<Option<Bytes>> {
    let sql = "SELECT body FROM definitions WHERE id = ?1";
    one(connection, sql, [id.to_string()], |row| row::body(row, 0))
}

pub(super) fn handler(connection: &Connection, handler: &str) -> Result<Option<RunRow>> {
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        " FROM handlers h JOIN runs r ON r.run_no = h.run_no WHERE h.handler = ?1"
    );
    one(connection, sql, [handler], row::run)
}

pub(super) fn handlers(connection: &Connection, filter: &HandlerFilter) -> Result<Vec<RunRow>> {
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        " FROM handlers h JOIN runs r ON r.run_no = h.run_no
          WHERE (?1 = '[]' OR r.status IN (SELECT value FROM json_each(?1)))
            AND (?2 = '[]' OR r.workflow IN (SELECT value FROM json_each(?2)))
          ORDER BY h.first_no"
    );
    let statuses: Vec<i64> = filter.statuses.iter().copied().map(row::status_number).collect();
    all(connection, sql, (json(&statuses), json(&filter.workflows)), row::run)
}

pub(super) fn run(connection: &Connection, run: &RunId) -> Result<Option<RunRow>> {
    let sql = concat!("SELECT ", run_columns!(), " FROM runs r WHERE r.run_id = ?1");
    one(connection, sql, [run.as_str()], row::run)
}

pub(super) fn unfinished(
    connection: &Connection,
    pools: &[String],
    after: Option<RunKey>,
    rows: usize,
) -> Result<Vec<RunRow>> {
    let after = after.map_or(0, |key| i64::try_from(key.0).unwrap_or(i64::MAX));
    // Both read an index that is small however many runs there are; the first pool by pool, so
    // that it gives each pool's next ones without sorting all of them.
    let busy = "SELECT run_no FROM runs INDEXED BY runs_unfinished
                WHERE pool = ?1 AND status = 0 AND idle = 0 AND run_no > ?2
                ORDER BY run_no LIMIT ?3";
    let written_to = "SELECT i.run_no FROM inboxes i JOIN runs r ON r.run_no = i.run_no
                      WHERE r.pool = ?1 AND r.status = 0 AND i.run_no > ?2
                      ORDER BY i.run_no LIMIT ?3";
    let mut found: BTreeSet<i64> = BTreeSet::new();
    for pool in pools.iter().collect::<BTreeSet<_>>() {
        for sql in [busy, written_to] {
            let params = (pool, after, limit(rows));
            found.extend(all(connection, sql, params, |row| row.get::<_, i64>(0))?);
        }
    }
    let sql = concat!("SELECT ", run_columns!(), " FROM runs r WHERE r.run_no = ?1");
    let found = found.into_iter().take(rows);
    // One that was purged meanwhile is left out.
    found.filter_map(|run| one(connection, sql, [run], row::run).transpose()).collect()
}

pub(super) fn journal(
    connection: &Connection,
    run: RunKey,
    from: u64,
    rows: usize,
) -> Result<Vec<Bytes>> {
    let Some(run) = RunNumber::of(run) else { return Ok(Vec::new()) };
    let Ok(from) = u32::try_from(from) else { return Ok(Vec::new()) };
    let sql = "SELECT body FROM journal WHERE k BETWEEN ?1 AND ?2 ORDER BY k LIMIT ?3";
    let (_, last) = run.range();
    all(connection, sql, (run.pack(from), last, limit(rows)), |row| row::body(row, 0))
}

pub(super) fn snapshot(connection: &Connection, run: RunKey) -> Result<Option<SnapshotRow>> {
    let Some(run) = RunNumber::of(run) else { return Ok(None) };
    let sql = "SELECT head, body FROM snapshots WHERE run_no = ?1";
    let read =
        |row: &Row<'_>| Ok(SnapshotRow { head: unsigned(row, 0)?, body: row::body(row, 1)? });
    one(connection, sql, [run.0], read)
}

pub(super) fn load(
    connection: &Connection,
    name: &RunId,
    epoch: u64,
    rows: usize,
) -> Result<Option<StoredRun>> {
    // So that all of it is of the same moment.
    let transaction = connection.unchecked_transaction()?;
    let Some(row) = run(&transaction, name)? else { return Ok(None) };
    let snapshot = snapshot(&transaction, row.key)?;
    let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.head);
    let journal = journal(&transaction, row.key, from, rows)?;
    let sql = "SELECT 1 FROM inboxes WHERE run_no = ?1";
    let key = i64::try_from(row.key.0).unwrap_or(i64::MAX);
    let has_messages = transaction.prepare_cached(sql)?.exists([key])?;
    Ok(Some(StoredRun { row, epoch, snapshot, journal, has_messages }))
}

pub(super) fn stream(
    connection: &Connection,
    run: RunKey,
    after: Option<u64>,
    rows: usize,
) -> Result<Vec<StreamRow>> {
    let Some(run) = RunNumber::of(run) else { return Ok(Vec::new()) };
    let from = after.map_or(Some(0), |after| u32::try_from(after).ok()?.checked_add(1));
    let Some(from) = from else { return Ok(Vec::new()) };
    // The row that holds `from` may begin before it; there is none once it is the next sequence.
    let sql = "SELECT k, body FROM stream
               WHERE k >= ifnull(
                   (SELECT k FROM stream WHERE k BETWEEN ?2 AND ?3 ORDER BY k DESC LIMIT 1), ?3)
                 AND k <= ?4
                 AND ?5 < (SELECT next_sequence FROM runs WHERE run_no = ?1)
               ORDER BY k LIMIT ?6";
    let (first, last) = run.range();
    all(connection, sql, (run.0, first, run.pack(from), last, from, limit(rows)), row::stream)
}

pub(super) fn last_stream_rows(
    connection: &Connection,
    runs: &[RunKey],
) -> Result<Vec<Option<StreamRow>>> {
    let sql = "SELECT k, body FROM stream WHERE k BETWEEN ?1 AND ?2 ORDER BY k DESC LIMIT 1";
    let last = |key: &RunKey| match RunNumber::of(*key) {
        Some(run) => one(connection, sql, run.range(), row::stream),
        None => Ok(None),
    };
    runs.iter().map(last).collect()
}

pub(super) fn inbox(connection: &Connection, run: RunKey, rows: usize) -> Result<Vec<InboxRow>> {
    let Some(run) = RunNumber::of(run) else { return Ok(Vec::new()) };
    let sql = "SELECT id, body FROM inbox WHERE run_no = ?1 ORDER BY id LIMIT ?2";
    all(connection, sql, (run.0, limit(rows)), row::inbox)
}

pub(super) fn timers(
    connection: &Connection,
    pools: &[String],
    after: Option<&TimerRow>,
    before: Timestamp,
    rows: usize,
) -> Result<Vec<TimerRow>> {
    // Pool by pool, so that the index gives each pool's first ones without sorting all of them.
    let sql = "SELECT t.run_no, r.run_id, t.timer, t.due
               FROM timers t JOIN runs r ON r.run_no = t.run_no
               WHERE t.pool = ?1 AND t.due < ?2 AND (t.due, t.run_no, t.timer) > (?3, ?4, ?5)
               ORDER BY t.due, t.run_no, t.timer LIMIT ?6";
    let (due, run, timer) = after.map_or((-1, 0, 0), |row| {
        (moment(row.due), i64::try_from(row.key.0).unwrap_or(i64::MAX), row.timer.0.cast_signed())
    });
    let mut timers: Vec<TimerRow> = Vec::new();
    for pool in pools.iter().collect::<BTreeSet<_>>() {
        let params = (pool, moment(before), due, run, timer, limit(rows));
        timers.extend(all(connection, sql, params, row::timer)?);
    }
    timers.sort_by_key(|row| (row.due, row.key, row.timer.0.cast_signed()));
    timers.truncate(rows);
    Ok(timers)
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params, read).optional()
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// Returns a list as `json_each` takes it.
fn json<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("numbers and texts can be written as JSON")
}
