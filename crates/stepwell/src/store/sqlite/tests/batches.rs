//! How writes share transactions, and how they end.

use std::sync::mpsc;

use futures::future::join_all;
use parking_lot::Mutex;
use rusqlite::Connection;
use stepwell_core::TimerId;

use super::super::writer::{Outcome, Verb};
use super::*;
use crate::store::conformance::fixture::{
    POOL, assert_unavailable, commit, create, deliver, journal, new_run, newest, set, start,
    stream, timers, turn,
};
use crate::store::{Status, TimerChange};

/// Few enough to queue in one go: a task of tokio yields after 128 steps.
const WRITES: usize = 40;

/// A write that holds the writer up until it is told to go on.
struct Gate(Mutex<mpsc::Receiver<()>>);

impl Verb for Gate {
    type Answer = ();

    fn apply(&self, _: &Connection) -> Outcome<()> {
        // An error means that it was told before, in a transaction that was undone.
        self.0.lock().recv().ok();
        Ok(Ok(()))
    }
}

/// A write that does harm, and then fails.
struct Bad;

impl Verb for Bad {
    type Answer = ();

    fn apply(&self, connection: &Connection) -> Outcome<()> {
        connection.execute("DELETE FROM runs", [])?;
        connection.execute("DELETE FROM nothing", [])?;
        Ok(Ok(()))
    }
}

/// Lets these writes queue while the writer is held up, so that they make one batch.
async fn in_one_batch<T>(store: &SqliteStore, writes: impl Future<Output = T>) -> T {
    let (open, gate) = mpsc::channel();
    let gate = store.writer.write(Gate(Mutex::new(gate)));
    let (passed, answers, ()) = tokio::join!(gate, writes, async move { open.send(()).unwrap() });
    passed.unwrap();
    answers
}

fn names() -> Vec<String> {
    (0..WRITES).map(|number| format!("r{number}")).collect()
}

#[tokio::test]
async fn writes_that_queue_share_a_transaction() {
    let (store, _directory) = fresh();
    let names = names();
    let before = store.transactions();

    let keys = in_one_batch(&store, join_all(names.iter().map(|it| start(&store, it, it)))).await;

    assert!(store.transactions() - before <= 2, "{}", store.transactions());
    for key in keys {
        assert_eq!(journal(&store, key).await.len(), 1);
    }
}

#[tokio::test]
async fn a_thousand_runs_at_once_all_go_on() {
    let (store, _directory) = fresh();
    let names: Vec<String> = (0..1_000).map(|number| format!("r{number}")).collect();

    let keys = join_all(names.iter().map(async |name| {
        let key = start(&store, name, name).await;
        commit(&store, turn(&store, key, 1)).await;
        commit(&store, Turn { status: Status::Completed, ..turn(&store, key, 2) }).await;
        key
    }));

    for key in keys.await {
        assert_eq!(journal(&store, key).await, ["turn 0", "turn 1", "turn 2"]);
    }
}

#[tokio::test]
async fn a_bad_write_does_not_spoil_its_batch() {
    let (store, _directory) = fresh();
    let names = names();
    let (earlier, later) = names.split_at(WRITES / 2);
    let create_all = |names: &[String]| {
        join_all(names.iter().map(|it| store.create(new_run(&store, it, it))).collect::<Vec<_>>())
    };

    let writes =
        async { tokio::join!(create_all(earlier), store.writer.write(Bad), create_all(later)) };
    let (earlier, bad, later) = in_one_batch(&store, writes).await;

    assert_unavailable(bad);
    for answer in earlier.into_iter().chain(later) {
        let Creation::Created(key) = answer.unwrap() else { panic!("not created") };
        assert_eq!(journal(&store, key).await.len(), 1);
    }
    assert_eq!(store.handlers(&HandlerFilter::default()).await.unwrap().len(), WRITES);
}

#[tokio::test]
async fn a_refused_write_does_not_undo_its_batch() {
    let (store, _directory) = fresh();
    start(&store, "taken", "taken").await;
    let before = store.transactions();

    let writes = async {
        tokio::join!(
            start(&store, "h1", "r1"),
            store.create(new_run(&store, "h2", "taken")),
            store.purge("taken"),
            start(&store, "h3", "r3"),
        )
    };
    let (_, taken, running, _) = in_one_batch(&store, writes).await;

    assert_unavailable(taken);
    assert_unavailable(running);
    assert!(store.transactions() - before <= 2, "{}", store.transactions());
    assert_eq!(store.handlers(&HandlerFilter::default()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_close_waits_for_what_queued_and_refuses_what_comes_later() {
    let (store, directory) = fresh();
    let names = names();
    let create_all = |names: &[String]| {
        join_all(names.iter().map(|it| store.create(new_run(&store, it, it))).collect::<Vec<_>>())
    };
    let late = [String::from("late")];

    let writes = async { tokio::join!(create_all(&names), store.close(), create_all(&late)) };
    let (answers, closed, late) = in_one_batch(&store, writes).await;

    closed.unwrap();
    for answer in answers {
        assert!(matches!(answer, Ok(Creation::Created(_))), "{answer:?}");
    }
    late.into_iter().for_each(assert_unavailable);
    let store = open(&directory).unwrap();
    assert_eq!(store.handlers(&HandlerFilter::default()).await.unwrap().len(), WRITES);
}

#[tokio::test]
async fn a_turn_beyond_the_limits_is_refused_and_not_written() {
    let (store, _directory) = fresh();
    let key = start(&store, "h", "r").await;
    let limit = 1 << 32;
    let row = |first| Some(StreamRow { first, body: "items".into() });
    let before = newest(&store, "h").await;

    let good = Turn { timers: vec![set(1, 70)], ..turn(&store, key, 1) };
    for bad in [
        Turn { next_sequence: limit + 1, ..good.clone() },
        Turn { next_sequence: limit, stream: row(limit), ..good.clone() },
        Turn { head: limit, ..good.clone() },
        Turn { epoch: u64::MAX, ..good.clone() },
    ] {
        assert_unavailable(store.commit(bad.clone()).await);
        let new = new_run(&store, "h2", "r2");
        if bad.head == 1 {
            assert_unavailable(store.create(NewRun { turn: bad, ..new }).await);
        }
    }

    assert_eq!(newest(&store, "h").await, before);
    assert_eq!(store.handler("h2").await.unwrap(), None);
    assert!(timers(&store, POOL).await.is_empty());
    commit(&store, Turn { next_sequence: limit, stream: row(limit - 1), ..good }).await;
    assert_eq!(stream(&store, key).await.len(), 1);
    assert_eq!(store.stream(key, Some(limit - 2), 9).await.unwrap().len(), 1);
    assert_eq!(store.stream(key, Some(limit - 1), 9).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_run_beyond_the_limit_is_refused() {
    let (store, directory) = fresh();
    drop(store);
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', 2147483646)", []).unwrap();
    drop(raw);
    let store = open(&directory).unwrap();

    let last = start(&store, "h1", "r1").await;
    assert_eq!(last, RunKey((1 << 31) - 1));
    assert_unavailable(store.create(new_run(&store, "h2", "r2")).await);

    deliver(&store, last, "m").await;
    let changes = vec![TimerChange { timer: TimerId(1), due: Some(Timestamp(5)) }];
    commit(&store, Turn { timers: changes, ..turn(&store, last, 1) }).await;
    assert_eq!(journal(&store, last).await.len(), 2);
    assert_eq!(timers(&store, POOL).await, ["r1/1@5"]);
    create(&store, NewRun { ..new_run(&store, "h1", "r1") }).await;
}
