//! Keeps this process alive in the eyes of the others, and its share of the runs its own.
//!
//! A node that serves a pool takes what nobody owns, or a dead node, up to its share, and gives up
//! what is beyond. All is decided by the clock and the rows of the database; this process only
//! stops believing in time ([`Owned`]). Even if it did not, its turns would be refused: whoever
//! takes a run raises the fence.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::{Config, Error, Row};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Step};
use super::error::describe;
use super::owned::{Owned, Shard};
use super::row;
use super::turn::number;

/// How often a sign of life is given: a few may be lost before this node counts as dead.
const BEAT: Duration = Duration::from_secs(1);

/// How often while something is about to change hands.
const QUICK_BEAT: Duration = Duration::from_millis(200);

/// How long one sign of life may take.
const BEAT_TIMEOUT: Duration = Duration::from_secs(2);

const REGISTER: &str = "
    INSERT INTO stepwell_nodes (node, pools, seen_at) VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (node) DO UPDATE SET pools = excluded.pools, seen_at = excluded.seen_at";

/// Nobody asks for nodes that were dead that long.
const FORGET: &str = "
    DELETE FROM stepwell_nodes WHERE seen_at < clock_timestamp() - interval '1 hour'";

/// A pool has 256 parts, for ever: the part of a run is stored with it.
const DIVIDE: &str = "
    INSERT INTO stepwell_shards (pool, shard, epoch)
    SELECT p.pool, s.shard, 0
    FROM unnest($1::text[]) AS p(pool) CROSS JOIN generate_series(0, 255) AS s(shard)
    ORDER BY p.pool, s.shard
    ON CONFLICT DO NOTHING";

const GIVE_UP: &str = "
    UPDATE stepwell_shards s SET node = NULL
    FROM unnest($2::text[], $3::integer[]) AS v(pool, shard)
    WHERE s.pool = v.pool AND s.shard = v.shard AND s.node = $1";

/// The nodes that are alive, and the share that each of those has that serve a pool.
macro_rules! shares {
    () => {
        "live AS (
            SELECT node, pools FROM stepwell_nodes
            WHERE seen_at > clock_timestamp() - interval '6 seconds'
        ), shares AS (
            SELECT p.pool, ceil(256.0 / greatest(1, (
                SELECT count(*) FROM live WHERE p.pool = ANY(live.pools))))::bigint AS share
            FROM unnest($2::text[]) AS p(pool)
        )"
    };
}

const CLAIM: &str = concat!(
    "WITH ",
    shares!(),
    ", free AS (
        SELECT f.pool, f.shard FROM shares CROSS JOIN LATERAL (
            SELECT s.pool, s.shard FROM stepwell_shards s
            WHERE s.pool = shares.pool
              AND (s.node IS NULL OR s.node NOT IN (SELECT node FROM live))
            ORDER BY s.shard
            LIMIT greatest(0, shares.share - (
                SELECT count(*) FROM stepwell_shards m
                WHERE m.pool = shares.pool AND m.node = $1))
            FOR UPDATE SKIP LOCKED
        ) f
    )
    UPDATE stepwell_shards s SET node = $1, epoch = nextval('stepwell_epochs')
    FROM free WHERE s.pool = free.pool AND s.shard = free.shard"
);

/// Returns what this node owns, and its share.
const LOOK: &str = concat!(
    "WITH ",
    shares!(),
    " SELECT shares.pool, shares.share, s.shard, s.epoch
      FROM shares LEFT JOIN stepwell_shards s ON s.pool = shares.pool AND s.node = $1"
);

const LEAVE: &str = "UPDATE stepwell_shards SET node = NULL WHERE node = $1";

const UNREGISTER: &str = "DELETE FROM stepwell_nodes WHERE node = $1";

/// What a node owns, and how much of each pool is its share.
type Beat = (BTreeMap<Shard, u64>, BTreeMap<String, usize>);

pub(super) struct Keeper {
    pub(super) config: Config,
    pub(super) node: u64,
    pub(super) owned: Arc<Owned>,
    pub(super) end: CancellationToken,
    pub(super) connection: Option<Connection>,
}

impl Keeper {
    /// Keeps what is owned until it is to end, and then gives it up.
    pub(super) async fn run(mut self) {
        let mut divided = Vec::new();
        while !self.end.is_cancelled() {
            let pools = self.owned.pools();
            if !pools.is_empty() {
                let is_new = divided != pools;
                let asked = Instant::now();
                match tokio::time::timeout(BEAT_TIMEOUT, self.beat(&pools, is_new)).await {
                    Ok(Ok((shards, shares))) => {
                        self.owned.renew(asked, shards, &shares);
                        divided.clone_from(&pools);
                    }
                    Ok(Err(problem)) => self.miss(&problem),
                    Err(_) => self.miss("PostgreSQL does not answer in time"),
                }
            }
            let settled = self.owned.has_some(&pools) && self.owned.leaving().is_empty();
            let pause = if settled { BEAT } else { QUICK_BEAT };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.owned.wanted.notified() => {}
                () = self.end.cancelled() => {}
            }
        }
        self.owned.end();
        let left = tokio::time::timeout(BEAT_TIMEOUT, self.leave()).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::warn!("PostgreSQL could not be told of the end; others take over later");
        }
    }

    fn miss(&mut self, problem: &str) {
        tracing::warn!(problem, "a sign of life could not be given");
        self.connection = None;
        self.owned.lapse();
    }

    async fn connect(&mut self) -> Result<&mut Connection, String> {
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            let connection = Connection::open(&self.config).await;
            self.connection = Some(connection.map_err(|error| error.to_string())?);
        }
        Ok(self.connection.as_mut().expect("it was just made"))
    }

    async fn beat(&mut self, pools: &[String], is_new: bool) -> Result<Beat, String> {
        let node = number(self.node);
        let pools = || Box::new(pools.to_vec());
        let mut steps = Vec::new();
        if is_new {
            steps.push(Step { sql: DIVIDE, values: vec![pools()] });
            steps.push(Step { sql: FORGET, values: Vec::new() });
        }
        let leaving = self.owned.leaving();
        if !leaving.is_empty() {
            let of: Vec<String> = leaving.iter().map(|(pool, _)| pool.clone()).collect();
            let shards: Vec<i32> = leaving.iter().map(|(_, shard)| (*shard).into()).collect();
            let values: Vec<super::connection::Value> =
                vec![Box::new(node), Box::new(of), Box::new(shards)];
            steps.push(Step { sql: GIVE_UP, values });
        }
        for sql in [REGISTER, CLAIM, LOOK] {
            steps.push(Step { sql, values: vec![Box::new(node), pools()] });
        }
        let connection = self.connect().await?;
        let mut rows = connection.transact(&steps).await.map_err(|error| describe(&error))?;
        let looked = rows.pop().expect("every statement has rows, be it none");
        read(&looked).map_err(|error| describe(&error))
    }

    async fn leave(&mut self) -> Result<(), String> {
        let node = number(self.node);
        let steps = [LEAVE, UNREGISTER].map(|sql| Step { sql, values: vec![Box::new(node)] });
        let connection = self.connect().await?;
        connection.transact(&steps).await.map_err(|error| describe(&error))?;
        Ok(())
    }
}

fn read(rows: &[Row]) -> Result<Beat, Error> {
    let mut shards = BTreeMap::new();
    let mut shares = BTreeMap::new();
    for row in rows {
        let pool: String = row.try_get(0)?;
        let share: i64 = row.try_get(1)?;
        shares.insert(pool.clone(), usize::try_from(share).unwrap_or(usize::MAX));
        if row.try_get::<_, Option<i32>>(2)?.is_some() {
            shards.insert((pool, row::shard(row, 2)?), row::unsigned(row, 3)?);
        }
    }
    Ok((shards, shares))
}
