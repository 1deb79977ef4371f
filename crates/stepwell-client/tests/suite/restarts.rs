//! A server that stops and is started again, always in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use conformance_server::register;
use serde_json::json;
use stepwell::Engine;
use stepwell::store::{SqliteOptions, SqliteStore};
use stepwell_client::{Client, Status};
use stepwell_server::Server;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::{named, names};

struct Life {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn serve(file: &Path, address: SocketAddr) -> Life {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
    let engine = register(Engine::builder().store(Arc::new(store))).unwrap().open().await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap() };
        Server::new(engine).serve_until(listener, stopped).await.unwrap();
    });
    Life { address, stop, serving }
}

impl Life {
    async fn end(self) -> SocketAddr {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        self.address
    }
}

#[tokio::test]
async fn streams_and_waits_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = &folder.path().join("runs.db");
    let first = serve(file, ([127, 0, 0, 1], 0).into()).await;
    let client = Client::new(format!("http://{}", first.address)).unwrap();
    let id = client.run_workflow_nowait("two-human").await.unwrap().handler_id;
    let mut events = client.get_workflow_events(&id).await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().name(), "FirstQuestion");
    let waiting = tokio::spawn(client.wait_for_handler(&id).into_future());

    let address = first.end().await;
    let second = serve(file, address).await;
    client.send_event(&id, &named("FirstAnswer", json!({"answer": "1"}))).await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().name(), "SecondQuestion");

    let address = second.end().await;
    let _third = serve(file, address).await;
    client.send_event(&id, &named("SecondAnswer", json!({"answer": "2"}))).await.unwrap();
    assert_eq!(names(&mut events).await, ["TwoHumanStop"]);
    assert_eq!(waiting.await.unwrap().unwrap().status, Status::Completed);
}
