//! Streams of runs that go on.

use std::time::Duration;

use axum::body::BodyDataStream;
use expect_test::expect;
use tokio::time::{Instant, timeout};

use crate::fixture::{Fixture, chunk};

#[tokio::test(start_paused = true)]
async fn events_come_while_the_run_goes_on() {
    let fixture = Fixture::new().await;
    fixture.begin("gated", "h").await;
    let mut stream = fixture.open("/events/h?after_sequence=-1").await;
    for n in 0..3 {
        fixture.gate.add_permits(1);
        let frame = chunk(&mut stream).await;
        assert!(frame.contains(&format!(r#"data: {{"value":{{"n":{n}}}"#)), "{frame}");
        assert_eq!(fixture.send("GET /handlers/h").await.status(), 202);
    }
    fixture.gate.close();
    expect![[r#"
        id: 5
        data: {"value":{"result":3},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]].assert_eq(&chunk(&mut stream).await);
    assert_eq!(chunk(&mut stream).await, "END");
}

#[tokio::test(start_paused = true)]
async fn readers_do_not_take_anything_from_each_other() {
    let fixture = Fixture::new().await;
    fixture.begin("gated", "h").await;
    fixture.gate.add_permits(2);
    let from_start = fixture.open("/events/h?after_sequence=-1").await;
    let lines = fixture.open("/events/h?after_sequence=-1&sse=false").await;
    drop(fixture.open("/events/h?after_sequence=-1").await);
    let read = tokio::spawn(async move { tokio::join!(all(from_start), all(lines)) });
    fixture.seen("h", r#"{"n":1}"#).await;
    let late = fixture.open("/events/h?after_sequence=2").await;
    fixture.gate.add_permits(1);
    fixture.gate.close();

    let (frames, lines) = read.await.unwrap();
    let of_frames: Vec<&str> =
        frames.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let of_lines: Vec<&str> = lines.lines().collect();
    assert_eq!(of_frames, of_lines);
    assert_eq!(frames, fixture.body("GET /events/h?after_sequence=-1").await);
    assert_eq!(all(late).await, fixture.body("GET /events/h?after_sequence=2").await);
}

#[tokio::test(start_paused = true)]
async fn now_is_what_comes_after_the_request() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    for query in ["", "?after_sequence=now", "?after_sequence=Now&sse=false"] {
        let mut stream = fixture.open(&format!("/events/h{query}")).await;
        let nothing = timeout(Duration::from_secs(1), chunk(&mut stream)).await;
        assert!(nothing.is_err(), "{nothing:?}");
    }
    let stream = fixture.open("/events/h").await;
    fixture.send(ANSWER).await;
    expect![[r#"
        id: 6
        data: {"value":{"output":"Hello, Kim"},"qualified_name":"fixtures.OutEvent","type":"OutEvent","types":["StopEvent"]}

    "#]].assert_eq(&all(stream).await);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_past_the_end_tells_nothing_but_the_end() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let stream = fixture.open("/events/h?after_sequence=1000000&sse=false").await;
    fixture.send(ANSWER).await;
    assert_eq!(all(stream).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_is_still_there() {
    let fixture = Fixture::new().await;
    fixture.begin("gated", "h").await;
    fixture.gate.add_permits(1);
    let mut stream = fixture.open("/events/h?after_sequence=-1").await;
    assert!(chunk(&mut stream).await.starts_with("id: 1\n"));

    let frame = Instant::now();
    for beats in 1..=2 {
        assert_eq!(chunk(&mut stream).await, ": heartbeat\n\n");
        assert_eq!(frame.elapsed(), Duration::from_secs(25) * beats);
    }

    // A frame puts the next one off.
    let nothing = timeout(Duration::from_secs(20), chunk(&mut stream)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    fixture.gate.add_permits(1);
    assert!(chunk(&mut stream).await.starts_with("id: 2\n"));
    let frame = Instant::now();
    assert_eq!(chunk(&mut stream).await, ": heartbeat\n\n");
    assert_eq!(frame.elapsed(), Duration::from_secs(25));
}

#[tokio::test(start_paused = true)]
async fn what_a_reader_does_not_see_does_not_count_as_a_sign_of_life() {
    let fixture = Fixture::with(|server| server.heartbeat(Duration::from_secs(10))).await;
    fixture.start("human", "h").await;
    let mut stream = fixture.open("/events/h").await;
    let opened = Instant::now();
    let nothing = timeout(Duration::from_secs(9), chunk(&mut stream)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let unhandled = r#"POST /events/h {"event": {"type": "OutEvent", "value": {"output": "x"}}}"#;
    fixture.send(unhandled).await;
    assert_eq!(chunk(&mut stream).await, ": heartbeat\n\n");
    assert_eq!(opened.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn lines_have_no_heartbeats() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let mut stream = fixture.open("/events/h?sse=false").await;
    let nothing = timeout(Duration::from_secs(3600), chunk(&mut stream)).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_stays_with_the_run_it_was_opened_on() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let stream = fixture.open("/events/h?after_sequence=-1&sse=false").await;
    fixture.send("POST /handlers/h/cancel").await;
    fixture.start("human", "h").await;
    fixture.send(ANSWER).await;
    expect![[r#"
        {"value":{"prompt":"What is your name?"},"qualified_name":"fixtures.RequestEvent","type":"RequestEvent","types":["InputRequiredEvent"]}
        {"value":{},"qualified_name":"workflows.events.WorkflowCancelledEvent","type":"WorkflowCancelledEvent","types":["StopEvent"]}
    "#]].assert_eq(&all(stream).await);
}

const ANSWER: &str =
    r#"POST /events/h {"event": {"type": "ResponseEvent", "value": {"response": "Kim"}}}"#;

/// Reads a stream to its end.
async fn all(mut stream: BodyDataStream) -> String {
    let mut all = String::new();
    loop {
        let chunk = chunk(&mut stream).await;
        if chunk == "END" {
            return all;
        }
        all.push_str(&chunk);
    }
}
