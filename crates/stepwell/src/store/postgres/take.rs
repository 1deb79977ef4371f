//! The write behind [`Store::take`](crate::store::Store::take): many runs at once.

use std::collections::HashMap;

use stepwell_core::RunId;
use tokio_postgres::{Error, Row};

use super::connection::{Step, Value};
use super::row::{self, run_columns, unsigned};
use super::turn::number;
use crate::store::{RunRow, Taken};

/// Raises the fences to the number under which this node owns each run's shard, if it does; or
/// to its own, if ownership is not divided. A turn of an older owner that is under way is waited
/// for, and seen by whoever reads the run after this.
const RAISE: &str = "
    UPDATE stepwell_runs r SET fence = l.epoch FROM (
        SELECT t.run_no, CASE WHEN $3 THEN s.epoch ELSE $2 END AS epoch
        FROM stepwell_runs t
        LEFT JOIN stepwell_shards s ON s.pool = t.pool AND s.shard = t.shard AND s.node = $2
        WHERE t.run_id = ANY($1) AND t.status = 0
        ORDER BY t.run_no FOR NO KEY UPDATE OF t
    ) l
    WHERE r.run_no = l.run_no AND r.fence < l.epoch";

const READ: &str = concat!(
    "SELECT ",
    run_columns!(),
    ", r.fence, coalesce(CASE WHEN $3 THEN s.epoch ELSE $2 END, 0)
    FROM stepwell_runs r
    LEFT JOIN stepwell_shards s ON s.pool = r.pool AND s.shard = r.shard AND s.node = $2
    WHERE r.run_id = ANY($1)"
);

pub(super) fn steps(runs: &[&RunId], node: u64, is_shared: bool) -> Vec<Step> {
    let names: Vec<String> = runs.iter().map(ToString::to_string).collect();
    let values = || -> Vec<Value> {
        vec![Box::new(names.clone()), Box::new(number(node)), Box::new(is_shared)]
    };
    vec![Step { sql: RAISE, values: values() }, Step { sql: READ, values: values() }]
}

/// Returns what became of each run, from the rows of [`steps`].
pub(super) fn outcomes(runs: &[&RunId], rows: &[Row]) -> Result<Vec<Taken>, Error> {
    let mut found: HashMap<RunId, (RunRow, u64, u64)> = HashMap::new();
    for row in rows {
        let (run, fence, epoch) = (row::run(row)?, unsigned(row, 14)?, unsigned(row, 15)?);
        found.insert(run.run.clone(), (run, fence, epoch));
    }
    let outcome = |run: &&RunId| match found.get(*run) {
        None => Taken::Gone,
        Some((row, fence, epoch)) if fence <= epoch || row.status.is_ended() => {
            Taken::Ours { row: row.clone(), epoch: *epoch }
        }
        Some(_) => Taken::Elsewhere,
    };
    Ok(runs.iter().map(outcome).collect())
}
