//! What this process owns, as far as it may still believe so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// After how long without a sign the others may take what a node owns. It stands in the
/// statements too.
const TIME_TO_LIVE: Duration = Duration::from_secs(6);

/// How long before that a node stops to believe that it owns anything: long enough to stop what
/// is under way, even if the clocks of the two machines do not run alike.
const MARGIN: Duration = Duration::from_millis(1_500);

/// A part of a pool.
pub(super) type Shard = (String, u16);

/// What this process owns.
#[derive(Default)]
pub(super) struct Owned {
    state: Mutex<State>,
    /// Somebody wants to own something as soon as possible.
    pub(super) wanted: Notify,
    /// Something has changed.
    pub(super) changed: Notify,
}

#[derive(Default)]
struct State {
    pools: BTreeSet<String>,
    shards: BTreeMap<Shard, u64>,
    /// Shards that are about to be given up, for others to have their share.
    leaving: BTreeSet<Shard>,
    /// None before anything was owned, and after it was given up.
    until: Option<Instant>,
    changes: u64,
}

impl State {
    fn is_valid(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    fn set(&mut self, shards: BTreeMap<Shard, u64>) -> bool {
        let changed = self.shards != shards;
        self.shards = shards;
        self.changes += u64::from(changed);
        changed
    }
}

impl Owned {
    /// Adds pools, and tells whether any is new.
    pub(super) fn serve(&self, pools: &[String]) -> bool {
        let mut state = self.state.lock();
        let before = state.pools.len();
        state.pools.extend(pools.iter().cloned());
        state.pools.len() > before
    }

    pub(super) fn pools(&self) -> Vec<String> {
        self.state.lock().pools.iter().cloned().collect()
    }

    /// Tells whether ownership is divided at all.
    pub(super) fn is_shared(&self) -> bool {
        !self.state.lock().pools.is_empty()
    }

    pub(super) fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// Returns the number to write to runs of a shard under; none if it is not owned.
    pub(super) fn epoch(&self, pool: &str, shard: u16) -> Option<u64> {
        let state = self.state.lock();
        if !state.is_valid() {
            return None;
        }
        state.shards.get(&(pool.to_owned(), shard)).copied()
    }

    /// Returns one of the shards of a pool that are owned: the same for the same wish, as long as
    /// nothing changes.
    pub(super) fn place(&self, pool: &str, wish: u16) -> Option<(u16, u64)> {
        let state = self.state.lock();
        if !state.is_valid() {
            return None;
        }
        let all = (pool.to_owned(), 0)..=(pool.to_owned(), u16::MAX);
        let ours: Vec<(u16, u64)> =
            state.shards.range(all).map(|((_, shard), epoch)| (*shard, *epoch)).collect();
        ours.get(usize::from(wish) % ours.len().max(1)).copied()
    }

    /// Tells whether a shard of each pool is owned.
    pub(super) fn has_some(&self, pools: &[String]) -> bool {
        pools.iter().all(|pool| self.place(pool, 0).is_some())
    }

    /// Returns the shards that are about to be given up.
    pub(super) fn leaving(&self) -> Vec<Shard> {
        self.state.lock().leaving.iter().cloned().collect()
    }

    /// Takes note of what the database says at a moment after `asked`: what this process owns, and
    /// how much of each pool is its share. What is beyond that is owned no more, and given up the
    /// next time.
    pub(super) fn renew(
        &self,
        asked: Instant,
        mut shards: BTreeMap<Shard, u64>,
        shares: &BTreeMap<String, usize>,
    ) {
        let mut state = self.state.lock();
        let mut leaving = BTreeSet::new();
        for (pool, share) in shares {
            let all = (pool.clone(), 0)..=(pool.clone(), u16::MAX);
            let ours: Vec<Shard> = shards.range(all).map(|(shard, _)| shard.clone()).collect();
            leaving.extend(ours.into_iter().skip(*share));
        }
        shards.retain(|shard, _| !leaving.contains(shard));
        state.leaving = leaving;
        // What had lapsed is owned anew, and has to be looked through.
        let lapsed = !state.is_valid() && !shards.is_empty();
        state.until = Some(asked + TIME_TO_LIVE - MARGIN);
        let changed = state.set(shards);
        state.changes += u64::from(lapsed && !changed);
        drop(state);
        if changed || lapsed {
            self.changed.notify_waiters();
        }
    }

    /// Gives up what could not be renewed in time.
    pub(super) fn lapse(&self) {
        let mut state = self.state.lock();
        if !state.is_valid() && state.set(BTreeMap::new()) {
            tracing::error!("PostgreSQL could not be reached in time; others may take the runs");
        }
    }

    /// Gives up everything.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.until = None;
        state.set(BTreeMap::new());
    }
}
