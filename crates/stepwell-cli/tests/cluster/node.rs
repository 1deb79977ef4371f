//! A server, as a process of its own, and what all tests do with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stepwell_client::{Client, Cursor};

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Node {
    process: Mutex<Child>,
    pub(crate) client: Client,
}

impl Node {
    /// Starts a server, and waits until it answers.
    pub(crate) async fn start(url: &str) -> Self {
        let url = url.to_owned();
        let (process, address) = tokio::task::spawn_blocking(move || {
            let mut process = Command::new(env!("CARGO_BIN_EXE_stepwell"))
                .args(["demo", "--listen", "127.0.0.1:0"])
                .env("STEPWELL_STORE", url)
                .env("STEPWELL_LOG", "warn")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
            (process, address)
        })
        .await
        .unwrap();
        let client = Client::builder(&address).timeout(Duration::from_secs(5)).build().unwrap();
        Self { process: Mutex::new(process), client }
    }

    /// Kills it as a crash would.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let number = self.process.lock().unwrap().id().to_string();
        let status = Command::new("kill").args(["-s", name, &number]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended by itself, as it should.
    pub(crate) async fn ended(&self) {
        let mut status = None;
        patiently(async || {
            status = self.process.lock().unwrap().try_wait().unwrap();
            status.is_some()
        })
        .await;
        assert!(status.unwrap().success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap();
        let _ = process.kill();
        let _ = process.wait();
    }
}

/// Waits until a condition holds.
pub(crate) async fn patiently(mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        while !condition().await {
            pause.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it takes too long");
}

/// An item of a stream: its number and the name of the event.
pub(crate) type Item = (u64, String);

/// Reads a run's stream to its end, from one node after another if need be.
pub(crate) async fn read(nodes: &[&Node], handler: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut turn = 0;
    patiently(async || {
        turn += 1;
        read_on(nodes[turn % nodes.len()], handler, &mut items).await
    })
    .await;
    items
}

/// Reads a run's stream to its end from nodes that are replaced meanwhile.
pub(crate) async fn read_through(
    nodes: &[Arc<Mutex<Arc<Node>>>],
    first: usize,
    handler: &str,
) -> Vec<Item> {
    let mut items = Vec::new();
    let mut turn = first;
    patiently(async || {
        turn += 1;
        let node = nodes[turn % nodes.len()].lock().unwrap().clone();
        read_on(&node, handler, &mut items).await
    })
    .await;
    items
}

/// Reads on where the items end. Returns whether the stream has come to its end.
async fn read_on(node: &Node, handler: &str, items: &mut Vec<Item>) -> bool {
    let cursor = items.last().map_or(Cursor::Start, |(sequence, _)| Cursor::After(*sequence));
    let call = node.client.get_workflow_events(handler).after(cursor).max_reconnect_attempts(0);
    let Ok(mut events) = call.include_internal_events().await else { return false };
    loop {
        match events.next_event().await {
            Ok(Some(event)) => {
                items.push((
                    event.sequence().expect("events are numbered"),
                    event.name().to_owned(),
                ));
            }
            Ok(None) => {
                let last = items.last().map_or("", |(_, name)| name);
                return last == "StopEvent" || last == "OutEvent";
            }
            Err(_) => return false,
        }
    }
}

/// Checks that a stream has every number once, in order, and ends as it should, once.
pub(crate) fn assert_whole(items: &[Item], end: &str) {
    for (expected, (sequence, _)) in (0..).zip(items) {
        assert_eq!(*sequence, expected, "{items:?}");
    }
    let ends = items.iter().filter(|(_, name)| name == end).count();
    assert_eq!(ends, 1, "{items:?}");
    assert_eq!(items.last().unwrap().1, end, "{items:?}");
}
