//! Starting runs.

use expect_test::expect;

use crate::fixture::{Fixture, describe};

#[tokio::test(start_paused = true)]
async fn a_completed_run_is_answered_with_its_record() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            r#"POST /workflows/greet/run {"handler_id": "h", "start_event": {"name": "Ada"}}"#,
            expect![[r#"
                200
                content-type: application/json

                {"handler_id":"h","workflow_name":"greet","run_id":"<run>","error":null,"result":{"value":{"result":"Hello, Ada!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_custom_stop_event_names_its_fields_and_its_parent() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            r#"POST /workflows/echo/run {"handler_id": "h", "start_event": {"text": "é世🌍\"\\", "number": -9007199254740993, "ratio": 2, "inner": {"id": 1, "more": 0}, "children": [{"id": 2, "note": "n"}]}}"#,
            expect![[r#"
                200
                content-type: application/json

                {"handler_id":"h","workflow_name":"echo","run_id":"<run>","error":null,"result":{"value":{"text":"é世🌍\"\\","number":-9007199254740993,"ratio":2.0,"inner":{"id":1,"note":null},"children":[{"id":2,"note":"n"}]},"qualified_name":"fixtures.EchoStop","type":"EchoStop","types":["StopEvent"]},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_answered_with_its_record_and_500() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            r#"POST /workflows/fail/run {"handler_id": "h", "start_event": {"message": "it broke"}}"#,
            expect![[r#"
                500
                content-type: application/json

                {"handler_id":"h","workflow_name":"fail","run_id":"<run>","error":"it broke","result":null,"result_unreadable":false,"status":"failed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]],
        )
        .await;
    fixture
        .check(
            r#"POST /workflows/fail/run {"handler_id": "h", "kwargs": {"message": ""}}"#,
            expect![[r#"
                500
                content-type: application/json

                {"handler_id":"h","workflow_name":"fail","run_id":"<run>","error":"","result":null,"result_unreadable":false,"status":"failed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_has_failed() {
    let fixture = Fixture::new().await;
    fixture.check(r#"POST /workflows/timeout/run {"handler_id": "h"}"#, expect![[r#"
        500
        content-type: application/json

        {"handler_id":"h","workflow_name":"timeout","run_id":"<run>","error":"Workflow timed out after 0.3s","result":null,"result_unreadable":false,"status":"failed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.978901+00:00","completed_at":"2026-01-02T03:04:05.978901+00:00"}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn nowait_is_answered_at_once() {
    let fixture = Fixture::new().await;
    fixture.check(r#"POST /workflows/timeout/run-nowait {"handler_id": "h"}"#, expect![[r#"
        200
        content-type: application/json

        {"handler_id":"h","workflow_name":"timeout","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"running","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":null}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_is_answered_with_its_record_and_500() {
    let fixture = Fixture::new().await;
    let run = fixture.send(r#"POST /workflows/human/run {"handler_id": "h"}"#);
    let cancel = async {
        while fixture.send("POST /handlers/h/cancel").await.status() == 404 {
            tokio::task::yield_now().await;
        }
    };
    let (response, ()) = tokio::join!(run, cancel);
    expect![[r#"
        500
        content-type: application/json

        {"handler_id":"h","workflow_name":"human","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"cancelled","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]].assert_eq(&describe(response).await);
}

#[tokio::test(start_paused = true)]
async fn the_start_event_may_be_spelled_in_every_documented_way() {
    let fixture = Fixture::new().await;
    for (body, name) in [
        (r#"{"start_event": {"name": "A"}}"#, "A"),
        (r#"{"start_event": {"type": "GreetStart", "value": {"name": "A"}}}"#, "A"),
        (
            r#"{"start_event": {"qualified_name": "fixtures.GreetStart", "value": {"name": "A"}}}"#,
            "A",
        ),
        (
            r#"{"start_event": {"type": "GreetStart", "qualified_name": null, "value": {"name": "A"}}}"#,
            "A",
        ),
        (
            r#"{"start_event": {"type": "Nope", "qualified_name": "fixtures.GreetStart", "value": {"name": "A"}}}"#,
            "A",
        ),
        (
            r#"{"start_event": {"type": "GreetStart", "qualified_name": "no.Pe", "value": {"name": "A"}}}"#,
            "A",
        ),
        (
            r#"{"start_event": {"type": "GreetStart", "qualified_name": "", "data": {"name": "A"}}}"#,
            "A",
        ),
        (r#"{"start_event": "{\"name\": \"A\"}"}"#, "A"),
        (r#"{"start_event": "{\"type\": \"GreetStart\", \"value\": {\"name\": \"A\"}}"}"#, "A"),
        (r#"{"start_event": {"type": "GreetStart", "data": {"name": "A"}}}"#, "World"),
        (r#"{"start_event": {"name": "A"}, "kwargs": {"name": "K"}}"#, "A"),
        (r#"{"start_event": null, "kwargs": {"name": "K"}}"#, "World"),
        (r#"{"kwargs": {"name": "K"}}"#, "K"),
        (r#"{"kwargs": null}"#, "World"),
        (r#"{"start_event": {"name": "A", "extra": 1}, "other": 2}"#, "A"),
        (r#"{"handler_id": null, "context": {}}"#, "World"),
        (r#"{"handler_id": "", "context": null}"#, "World"),
        ("{}", "World"),
    ] {
        let answer = fixture.body(&format!("POST /workflows/greet/run {body}")).await;
        let result = format!(r#""value":{{"result":"Hello, {name}!"}}"#);
        assert!(answer.contains(&result), "{body}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn undeclared_fields_of_an_open_event_may_stand_in_two_places() {
    let fixture = Fixture::new().await;
    for event in [
        r#"{"name": "A"}"#,
        r#"{"_data": {"name": "A"}}"#,
        r#"{"_data": {"name": "B"}, "name": "A"}"#,
        r#"{"type": "StartEvent", "value": {"_data": {"name": "A"}}}"#,
        r#"{"qualified_name": "workflows.events.StartEvent", "value": {"name": "A"}}"#,
    ] {
        let body = format!(r#"{{"start_event": {event}}}"#);
        let answer = fixture.body(&format!("POST /workflows/hello/run {body}")).await;
        assert!(answer.contains("Hello, A!"), "{event}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ended_handler_can_be_used_again() {
    let fixture = Fixture::new().await;
    for workflow in ["fail", "greet"] {
        let request = format!(r#"POST /workflows/{workflow}/run {{"handler_id": "h"}}"#);
        fixture.send(&request).await;
    }
    fixture.check("GET /handlers", expect![[r#"
        200
        content-type: application/json

        {"handlers":[{"handler_id":"h","workflow_name":"greet","run_id":"<run>","error":null,"result":{"value":{"result":"Hello, World!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}]}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn of_many_starts_with_one_new_id_exactly_one_wins() {
    let fixture = Fixture::new().await;
    let start = || fixture.send(r#"POST /workflows/human/run-nowait {"handler_id": "h"}"#);
    let responses = futures::future::join_all((0..20).map(|_| start())).await;
    let refused = responses.iter().filter(|response| response.status() == 409).count();
    let started = responses.iter().filter(|response| response.status() == 200).count();
    assert_eq!((started, refused), (1, 19));
}

#[tokio::test(start_paused = true)]
async fn the_content_type_of_a_body_does_not_matter() {
    let fixture = Fixture::new().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let request = r#"POST /workflows/greet/run {"start_event": {"name": "Ada"}}"#;
        let response = fixture.send_with(&[("content-type", content_type)], request).await;
        assert_eq!(response.status(), 200, "{content_type}");
    }
}
