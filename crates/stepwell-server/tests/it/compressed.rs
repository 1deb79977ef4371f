//! Which answers are compressed, and which must not be.

use stepwell_server::Cors;

use crate::socket::{Connection, Served};

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_can_read_that() {
    let served = Served::with(|server| server.cors(Cors::Any)).await;
    let mut connection = served.connect().await;
    let text = "x".repeat(100_000);
    let body = format!(r#"{{"handler_id": "h", "start_event": {{"text": "{text}"}}}}"#);
    connection.send("POST /workflows/echo/run", &body).await;
    assert!(connection.receive_until("completed_at\":\"").await.contains(&text), "nobody asked");
    connection.receive_until("}").await;

    let head = ask(&mut connection, "GET /handlers/h", "gzip").await;
    assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
    assert!(head.contains("vary: Origin\r\n"), "{head}");
    assert!(head.contains("vary: accept-encoding\r\n"), "{head}");
    drop(connection);

    for (request, encodings) in [
        ("GET /handlers/h", "identity"),
        ("GET /handlers/h", "gzip;q=0"),
        ("GET /handlers/h", "br, zstd"),
        ("GET /workflows", "gzip"),
        ("HEAD /handlers/h", "gzip"),
        ("GET /events/h?after_sequence=-1", "gzip"),
        ("GET /events/h?after_sequence=-1&sse=false", "gzip"),
        ("GET /events/h", "gzip"),
    ] {
        let head = ask(&mut served.connect().await, request, encodings).await;
        assert!(!head.contains("content-encoding"), "{request} {encodings}: {head}");
        assert!(head.contains("vary: Origin\r\n"), "{request} {encodings}: {head}");
    }
    served.stop().await.unwrap();
}

#[tokio::test]
async fn lines_of_a_stream_come_at_once_whatever_the_reader_can_read() {
    let served = Served::with(|server| server).await;
    let mut starting = served.connect().await;
    starting.send("POST /workflows/gated/run-nowait", r#"{"handler_id": "h"}"#).await;
    starting.receive_until("\"completed_at\":null}").await;
    for query in ["?after_sequence=-1&sse=false", "?after_sequence=-1&sse=true"] {
        let mut reader = served.connect().await;
        let head = ask(&mut reader, &format!("GET /events/h{query}"), "gzip, deflate, br").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        served.gate.add_permits(1);
        reader.receive_until("Tick").await;
    }
    served.stop().await.unwrap();
}

/// Sends a request and returns the head of its answer.
async fn ask(connection: &mut Connection, request: &str, encodings: &str) -> String {
    let headers = format!("Host: localhost\r\nAccept-Encoding: {encodings}\r\n\r\n");
    connection.write(&format!("{request} HTTP/1.1\r\n{headers}")).await;
    connection.receive_head().await
}
