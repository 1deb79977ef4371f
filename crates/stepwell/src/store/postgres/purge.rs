//! The write behind [`Store::purge`](crate::store::Store::purge).

use tokio_postgres::{Error, Row};

use super::connection::Step;
use crate::store::StoreError;

const LOCK: &str = "SELECT FROM stepwell_handlers WHERE handler = $1 FOR UPDATE";

const LOCK_RUNS: &str = "
    SELECT FROM stepwell_runs WHERE handler = $1 ORDER BY run_no FOR UPDATE";

/// Returns whether the handler's newest run has ended; no row if there is no such handler.
const LOOK: &str = "
    SELECT r.status <> 0 FROM stepwell_handlers h
    JOIN stepwell_runs r ON r.run_no = h.run_no WHERE h.handler = $1";

const WRITE: &str = "
    WITH handler AS (
        DELETE FROM stepwell_handlers h USING stepwell_runs r
        WHERE h.handler = $1 AND r.run_no = h.run_no AND r.status <> 0
        RETURNING h.handler
    ), runs AS (
        DELETE FROM stepwell_runs r USING handler WHERE r.handler = handler.handler
        RETURNING r.run_no
    ), journal AS (
        DELETE FROM stepwell_journal d USING runs WHERE d.run_no = runs.run_no
    ), snapshots AS (
        DELETE FROM stepwell_snapshots d USING runs WHERE d.run_no = runs.run_no
    ), stream AS (
        DELETE FROM stepwell_stream d USING runs WHERE d.run_no = runs.run_no
    ), timers AS (
        DELETE FROM stepwell_timers d USING runs WHERE d.run_no = runs.run_no
    ), inbox AS (
        DELETE FROM stepwell_inbox d USING runs WHERE d.run_no = runs.run_no
    ), keys AS (
        DELETE FROM stepwell_inbox_keys d USING runs WHERE d.run_no = runs.run_no
    )
    SELECT count(*) FROM runs";

/// Returns the steps that remove a handler. They make a batch of their own.
pub(super) fn steps(handler: &str) -> Vec<Step> {
    [LOCK, LOCK_RUNS, LOOK, WRITE]
        .map(|sql| Step { sql, values: vec![Box::new(handler.to_owned())] })
        .into()
}

/// Returns whether there was such a handler, from the rows of [`steps`].
pub(super) fn outcome(looked: &[Row]) -> Result<Result<bool, StoreError>, Error> {
    Ok(match looked.first().map(|row| row.try_get(0)).transpose()? {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(StoreError::unavailable("the handler's run has not ended")),
    })
}
