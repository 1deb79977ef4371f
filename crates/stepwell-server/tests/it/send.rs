//! Sending events to runs.

use std::fmt::Write;

use expect_test::{Expect, expect};
use stepwell::store::{INBOX_MESSAGES, Message};

use crate::fixture::{Fixture, detail};

#[tokio::test(start_paused = true)]
async fn an_answer_may_be_spelled_in_every_documented_way() {
    let fixture = Fixture::new().await;
    for (number, event) in [
        r#"{"type": "ResponseEvent", "value": {"response": "A"}}"#,
        r#"{"type": "Answer", "value": {"response": "A"}}"#,
        r#"{"type": "ResponseEvent", "data": {"response": "A"}}"#,
        r#"{"qualified_name": "fixtures.ResponseEvent", "value": {"response": "A"}}"#,
        r#"{"qualified_name": "fixtures.Answer", "value": {"response": "A"}}"#,
        r#"{"type": "X", "qualified_name": "fixtures.ResponseEvent", "value": {"response": "A"}}"#,
        r#"{"__is_pydantic": true, "type": "ResponseEvent", "types": [], "value": {"response": "A", "more": 1}}"#,
        r#""{\"type\": \"ResponseEvent\", \"value\": {\"response\": \"A\"}}""#,
    ]
    .into_iter()
    .enumerate()
    {
        fixture.start("human", &number.to_string()).await;
        let body = format!(r#"{{"event": {event}}}"#);
        let sent = fixture.body(&format!("POST /events/{number} {body}")).await;
        assert_eq!(sent, r#"{"status":"sent"}"#, "{event}");
        let stream = fixture.body(&format!("GET /events/{number}?after_sequence=-1")).await;
        assert!(stream.contains(r#"{"output":"Hello, A"}"#), "{event}: {stream}");
    }
}

#[tokio::test(start_paused = true)]
async fn undeclared_fields_of_an_answer_reach_the_step() {
    let fixture = Fixture::new().await;
    fixture.start("classic-human", "h").await;
    fixture
        .check(
            r#"POST /events/h {"event": {"type": "HumanResponseEvent", "value": {"response": [1, 2.5, null, {"a": "x"}]}}}"#,
            expect![[r#"
                200
                content-type: application/json

                {"status":"sent"}"#]],
        )
        .await;
    fixture.check("GET /events/h?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 2
        data: {"value":{"_data":{"prefix":"Name? "}},"qualified_name":"workflows.events.InputRequiredEvent","type":"InputRequiredEvent","types":null}

        id: 6
        data: {"value":{"result":[1,2.5,null,{"a":"x"}]},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_may_be_for_one_step() {
    let fixture = Fixture::new().await;
    fixture.start("target", "h").await;
    let ping = |tag: &str, step: &str| {
        let event = format!(r#"{{"type": "Ping", "value": {{"tag": "{tag}"}}}}"#);
        format!(r#"POST /events/h {{"event": {event}, "step": {step}}}"#)
    };
    assert_eq!(fixture.send(&ping("one", r#""left""#)).await.status(), 200);
    fixture.seen("h", r#""tag":"one""#).await;
    assert_eq!(fixture.send(&ping("both", "null")).await.status(), 200);
    fixture.seen("h", r#"{"step":"right""#).await;
    let finish = r#"POST /events/h {"event": {"type": "Finish", "value": {}}, "step": "finish"}"#;
    assert_eq!(fixture.send(finish).await.status(), 200);
    let stream = fixture.body("GET /events/h?after_sequence=-1&sse=false").await;
    let hits: Vec<&str> = stream.lines().filter(|line| line.contains("Hit")).collect();
    expect![[r#"
        {"value":{"step":"left","tag":"one"},"qualified_name":"fixtures.Hit","type":"Hit","types":null}
        {"value":{"step":"left","tag":"both"},"qualified_name":"fixtures.Hit","type":"Hit","types":null}
        {"value":{"step":"right","tag":"both"},"qualified_name":"fixtures.Hit","type":"Hit","types":null}"#]].assert_eq(&hits.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_body_comes_before_the_handler_and_the_handler_before_the_event() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    fixture.start("hello", "ended").await;
    let cases = [
        "missing not json",
        "missing",
        "missing [1]",
        "missing {}",
        r#"missing {"step": "greet_human"}"#,
        r#"missing {"event": null}"#,
        r#"missing {"event": {}}"#,
        r#"missing {"event": 5, "step": []}"#,
        r#"missing {"event": 5}"#,
        r#"ended {"event": 5, "step": "nostep"}"#,
        r#"h {"event": 5, "step": "nostep"}"#,
    ];
    check(
        &fixture,
        &cases,
        expect![[r#"
            missing not json
            400 Error processing request: expected ident at line 1 column 2

            missing
            400 Error processing request: EOF while parsing a value at line 1 column 0

            missing [1]
            400 Error processing request: the body must be an object

            missing {}
            400 Event data is required

            missing {"step": "greet_human"}
            400 Event data is required

            missing {"event": null}
            400 Event data is required

            missing {"event": {}}
            400 Event data is required

            missing {"event": 5, "step": []}
            400 Error processing request: step must be a text

            missing {"event": 5}
            404 Handler not found

            ended {"event": 5, "step": "nostep"}
            409 Workflow already completed

            h {"event": 5, "step": "nostep"}
            400 Failed to deserialize event. Must be a json object, or stringified json object

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_event_is_refused_and_the_run_goes_on() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let cases = [
        r#"h {"event": "not json"}"#,
        r#"h {"event": {"response": "x"}}"#,
        r#"h {"event": {"type": "ResponseEvent"}}"#,
        r#"h {"event": {"value": {"response": "x"}}}"#,
        r#"h {"event": {"type": "Nope", "value": {}}, "step": "nostep"}"#,
        r#"h {"event": {"qualified_name": "fixtures.GreetStart", "value": {}}}"#,
        r#"h {"event": {"qualified_name": "fixturesXResponseEvent", "value": {}}}"#,
        r#"h {"event": {"type": "ResponseEvent", "value": {}}}"#,
        r#"h {"event": {"type": "ResponseEvent", "value": {"response": 5}}}"#,
        r#"h {"event": {"type": "ResponseEvent", "value": null}}"#,
    ];
    check(&fixture, &cases, expect![[r#"
        h {"event": "not json"}
        400 Failed to deserialize event. Must be a json object, or stringified json object

        h {"event": {"response": "x"}}
        400 Failed to deserialize event: 1 validation error for EventEnvelope
        value
          Field required

        h {"event": {"type": "ResponseEvent"}}
        400 Failed to deserialize event: 1 validation error for EventEnvelope
        value
          Field required

        h {"event": {"value": {"response": "x"}}}
        400 Invalid client data. Must have a type or a qualified name, got neither

        h {"event": {"type": "Nope", "value": {}}, "step": "nostep"}
        400 Invalid event type: Nope. Expected one of StartEvent, RequestEvent, ResponseEvent, OutEvent

        h {"event": {"qualified_name": "fixtures.GreetStart", "value": {}}}
        400 Event type fixtures.GreetStart is not declared by this workflow.

        h {"event": {"qualified_name": "fixturesXResponseEvent", "value": {}}}
        400 Event type fixturesXResponseEvent is not declared by this workflow.

        h {"event": {"type": "ResponseEvent", "value": {}}}
        400 Failed to deserialize event: 1 validation error for ResponseEvent
        response
          Field required

        h {"event": {"type": "ResponseEvent", "value": {"response": 5}}}
        400 Failed to deserialize event: 1 validation error for ResponseEvent
        response
          invalid type: integer `5`, expected a string

        h {"event": {"type": "ResponseEvent", "value": null}}
        400 Failed to deserialize event: 1 validation error for ResponseEvent
          Input should be an object

    "#]]).await;
    check_untouched(&fixture, "h").await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_cannot_take_the_event_is_named() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let cases = [
        r#"h {"event": {"type": "ResponseEvent", "value": {"response": "A"}}, "step": "nostep"}"#,
        r#"h {"event": {"type": "ResponseEvent", "value": {"response": "A"}}, "step": ""}"#,
        r#"h {"event": {"type": "Answer", "value": {"response": "A"}}, "step": "prompt_human"}"#,
    ];
    check(&fixture, &cases, expect![[r#"
        h {"event": {"type": "ResponseEvent", "value": {"response": "A"}}, "step": "nostep"}
        500 Failed to send event: Step nostep does not exist

        h {"event": {"type": "ResponseEvent", "value": {"response": "A"}}, "step": ""}
        500 Failed to send event: Step  does not exist

        h {"event": {"type": "Answer", "value": {"response": "A"}}, "step": "prompt_human"}
        500 Failed to send event: Step prompt_human does not accept event of type <class 'fixtures.ResponseEvent'>

    "#]]).await;
    check_untouched(&fixture, "h").await;
}

#[tokio::test(start_paused = true)]
async fn every_declared_class_can_be_sent_even_if_nobody_takes_it() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let stop = r#"POST /events/h {"event": {"type": "OutEvent", "value": {"output": "x"}}}"#;
    assert_eq!(fixture.send(stop).await.status(), 200);
    fixture.seen("h", "UnhandledEvent").await;
    assert_eq!(fixture.send("GET /handlers/h").await.status(), 202);
}

/// Sends `HANDLER BODY`, and compares the status and the detail of the answers.
async fn check(fixture: &Fixture, cases: &[&str], expect: Expect) {
    let mut seen = String::new();
    for case in cases {
        let (handler, body) = case.split_once(' ').unwrap_or((case, ""));
        let response = fixture.send(&format!("POST /events/{handler} {body}")).await;
        let status = response.status().as_u16();
        writeln!(seen, "{case}\n{status} {}\n", detail(response).await).unwrap();
    }
    expect.assert_eq(&seen);
}

/// Checks that a run of `human` has seen nothing but its question.
async fn check_untouched(fixture: &Fixture, handler: &str) {
    let seen = fixture.seen(handler, "WorkflowIdleEvent").await;
    assert_eq!(seen.matches("id: ").count(), 4, "{seen}");
    assert_eq!(fixture.send(&format!("GET /handlers/{handler}")).await.status(), 202);
}

/// Until the run has taken some of them.
#[tokio::test(start_paused = true)]
async fn a_run_for_which_too_many_events_wait_takes_no_more() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let store = fixture.engine.store();
    let run = store.handler("h").await.unwrap().unwrap().key;
    for number in 0..INBOX_MESSAGES {
        let idempotency_key = number.to_string();
        let message = Message { run, idempotency_key, body: "".into(), is_urgent: false };
        store.deliver(message).await.unwrap();
    }
    fixture
        .check(
            r#"POST /events/h {"event": {"type": "ResponseEvent", "value": {"response": "A"}}}"#,
            expect![[r#"
                429
                content-type: application/json
                retry-after: 1

                {"detail":"Too many events wait for this workflow; try again"}"#]],
        )
        .await;
    assert_eq!(fixture.send("POST /handlers/h/cancel").await.status(), 200);
}
