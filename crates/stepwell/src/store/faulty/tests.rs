use super::*;
use crate::store::MemoryStore;
use crate::store::conformance::fixture::{
    assert_unavailable, commit, inbox, journal, last_turn, new_run, start, turn,
};

crate::store_conformance!((FaultyStore::new(memory(), 1, 0), ()));

fn memory() -> Arc<MemoryStore> {
    Arc::default()
}

fn message(run: RunKey) -> Message {
    Message { run, idempotency_key: "m".into(), body: "m".into(), is_urgent: false }
}

#[tokio::test]
async fn an_error_before_a_write_leaves_nothing_written() {
    let inner = memory();
    let store = FaultyStore::scripted(inner.clone(), vec![None, Some(Fault::ErrorBefore)]);
    let key = start(&store, "h", "r").await;

    assert_unavailable(store.commit(turn(&store, key, 1)).await);

    assert_eq!(journal(inner.as_ref(), key).await, ["turn 0"]);
    assert_eq!(store.faults(), 1);
    commit(&store, turn(&store, key, 1)).await;
}

#[tokio::test]
async fn an_error_after_a_write_leaves_it_written() {
    let inner = memory();
    let store = FaultyStore::scripted(inner.clone(), vec![None, Some(Fault::ErrorAfter)]);
    let key = start(&store, "h", "r").await;

    assert_unavailable(store.commit(turn(&store, key, 1)).await);

    assert_eq!(journal(inner.as_ref(), key).await, ["turn 0", "turn 1"]);
    commit(&store, turn(&store, key, 1)).await;
    assert_eq!(journal(inner.as_ref(), key).await, ["turn 0", "turn 1"]);
}

#[tokio::test]
async fn a_write_that_is_made_twice_is_answered_as_if_made_once() {
    let inner = memory();
    let store = FaultyStore::scripted(inner.clone(), vec![Some(Fault::Duplicate); 5]);

    let key = start(&store, "h", "r").await;
    assert_eq!(store.deliver(message(key)).await.unwrap(), Delivery::Duplicate);
    let consumed = store.inbox(key, 1).await.unwrap().iter().map(|row| row.id).collect();
    commit(&store, Turn { consumed, ..turn(&store, key, 1) }).await;
    commit(&store, last_turn(&store, key, 2)).await;

    assert_eq!(journal(inner.as_ref(), key).await.len(), 3);
    assert!(inbox(inner.as_ref(), key).await.is_empty());
    assert_eq!(store.faults(), 4);
    // Of a purge that is made again nothing is left to tell.
    assert!(!store.purge("h").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_is_made_all_the_same() {
    let inner = memory();
    let delay = Fault::Delay(Duration::from_secs(3));
    let store = FaultyStore::scripted(inner, vec![Some(delay)]).with_reads(vec![Some(delay), None]);
    let begin = tokio::time::Instant::now();

    let key = start(&store, "h", "r").await;
    assert_eq!(begin.elapsed(), Duration::from_secs(3));
    assert_eq!(journal(&store, key).await.len(), 1);
    assert_eq!(begin.elapsed(), Duration::from_secs(6));
}

#[tokio::test]
async fn every_verb_of_the_plan_can_fail() {
    let store = FaultyStore::scripted(memory(), vec![Some(Fault::ErrorBefore); 4])
        .with_reads(vec![Some(Fault::ErrorBefore); 9]);
    let (key, run) = (RunKey(1), RunId::new("r"));

    assert_unavailable(store.create(new_run(&store, "h", "r")).await);
    assert_unavailable(store.commit(turn(&store, key, 1)).await);
    assert_unavailable(store.deliver(message(key)).await);
    assert_unavailable(store.purge("h").await);
    assert_unavailable(store.handler("h").await);
    assert_unavailable(store.handlers(&HandlerFilter::default()).await);
    assert_unavailable(store.run(&run).await);
    assert_unavailable(store.unfinished(&[], None, 1).await);
    assert_unavailable(store.journal(key, 0, 1).await);
    assert_unavailable(store.stream(key, None, 1).await);
    assert_unavailable(store.last_stream_rows(&[key]).await);
    assert_unavailable(store.inbox(key, 1).await);
    assert_unavailable(store.timers(&[], None, Timestamp(1), 1).await);
    assert_eq!(store.faults(), 13);
}

/// Runs the same calls under a plan, and tells which went wrong.
async fn outcome(seed: u64, rate_per_mille: u64) -> (Vec<bool>, u64) {
    let store = FaultyStore::new(memory(), seed, rate_per_mille);
    let mut failed = Vec::new();
    for number in 0..400 {
        let name = number.to_string();
        failed.push(store.create(new_run(&store, &name, &name)).await.is_err());
        failed.push(store.handler(&name).await.is_err());
    }
    (failed, store.faults())
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_fails_in_the_same_places() {
    let (failed, faults) = outcome(7, 250).await;

    assert_eq!(outcome(7, 250).await, (failed.clone(), faults));
    assert_ne!(outcome(8, 250).await.0, failed);
    // A quarter of the calls, give or take what chance gives and takes.
    assert!((150..250).contains(&faults), "{faults}");
    assert_eq!(outcome(7, 0).await.1, 0);
    assert_eq!(outcome(7, 1_000).await.1, 800);
}

#[tokio::test(start_paused = true)]
async fn more_reads_do_not_move_the_faults_of_writes() {
    let mut failed = Vec::new();
    for reads in [0, 3] {
        let store = FaultyStore::new(memory(), 7, 250);
        let mut writes = Vec::new();
        for number in 0..100 {
            let name = number.to_string();
            writes.push(store.create(new_run(&store, &name, &name)).await.is_err());
            for _ in 0..reads {
                store.handler(&name).await.ok();
            }
        }
        failed.push(writes);
    }
    assert_eq!(failed[0], failed[1]);
}
