//! Runs and turns to test with. A test says only what matters to it.

use stepwell_core::{InboxId, RunId, TimerId, Timestamp};

use crate::store::{
    Commit, Creation, Delivery, Message, NewRun, RunKey, RunRow, Status, Store, StoreError,
    StreamRow, TimerChange, Turn,
};

pub(in crate::store) const POOL: &str = "greeting@1";

pub(in crate::store) fn pools(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Describes the first run of a handler.
pub(in crate::store) fn new_run(store: &dyn Store, handler: &str, run: &str) -> NewRun {
    NewRun {
        run: RunId::new(run),
        handler: handler.into(),
        previous: None,
        workflow: "greeting".into(),
        pool: POOL.into(),
        shard: 0,
        turn: turn(store, RunKey(u64::MAX), 0),
    }
}

/// Describes a turn after which the run is at work.
pub(in crate::store) fn turn(store: &dyn Store, key: RunKey, head: u64) -> Turn {
    Turn {
        key,
        epoch: store.epoch(),
        head,
        id: 100 + head,
        at: Timestamp(1_000 + head),
        status: Status::Running,
        idle: false,
        rests: false,
        next_sequence: 0,
        journal: format!("turn {head}").into(),
        stream: None,
        timers: Vec::new(),
        consumed: Vec::new(),
    }
}

/// Describes a turn that ends the run.
pub(in crate::store) fn last_turn(store: &dyn Store, key: RunKey, head: u64) -> Turn {
    Turn { status: Status::Completed, ..turn(store, key, head) }
}

/// Describes a turn that publishes the items from `first` up to `next`.
pub(in crate::store) fn streaming(turn: Turn, first: u64, next: u64) -> Turn {
    Turn { next_sequence: next, stream: Some(stream_row(first, next)), ..turn }
}

pub(in crate::store) fn stream_row(first: u64, next: u64) -> StreamRow {
    StreamRow { first, body: format!("items {first}..{next}").into() }
}

pub(in crate::store) fn set(timer: u64, due: u64) -> TimerChange {
    TimerChange { timer: TimerId(timer), due: Some(Timestamp(due)) }
}

pub(in crate::store) fn clear(timer: u64) -> TimerChange {
    TimerChange { timer: TimerId(timer), due: None }
}

pub(in crate::store) async fn create(store: &dyn Store, new: NewRun) -> RunKey {
    match store.create(new).await.expect("the store answers") {
        Creation::Created(key) => key,
        other => panic!("not created: {other:?}"),
    }
}

/// Creates the first run of a handler.
pub(in crate::store) async fn start(store: &dyn Store, handler: &str, run: &str) -> RunKey {
    create(store, new_run(store, handler, run)).await
}

/// Makes a turn, which must be written.
pub(in crate::store) async fn commit(store: &dyn Store, turn: Turn) {
    assert_eq!(try_commit(store, turn).await, Commit::Committed);
}

pub(in crate::store) async fn try_commit(store: &dyn Store, turn: Turn) -> Commit {
    store.commit(turn).await.expect("the store answers")
}

pub(in crate::store) async fn deliver(store: &dyn Store, run: RunKey, name: &str) -> Delivery {
    store.deliver(message(run, name)).await.expect("the store answers")
}

/// Describes a message whose body is its name.
pub(in crate::store) fn message(run: RunKey, name: &str) -> Message {
    let (idempotency_key, body) = (name.into(), name.to_owned().into());
    Message { run, idempotency_key, body, is_urgent: false }
}

/// Returns the bodies of a run's inbox.
pub(in crate::store) async fn inbox(store: &dyn Store, run: RunKey) -> Vec<String> {
    let rows = store.inbox(run, 1_000).await.expect("the store answers");
    rows.iter().map(|row| String::from_utf8_lossy(&row.body).into_owned()).collect()
}

pub(in crate::store) async fn inbox_ids(store: &dyn Store, run: RunKey) -> Vec<InboxId> {
    let rows = store.inbox(run, 1_000).await.expect("the store answers");
    rows.iter().map(|row| row.id).collect()
}

/// Returns a run's journal as text.
pub(in crate::store) async fn journal(store: &dyn Store, run: RunKey) -> Vec<String> {
    let rows = store.journal(run, 0, 1_000).await.expect("the store answers");
    rows.iter().map(|row| String::from_utf8_lossy(row).into_owned()).collect()
}

pub(in crate::store) async fn stream(store: &dyn Store, run: RunKey) -> Vec<StreamRow> {
    store.stream(run, None, 1_000).await.expect("the store answers")
}

/// Returns all timers of a pool, as `run/timer@due`.
pub(in crate::store) async fn timers(store: &dyn Store, pool: &str) -> Vec<String> {
    due(store, &[pool], u64::MAX, 1_000).await
}

/// Returns the timers that are due, as `run/timer@due`.
pub(in crate::store) async fn due(
    store: &dyn Store,
    names: &[&str],
    before: u64,
    limit: usize,
) -> Vec<String> {
    let rows = store.timers(&pools(names), None, Timestamp(before), limit).await;
    let rows = rows.expect("the store answers");
    rows.iter().map(|row| format!("{}/{}@{}", row.run, row.timer, row.due.0)).collect()
}

/// Returns the newest run of a handler, which must exist.
pub(in crate::store) async fn newest(store: &dyn Store, handler: &str) -> RunRow {
    let row = store.handler(handler).await.expect("the store answers");
    row.expect("the handler exists")
}

/// Returns the names of runs.
pub(in crate::store) fn names(rows: &[RunRow]) -> Vec<&str> {
    rows.iter().map(|row| row.run.as_str()).collect()
}

#[track_caller]
pub(in crate::store) fn assert_unavailable<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}
