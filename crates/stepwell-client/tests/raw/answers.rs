//! Answers that are not what was asked for.

use std::time::Duration;

use stepwell_client::{Client, Error, NamedEvent, Status};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::server::{Reply, Server, answer};

const RECORD: &str = r#"{"handler_id":"h","workflow_name":"w","run_id":"r","error":"boom",
    "result":null,"status":"failed","started_at":"2026-01-02T03:04:05+00:00",
    "updated_at":"2026-01-02T03:04:05.678901Z","completed_at":null,"more":[]}"#;

/// Asks a server with this answer whether it is well.
async fn health(reply: Vec<u8>) -> Error {
    let server = Server::new([Reply::Close(reply)]).await;
    let client = server.builder().answer_limit(1000).build().unwrap();
    client.is_healthy().await.unwrap_err()
}

#[tokio::test]
async fn each_status_is_an_error_that_says_what_to_do() {
    for (status, variant) in [
        ("400 Bad Request", "Rejected"),
        ("401 Unauthorized", "Denied"),
        ("404 Not Found", "NotFound"),
        ("409 Conflict", "Conflict"),
        ("413 Content Too Large", "Rejected"),
        ("429 Too Many Requests", "Unavailable"),
        ("500 Internal Server Error", "Server"),
        ("503 Service Unavailable", "Unavailable"),
        ("302 Found", "Unexpected"),
        ("999 What", "Server"),
    ] {
        let error = health(answer(status, r#"{"detail":"why"}"#)).await;
        assert!(format!("{error:?}").starts_with(variant), "{error:?}");
        assert_eq!(error.status(), status[..3].parse().ok());
        assert_eq!(error.detail().as_deref(), Some("why"));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::new([Reply::Close(
        b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /health2\r\n\r\n".to_vec(),
    )])
    .await;
    let event = NamedEvent::new("E", serde_json::json!({})).unwrap();
    let error = server.client().send_event("h", &event).await.unwrap_err();
    assert!(matches!(error, Error::Unexpected { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_failed_run_is_a_record_and_a_failed_server_an_error() {
    for status in ["500 Internal Server Error", "422 Unprocessable Content", "200 OK"] {
        let server = Server::new([(); 3].map(|()| Reply::Close(answer(status, RECORD)))).await;
        let client = server.client();
        assert_eq!(client.get_handler("h").await.unwrap().status, Status::Failed);
        assert_eq!(client.run_workflow("w").await.unwrap().error.as_deref(), Some("boom"));
        assert_eq!(client.wait_for_handler("h").await.unwrap().status, Status::Failed);
    }
    let broken = answer("500 Internal Server Error", r#"{"detail":"Internal server error"}"#);
    let server = Server::new([broken.clone(), broken].map(Reply::Close)).await;
    let error = server.client().get_handler("h").await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error:?}");
    let error = server.client().wait_for_handler("h").await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_no_answer_of_the_protocol_is_told_from_what_is() {
    for body in ["", "<html>", "{}", "[]", "\u{feff}{\"status\":\"healthy\"}", "{\"status\":1}"] {
        let error = health(answer("200 OK", body)).await;
        assert!(matches!(error, Error::Unexpected { .. }), "{body}: {error:?}");
        assert_eq!(error.answer().unwrap().body(), body.as_bytes());
    }
    let error = health(answer("200 OK", b"{\"status\":\"\xff\"}")).await;
    assert!(error.to_string().contains('\u{fffd}'), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read() {
    let declared = b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_vec();
    let error = health(declared).await;
    assert!(matches!(error, Error::TooLarge { limit: 1000, .. }), "{error:?}");
    let endless = [b"HTTP/1.1 500 Oops\r\n\r\n".as_slice(), &[b'x'; 2000]].concat();
    let error = health(endless).await;
    assert!(matches!(error, Error::TooLarge { limit: 1000, .. }), "{error:?}");
}

#[tokio::test]
async fn no_server_and_no_answer_and_half_an_answer_are_told_apart() {
    let server = Server::new([]).await;
    let error = server.client().is_healthy().await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");

    for half in
        ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"]
    {
        let error = health(half.into()).await;
        assert!(matches!(error, Error::Broken { .. }), "{half}: {error:?}");
    }
    let error = health(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()).await;
    assert!(matches!(error, Error::Broken { .. }), "{error:?}");

    for silent in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let server = Server::new([Reply::Hold(silent.into())]).await;
        let limit = Duration::from_millis(50);
        let error = server.client().is_healthy().timeout(limit).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_in_the_clear_is_none_for_a_secure_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = match Client::new(format!("https://{address}")) {
        Ok(client) => client,
        // Without certificates on this system, or without the feature.
        Err(error) => return assert!(matches!(error, Error::Argument(_)), "{error:?}"),
    };
    let asked = tokio::spawn(client.is_healthy().into_future());
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}
