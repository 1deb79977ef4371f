//! Serving on a socket, and stopping in order.

use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;
use stepwell_server::{ServeError, Server};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::fixture::engine;
use crate::socket::{PATIENCE, Served};

/// Longer than any test takes.
const FOR_EVER: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_stream_breaks_when_the_server_stops_so_that_its_reader_comes_back() {
    let served = Served::with(|server| server.drain(FOR_EVER)).await;
    let mut stream = served.connect().await;
    stream.send("POST /workflows/human/run-nowait", r#"{"handler_id": "h"}"#).await;
    assert!(stream.receive_until(r#""completed_at":null}"#).await.starts_with("HTTP/1.1 200"));
    stream.send("GET /events/h?after_sequence=-1", "").await;
    stream.receive_until("InputRequiredEvent\"]}\n\n").await;

    served.stop().await.unwrap();
    let rest = stream.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "a reader would take this for the end of the run: {rest}");
}

#[tokio::test]
async fn who_waits_for_a_run_gets_its_end_if_it_comes_in_time() {
    let served = Served::with(|server| server.drain(FOR_EVER)).await;
    let mut waiting = served.connect().await;
    waiting.send("POST /workflows/gated/run", r#"{"handler_id": "h"}"#).await;
    served.until_found("h").await;

    let Served { stop, task, gate, .. } = served;
    stop.send(()).unwrap();
    gate.close();
    expect![[r#"
        HTTP/1.1 200 OK
        {"value":{"result":0},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null},"result_unreadable":false,"status":"completed""#]].assert_eq(&status_and_body(&waiting.rest().await));
    timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn who_waits_for_longer_is_turned_away() {
    let served = Served::with(|server| server.drain(Duration::from_millis(50))).await;
    let mut waiting = served.connect().await;
    waiting.send("POST /workflows/human/run", r#"{"handler_id": "h"}"#).await;
    served.until_found("h").await;

    served.stop().await.unwrap();
    expect![[r#"
        HTTP/1.1 503 Service Unavailable
        {"detail":"Server is shutting down; try again"}"#]]
    .assert_eq(&status_and_body(&waiting.rest().await));
}

#[tokio::test]
async fn connections_without_a_request_do_not_hold_up_the_end() {
    let served = Served::with(|server| server.drain(FOR_EVER)).await;
    let _silent = served.connect().await;
    let mut idle = served.connect().await;
    idle.send("GET /health", "").await;
    idle.receive_until(r#""healthy"}"#).await;
    served.stop().await.unwrap();
    assert_eq!(idle.rest().await, "");
}

#[tokio::test]
async fn a_request_that_never_comes_to_its_end_is_cut_off() {
    let served = Served::with(|server| server.drain(Duration::from_millis(50))).await;
    let mut half = served.connect().await;
    half.write(
        "POST /workflows/human/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    )
    .await;
    let mut headless = served.connect().await;
    headless.write("POST /workflows/hum").await;
    // So that the server has taken up both.
    served.until_missing("h").await;
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_can_be_used_after_an_answer_without_a_body() {
    let served = Served::with(|server| server).await;
    let mut connection = served.connect().await;
    connection.send("POST /workflows/quiet/run", r#"{"handler_id": "h"}"#).await;
    connection.receive_until("\"completed_at\":\"").await;
    connection.receive_until("}").await;
    connection.send("GET /events/h", "").await;
    assert!(connection.receive_until("\r\n\r\n").await.starts_with("HTTP/1.1 204"));
    connection.send("HEAD /workflows", "").await;
    assert!(connection.receive_until("\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    connection.send("GET /health", "").await;
    assert!(connection.receive_until(r#"{"status":"healthy"}"#).await.starts_with("HTTP/1.1 200"));
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_even_if_the_client_does_not_listen_yet() {
    let served = Served::with(|server| server.body_limit(1000)).await;
    let megabytes = "x".repeat(8 << 20);
    let head = "POST /workflows/quiet/run HTTP/1.1\r\nHost: localhost\r\n";
    let whole = format!("{head}Content-Length: {}\r\n\r\n{megabytes}", megabytes.len());
    let size = megabytes.len();
    let chunks = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n{size:x}\r\n{megabytes}\r\n0\r\n\r\n"
    );
    for request in [whole, chunks] {
        let mut connection = served.connect().await;
        connection.write(&request).await;
        let answer = connection.receive_until("\"}").await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    served.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let engine = engine(Arc::new(Semaphore::new(0))).open().await.unwrap();
    let error = Server::new(engine).serve(taken.local_addr().unwrap()).await.unwrap_err();
    assert!(matches!(error, ServeError::Listen(_)), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_stops_the_server() {
    for signal in ["-TERM", "-INT"] {
        let engine = engine(Arc::new(Semaphore::new(0))).open().await.unwrap();
        let (tell, listening) = oneshot::channel();
        let server = Server::new(engine).on_listening(|address| tell.send(address).unwrap());
        let task = tokio::spawn(server.serve("127.0.0.1:0"));
        let address = listening.await.unwrap();
        assert!(TcpStream::connect(address).await.is_ok());
        let process = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args([signal, &process]).status().unwrap();
        assert!(sent.success());
        timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
    }
}

fn status_and_body(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap();
    let result = body.split_once(r#""result":"#).map_or(body, |(_, rest)| rest);
    format!("{status}\n{}", result.split(r#","started_at""#).next().unwrap())
}
