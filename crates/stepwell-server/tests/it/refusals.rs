//! Requests that start no run.

use std::fmt::Write;

use expect_test::{Expect, expect};

use crate::fixture::{Fixture, describe, detail};

#[tokio::test(start_paused = true)]
async fn an_unknown_workflow_comes_before_a_bad_body() {
    check(
        &["missing not json", "GREET {}", "%20 {}", "gre%00et {}"],
        expect![[r#"
            missing not json
            404 Workflow not found

            GREET {}
            404 Workflow not found

            %20 {}
            404 Workflow not found

            gre%00et {}
            404 Workflow not found

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_body_is_refused() {
    check(
        &[
            "greet",
            "greet not json",
            "greet {} x",
            "greet [1]",
            "greet \"text\"",
            "greet null",
            r#"greet {"start_event": {"name": "\ud800"}}"#,
        ],
        expect![[r#"
            greet
            400 Invalid JSON body: EOF while parsing a value at line 1 column 0

            greet not json
            400 Invalid JSON body: expected ident at line 1 column 2

            greet {} x
            400 Invalid JSON body: trailing characters at line 1 column 4

            greet [1]
            400 Error processing request body: the body must be an object

            greet "text"
            400 Error processing request body: the body must be an object

            greet null
            400 Error processing request body: the body must be an object

            greet {"start_event": {"name": "\ud800"}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for GreetStart
            name
              unexpected end of hex escape

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_start_event_is_refused() {
    check(
        &[
            r#"greet {"start_event": 5}"#,
            r#"greet {"start_event": "not json"}"#,
            r#"greet {"kwargs": "x"}"#,
            r#"greet {"start_event": {"type": "Nope", "value": {}}}"#,
            r#"greet {"start_event": {"qualified_name": "fixtures.Nope", "value": {}}}"#,
            r#"greet {"start_event": {"type": "Nope", "qualified_name": "os.Nope", "value": {}}}"#,
            r#"greet {"start_event": {"value": {}}}"#,
            r#"greet {"start_event": {"type": "GreetStart", "value": 5}}"#,
            r#"greet {"start_event": {"type": "GreetStart", "value": ["A"]}}"#,
            r#"greet {"start_event": {"type": "StopEvent", "value": {}}}"#,
            r#"human {"start_event": {"type": "ResponseEvent", "value": {"response": "x"}}}"#,
        ],
        expect![[r#"
            greet {"start_event": 5}
            400 Validation error for 'start_event': Failed to deserialize event. Must be a json object, or stringified json object

            greet {"start_event": "not json"}
            400 Validation error for 'start_event': Failed to deserialize event. Must be a json object, or stringified json object

            greet {"kwargs": "x"}
            400 Validation error for 'start_event': Failed to deserialize event. Must be a json object, or stringified json object

            greet {"start_event": {"type": "Nope", "value": {}}}
            400 Validation error for 'start_event': Invalid event type: Nope. Expected one of GreetStart, StopEvent

            greet {"start_event": {"qualified_name": "fixtures.Nope", "value": {}}}
            400 Validation error for 'start_event': Event type fixtures.Nope is not declared by this workflow.

            greet {"start_event": {"type": "Nope", "qualified_name": "os.Nope", "value": {}}}
            400 Validation error for 'start_event': Event type os.Nope is not declared by this workflow.

            greet {"start_event": {"value": {}}}
            400 Validation error for 'start_event': Invalid client data. Must have a type or a qualified name, got neither

            greet {"start_event": {"type": "GreetStart", "value": 5}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for GreetStart
              Input should be an object

            greet {"start_event": {"type": "GreetStart", "value": ["A"]}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for GreetStart
              Input should be an object

            greet {"start_event": {"type": "StopEvent", "value": {}}}
            400 Start event must be an instance of <class 'fixtures.GreetStart'>

            human {"start_event": {"type": "ResponseEvent", "value": {"response": "x"}}}
            400 Start event must be an instance of <class 'workflows.events.StartEvent'>

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_field_is_named_with_its_class() {
    check(
        &[
            "echo {}",
            r#"echo {"start_event": null, "kwargs": {"text": "t"}}"#,
            r#"echo {"start_event": {"text": 5}}"#,
            r#"echo {"start_event": {"text": null}}"#,
            r#"echo {"start_event": {"text": "t", "number": " at line 1 column 2"}}"#,
            r#"echo {"start_event": {"text": "t", "number": 1.5}}"#,
            r#"echo {"start_event": {"text": "t", "inner": {"id": "x"}}}"#,
            r#"echo {"start_event": {"text": "t", "children": [{"id": 1}, {}]}}"#,
            r#"echo {"start_event": {"type": "EchoStop", "value": {}}}"#,
        ],
        expect![[r#"
            echo {}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            text
              Field required

            echo {"start_event": null, "kwargs": {"text": "t"}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            text
              Field required

            echo {"start_event": {"text": 5}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            text
              invalid type: integer `5`, expected a string

            echo {"start_event": {"text": null}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            text
              invalid type: null, expected a string

            echo {"start_event": {"text": "t", "number": " at line 1 column 2"}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            number
              invalid type: string " at line 1 column 2", expected i64

            echo {"start_event": {"text": "t", "number": 1.5}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            number
              invalid type: floating point `1.5`, expected i64

            echo {"start_event": {"text": "t", "inner": {"id": "x"}}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            inner.id
              invalid type: string "x", expected i64

            echo {"start_event": {"text": "t", "children": [{"id": 1}, {}]}}
            400 Validation error for 'start_event': Failed to deserialize event: 1 validation error for EchoStart
            children.1.id
              Field required

            echo {"start_event": {"type": "EchoStop", "value": {}}}
            400 Validation error for 'start_event': Failed to deserialize event: 3 validation errors for EchoStop
            text
              Field required
            number
              Field required
            children
              Field required

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_context_or_a_bad_handler_id_is_refused() {
    check(
        &[
            r#"greet {"context": {"version": 1}}"#,
            r#"greet {"context": {"version": 1}, "start_event": 5}"#,
            r#"greet {"context": {"version": 1}, "handler_id": 5}"#,
            r#"greet {"handler_id": 5}"#,
            r#"greet {"handler_id": {}}"#,
            r#"greet {"handler_id": false}"#,
        ],
        expect![[r#"
            greet {"context": {"version": 1}}
            400 Context API is disabled. The server enables it with --accept-context, or Server::accept_context

            greet {"context": {"version": 1}, "start_event": 5}
            400 Validation error for 'start_event': Failed to deserialize event. Must be a json object, or stringified json object

            greet {"context": {"version": 1}, "handler_id": 5}
            400 Context API is disabled. The server enables it with --accept-context, or Server::accept_context

            greet {"handler_id": 5}
            400 Error processing request body: handler_id must be a text

            greet {"handler_id": {}}
            400 Error processing request body: handler_id must be a text

            greet {"handler_id": false}
            400 Error processing request body: handler_id must be a text

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_id_has_a_limit() {
    let fixture = Fixture::new().await;
    let start = |bytes: usize| {
        let body = format!(r#"{{"handler_id": "{}"}}"#, "x".repeat(bytes));
        format!("POST /workflows/quiet/run {body}")
    };
    assert_eq!(fixture.send(&start(512)).await.status(), 200);
    fixture
        .check(
            &start(513),
            expect![[r#"
                400
                content-type: application/json

                {"detail":"Error processing request body: handler_id is longer than 512 bytes"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nests_too_deep_is_refused() {
    let fixture = Fixture::new().await;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for depth in [150, 100_000] {
            let event = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            // `greet` does not even look at the member.
            let body = format!(r#"{{"start_event": {{"a": {event}}}}}"#);
            let response = fixture.send(&format!("POST /workflows/greet/run {body}")).await;
            assert_eq!(
                detail(response).await,
                "Invalid JSON body: it nests deeper than 100 levels"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_start_leaves_no_handler_behind() {
    let fixture = Fixture::new().await;
    for body in [
        r#"{"handler_id": "h", "start_event": 5}"#,
        r#"{"handler_id": "h", "start_event": null}"#,
        r#"{"handler_id": "h", "start_event": {"text": "t"}, "context": 1}"#,
    ] {
        let response = fixture.send(&format!("POST /workflows/echo/run-nowait {body}")).await;
        assert_eq!(response.status(), 400, "{body}");
    }
    assert_eq!(fixture.body("GET /handlers").await, r#"{"handlers":[]}"#);
}

#[tokio::test(start_paused = true)]
async fn a_handler_in_use_is_refused_and_goes_on() {
    let fixture = Fixture::new().await;
    fixture.start("human", "it's mine").await;
    let run = r#"POST /workflows/greet/run {"handler_id": "it's mine"}"#;
    fixture
        .check(
            run,
            expect![[r#"
                409
                content-type: application/json

                {"detail":"Handler 'it's mine' is already running"}"#]],
        )
        .await;
    let run_nowait = r#"POST /workflows/greet/run-nowait {"handler_id": "it's mine"}"#;
    fixture
        .check(
            run_nowait,
            expect![[r#"
                409
                content-type: application/json

                {"detail":"Handler 'it's mine' is already running"}"#]],
        )
        .await;
    assert_eq!(fixture.send("GET /handlers/it's%20mine").await.status(), 202);
}

#[tokio::test(start_paused = true)]
async fn a_body_has_a_limit() {
    let fixture = Fixture::with(|server| server.body_limit(100)).await;
    let body = |size: usize| format!(r#"{{"pad":"{}"}}"#, "x".repeat(size - 10));
    for path in ["/workflows/quiet/run", "/workflows/quiet/run-nowait", "/events/missing"] {
        let within = fixture.send(&format!("POST {path} {}", body(100))).await;
        assert_ne!(within.status(), 413, "{path}");
        let beyond = describe(fixture.send(&format!("POST {path} {}", body(101))).await).await;
        let expected = r#"413
content-type: application/json

{"detail":"Request body is larger than 100 bytes"}"#;
        assert_eq!(beyond, expected, "{path}");
    }
}

/// Starts runs with `WORKFLOW BODY`, and compares the status and the detail of the answers.
async fn check(cases: &[&str], expect: Expect) {
    let fixture = Fixture::new().await;
    let mut seen = String::new();
    for case in cases {
        let (workflow, body) = case.split_once(' ').unwrap_or((case, ""));
        let [run, run_nowait] = ["run", "run-nowait"].map(async |endpoint| {
            let request = format!("POST /workflows/{workflow}/{endpoint} {body}");
            let response = fixture.send(&request).await;
            format!("{} {}", response.status().as_u16(), detail(response).await)
        });
        let answer = run.await;
        assert_eq!(run_nowait.await, answer);
        writeln!(seen, "{case}\n{answer}\n").unwrap();
    }
    assert_eq!(fixture.body("GET /handlers").await, r#"{"handlers":[]}"#);
    expect.assert_eq(&seen);
}

#[tokio::test(start_paused = true)]
async fn an_event_over_its_limit_is_refused() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let long = "x".repeat(1 << 20);
    for request in [
        format!(r#"POST /workflows/echo/run {{"start_event": {{"text": "{long}"}}}}"#),
        format!(r#"POST /workflows/echo/run-nowait {{"start_event": {{"text": "{long}"}}}}"#),
        format!(
            r#"POST /events/h {{"event": {{"type": "ResponseEvent", "value": {{"response": "{long}"}}}}}}"#
        ),
    ] {
        let answer = fixture.send(&request).await;
        assert_eq!(answer.status(), 413, "{}", &request[..40]);
        let detail = detail(answer).await;
        assert!(detail.ends_with("more than the limit of 1048576"), "{detail}");
    }
}
