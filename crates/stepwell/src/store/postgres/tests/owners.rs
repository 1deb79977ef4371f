//! Several owners of one database.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::*;
use crate::store::conformance::fixture::{commit, journal, newest, start, try_commit, turn};

/// Returns the epoch that a run was taken under; none if it is elsewhere.
async fn take(store: &PostgresStore, run: &str) -> Option<u64> {
    match store.take(&RunId::new(run)).await.unwrap() {
        Taken::Ours { epoch, .. } => Some(epoch),
        Taken::Elsewhere => None,
        Taken::Gone => panic!("the run is gone"),
    }
}

#[tokio::test]
async fn each_opening_begins_a_higher_epoch() {
    let url = PostgresServer::shared().database();
    for epoch in 1..4 {
        assert_eq!(open(&url).await.epoch(), epoch);
    }
}

#[tokio::test]
async fn many_can_open_a_new_database_at_once() {
    let url = PostgresServer::shared().database();

    let stores = join_all((0..8).map(|_| open(&url))).await;

    let epochs: BTreeSet<u64> = stores.iter().map(Store::epoch).collect();
    assert_eq!(epochs, (1..9).collect());
}

#[tokio::test]
async fn a_run_that_a_newer_owner_took_is_written_to_no_more() {
    let url = PostgresServer::shared().database();
    let old = open(&url).await;
    let key = start(&old, "h", "r").await;
    let new = open(&url).await;
    // Until it is taken, what its owner writes is what the next one will read.
    commit(&old, turn(&old, key, 1)).await;

    assert_eq!(take(&new, "r").await, Some(2));

    assert_eq!(try_commit(&old, turn(&old, key, 2)).await, Commit::Fenced);
    assert_eq!(take(&old, "r").await, None);
    let row = newest(&old, "h").await;
    assert_eq!((row.head, row.epoch), (2, 1), "it was taken, but not written to");
    commit(&new, turn(&new, key, 2)).await;
    assert_eq!(journal(&old, key).await, ["turn 0", "turn 1", "turn 2"]);
    assert_eq!(newest(&old, "h").await.epoch, 2);
}

#[tokio::test]
async fn a_run_is_taken_before_it_is_read() {
    let url = PostgresServer::shared().database();
    let old = open(&url).await;
    let key = start(&old, "h", "r").await;
    let new = open(&url).await;

    let loaded = new.load(&RunId::new("r"), 9).await.unwrap().unwrap();

    assert_eq!((loaded.row.epoch, loaded.epoch, loaded.journal.len()), (1, 2, 1));
    assert_eq!(try_commit(&old, turn(&old, key, 1)).await, Commit::Fenced);
    assert_eq!(old.load(&RunId::new("r"), 9).await.unwrap(), None);
    commit(&new, turn(&new, key, 1)).await;
}

#[tokio::test]
async fn a_turn_that_is_under_way_is_seen_by_who_takes_the_run_or_refused() {
    const RUNS: usize = 40;
    let url = PostgresServer::shared().database();
    let (old, new) = (open(&url).await, open(&url).await);
    let names: Vec<String> = (0..RUNS).map(|number| format!("r{number}")).collect();
    let keys = join_all(names.iter().map(|name| start(&old, name, name))).await;

    // The old owner writes as long as it can.
    let write = keys.iter().map(async |key| {
        let mut head = 1;
        while try_commit(&old, turn(&old, *key, head)).await == Commit::Committed {
            head += 1;
        }
        head
    });
    let taken = names.iter().zip(&keys).map(async |(name, key)| {
        let Taken::Ours { row, epoch } = new.take(&RunId::new(name.as_str())).await.unwrap() else {
            panic!("the newest owner takes every run");
        };
        assert_eq!(epoch, 2);
        let seen = new.journal(*key, 0, usize::MAX).await.unwrap().len();
        assert_eq!(u64::try_from(seen).unwrap(), row.head, "{name}");
        row.head
    });
    let (written, seen) = tokio::join!(join_all(write), join_all(taken));

    assert_eq!(written, seen);
    for (key, head) in keys.into_iter().zip(seen) {
        commit(&new, turn(&new, key, head)).await;
    }
}
