//! How runs are forgotten, and how stores are closed.

use stepwell_core::{Definition, RunId};

use super::fixture::{
    POOL, assert_unavailable, commit, create, deliver, inbox, inbox_ids, journal, last_turn,
    message, names, new_run, newest, set, start, stream, streaming, timers, try_commit, turn,
};
use crate::store::{Commit, Delivery, HandlerFilter, NewRun, RunKey, Status, Store, Turn};

async fn purge(store: &dyn Store, handler: &str) -> bool {
    store.purge(handler).await.expect("the store answers")
}

/// Makes a run that has something of everything, and ends it.
async fn full_run(store: &dyn Store, handler: &str, run: &str, previous: Option<&str>) -> RunKey {
    let new = new_run(store, handler, run);
    let first = Turn { timers: vec![set(1, 70)], ..new.turn };
    let first = streaming(first, 0, 2);
    let new = NewRun { previous: previous.map(RunId::new), turn: first, ..new };
    let key = create(store, new).await;
    deliver(store, key, "m").await;
    let consumed = inbox_ids(store, key).await;
    commit(store, streaming(Turn { consumed, ..last_turn(store, key, 1) }, 2, 3)).await;
    key
}

/// Of none of them, old or new, is anything left.
pub async fn a_purge_removes_every_run_of_the_handler(store: &dyn Store) {
    let first = full_run(store, "h", "r1", None).await;
    let second = full_run(store, "h", "r2", Some("r1")).await;
    let third = full_run(store, "h", "r3", Some("r2")).await;

    assert!(purge(store, "h").await);

    assert!(!purge(store, "h").await);
    assert_eq!(store.handler("h").await.expect("the store answers"), None);
    let keys = [first, second, third];
    for (key, run) in keys.into_iter().zip(["r1", "r2", "r3"]) {
        assert_eq!(store.run(&RunId::new(run)).await.expect("the store answers"), None);
        assert!(journal(store, key).await.is_empty());
        assert!(stream(store, key).await.is_empty());
        assert!(inbox(store, key).await.is_empty());
        assert_eq!(deliver(store, key, "m").await, Delivery::Ended);
        assert_eq!(try_commit(store, turn(store, key, 2)).await, Commit::Fenced);
    }
    let rows = store.last_stream_rows(&keys).await.expect("the store answers");
    assert_eq!(rows, [None, None, None]);
    let all = store.handlers(&HandlerFilter::default()).await.expect("the store answers");
    assert!(all.is_empty());
}

/// Neighbours of what is removed stay whole, and so do definitions.
pub async fn a_purge_leaves_other_handlers_alone(store: &dyn Store) {
    let id = Definition::new("A").id();
    store.define(id, "one".into()).await.expect("the store answers");
    let before = full_run(store, "h1", "r1", None).await;
    full_run(store, "h2", "r2", None).await;
    let open = start(store, "h3", "r3").await;
    commit(store, streaming(Turn { timers: vec![set(1, 70)], ..turn(store, open, 1) }, 0, 1)).await;
    deliver(store, open, "m").await;

    assert!(purge(store, "h2").await);
    assert!(!purge(store, "r1").await);

    assert_eq!(journal(store, before).await, ["turn 0", "turn 1"]);
    assert_eq!(stream(store, before).await.len(), 2);
    assert_eq!(deliver(store, before, "m").await, Delivery::Duplicate);
    assert_eq!(journal(store, open).await, ["turn 0", "turn 1"]);
    assert_eq!(stream(store, open).await.len(), 1);
    assert_eq!(inbox(store, open).await, ["m"]);
    assert_eq!(timers(store, POOL).await, ["r3/1@70"]);
    let rows = store.handlers(&HandlerFilter::default()).await.expect("the store answers");
    assert_eq!(names(&rows), ["r1", "r3"]);
    assert_eq!(store.definition(id).await.expect("the store answers"), Some("one".into()));
}

/// The caller ends it first; until then nothing is removed, not even earlier runs.
pub async fn a_handler_whose_run_goes_on_is_not_purged(store: &dyn Store) {
    let first = full_run(store, "h", "r1", None).await;
    let next = NewRun { previous: Some(RunId::new("r1")), ..new_run(store, "h", "r2") };
    let second = create(store, next).await;

    assert_unavailable(store.purge("h").await);

    assert_eq!(newest(store, "h").await.status, Status::Running);
    assert_eq!(journal(store, first).await.len(), 2);
    commit(store, last_turn(store, second, 1)).await;
    assert!(purge(store, "h").await);
}

/// It is then as new: it comes last in lists, and the names of its runs are free.
pub async fn a_purged_handler_can_be_used_again(store: &dyn Store) {
    full_run(store, "h1", "r1", None).await;
    full_run(store, "h2", "r2", None).await;
    assert!(purge(store, "h1").await);

    let key = full_run(store, "h1", "r1", None).await;

    assert_eq!(journal(store, key).await, ["turn 0", "turn 1"]);
    let rows = store.handlers(&HandlerFilter::default()).await.expect("the store answers");
    assert_eq!(names(&rows), ["r2", "r1"]);
}

/// Whoever still holds the key reaches nothing, and so nothing of somebody else.
pub async fn the_key_of_a_purged_run_names_no_other(store: &dyn Store) {
    let old = full_run(store, "h1", "r1", None).await;
    assert!(purge(store, "h1").await);

    let new = start(store, "h2", "r2").await;

    assert_ne!(old, new);
    assert_eq!(deliver(store, old, "m").await, Delivery::Ended);
    assert_eq!(try_commit(store, turn(store, old, 1)).await, Commit::Fenced);
    assert!(inbox(store, new).await.is_empty());
}

/// A closed store says so, and can be closed again.
pub async fn a_closed_store_refuses_writes(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    store.close().await.expect("the store closes");
    store.close().await.expect("the store is closed");

    assert_unavailable(store.create(new_run(store, "h2", "r2")).await);
    assert_unavailable(store.commit(turn(store, key, 1)).await);
    assert_unavailable(store.purge("h").await);
    assert_unavailable(store.define(Definition::new("A").id(), "one".into()).await);
    let message = message(key, "m");
    assert_unavailable(store.deliver(message).await);
}
