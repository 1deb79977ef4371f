//! Streams: where they begin, what they show, and what breaks them.

use futures::future::join_all;
use serde_json::json;
use stepwell_client::{Client, Cursor, StepState, StepStateChanged};

use crate::events::BurstItem;
use crate::proxy;
use crate::server::{Server, named, names};

#[tokio::test]
async fn a_stream_goes_on_where_another_one_was_left() {
    let server = Server::new().await;
    let id = server.start("greet").await;
    let mut first = server.client.get_workflow_events(&id).await.unwrap();
    assert_eq!(first.last_sequence(), None);
    first.next_event().await.unwrap();
    first.next_event().await.unwrap();
    let left = Cursor::After(first.last_sequence().unwrap());
    drop(first);
    let mut second = server.client.get_workflow_events(&id).after(left).await.unwrap();
    assert_eq!(names(&mut second).await, ["GreetProgress", "StopEvent"]);

    let end = Cursor::After(second.last_sequence().unwrap());
    for cursor in [end, Cursor::Now, Cursor::After(u64::from(u32::MAX))] {
        let mut nothing = server.client.get_workflow_events(&id).after(cursor).await.unwrap();
        assert!(names(&mut nothing).await.is_empty());
    }
}

#[tokio::test]
async fn a_cursor_beyond_the_end_of_a_run_that_goes_on_tells_nothing_from_below_it() {
    let server = Server::new().await;
    let (id, _) = server.start_and_ask("human").await;
    let call = server.client.get_workflow_events(&id).after(Cursor::After(1000));
    let mut events = call.await.unwrap();
    let answer = named("ResponseEvent", json!({"response": "x"}));
    server.client.send_event(&id, &answer).await.unwrap();
    // LlamaIndex's server tells the last event all the same, which this client does not pass on.
    assert!(names(&mut events).await.is_empty());
    assert_eq!(events.last_sequence(), Some(1000));
}

#[tokio::test]
async fn internal_events_are_told_on_request() {
    let server = Server::new().await;
    let id = server.start("greet").await;
    let mut plain = server.client.get_workflow_events(&id).await.unwrap();
    let mut sequences = Vec::new();
    while let Some(event) = plain.next_event().await.unwrap() {
        assert!(!event.is_internal());
        sequences.push(event.sequence());
    }
    let call = server.client.get_workflow_events(&id).include_internal_events();
    let mut all = call.without_qualified_names().await.unwrap();
    let mut same = Vec::new();
    let mut states = Vec::new();
    while let Some(event) = all.next_event().await.unwrap() {
        assert_eq!(event.qualified_name(), None);
        if event.is_internal() {
            assert_eq!(event.name(), StepStateChanged::TYPE);
            let change: StepStateChanged<'_> = event.value_as().unwrap();
            assert_eq!(change.name, "greet");
            states.push(change.step_state);
        } else {
            same.push(event.sequence());
        }
    }
    assert_eq!(sequences, same);
    assert_eq!(states, [StepState::Running, StepState::NotRunning]);
}

#[tokio::test]
async fn many_readers_see_the_same() {
    let server = Server::new().await;
    let fields = json!({"n": 50});
    let started = server.client.run_workflow_nowait("burst").fields(fields).await.unwrap();
    let reads = (0..20).map(|_| async {
        let call = server.client.get_workflow_events(&started.handler_id);
        names(&mut call.await.unwrap()).await
    });
    for names in join_all(reads).await {
        assert_eq!(names.len(), 51);
    }
}

#[tokio::test]
async fn connections_that_break_again_and_again_lose_nothing_and_repeat_nothing() {
    let server = Server::new().await;
    let address = server.address.trim_start_matches("http://").to_owned();
    let proxy = proxy::that_cuts_after(address, vec![300, 700, 4000, 150, 20_000]).await;
    let client = Client::builder(format!("http://{proxy}")).build().unwrap();
    let fields = json!({"n": 60, "pad": 100});
    let started = server.client.run_workflow_nowait("burst").fields(fields).await.unwrap();
    let mut events = client.get_workflow_events(&started.handler_id).await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = events.next_event().await.unwrap() {
        match event.load::<BurstItem>().unwrap() {
            Some(item) => seen.push(item.seq),
            None => assert!(event.is_terminal()),
        }
    }
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
}
