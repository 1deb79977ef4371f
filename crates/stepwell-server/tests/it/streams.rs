//! Streams of runs that have ended: frames, cursors, and the answers without a stream.

use std::fmt::Write;

use expect_test::expect;

use crate::fixture::{Fixture, describe};

#[tokio::test(start_paused = true)]
async fn a_stream_is_made_of_frames() {
    let fixture = greeted().await;
    fixture.check("GET /events/h?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 1
        data: {"value":{"index":0,"message":"step 0"},"qualified_name":"fixtures.GreetProgress","type":"GreetProgress","types":null}

        id: 2
        data: {"value":{"index":1,"message":"step 1"},"qualified_name":"fixtures.GreetProgress","type":"GreetProgress","types":null}

        id: 3
        data: {"value":{"index":2,"message":"step 2"},"qualified_name":"fixtures.GreetProgress","type":"GreetProgress","types":null}

        id: 5
        data: {"value":{"result":"Hello, é!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_made_of_lines_without_qualified_names() {
    let fixture = greeted().await;
    fixture
        .check("GET /events/h?after_sequence=-1&sse=false&include_qualified_name=no", expect![[r#"
            200
            content-type: application/x-ndjson

            {"value":{"index":0,"message":"step 0"},"qualified_name":null,"type":"GreetProgress","types":null}
            {"value":{"index":1,"message":"step 1"},"qualified_name":null,"type":"GreetProgress","types":null}
            {"value":{"index":2,"message":"step 2"},"qualified_name":null,"type":"GreetProgress","types":null}
            {"value":{"result":"Hello, é!"},"qualified_name":null,"type":"StopEvent","types":null}
        "#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn internal_events_are_told_on_request() {
    let fixture = greeted().await;
    fixture.check("GET /events/h?after_sequence=-1&include_internal=True", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 0
        data: {"value":{"name":"greet","step_state":"running","worker_id":"0","input_event_name":"GreetStart","output_event_name":null},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}

        id: 1
        data: {"value":{"index":0,"message":"step 0"},"qualified_name":"fixtures.GreetProgress","type":"GreetProgress","types":null}

        id: 2
        data: {"value":{"index":1,"message":"step 1"},"qualified_name":"fixtures.GreetProgress","type":"GreetProgress","types":null}

        id: 3
        data: {"value":{"index":2,"message":"step 2"},"qualified_name":"fixtures.GreetProgress","type":"GreetProgress","types":null}

        id: 4
        data: {"value":{"name":"greet","step_state":"not_running","worker_id":"0","input_event_name":"GreetStart","output_event_name":"StopEvent"},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}

        id: 5
        data: {"value":{"result":"Hello, é!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]]).await;
    fixture.start("human", "waiting").await;
    let unhandled =
        r#"POST /events/waiting {"event": {"type": "OutEvent", "value": {"output": "x"}}}"#;
    fixture.send(unhandled).await;
    fixture.seen("waiting", "UnhandledEvent").await;
    fixture.send("POST /handlers/waiting/cancel").await;
    fixture
        .check("GET /events/waiting?after_sequence=-1&include_internal=true&sse=0", expect![[r#"
            200
            content-type: application/x-ndjson

            {"value":{"name":"prompt_human","step_state":"running","worker_id":"0","input_event_name":"StartEvent","output_event_name":null},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
            {"value":{"name":"prompt_human","step_state":"not_running","worker_id":"0","input_event_name":"StartEvent","output_event_name":"RequestEvent"},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
            {"value":{"prompt":"What is your name?"},"qualified_name":"fixtures.RequestEvent","type":"RequestEvent","types":["InputRequiredEvent"]}
            {"value":{},"qualified_name":"workflows.events.WorkflowIdleEvent","type":"WorkflowIdleEvent","types":["InternalDispatchEvent"]}
            {"value":{"event_type":"OutEvent","qualified_name":"fixtures.OutEvent","step_name":null,"idle":true},"qualified_name":"workflows.events.UnhandledEvent","type":"UnhandledEvent","types":["InternalDispatchEvent"]}
            {"value":{},"qualified_name":"workflows.events.WorkflowIdleEvent","type":"WorkflowIdleEvent","types":["InternalDispatchEvent"]}
            {"value":{},"qualified_name":"workflows.events.WorkflowCancelledEvent","type":"WorkflowCancelledEvent","types":["StopEvent"]}
        "#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_is_told_whatever_ended_it() {
    let fixture = Fixture::new().await;
    for workflow in ["fail", "timeout", "quiet", "classic-human"] {
        fixture.start(workflow, workflow).await;
    }
    fixture.send("POST /handlers/classic-human/cancel").await;
    fixture.check("GET /events/fail?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 2
        data: {"value":{"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"boom","exception_type":"StepError"},"step_name":"explode"},"qualified_name":"workflows.events.WorkflowFailedEvent","type":"WorkflowFailedEvent","types":["StopEvent"]}

    "#]]).await;
    fixture.check("GET /events/timeout?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 1
        data: {"value":{"active_steps":["nap"],"timeout":0.3},"qualified_name":"workflows.events.WorkflowTimedOutEvent","type":"WorkflowTimedOutEvent","types":["StopEvent"]}

    "#]]).await;
    fixture.check("GET /events/quiet?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 2
        data: {"value":{},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]]).await;
    fixture.check("GET /events/classic-human?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 2
        data: {"value":{"_data":{"prefix":"Name? "}},"qualified_name":"workflows.events.InputRequiredEvent","type":"InputRequiredEvent","types":null}

        id: 4
        data: {"value":{},"qualified_name":"workflows.events.WorkflowCancelledEvent","type":"WorkflowCancelledEvent","types":["StopEvent"]}

    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn line_breaks_of_unicode_are_escaped_in_streams_but_not_in_records() {
    let fixture = Fixture::new().await;
    let name = "a\u{85}b\u{2028}c\u{2029}d";
    let start = format!(r#"{{"handler_id": "h", "start_event": {{"name": "{name}"}}}}"#);
    let record = fixture.body(&format!("POST /workflows/hello/run {start}")).await;
    assert!(record.contains(name), "{record}");
    for format in ["true", "false"] {
        let stream = fixture.body(&format!("GET /events/h?after_sequence=-1&sse={format}")).await;
        assert!(stream.contains(r"Hello, a\u0085b\u2028c\u2029d!"), "{stream}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_skips_what_it_names() {
    let fixture = greeted().await;
    let mut seen = String::new();
    for query in [
        "after_sequence=-1",
        "after_sequence=-99999999999999999999",
        "after_sequence=-0",
        "after_sequence=0",
        "after_sequence=2",
        "after_sequence=%2B3",
        "after_sequence=+3",
        "after_sequence=4",
        "after_sequence=5",
        "after_sequence=6",
        "after_sequence=99999999999999999999",
        "after_sequence=now",
        "after_sequence=NOW",
        "after_sequence=-1&after_sequence=4",
        "sse=false&after_sequence=4",
        "sse=false&after_sequence=5",
        "sse=false",
        "acquire_timeout=abc",
        "",
    ] {
        writeln!(seen, "{query}: {}", outline(&fixture, &[], query).await).unwrap();
    }
    expect![[r#"
        after_sequence=-1: 200 1 2 3 5
        after_sequence=-99999999999999999999: 200 1 2 3 5
        after_sequence=-0: 200 1 2 3 5
        after_sequence=0: 200 1 2 3 5
        after_sequence=2: 200 3 5
        after_sequence=%2B3: 200 5
        after_sequence=+3: 200 5
        after_sequence=4: 200 5
        after_sequence=5: 204
        after_sequence=6: 204
        after_sequence=99999999999999999999: 204
        after_sequence=now: 204
        after_sequence=NOW: 204
        after_sequence=-1&after_sequence=4: 200 5
        sse=false&after_sequence=4: 200, 1 lines
        sse=false&after_sequence=5: 204
        sse=false: 204
        acquire_timeout=abc: 204
        : 204
    "#]]
    .assert_eq(&seen);
}

#[tokio::test(start_paused = true)]
async fn the_last_event_id_overrides_the_cursor_of_frames() {
    let fixture = greeted().await;
    let mut seen = String::new();
    for (id, query) in [
        ("3", "after_sequence=-1"),
        ("3", "after_sequence=now"),
        ("3", ""),
        ("-1", "after_sequence=4"),
        ("5", "after_sequence=-1"),
        ("", "after_sequence=4"),
        ("abc", "after_sequence=4"),
        ("3.0", "after_sequence=4"),
        ("3", "after_sequence=-1&sse=false"),
    ] {
        let answer = outline(&fixture, &[("last-event-id", id)], query).await;
        writeln!(seen, "{id:?}, {query}: {answer}").unwrap();
    }
    expect![[r#"
        "3", after_sequence=-1: 200 5
        "3", after_sequence=now: 200 5
        "3", : 200 5
        "-1", after_sequence=4: 200 1 2 3 5
        "5", after_sequence=-1: 204
        "", after_sequence=4: 200 5
        "abc", after_sequence=4: 200 5
        "3.0", after_sequence=4: 200 5
        "3", after_sequence=-1&sse=false: 200, 4 lines
    "#]]
    .assert_eq(&seen);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_no_number_is_refused_before_anything_else() {
    let fixture = greeted().await;
    for cursor in ["abc", "1.5", "", "0x1", "1e3", "nowish", "--1", "%20now", "-", "+"] {
        for path in ["/events/h", "/events/missing"] {
            let request = format!("GET {path}?after_sequence={cursor}");
            let answer =
                describe(fixture.send_with(&[("last-event-id", "1")], &request).await).await;
            let text = cursor.replace("%20", " ").replace('+', " ");
            let expected = format!(r#"{{"detail":"Invalid after_sequence: '{text}'"}}"#);
            assert!(answer.starts_with("400\n") && answer.ends_with(&expected), "{answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_can_be_read_again_and_again() {
    let fixture = greeted().await;
    let first = fixture.body("GET /events/h?after_sequence=-1").await;
    for _ in 0..3 {
        assert_eq!(fixture.body("GET /events/h?after_sequence=-1").await, first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_comes_in_chunks_of_many_frames() {
    let fixture = Fixture::new().await;
    let pad = "x".repeat(100);
    let start = format!(r#"{{"handler_id": "h", "start_event": {{"n": 5000, "pad": "{pad}"}}}}"#);
    fixture.send(&format!("POST /workflows/burst/run {start}")).await;

    let mut stream = fixture.open("/events/h?after_sequence=-1").await;
    let (mut chunks, mut all) = (0, String::new());
    loop {
        let chunk = crate::fixture::chunk(&mut stream).await;
        if chunk == "END" {
            break;
        }
        assert!(chunk.ends_with("\n\n") && chunk.len() < 70_000, "{}", chunk.len());
        chunks += 1;
        all.push_str(&chunk);
    }
    let ids = all.lines().filter_map(|line| line.strip_prefix("id: "));
    let ids: Vec<u32> = ids.map(|id| id.parse().unwrap()).collect();
    // The first one is the step's beginning, the last but one its end.
    assert!(ids[..5000].iter().copied().eq(1..=5000));
    assert_eq!(ids[5000..], [5002]);
    assert!(chunks < 50, "{chunks} chunks");
}

/// Returns the status, and which sequences or how many lines there are.
async fn outline(fixture: &Fixture, headers: &[(&str, &str)], query: &str) -> String {
    let response = fixture.send_with(headers, &format!("GET /events/h?{query}")).await;
    let answer = describe(response).await;
    let (status, _) = answer.split_once('\n').unwrap_or((&answer, ""));
    if answer.contains("ndjson") {
        return format!("{status}, {} lines", answer.matches("\"types\"").count());
    }
    let ids: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    format!("{status} {}", ids.join(" ")).trim_end().to_owned()
}

/// Serves an ended run of `greet` under the handler `h`.
async fn greeted() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.send(r#"POST /workflows/greet/run {"handler_id": "h", "kwargs": {"name": "é"}}"#).await;
    fixture
}
