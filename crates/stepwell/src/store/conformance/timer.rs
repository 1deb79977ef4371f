//! How runs are woken.

use stepwell_core::Timestamp;

use super::fixture::{
    POOL, clear, commit, create, due, last_turn, new_run, pools, set, start, timers, turn,
};
use crate::store::{NewRun, Store, Turn};

/// Whichever run they belong to, and no more of them than asked for.
pub async fn timers_come_earliest_first(store: &dyn Store) {
    let first = start(store, "h1", "r1").await;
    let second = start(store, "h2", "r2").await;
    commit(store, Turn { timers: vec![set(1, 30), set(2, 10)], ..turn(store, first, 1) }).await;
    commit(store, Turn { timers: vec![set(1, 20), set(2, 10)], ..turn(store, second, 1) }).await;

    assert_eq!(timers(store, POOL).await, ["r1/2@10", "r2/2@10", "r2/1@20", "r1/1@30"]);
    assert_eq!(due(store, &[POOL], 99, 3).await, ["r1/2@10", "r2/2@10", "r2/1@20"]);
    assert!(due(store, &[POOL], 99, 0).await.is_empty());
}

/// A timer that is due at the very moment is not due before it.
pub async fn timers_come_due_before_a_moment(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    commit(store, Turn { timers: vec![set(1, 10), set(2, 20)], ..turn(store, key, 1) }).await;

    assert!(due(store, &[POOL], 10, 9).await.is_empty());
    assert_eq!(due(store, &[POOL], 20, 9).await, ["r/1@10"]);
    assert_eq!(due(store, &[POOL], 21, 9).await, ["r/1@10", "r/2@20"]);
}

/// A timer is due once, at its last moment.
pub async fn a_timer_is_moved_and_cleared(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    commit(store, Turn { timers: vec![set(1, 10), set(2, 20)], ..turn(store, key, 1) }).await;

    commit(store, Turn { timers: vec![set(1, 40)], ..turn(store, key, 2) }).await;
    assert_eq!(timers(store, POOL).await, ["r/2@20", "r/1@40"]);

    let timers_after = vec![clear(2), clear(7), set(1, 5)];
    commit(store, Turn { timers: timers_after, ..turn(store, key, 3) }).await;
    assert_eq!(timers(store, POOL).await, ["r/1@5"]);

    commit(store, turn(store, key, 4)).await;
    assert_eq!(timers(store, POOL).await, ["r/1@5"]);
}

/// A node is not told of runs that it cannot take.
pub async fn timers_come_for_the_pools_asked_for(store: &dyn Store) {
    for (pool, run, at) in [("a@1", "r1", 30), ("b@1", "r2", 10), ("c@1", "r3", 20)] {
        let new = new_run(store, run, run);
        let first = Turn { timers: vec![set(1, at)], ..new.turn };
        create(store, NewRun { pool: pool.into(), turn: first, ..new }).await;
    }

    assert_eq!(due(store, &["a@1", "b@1"], 99, 9).await, ["r2/1@10", "r1/1@30"]);
    assert_eq!(due(store, &["a@1", "b@1", "a@1"], 99, 1).await, ["r2/1@10"]);
    assert_eq!(due(store, &["c@1", "c@1"], 99, 9).await, ["r3/1@20"]);
    assert!(due(store, &["a@2"], 99, 9).await.is_empty());
    assert!(due(store, &[], 99, 9).await.is_empty());
}

/// Those that it had, and those that its last turn would set.
pub async fn the_timers_of_an_ended_run_are_gone(store: &dyn Store) {
    let first = start(store, "h1", "r1").await;
    let second = start(store, "h2", "r2").await;
    for key in [first, second] {
        commit(store, Turn { timers: vec![set(1, 10), set(2, 20)], ..turn(store, key, 1) }).await;
    }

    let timers_of_last = vec![clear(1), set(2, 25), set(3, 30)];
    commit(store, Turn { timers: timers_of_last, ..last_turn(store, first, 2) }).await;

    assert_eq!(timers(store, POOL).await, ["r2/1@10", "r2/2@20"]);
}

/// A wait without end is a timer at the last moment that can be told.
pub async fn a_timer_beyond_all_time_never_comes_due(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    let later = vec![set(1, u64::MAX), set(u64::MAX, 10)];

    commit(store, Turn { timers: later, ..turn(store, key, 1) }).await;

    assert_eq!(timers(store, POOL).await, [format!("r/{}@10", u64::MAX)]);
    commit(store, Turn { timers: vec![clear(u64::MAX), set(1, 5)], ..turn(store, key, 2) }).await;
    assert_eq!(timers(store, POOL).await, ["r/1@5"]);
}

/// Each part begins after the last timer of the one before, even among those due together.
pub async fn timers_are_read_in_parts(store: &dyn Store) {
    for (pool, run) in [("a@1", "r1"), ("b@1", "r2"), ("a@1", "r3")] {
        let new = new_run(store, run, run);
        let first = Turn { timers: vec![set(1, 10), set(2, 20), set(3, 10)], ..new.turn };
        create(store, NewRun { pool: pool.into(), turn: first, ..new }).await;
    }
    let ours = pools(&["a@1", "b@1"]);
    let all = due(store, &["a@1", "b@1"], 99, 99).await;
    assert_eq!(all[..3], ["r1/1@10", "r1/3@10", "r2/1@10"]);

    for limit in 1..=9 {
        let (mut last, mut read) = (None, Vec::new());
        loop {
            let rows = store.timers(&ours, last.as_ref(), Timestamp(99), limit).await;
            let rows = rows.expect("the store answers");
            read.extend(rows.iter().map(|it| format!("{}/{}@{}", it.run, it.timer, it.due.0)));
            match rows.last() {
                Some(row) => last = Some(row.clone()),
                None => break,
            }
        }
        assert_eq!(read, all, "{limit} at a time");
    }
}
