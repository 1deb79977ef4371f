//! The server under test, and what all tests do with it.

use std::sync::atomic::{AtomicU64, Ordering};

use conformance_server::register;
use stepwell::Engine;
use stepwell_client::{Client, EventStream, NamedEvent};
use stepwell_server::Server as Served;
use tokio::net::TcpListener;

/// Which server it is, for what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stepwell,
    Reference,
}

/// A server under test. One in this process ends with the test.
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) kind: Kind,
    pub(crate) address: String,
}

impl Server {
    pub(crate) async fn new() -> Self {
        let variables = [
            ("CLIENT_SUITE_STEPWELL", Kind::Stepwell),
            ("CLIENT_SUITE_REFERENCE", Kind::Reference),
        ];
        for (name, kind) in variables {
            if let Ok(address) = std::env::var(name) {
                let client = Client::new(&address).unwrap();
                return Self { client, kind, address };
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let engine = register(Engine::builder()).unwrap().open().await.unwrap();
        tokio::spawn(Served::new(engine).serve_until(listener, std::future::pending()));
        let client = Client::new(&address).unwrap();
        Self { client, kind: Kind::Stepwell, address }
    }

    /// Starts a workflow with the defaults, and returns the handler.
    pub(crate) async fn start(&self, workflow: &str) -> String {
        let id = unique("h");
        let record = self.client.run_workflow_nowait(workflow).handler_id(&id).await.unwrap();
        assert_eq!(record.handler_id, id);
        id
    }

    /// Starts a workflow and waits until it asks somebody.
    pub(crate) async fn start_and_ask(&self, workflow: &str) -> (String, EventStream) {
        let id = self.start(workflow).await;
        let mut events = self.client.get_workflow_events(&id).await.unwrap();
        while let Some(event) = events.next_event().await.unwrap() {
            if event.is("InputRequiredEvent") {
                return (id, events);
            }
        }
        panic!("{workflow} asks nobody");
    }
}

/// Returns a name that no other test uses, on a server that may have been there before.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{name}-{}-{began}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Reads a stream to its end, and returns the names of what came.
pub(crate) async fn names(events: &mut EventStream) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(event) = events.next_event().await.unwrap() {
        names.push(event.name().to_owned());
    }
    names
}

pub(crate) fn named(class: &str, fields: serde_json::Value) -> NamedEvent {
    NamedEvent::new(class, fields).unwrap()
}
