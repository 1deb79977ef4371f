//! How runs and definitions are found.

use stepwell_core::{Definition, RunId};

use super::fixture::{
    POOL, commit, create, deliver, inbox_ids, last_turn, names, new_run, pools, start, turn,
};
use crate::store::{HandlerFilter, NewRun, RunKey, Status, Store, Turn};

/// A handler that gets another run keeps its place.
pub async fn handlers_are_listed_in_the_order_of_their_first_use(store: &dyn Store) {
    let first = start(store, "b", "r1").await;
    start(store, "c", "r2").await;
    start(store, "a", "r3").await;
    commit(store, last_turn(store, first, 1)).await;
    create(store, NewRun { previous: Some(RunId::new("r1")), ..new_run(store, "b", "r4") }).await;

    let rows = store.handlers(&HandlerFilter::default()).await.expect("the store answers");

    assert_eq!(names(&rows), ["r4", "r2", "r3"]);
    for row in rows {
        assert_eq!(store.handler(&row.handler).await.expect("the store answers"), Some(row));
    }
}

/// Only the newest run of a handler is looked at, and it must pass every part.
pub async fn handlers_are_filtered(store: &dyn Store) {
    for (workflow, run, status) in [
        ("x", "r1", Status::Completed),
        ("y", "r2", Status::Running),
        ("x", "r3", Status::Running),
        ("z \"quoted\"", "r4", Status::Cancelled),
    ] {
        let new = NewRun { workflow: workflow.into(), ..new_run(store, run, run) };
        create(store, NewRun { turn: Turn { status, ..new.turn }, ..new }).await;
    }
    let list = async |statuses: &[Status], workflows: &[&str]| {
        let filter = HandlerFilter { statuses: statuses.into(), workflows: pools(workflows) };
        let rows = store.handlers(&filter).await.expect("the store answers");
        names(&rows).join(" ")
    };

    assert_eq!(list(&[], &[]).await, "r1 r2 r3 r4");
    assert_eq!(list(&[Status::Running], &[]).await, "r2 r3");
    assert_eq!(list(&[Status::Cancelled, Status::Completed], &[]).await, "r1 r4");
    assert_eq!(list(&[Status::TimedOut], &[]).await, "");
    assert_eq!(list(&[], &["x"]).await, "r1 r3");
    assert_eq!(list(&[], &["z \"quoted\"", "y"]).await, "r2 r4");
    assert_eq!(list(&[Status::Running], &["x"]).await, "r3");
    assert_eq!(list(&[Status::Running], &["nothing"]).await, "");

    let again = NewRun { previous: Some(RunId::new("r1")), ..new_run(store, "r1", "r5") };
    create(store, again).await;
    assert_eq!(list(&[Status::Completed], &[]).await, "");
    assert_eq!(list(&[], &["greeting"]).await, "r5");
}

/// A process that starts takes up those, and lets the others sleep.
pub async fn unfinished_runs_are_those_with_something_to_do(store: &dyn Store) {
    start(store, "h1", "at work").await;
    let idle = start(store, "h2", "idle").await;
    let called = start(store, "h3", "idle, with a message").await;
    let busy = start(store, "h4", "at work, with a message").await;
    let ended = start(store, "h5", "ended").await;
    let answered = start(store, "h6", "idle, message consumed").await;
    let resting = start(store, "h7", "at rest").await;
    let roused = start(store, "h8", "at rest, with a message").await;
    for key in [called, busy, answered, roused] {
        deliver(store, key, "m").await;
    }
    for key in [idle, called, answered] {
        commit(store, Turn { idle: true, ..turn(store, key, 1) }).await;
    }
    for key in [resting, roused] {
        commit(store, Turn { rests: true, ..turn(store, key, 1) }).await;
    }
    commit(store, last_turn(store, ended, 1)).await;
    let consumed = inbox_ids(store, answered).await;
    commit(store, Turn { idle: true, consumed, ..turn(store, answered, 2) }).await;

    let unfinished = async || {
        let rows = store.unfinished(&pools(&[POOL]), None, 1_000).await;
        let rows = rows.expect("the store answers");
        let mut names: Vec<String> = rows.iter().map(|row| row.run.to_string()).collect();
        names.sort();
        names
    };
    let expected = "at rest, with a message; at work; at work, with a message; ";
    assert_eq!(unfinished().await.join("; "), format!("{expected}idle, with a message"));
    let row = store.run(&RunId::new("at rest")).await.expect("the store answers");
    assert!(!row.expect("it is there").idle);

    for key in [idle, resting] {
        commit(store, turn(store, key, 2)).await;
    }
    let all = format!("at rest; {expected}idle; idle, with a message");
    assert_eq!(unfinished().await.join("; "), all);
}

/// A node takes only runs that it has the code for.
pub async fn unfinished_runs_come_for_the_pools_asked_for(store: &dyn Store) {
    for (pool, run) in [("a@1", "r1"), ("b@1", "r2"), ("a@2", "r3"), ("a@1", "r4")] {
        let key = create(store, NewRun { pool: pool.into(), ..new_run(store, run, run) }).await;
        if run == "r4" {
            deliver(store, key, "m").await;
            commit(store, Turn { idle: true, ..turn(store, key, 1) }).await;
        }
    }
    let list = async |names_of_pools: &[&str]| {
        let rows =
            store.unfinished(&pools(names_of_pools), None, 1_000).await.expect("the store answers");
        let mut names = names(&rows);
        names.sort_unstable();
        names.join(" ")
    };

    assert_eq!(list(&["a@1"]).await, "r1 r4");
    assert_eq!(list(&["a@2", "b@1", "b@1"]).await, "r2 r3");
    assert_eq!(list(&["c@1"]).await, "");
    assert_eq!(list(&[]).await, "");
}

/// A definition is kept as it was first written.
pub async fn definitions_are_kept(store: &dyn Store) {
    let [first, second, unknown] = ["A", "B", "C"].map(|name| Definition::new(name).id());
    for (id, body) in [(first, "one"), (second, "two"), (first, "one")] {
        store.define(id, body.into()).await.expect("the store answers");
    }

    for (id, body) in [(first, Some("one".into())), (second, Some("two".into())), (unknown, None)] {
        assert_eq!(store.definition(id).await.expect("the store answers"), body);
    }
}

/// Each part begins after the last run of the one before, whatever else there is.
pub async fn unfinished_runs_are_read_in_parts(store: &dyn Store) {
    let mut expected = Vec::new();
    for number in 0..12_u64 {
        let name = format!("r{number}");
        let new = new_run(store, &name, &name);
        let pool = ["a@1", "b@1", "c@1"][usize::try_from(number % 3).expect("it is below 3")];
        let first = Turn { idle: number % 2 == 0, ..new.turn };
        let key = create(store, NewRun { pool: pool.into(), turn: first, ..new }).await;
        if number % 4 == 0 {
            deliver(store, key, "m").await;
            deliver(store, key, "n").await;
        }
        if number % 3 != 2 && (number % 2 == 1 || number % 4 == 0) {
            expected.push(name);
        }
    }
    let ours = pools(&["a@1", "b@1"]);
    for limit in 1..=12 {
        let (mut last, mut read) = (None, Vec::new());
        loop {
            let rows = store.unfinished(&ours, last, limit).await.expect("the store answers");
            assert!(rows.len() <= limit);
            read.extend(names(&rows).into_iter().map(str::to_owned));
            match rows.last() {
                Some(row) => last = Some(row.key),
                None => break,
            }
        }
        assert_eq!(read, expected, "{limit} at a time");
    }
    let beyond = store.unfinished(&ours, Some(RunKey(u64::MAX)), 9).await;
    assert_eq!(beyond.expect("the store answers"), []);
}
