use super::*;
use crate::store::Status;
use crate::store::conformance::fixture::{
    commit, create, journal, last_turn, names, new_run, start, streaming,
};
use crate::store::{HandlerFilter, NewRun};

crate::store_conformance!((MemoryStore::default(), ()));

/// Makes a run that ends with its first turn.
async fn ended_run(
    store: &MemoryStore,
    handler: &str,
    run: &str,
    previous: Option<RunId>,
) -> RunKey {
    let new = new_run(store, handler, run);
    let turn = Turn { status: Status::Completed, ..new.turn };
    create(store, NewRun { previous, turn: streaming(turn, 0, 1), ..new }).await
}

#[tokio::test]
async fn the_oldest_ended_run_is_forgotten_beyond_the_limit() {
    let store = MemoryStore::default();
    let open = start(&store, "open", "open").await;
    let first = ended_run(&store, "first", "first", None).await;
    let second = ended_run(&store, "second", "second", None).await;
    for number in 2..ENDED_MAX {
        ended_run(&store, &format!("h{number}"), &format!("r{number}"), None).await;
    }
    assert!(store.handler("first").await.unwrap().is_some());

    commit(&store, last_turn(&store, open, 1)).await;

    assert_eq!(store.handler("first").await.unwrap(), None);
    assert_eq!(store.run(&RunId::new("first")).await.unwrap(), None);
    assert!(journal(&store, first).await.is_empty());
    assert_eq!(journal(&store, second).await.len(), 1);
    assert_eq!(journal(&store, open).await.len(), 2);
    let handlers = store.handlers(&HandlerFilter::default()).await.unwrap();
    assert_eq!(handlers.len(), ENDED_MAX);
}

#[tokio::test]
async fn a_handler_that_is_used_for_ever_stays_and_keeps_its_place() {
    let store = MemoryStore::default();
    let first = ended_run(&store, "h", "0", None).await;
    start(&store, "other", "other").await;
    for number in 1..=ENDED_MAX {
        let previous = Some(RunId::new((number - 1).to_string()));
        ended_run(&store, "h", &number.to_string(), previous).await;
    }

    assert!(journal(&store, first).await.is_empty());
    let handlers = store.handlers(&HandlerFilter::default()).await.unwrap();
    assert_eq!(names(&handlers), ["1000", "other"]);
    assert!(store.purge("h").await.unwrap());
    let left = store.state.lock();
    assert_eq!((left.runs.len(), left.keys.len(), left.ended.len()), (1, 1, 0));
}
