//! The write behind [`Store::keep_snapshot`](crate::store::Store::keep_snapshot): many at once.

use bytes::Bytes;

use super::connection::Step;
use super::row::Body;

/// Keeps those that are newer than the kept ones, of runs that have got that far. The runs are
/// locked, so that none is removed meanwhile.
const WRITE: &str = "
    INSERT INTO stepwell_snapshots AS s (run_no, head, body)
    SELECT v.run_no, v.head, v.body
    FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS v(run_no, head, body)
    JOIN stepwell_runs r ON r.run_no = v.run_no
    WHERE v.head > 0 AND r.head >= v.head
    ORDER BY v.run_no
    ON CONFLICT (run_no) DO UPDATE SET head = excluded.head, body = excluded.body
    WHERE excluded.head > s.head";

/// A snapshot to keep.
pub(super) struct Keep {
    pub(super) run: i64,
    pub(super) head: i64,
    pub(super) body: Bytes,
}

/// Returns the step that keeps snapshots of different runs, which are locked.
pub(super) fn step(keeps: &[&Keep]) -> Step {
    let runs: Vec<i64> = keeps.iter().map(|keep| keep.run).collect();
    let heads: Vec<i64> = keeps.iter().map(|keep| keep.head).collect();
    let bodies: Vec<Body> = keeps.iter().map(|keep| Body(keep.body.clone())).collect();
    Step { sql: WRITE, values: vec![Box::new(runs), Box::new(heads), Box::new(bodies)] }
}
