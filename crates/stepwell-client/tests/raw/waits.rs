//! Waiting for a run by asking again and again.

use std::time::Duration;

use stepwell_client::{Backoff, Error, Status};

use crate::server::{Reply, Server, answer};

fn record(status: &str) -> Reply {
    let record = format!(
        r#"{{"handler_id":"h","workflow_name":"w","run_id":"r","status":"{status}",
        "started_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"}}"#
    );
    let line = match status {
        "running" => "202 Accepted",
        "completed" => "200 OK",
        _ => "500 Internal Server Error",
    };
    Reply::Close(answer(line, record))
}

#[tokio::test]
async fn a_run_is_waited_for_however_it_ends() {
    for end in ["completed", "failed", "cancelled"] {
        let server = Server::new(["running", "running", end].map(record)).await;
        let call = server.client().wait_for_handler("h").poll_interval(Duration::ZERO);
        let call = call.max_poll_interval(Duration::ZERO).backoff(Backoff::Exponential);
        assert_eq!(call.await.unwrap().status.name(), end);
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_wait_outlasts_a_server_that_is_away_for_a_moment() {
    let away = || Reply::Close(answer("503 Service Unavailable", ""));
    let server = Server::new([
        away(),
        Reply::Close(Vec::new()),
        record("running"),
        away(),
        away(),
        record("failed"),
    ])
    .await;
    let client = server.builder().max_reconnect_attempts(2).build().unwrap();
    let call =
        client.wait_for_handler("h").poll_interval(Duration::ZERO).backoff(Backoff::Constant);
    assert_eq!(call.await.unwrap().status, Status::Failed);

    let call =
        client.wait_for_handler("h").poll_interval(Duration::ZERO).backoff(Backoff::Constant);
    let error = call.await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wait_ends_when_its_time_is_over() {
    let server = Server::new([record("running")]).await;
    let limit = Duration::from_millis(50);
    let error = server.client().wait_for_handler("h").timeout(limit).await.unwrap_err();
    assert_eq!(error.to_string(), "waiting for the handler \"h\" was not answered within 50ms");
}

#[tokio::test]
async fn a_handler_that_is_not_there_is_not_waited_for() {
    let server = Server::new([Reply::Close(answer("404 Not Found", ""))]).await;
    let error = server.client().wait_for_handler("h").await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
}
