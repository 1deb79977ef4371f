//! The reads: one function for each verb of the store.

use std::collections::BTreeSet;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use stepwell_core::{DefinitionId, RunId, TimerId, Timestamp};

use super::number::{RunNumber, limit, moment, unsigned};
use super::row::{self, run_columns};
use crate::store::{HandlerFilter, InboxRow, RunKey, RunRow, StreamRow, TimerRow};

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

pub(super) fn unfinished(connection: &Connection, pools: &[String]) -> Result<Vec<RunRow>> {
    // Both inner queries read an index that is small however many runs there are.
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        " FROM runs r
          WHERE r.run_no IN (
              SELECT run_no FROM runs
              WHERE status = 0 AND idle = 0 AND pool IN (SELECT value FROM json_each(?1))
              UNION SELECT run_no FROM inbox
          )
          AND r.status = 0 AND r.pool IN (SELECT value FROM json_each(?1))
          ORDER BY r.run_no"
    );
    all(connection, sql, [json(pools)], row::run)
}

pub(super) fn journal(connection: &Connection, run: RunKey) -> Result<Vec<Bytes>> {
    let Some(run) = RunNumber::of(run) else { return Ok(Vec::new()) };
    let sql = "SELECT body FROM journal WHERE k BETWEEN ?1 AND ?2 ORDER BY k";
    all(connection, sql, run.range(), |row| row::body(row, 0))
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
    before: Timestamp,
    rows: usize,
) -> Result<Vec<TimerRow>> {
    // Pool by pool, so that the index gives each pool's first ones without sorting all of them.
    let sql = "SELECT r.run_id, t.timer, t.due, t.run_no
               FROM timers t JOIN runs r ON r.run_no = t.run_no
               WHERE t.pool = ?1 AND t.due < ?2
               ORDER BY t.due, t.run_no, t.timer LIMIT ?3";
    let mut timers: Vec<(i64, TimerRow)> = Vec::new();
    for pool in pools.iter().collect::<BTreeSet<_>>() {
        timers.extend(all(connection, sql, (pool, moment(before), limit(rows)), timer)?);
    }
    timers.sort_by_key(|(run, row)| (row.due, *run, row.timer));
    Ok(timers.into_iter().map(|(_, row)| row).take(rows).collect())
}

fn timer(row: &Row<'_>) -> Result<(i64, TimerRow)> {
    let timer = TimerRow {
        run: RunId::new(row.get::<_, String>(0)?),
        timer: TimerId(row.get::<_, i64>(1)?.cast_unsigned()),
        due: Timestamp(unsigned(row, 2)?),
    };
    Ok((row.get(3)?, timer))
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
