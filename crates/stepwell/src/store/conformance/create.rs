//! How runs begin.

use futures::future::join_all;
use stepwell_core::{RunId, Timestamp};

use super::fixture::{
    POOL, assert_unavailable, commit, create, due, journal, last_turn, new_run, newest, set, start,
    stream, stream_row, streaming, turn,
};
use crate::store::{Creation, NewRun, RunRow, Status, Store, Turn};

/// A run is known from its first turn on, with all that the caller said of it.
pub async fn a_new_run_is_found_by_its_name_and_by_its_handler(store: &dyn Store) {
    let new = NewRun { shard: u16::MAX, ..new_run(store, "h", "r") };
    let first = Turn { id: u64::MAX, timers: vec![set(1, 70)], ..new.turn };
    let new = NewRun { turn: streaming(first, 0, 3), ..new };

    let key = create(store, new).await;

    let row = RunRow {
        key,
        run: RunId::new("r"),
        handler: "h".into(),
        workflow: "greeting".into(),
        pool: POOL.into(),
        shard: u16::MAX,
        epoch: store.epoch(),
        head: 1,
        turn_id: u64::MAX,
        status: Status::Running,
        idle: false,
        next_sequence: 3,
        started_at: Timestamp(1_000),
        updated_at: Timestamp(1_000),
    };
    assert_eq!(store.run(&RunId::new("r")).await.expect("the store answers"), Some(row.clone()));
    assert_eq!(newest(store, "h").await, row);
    assert_eq!(journal(store, key).await, ["turn 0"]);
    assert_eq!(stream(store, key).await, [stream_row(0, 3)]);
    assert_eq!(due(store, &[POOL], 71, 9).await, ["r/1@70"]);
    assert_eq!(store.run(&RunId::new("h")).await.expect("the store answers"), None);
    assert_eq!(store.handler("r").await.expect("the store answers"), None);
}

/// A run that is over at once is written like any other, and leaves no timers.
pub async fn a_run_can_end_with_its_first_turn(store: &dyn Store) {
    let new = new_run(store, "h", "r");
    let first = Turn { status: Status::Failed, timers: vec![set(1, 70)], ..new.turn };

    create(store, NewRun { turn: first, ..new }).await;

    assert_eq!(newest(store, "h").await.status, Status::Failed);
    assert!(due(store, &[POOL], 71, 9).await.is_empty());
}

/// A caller that did not hear the answer asks again, and gets it.
pub async fn a_run_created_again_is_the_same_run(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    commit(store, turn(store, key, 1)).await;

    assert_eq!(start(store, "h", "r").await, key);

    assert_eq!(journal(store, key).await, ["turn 0", "turn 1"]);
    assert_eq!(newest(store, "h").await.head, 2);
}

/// The answer is the same when much has happened since.
pub async fn a_run_created_again_is_the_same_run_after_its_handler_moved_on(store: &dyn Store) {
    let first = start(store, "h", "r1").await;
    commit(store, last_turn(store, first, 1)).await;
    let second = NewRun { previous: Some(RunId::new("r1")), ..new_run(store, "h", "r2") };
    create(store, second).await;

    assert_eq!(start(store, "h", "r1").await, first);

    assert_eq!(newest(store, "h").await.run.as_str(), "r2");
}

/// Callers that saw the same handler cannot both have it.
pub async fn of_many_runs_created_at_once_one_wins(store: &dyn Store) {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];

    let answers = join_all(names.map(|run| store.create(new_run(store, "x", run)))).await;

    let answers: Vec<_> = answers.into_iter().map(|it| it.expect("the store answers")).collect();
    let created = answers.iter().filter(|it| matches!(it, Creation::Created(_))).count();
    let changed = answers.iter().filter(|it| **it == Creation::Changed).count();
    assert_eq!((created, changed), (1, names.len() - 1), "{answers:?}");
}

/// A handler has one run at a time.
pub async fn a_handler_is_busy_until_its_run_ends(store: &dyn Store) {
    let key = start(store, "h", "r1").await;
    let next = NewRun { previous: Some(RunId::new("r1")), ..new_run(store, "h", "r2") };

    assert_eq!(store.create(next.clone()).await.expect("the store answers"), Creation::Busy);
    assert_eq!(newest(store, "h").await.run.as_str(), "r1");

    commit(store, last_turn(store, key, 1)).await;
    create(store, next).await;
    assert_eq!(newest(store, "h").await.run.as_str(), "r2");
    assert_eq!(journal(store, key).await, ["turn 0", "turn 1"]);
}

/// A caller that saw something else is told to look again.
pub async fn a_handler_that_points_elsewhere_has_changed(store: &dyn Store) {
    let mut previous = None;
    for run in ["r1", "r2"] {
        let key = create(store, NewRun { previous, ..new_run(store, "h", run) }).await;
        commit(store, last_turn(store, key, 1)).await;
        previous = Some(RunId::new(run));
    }

    for (handler, seen) in [("h", None), ("h", Some("r1")), ("h", Some("no")), ("new", Some("r1"))]
    {
        let new = NewRun { previous: seen.map(RunId::new), ..new_run(store, handler, "r3") };
        let answer = store.create(new).await.expect("the store answers");
        assert_eq!(answer, Creation::Changed, "{handler} after {seen:?}");
    }
    assert_eq!(newest(store, "h").await.run.as_str(), "r2");
    assert_eq!(store.handler("new").await.expect("the store answers"), None);
}

/// A name that was used cannot be used for another run: nothing is written.
pub async fn a_run_name_is_used_once(store: &dyn Store) {
    let key = start(store, "h1", "r").await;

    assert_unavailable(store.create(new_run(store, "h2", "r")).await);
    let elsewhere = NewRun { previous: Some(RunId::new("x")), ..new_run(store, "h2", "r") };
    assert_eq!(store.create(elsewhere).await.expect("the store answers"), Creation::Changed);

    assert_eq!(store.handler("h2").await.expect("the store answers"), None);
    assert_eq!(newest(store, "h1").await.key, key);
    assert_eq!(journal(store, key).await, ["turn 0"]);

    commit(store, last_turn(store, key, 1)).await;
    let again = NewRun { previous: Some(RunId::new("r")), ..new_run(store, "h1", "r2") };
    let second = create(store, again).await;
    commit(store, last_turn(store, second, 1)).await;
    let first = NewRun { previous: Some(RunId::new("r2")), ..new_run(store, "h1", "r") };
    assert_unavailable(store.create(first).await);
    assert_eq!(newest(store, "h1").await.key, second);
}
