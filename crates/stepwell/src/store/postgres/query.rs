//! The reads: one function for each verb of the store.

use std::collections::HashMap;

use bytes::Bytes;
use stepwell_core::{DefinitionId, InboxId, RunId, Timestamp};
use tokio_postgres::Row;

use super::error::store_error;
use super::reader::{Parameter, Readers};
use super::row::{self, limit, moment, run_columns, run_number, status_number};
use crate::store::{
    Glance, HandlerFilter, InboxRow, RunKey, RunRow, SnapshotRow, StoreError, StreamRow, TimerRow,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Tells whether a text can be in the database at all: PostgreSQL has none with this character.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

pub(super) async fn definition(readers: &Readers, id: DefinitionId) -> Result<Option<Bytes>> {
    let sql = "SELECT body FROM stepwell_definitions WHERE id = $1";
    one(readers, sql, &[&id.to_string()], |row| row::body(row, 0)).await
}

pub(super) async fn handler(readers: &Readers, handler: &str) -> Result<Option<RunRow>> {
    if !is_storable(handler) {
        return Ok(None);
    }
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        " FROM stepwell_handlers h JOIN stepwell_runs r ON r.run_no = h.run_no
          WHERE h.handler = $1"
    );
    one(readers, sql, &[&handler], row::run).await
}

pub(super) async fn handlers(readers: &Readers, filter: &HandlerFilter) -> Result<Vec<RunRow>> {
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        " FROM stepwell_handlers h JOIN stepwell_runs r ON r.run_no = h.run_no
          WHERE ($1::smallint[] = '{}' OR r.status = ANY($1))
            AND ($2 OR r.workflow = ANY($3))
          ORDER BY h.first_no"
    );
    let statuses: Vec<i16> = filter.statuses.iter().copied().map(status_number).collect();
    let workflows = storable(&filter.workflows);
    all(readers, sql, &[&statuses, &filter.workflows.is_empty(), &workflows], row::run).await
}

pub(super) async fn run(readers: &Readers, run: &RunId) -> Result<Option<RunRow>> {
    if !is_storable(run.as_str()) {
        return Ok(None);
    }
    let sql = concat!("SELECT ", run_columns!(), " FROM stepwell_runs r WHERE r.run_id = $1");
    one(readers, sql, &[&run.as_str()], row::run).await
}

pub(super) async fn unfinished(
    readers: &Readers,
    pools: &[String],
    owner: Option<i64>,
    after: Option<RunKey>,
    rows: usize,
) -> Result<Vec<RunRow>> {
    // Both inner queries read an index that is small however many runs there are; the first pool
    // by pool, so that it gives each pool's next ones without sorting all of them.
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        " FROM (
              SELECT b.run_no FROM (SELECT DISTINCT unnest($1::text[]) AS pool) p
              CROSS JOIN LATERAL (
                  SELECT d.run_no FROM stepwell_runs d
                  WHERE d.pool = p.pool AND d.status = 0 AND d.idle = 0 AND d.run_no > $3
                    AND ($2::bigint IS NULL OR EXISTS (
                        SELECT FROM stepwell_shards s
                        WHERE s.pool = d.pool AND s.shard = d.shard AND s.node = $2))
                  ORDER BY d.run_no LIMIT $4
              ) b
              UNION SELECT run_no FROM stepwell_inbox WHERE run_no > $3
          ) u
          JOIN stepwell_runs r ON r.run_no = u.run_no
          WHERE r.status = 0 AND r.pool = ANY($1)
            AND ($2::bigint IS NULL OR EXISTS (
                SELECT FROM stepwell_shards s
                WHERE s.pool = r.pool AND s.shard = r.shard AND s.node = $2))
          ORDER BY r.run_no LIMIT $4"
    );
    let after = after.map_or(-1, |key| run_number(key).unwrap_or(i64::MAX));
    all(readers, sql, &[&storable(pools), &owner, &after, &limit(rows)], row::run).await
}

pub(super) async fn journal(
    readers: &Readers,
    run: RunKey,
    from: u64,
    rows: usize,
) -> Result<Vec<Bytes>> {
    let Some(run) = run_number(run) else { return Ok(Vec::new()) };
    let Ok(from) = i64::try_from(from) else { return Ok(Vec::new()) };
    let sql = "SELECT body FROM stepwell_journal
               WHERE run_no = $1 AND number >= $2 ORDER BY number LIMIT $3";
    all(readers, sql, &[&run, &from, &limit(rows)], |row| row::body(row, 0)).await
}

pub(super) async fn snapshot(readers: &Readers, run: RunKey) -> Result<Option<SnapshotRow>> {
    let Some(run) = run_number(run) else { return Ok(None) };
    let sql = "SELECT head, body FROM stepwell_snapshots WHERE run_no = $1";
    let read =
        |row: &Row| Ok(SnapshotRow { head: row::unsigned(row, 0)?, body: row::body(row, 1)? });
    one(readers, sql, &[&run], read).await
}

pub(super) async fn stream(
    readers: &Readers,
    run: RunKey,
    after: Option<u64>,
    rows: usize,
) -> Result<Vec<StreamRow>> {
    let Some(run) = run_number(run) else { return Ok(Vec::new()) };
    let from = after.map_or(Some(0), |after| i64::try_from(after).ok()?.checked_add(1));
    let Some(from) = from else { return Ok(Vec::new()) };
    // The row that holds `from` may begin before it; there is none once it is the next sequence.
    let sql = "
        SELECT number, body FROM stepwell_stream
        WHERE run_no = $1
          AND number >= coalesce((
              SELECT number FROM stepwell_stream WHERE run_no = $1 AND number <= $2
              ORDER BY number DESC LIMIT 1), $2)
          AND $2 < (SELECT next_sequence FROM stepwell_runs WHERE run_no = $1)
        ORDER BY number LIMIT $3";
    all(readers, sql, &[&run, &from, &limit(rows)], row::stream).await
}

pub(super) async fn last_stream_rows(
    readers: &Readers,
    runs: &[RunKey],
) -> Result<Vec<Option<StreamRow>>> {
    let sql = "
        SELECT s.number, s.body, k.run_no FROM unnest($1::bigint[]) AS k(run_no)
        CROSS JOIN LATERAL (
            SELECT number, body FROM stepwell_stream
            WHERE run_no = k.run_no ORDER BY number DESC LIMIT 1
        ) s";
    let numbers: Vec<i64> = runs.iter().filter_map(|key| run_number(*key)).collect();
    let read = |row: &Row| Ok((row.try_get::<_, i64>(2)?, row::stream(row)?));
    let last: HashMap<i64, StreamRow> =
        all(readers, sql, &[&numbers], read).await?.into_iter().collect();
    Ok(runs.iter().map(|key| last.get(&run_number(*key)?).cloned()).collect())
}

pub(super) async fn inbox(readers: &Readers, run: RunKey, rows: usize) -> Result<Vec<InboxRow>> {
    let Some(run) = run_number(run) else { return Ok(Vec::new()) };
    let sql = "SELECT id, body FROM stepwell_inbox WHERE run_no = $1 ORDER BY id LIMIT $2";
    all(readers, sql, &[&run, &limit(rows)], row::inbox).await
}

pub(super) async fn timers(
    readers: &Readers,
    pools: &[String],
    owner: Option<i64>,
    after: Option<&TimerRow>,
    before: Timestamp,
    rows: usize,
) -> Result<Vec<TimerRow>> {
    // Pool by pool, so that the index gives each pool's first ones without sorting all of them.
    let sql = "
        SELECT t.run_no, r.run_id, t.timer, t.due
        FROM (SELECT DISTINCT unnest($1::text[]) AS pool) p
        CROSS JOIN LATERAL (
            SELECT d.run_no, d.timer, d.due FROM stepwell_timers d
            WHERE d.pool = p.pool AND d.due < $2 AND (d.due, d.run_no, d.timer) > ($5, $6, $7)
              AND ($4::bigint IS NULL OR EXISTS (
                  SELECT FROM stepwell_shards s
                  WHERE s.pool = d.pool AND s.shard = d.shard AND s.node = $4))
            ORDER BY d.due, d.run_no, d.timer LIMIT $3
        ) t
        JOIN stepwell_runs r ON r.run_no = t.run_no
        ORDER BY t.due, t.run_no, t.timer LIMIT $3";
    let (due, run, timer) = after.map_or((-1, 0, 0), |row| {
        (moment(row.due), run_number(row.key).unwrap_or(i64::MAX), row.timer.0.cast_signed())
    });
    let (pools, before, rows) = (storable(pools), moment(before), limit(rows));
    let values: &[Parameter<'_>] = &[&pools, &before, &rows, &owner, &due, &run, &timer];
    all(readers, sql, values, row::timer).await
}

/// Returns some runs, and those that a node owns and that have messages, with the newest of each.
pub(super) async fn glance(readers: &Readers, runs: &[RunId], node: i64) -> Result<Glance> {
    let sql = concat!("SELECT ", run_columns!(), " FROM stepwell_runs r WHERE r.run_id = ANY($1)");
    let names: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    let rows = match names.as_slice() {
        [] => Vec::new(),
        _ => all(readers, sql, &[&names], row::run).await?,
    };
    let sql = "
        SELECT r.run_id, i.id
        FROM (SELECT run_no, max(id) AS id FROM stepwell_inbox GROUP BY run_no) i
        JOIN stepwell_runs r ON r.run_no = i.run_no
        JOIN stepwell_shards s ON s.pool = r.pool AND s.shard = r.shard
        WHERE r.status = 0 AND s.node = $1";
    let call =
        |row: &Row| Ok((RunId::new(row.try_get::<_, String>(0)?), InboxId(row::unsigned(row, 1)?)));
    let called = all(readers, sql, &[&node], call).await?;
    Ok(Glance { rows, called })
}

/// Leaves out the texts that nothing in the database can be equal to.
fn storable(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).filter(|text| is_storable(text)).collect()
}

async fn one<T>(
    readers: &Readers,
    sql: &'static str,
    values: &[Parameter<'_>],
    read: impl FnMut(&Row) -> std::result::Result<T, tokio_postgres::Error>,
) -> Result<Option<T>> {
    Ok(all(readers, sql, values, read).await?.pop())
}

async fn all<T>(
    readers: &Readers,
    sql: &'static str,
    values: &[Parameter<'_>],
    read: impl FnMut(&Row) -> std::result::Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>> {
    let rows = readers.query(sql, values).await?;
    rows.iter().map(read).collect::<std::result::Result<_, _>>().map_err(store_error)
}
