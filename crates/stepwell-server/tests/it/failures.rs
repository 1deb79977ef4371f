//! Stores that fail and engines that close.

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use expect_test::expect;
use stepwell::store::{Fault, FaultyStore, MemoryStore};
use tokio::sync::Semaphore;

use crate::fixture::{Fixture, describe, engine};

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_told_about() {
    let failing = vec![Some(Fault::ErrorBefore); 100];
    let fixture = on(FaultyStore::scripted(Arc::new(MemoryStore::default()), failing)).await;
    fixture
        .check(
            "POST /workflows/quiet/run {}",
            expect![[r#"
                503
                content-type: application/json
                retry-after: 1

                {"detail":"Service Unavailable"}"#]],
        )
        .await;
    fixture
        .check(
            "POST /workflows/quiet/run-nowait {}",
            expect![[r#"
                503
                content-type: application/json
                retry-after: 1

                {"detail":"Service Unavailable"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_behind_too_many_is_told_to_come_back() {
    let late = vec![Some(Fault::Delay(Duration::from_secs(1)))];
    let store = FaultyStore::scripted(Arc::new(MemoryStore::default()), late);
    let engine = engine(Arc::new(Semaphore::new(0))).store(Arc::new(store)).waiting_calls(1);
    let fixture = Fixture::of(engine.open().await.unwrap());
    let first = fixture.send("POST /workflows/quiet/run-nowait {}");
    let second = fixture.check(
        "POST /workflows/quiet/run-nowait {}",
        expect![[r#"
            503
            content-type: application/json
            retry-after: 1

            {"detail":"Server has too many requests under way; try again"}"#]],
    );
    let (first, ()) = tokio::join!(biased; first, second);
    assert_eq!(first.status(), 200);
    // Whoever comes later finds room.
    let third = fixture.send("POST /workflows/quiet/run-nowait {}").await;
    assert_eq!(third.status(), 200);
}

/// Whichever write is the first that fails, the client learns of it, and not why.
#[tokio::test(start_paused = true)]
async fn what_is_not_durable_is_not_acknowledged() {
    let answer = r#"{"event": {"type": "ResponseEvent", "value": {"response": "x"}}}"#;
    for good in 0..4 {
        let mut writes = vec![None; good];
        writes.resize(1000, Some(Fault::ErrorBefore));
        let fixture = on(FaultyStore::scripted(Arc::new(MemoryStore::default()), writes)).await;
        let mut refused = 0;
        for request in [
            r#"POST /workflows/human/run-nowait {"handler_id": "h"}"#,
            &format!("POST /events/h {answer}"),
            &format!("POST /events/h {answer}"),
            &format!("POST /events/h {answer}"),
            "POST /handlers/h/cancel?purge=true",
        ] {
            match describe(fixture.send(request).await).await {
                done if done.starts_with("200\n") => assert_eq!(refused, 0, "{request}"),
                unknown if unknown.starts_with("404\n") => assert_eq!(good, 0, "{request}"),
                answer => {
                    let unavailable = answer.ends_with(r#"{"detail":"Service Unavailable"}"#);
                    assert!(answer.starts_with("503\n") && unavailable, "{request}: {answer}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 0, "after {good} good writes everything went well");
    }
}

/// Whichever read of the store fails, the client learns of it.
#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_read_on_breaks_and_never_seems_to_end() {
    let mut broken = 0;
    for reads in 5..15 {
        let mut faults = vec![None; reads];
        faults.resize(100, Some(Fault::ErrorBefore));
        let store = FaultyStore::scripted(Arc::new(MemoryStore::default()), Vec::new());
        let fixture = on(store.with_reads(faults)).await;
        fixture.send(r#"POST /workflows/quiet/run {}"#).await;
        let start = r#"POST /workflows/quiet/run-nowait {"handler_id": "h"}"#;
        while fixture.send(start).await.status() == 200 {
            let response = fixture.send("GET /events/h?after_sequence=-1").await;
            let status = response.status();
            match to_bytes(response.into_body(), usize::MAX).await {
                Ok(body) if status == 200 => {
                    let body = str::from_utf8(&body).unwrap();
                    assert!(body.contains("StopEvent"), "{body:?}");
                }
                Ok(_) => assert_eq!(status, 503),
                Err(_) => broken += 1,
            }
        }
    }
    assert!(broken > 0, "no stream was cut");
}

#[tokio::test(start_paused = true)]
async fn a_closed_engine_sends_clients_elsewhere() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    fixture.engine.shutdown().await.unwrap();
    fixture
        .check(
            "POST /workflows/quiet/run {}",
            expect![[r#"
                503
                content-type: application/json
                retry-after: 1

                {"detail":"Server is shutting down; try again"}"#]],
        )
        .await;
    fixture
        .check(
            "POST /handlers/h/cancel",
            expect![[r#"
                503
                content-type: application/json
                retry-after: 1

                {"detail":"Server is shutting down; try again"}"#]],
        )
        .await;
}

/// The worst moment: the run is stored, and nobody in the process knows.
#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_does_not_stop_its_run() {
    let writes = vec![Some(Fault::ErrorAfter)];
    let fixture = on(FaultyStore::scripted(Arc::new(MemoryStore::default()), writes)).await;
    let run = fixture.send(r#"POST /workflows/hello/run {"handler_id": "h"}"#);
    let hung_up = tokio::time::timeout(Duration::from_millis(5), run).await;
    assert!(hung_up.is_err());
    assert!(fixture.seen("h", "StopEvent").await.contains("Hello, World!"));
}

/// Serves all workflows on a store.
async fn on(store: FaultyStore) -> Fixture {
    let gate = Arc::new(Semaphore::new(0));
    Fixture::of(engine(gate).store(Arc::new(store)).open().await.unwrap())
}
