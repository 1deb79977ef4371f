//! Several servers on one PostgreSQL: they are killed, frozen and drained, and nothing is lost.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod node;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use stepwell::store::{HandlerFilter, PostgresServer, PostgresStore, Store};
use stepwell_client::NamedEvent;

use crate::node::{Node, assert_whole, patiently, read};

/// By when the runs of a dead node have to go on.
const TAKE_OVER: Duration = Duration::from_secs(10);

fn answer() -> NamedEvent {
    NamedEvent::new("ResponseEvent", json!({ "response": "Kim" })).unwrap()
}

/// Starts runs that ask a person, and waits until all have asked.
async fn ask(node: &Node, prefix: &str, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("{prefix}-{number}")).collect();
    join_all(names.iter().map(async |name| {
        node.client.run_workflow_nowait("human").handler_id(name).await.unwrap();
        let mut events = node.client.get_workflow_events(name).await.unwrap();
        while let Some(event) = events.next_event().await.unwrap() {
            if event.is("InputRequiredEvent") {
                return;
            }
        }
        panic!("{name} asks nobody");
    }))
    .await;
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_of_a_node_that_is_killed_go_on_at_the_others() {
    let url = PostgresServer::shared().database();
    let nodes = [Node::start(&url).await, Node::start(&url).await, Node::start(&url).await];
    let [mut first, second, third] = nodes;
    let mut waiting = Vec::new();
    for (node, prefix) in [(&first, "a"), (&second, "b"), (&third, "c")] {
        waiting.extend(ask(node, prefix, 10).await);
    }
    // These are at work when their node dies.
    let working: Vec<String> = (0..10).map(|number| format!("w-{number}")).collect();
    let start = |name| first.client.run_workflow_nowait("greet").handler_id(name);
    for started in join_all(working.iter().map(async |name| start(name).await)).await {
        started.unwrap();
    }

    first.kill();
    let killed = Instant::now();
    let answering = join_all(waiting.iter().map(async |name| {
        second.client.send_event(name, &answer()).await.unwrap();
        read(&[&third, &second], name).await
    }));
    let working = join_all(working.iter().map(async |name| read(&[&second, &third], name).await));
    let (answered, worked) = tokio::join!(answering, working);

    assert!(killed.elapsed() < TAKE_OVER, "{:?}", killed.elapsed());
    for events in answered {
        assert_whole(&events, "OutEvent");
    }
    for events in worked {
        assert_whole(&events, "StopEvent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_frozen_writes_nothing_to_what_others_took() {
    let url = PostgresServer::shared().database();
    let frozen = Node::start(&url).await;
    // Alone it owns everything. These are in the middle of their work when it stops.
    let working: Vec<String> = (0..20).map(|number| format!("w-{number}")).collect();
    let start = |name| frozen.client.run_workflow_nowait("greet").handler_id(name);
    for started in join_all(working.iter().map(async |name| start(name).await)).await {
        started.unwrap();
    }
    let waiting = ask(&frozen, "a", 10).await;
    frozen.signal("STOP");

    // It waits for its share of the runs, which is all of them after a while.
    let other = Node::start(&url).await;
    for name in &waiting {
        other.client.send_event(name, &answer()).await.unwrap();
    }
    let ended = waiting.iter().chain(&working);
    let streams = join_all(ended.map(async |name| read(&[&other], name).await)).await;
    let store = PostgresStore::open(&url).await.unwrap();
    let rows = async || store.handlers(&HandlerFilter::default()).await.unwrap();
    let before = rows().await;
    assert!(before.iter().all(|row| row.status.is_ended()));

    frozen.signal("CONT");
    // It goes on with whatever it was at, finds out, and takes its share again.
    patiently(async || {
        let name = format!("new-{}", rows().await.len());
        frozen.client.run_workflow_nowait("fan-out").handler_id(&name).await.is_ok()
    })
    .await;
    let after = rows().await;
    assert_eq!(after[..before.len()], before);
    for (name, stream) in waiting.iter().chain(&working).zip(streams) {
        assert_eq!(read(&[&frozen], name).await, stream, "{name}");
        assert_whole(&stream, if name.starts_with('a') { "OutEvent" } else { "StopEvent" });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_replaced_one_by_one_under_load() {
    let url = PostgresServer::shared().database();
    let nodes = [Node::start(&url).await, Node::start(&url).await, Node::start(&url).await];
    let nodes = nodes.map(|node| Arc::new(parking(node)));
    let done = AtomicBool::new(false);
    let finished = AtomicUsize::new(0);

    let client = async |number: usize| {
        let mut streams = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let name = format!("c{number}-{}", streams.len());
            // A start that was not answered may have been made: then the handler is busy.
            patiently(async || {
                let node = nodes[(number + streams.len()) % 3].lock().unwrap().clone();
                let started = node.client.run_workflow_nowait("greet").handler_id(&name).await;
                started.is_ok() || node.client.get_handler(&name).await.is_ok()
            })
            .await;
            streams.push(node::read_through(&nodes, number, &name).await);
            finished.fetch_add(1, Ordering::Relaxed);
        }
        streams
    };
    let replace = async {
        for node in &nodes {
            let begun = finished.load(Ordering::Relaxed);
            patiently(async || finished.load(Ordering::Relaxed) >= begun + 8).await;
            let old = node.lock().unwrap().clone();
            old.signal("TERM");
            old.ended().await;
            let new = Arc::new(Node::start(&url).await);
            *node.lock().unwrap() = new;
        }
        done.store(true, Ordering::Relaxed);
    };
    let (streams, ()) = tokio::join!(join_all((0..8).map(client)), replace);

    for events in streams.into_iter().flatten() {
        assert_whole(&events, "StopEvent");
    }
}

fn parking(node: Node) -> std::sync::Mutex<Arc<Node>> {
    std::sync::Mutex::new(Arc::new(node))
}
