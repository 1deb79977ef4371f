//! The write behind [`Store::deliver`](crate::store::Store::deliver): many messages at once.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Error, Row};

use super::connection::Step;
use super::row::{Body, run_number};
use crate::store::{Delivery, INBOX_BYTES, INBOX_MESSAGES, Message};

/// Returns the messages that were put in before.
const KNOWN: &str = "
    SELECT v.place
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS v(place, run_no, idempotency_key)
    JOIN stepwell_inbox_keys k
      ON k.run_no = v.run_no AND k.idempotency_key = v.idempotency_key";

/// Puts in those that are new and find room, into runs that have not ended, and returns those that
/// are new with whether they found room. The runs are locked, so that none ends meanwhile. What
/// comes before a message in the same batch takes room whether it finds any or not.
const WRITE: &str = "
    WITH fresh AS (
        SELECT v.*, count(*) OVER earlier AS messages_before,
            coalesce(sum(v.bytes) OVER earlier, 0) AS bytes_before
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $5::bigint[], $6::boolean[])
            AS v(place, run_no, idempotency_key, bytes, is_urgent)
        JOIN stepwell_runs r ON r.run_no = v.run_no
        WHERE r.status = 0 AND NOT EXISTS (
            SELECT FROM stepwell_inbox_keys k
            WHERE k.run_no = v.run_no AND k.idempotency_key = v.idempotency_key)
        WINDOW earlier AS (
            PARTITION BY v.run_no ORDER BY v.place
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), held AS (
        SELECT run_no, count(*) AS messages, sum(octet_length(body)) AS bytes
        FROM stepwell_inbox WHERE run_no = ANY($2) GROUP BY run_no
    ), counted AS (
        SELECT fresh.*, coalesce(held.messages, 0) + messages_before AS messages_there,
            coalesce(held.bytes, 0) + bytes_before AS bytes_there
        FROM fresh LEFT JOIN held ON held.run_no = fresh.run_no
    ), new AS (
        INSERT INTO stepwell_inbox_keys (run_no, idempotency_key)
        SELECT run_no, idempotency_key FROM counted
        WHERE is_urgent OR messages_there = 0
           OR messages_there < $7::bigint AND bytes_there + bytes <= $8::bigint
        ON CONFLICT DO NOTHING RETURNING run_no, idempotency_key
    ), put AS (
        INSERT INTO stepwell_inbox (run_no, body)
        SELECT v.run_no, v.body
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[])
            AS v(place, run_no, idempotency_key, body)
        JOIN new ON new.run_no = v.run_no AND new.idempotency_key = v.idempotency_key
        ORDER BY v.place
    )
    SELECT fresh.place, new.run_no IS NOT NULL
    FROM fresh LEFT JOIN new
      ON new.run_no = fresh.run_no AND new.idempotency_key = fresh.idempotency_key";

/// Returns the steps that put in messages of different names, to runs that are locked.
pub(super) fn steps(messages: &[&Message]) -> Vec<Step> {
    let places: Vec<i64> = (0..).take(messages.len()).collect();
    let runs: Vec<i64> = messages
        .iter()
        .map(|it| run_number(it.run).expect("it was checked when it was handed in"))
        .collect();
    let names: Vec<String> = messages.iter().map(|it| it.idempotency_key.clone()).collect();
    let bodies: Vec<Body> = messages.iter().map(|it| Body(it.body.clone())).collect();
    let sizes: Vec<i64> =
        messages.iter().map(|it| i64::try_from(it.body.len()).unwrap_or(i64::MAX)).collect();
    let urgent: Vec<bool> = messages.iter().map(|it| it.is_urgent).collect();
    vec![
        Step {
            sql: KNOWN,
            values: vec![Box::new(places.clone()), Box::new(runs.clone()), Box::new(names.clone())],
        },
        Step {
            sql: WRITE,
            values: vec![
                Box::new(places),
                Box::new(runs),
                Box::new(names),
                Box::new(bodies),
                Box::new(sizes),
                Box::new(urgent),
                Box::new(INBOX_MESSAGES.cast_signed()),
                Box::new(INBOX_BYTES.cast_signed()),
            ],
        },
    ]
}

/// Returns what became of each message, from the rows of [`steps`].
pub(super) fn outcomes(count: usize, known: &[Row], new: &[Row]) -> Result<Vec<Delivery>, Error> {
    let known: BTreeSet<i64> =
        known.iter().map(|row| row.try_get(0)).collect::<Result<_, Error>>()?;
    let new: BTreeMap<i64, bool> = new
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, Error>>()?;
    let outcome = |place: i64| match new.get(&place) {
        Some(true) => Delivery::Accepted,
        Some(false) => Delivery::Full,
        None if known.contains(&place) => Delivery::Duplicate,
        None => Delivery::Ended,
    };
    Ok((0..).take(count).map(outcome).collect())
}
