//! The write behind [`Store::create`](crate::store::Store::create): many runs in one statement.

use std::collections::HashMap;

use tokio_postgres::{Error, Row};

use super::connection::Step;
use super::row::{Body, moment, rest_number, status_number, unsigned};
use super::turn::number;
use crate::store::{Creation, NewRun, RunKey, StoreError};

/// Locks handlers in their order.
const LOCK: &str = "
    SELECT FROM stepwell_handlers WHERE handler = ANY($1) ORDER BY handler FOR NO KEY UPDATE";

/// Returns what stands in the way of each run: its handler's newest run, and a run of its name.
const LOOK: &str = "
    SELECT v.place, newest.run_id, newest.status, known.run_no, known.handler
    FROM unnest($1::bigint[], $2::text[], $3::text[]) AS v(place, handler, run_id)
    LEFT JOIN stepwell_handlers h ON h.handler = v.handler
    LEFT JOIN stepwell_runs newest ON newest.run_no = h.run_no
    LEFT JOIN stepwell_runs known ON known.run_id = v.run_id";

/// Writes those in whose way nothing stands. A handler that another process makes meanwhile is
/// left to it.
const WRITE: &str = "
    WITH wanted AS MATERIALIZED (
        SELECT nextval('stepwell_run_numbers') AS run_no, w.* FROM (
            SELECT v.*, h.run_no AS previous_no
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                        $7::integer[], $8::bigint[], $9::bigint[], $10::smallint[],
                        $11::smallint[], $12::bigint[], $13::bigint[])
                AS v(place, handler, run_id, previous, workflow, pool, shard, epoch, turn_id,
                     status, idle, next_sequence, at)
            LEFT JOIN stepwell_handlers h ON h.handler = v.handler
            LEFT JOIN stepwell_runs newest ON newest.run_no = h.run_no
            WHERE newest.run_id IS NOT DISTINCT FROM v.previous
              AND newest.status IS DISTINCT FROM 0
              AND NOT EXISTS (SELECT FROM stepwell_runs k WHERE k.run_id = v.run_id)
            ORDER BY v.place
        ) w
    ), fresh AS (
        INSERT INTO stepwell_handlers (handler, first_no, run_no)
        SELECT handler, run_no, run_no FROM wanted WHERE previous_no IS NULL ORDER BY handler
        ON CONFLICT (handler) DO NOTHING RETURNING handler
    ), moved AS (
        UPDATE stepwell_handlers h SET run_no = wanted.run_no FROM wanted
        WHERE h.handler = wanted.handler AND h.run_no = wanted.previous_no
        RETURNING h.handler
    ), made AS (
        SELECT wanted.* FROM wanted
        WHERE handler IN (SELECT handler FROM fresh UNION ALL SELECT handler FROM moved)
    ), runs AS (
        INSERT INTO stepwell_runs (run_no, run_id, handler, workflow, pool, shard, fence, epoch,
            head, turn_id, status, idle, next_sequence, started_at, updated_at)
        SELECT run_no, run_id, handler, workflow, pool, shard, epoch, epoch, 1, turn_id, status,
            idle, next_sequence, at, at FROM made
    ), journaled AS (
        INSERT INTO stepwell_journal (run_no, number, body)
        SELECT made.run_no, 0, j.body
        FROM made JOIN unnest($1::bigint[], $14::bytea[]) AS j(place, body) USING (place)
    ), streamed AS (
        INSERT INTO stepwell_stream (run_no, number, body)
        SELECT made.run_no, s.number, s.body FROM made
        JOIN unnest($15::bigint[], $16::bigint[], $17::bytea[]) AS s(place, number, body)
            USING (place)
    ), set AS (
        INSERT INTO stepwell_timers (run_no, timer, due, pool, shard)
        SELECT made.run_no, t.timer, t.due, made.pool, made.shard FROM made
        JOIN unnest($18::bigint[], $19::bigint[], $20::bigint[]) AS t(place, timer, due)
            USING (place)
        WHERE made.status = 0
    )
    SELECT place, run_no FROM made";

/// Returns the steps that create runs of different names and handlers.
pub(super) fn steps(runs: &[&NewRun]) -> Vec<Step> {
    let places: Vec<i64> = (0..).take(runs.len()).collect();
    let text = |of: fn(&NewRun) -> &str| {
        runs.iter().map(|run| of(run).to_owned()).collect::<Vec<String>>()
    };
    let handlers = || Box::new(text(|run| &run.handler));
    let names = || Box::new(text(|run| run.run.as_str()));
    let column =
        |of: fn(&NewRun) -> i64| Box::new(runs.iter().map(|run| of(run)).collect::<Vec<_>>());
    let small =
        |of: fn(&NewRun) -> i16| Box::new(runs.iter().map(|run| of(run)).collect::<Vec<_>>());
    let numbered = || places.iter().copied().zip(runs);
    let streams: Vec<_> =
        numbered().filter_map(|(place, run)| Some((place, run.turn.stream.as_ref()?))).collect();
    let timers: Vec<_> = numbered()
        .flat_map(|(place, run)| run.turn.timers.iter().map(move |change| (place, *change)))
        .filter_map(|(place, change)| Some((place, change.timer, change.due?)))
        .collect();
    let previous: Vec<Option<String>> =
        runs.iter().map(|run| run.previous.as_ref().map(ToString::to_string)).collect();
    let shards: Vec<i32> = runs.iter().map(|run| run.shard.into()).collect();
    let journals: Vec<Body> = runs.iter().map(|run| Body(run.turn.journal.clone())).collect();
    let write = Step {
        sql: WRITE,
        values: vec![
            Box::new(places.clone()),
            handlers(),
            names(),
            Box::new(previous),
            Box::new(text(|run| &run.workflow)),
            Box::new(text(|run| &run.pool)),
            Box::new(shards),
            column(|run| number(run.turn.epoch)),
            column(|run| run.turn.id.cast_signed()),
            small(|run| status_number(run.turn.status)),
            small(|run| rest_number(&run.turn)),
            column(|run| number(run.turn.next_sequence)),
            column(|run| moment(run.turn.at)),
            Box::new(journals),
            Box::new(streams.iter().map(|(place, _)| *place).collect::<Vec<_>>()),
            Box::new(streams.iter().map(|(_, row)| number(row.first)).collect::<Vec<_>>()),
            Box::new(streams.iter().map(|(_, row)| Body(row.body.clone())).collect::<Vec<_>>()),
            Box::new(timers.iter().map(|(place, ..)| *place).collect::<Vec<_>>()),
            Box::new(timers.iter().map(|(_, it, _)| it.0.cast_signed()).collect::<Vec<_>>()),
            Box::new(timers.iter().map(|(.., due)| moment(*due)).collect::<Vec<_>>()),
        ],
    };
    vec![
        Step { sql: LOCK, values: vec![handlers()] },
        Step { sql: LOOK, values: vec![Box::new(places), handlers(), names()] },
        write,
    ]
}

/// Returns what became of each run, from the rows of [`steps`].
pub(super) fn outcomes(
    runs: &[&NewRun],
    looked: &[Row],
    made: &[Row],
) -> Result<Vec<Result<Creation, StoreError>>, Error> {
    let mut made: HashMap<i64, u64> = made
        .iter()
        .map(|row| Ok((row.try_get(0)?, unsigned(row, 1)?)))
        .collect::<Result<_, Error>>()?;
    let mut outcomes: Vec<Result<Creation, StoreError>> =
        runs.iter().map(|_| Ok(Creation::Changed)).collect();
    for row in looked {
        let place: i64 = row.try_get(0)?;
        let index = usize::try_from(place).expect("it was counted here");
        let run = runs[index];
        outcomes[index] = match made.remove(&place) {
            Some(number) => Ok(Creation::Created(RunKey(number))),
            None => in_the_way(run, row)?,
        };
    }
    Ok(outcomes)
}

/// Returns why a run was not created.
fn in_the_way(run: &NewRun, row: &Row) -> Result<Result<Creation, StoreError>, Error> {
    let newest: Option<String> = row.try_get(1)?;
    let status: Option<i16> = row.try_get(2)?;
    let known: Option<i64> = row.try_get(3)?;
    let handler: Option<String> = row.try_get(4)?;
    if newest.as_deref() != run.previous.as_ref().map(|run| run.as_str()) {
        // Perhaps the caller makes again what was done before.
        let known = known.filter(|_| handler.as_ref() == Some(&run.handler));
        let created = known.map(|number| Creation::Created(RunKey(number.cast_unsigned())));
        return Ok(Ok(created.unwrap_or(Creation::Changed)));
    }
    if status == Some(0) {
        return Ok(Ok(Creation::Busy));
    }
    if known.is_some() {
        return Ok(Err(StoreError::unavailable("another run has this name")));
    }
    // Another process has just made the handler.
    Ok(Ok(Creation::Changed))
}
