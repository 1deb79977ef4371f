//! The server is killed while it is written to.

use std::sync::atomic::AtomicUsize;

use futures::future::join_all;

use super::*;
use crate::store::conformance::fixture::{new_run, set, streaming, turn};

const RUNS: usize = 24;
const TURNS: u64 = 60;

/// Asks until there is an answer.
async fn surely<T, F: Future<Output = Result<T, StoreError>>>(mut ask: impl FnMut() -> F) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Writes a run turn by turn, each with a stream row, a timer and a message that it consumes, and
/// counts what was acknowledged.
async fn write(store: &PostgresStore, name: &str, acknowledged: &AtomicUsize) -> RunKey {
    let new = new_run(store, name, name);
    let created = surely(|| store.create(new.clone())).await;
    let Creation::Created(key) = created else { panic!("{created:?}") };
    for head in 1..=TURNS {
        let message = format!("m{head}");
        let message = Message {
            run: key,
            idempotency_key: message.clone(),
            body: message.into(),
            is_urgent: false,
        };
        let delivered = surely(|| store.deliver(message.clone())).await;
        assert!(matches!(delivered, Delivery::Accepted | Delivery::Duplicate), "{delivered:?}");
        let inbox = surely(|| store.inbox(key, 10)).await;
        assert_eq!(inbox.len(), 1, "{name}: the turn before took its message, this one is new");
        let next = streaming(turn(store, key, head), head, head + 1);
        let next = Turn {
            timers: vec![set(head, head)],
            consumed: inbox.iter().map(|row| row.id).collect(),
            ..next
        };
        assert_eq!(surely(|| store.commit(next.clone())).await, Commit::Committed, "{name}");
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    key
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_server_was_killed() {
    let server = Arc::new(PostgresServer::own());
    let url = server.database();
    let store = open(&url).await;
    let acknowledged = AtomicUsize::new(0);
    let names: Vec<String> = (0..RUNS).map(|number| format!("r{number}")).collect();

    let writing = join_all(names.iter().map(|name| write(&store, name, &acknowledged)));
    let killing = async {
        let all = RUNS * usize::try_from(TURNS).unwrap();
        for kill in 1..4 {
            while acknowledged.load(Ordering::Relaxed) < kill * all / 4 {
                tokio::task::yield_now().await;
            }
            let server = Arc::clone(&server);
            let again = move || {
                server.kill();
                server.restart();
            };
            tokio::task::spawn_blocking(again).await.unwrap();
        }
    };
    let (keys, ()) = tokio::join!(writing, killing);

    // Another process sees the same.
    let other = open(&url).await;
    for (name, key) in names.iter().zip(keys) {
        let row = other.run(&RunId::new(name.as_str())).await.unwrap().unwrap();
        assert_eq!((row.head, row.next_sequence), (TURNS + 1, TURNS + 1), "{name}");
        let journal = other.journal(key, 0, usize::MAX).await.unwrap();
        let expected: Vec<String> = (0..=TURNS).map(|head| format!("turn {head}")).collect();
        assert_eq!(journal, expected, "{name}");
        let stream = other.stream(key, None, 1_000).await.unwrap();
        let numbers: Vec<u64> = stream.iter().map(|row| row.first).collect();
        assert_eq!(numbers, (1..=TURNS).collect::<Vec<_>>(), "{name}");
        assert!(other.inbox(key, 10).await.unwrap().is_empty(), "{name}");
    }
    let pools = [crate::store::conformance::fixture::POOL.to_owned()];
    let timers = other.timers(&pools, None, Timestamp(u64::MAX), 10_000).await.unwrap();
    assert_eq!(timers.len(), RUNS * usize::try_from(TURNS).unwrap());
}
