//! What the client sends, byte for byte.

use std::time::Duration;

use expect_test::{Expect, expect};
use serde_json::json;
use stepwell_client::{Call, Client, Error, NamedEvent, Operation, Status};

use crate::server::{Reply, Server, answer};

/// Makes a call and shows its request: the first line and the body.
async fn check<O: Operation>(call: impl FnOnce(Client) -> Call<O>, expected: Expect) {
    let server = Server::new([Reply::Close(answer("404 Not Found", ""))]).await;
    let client = Client::builder(format!("http://{}/base/", server.address)).build().unwrap();
    let sent = call(client).await;
    let shown = match server.requests().first() {
        Some(request) => {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
            let line = line.replace('?', "\n?");
            format!("{line}\n{body}\n")
        }
        None => format!("{}\n", sent.err().unwrap()),
    };
    expected.assert_eq(&shown);
}

#[tokio::test]
async fn starts_name_the_class_of_an_event_and_leave_fields_alone() {
    check(
        |c| c.run_workflow("greet"),
        expect![[r#"
        POST /base/workflows/greet/run
        {"start_event":{}}
    "#]],
    )
    .await;
    check(
        |c| c.run_workflow("a b").fields(json!({"name": "Ada"})),
        expect![[r#"
        POST /base/workflows/a%20b/run
        {"start_event":{"name":"Ada"}}
    "#]],
    )
    .await;
    let named = NamedEvent::new("GreetStart", json!({"value": 1})).unwrap();
    check(
        |c| c.run_workflow_nowait("greet").start_event(&named),
        expect![[r#"
        POST /base/workflows/greet/run-nowait
        {"start_event":{"type":"GreetStart","value":{"value":1}}}
    "#]],
    )
    .await;
    check(
        |c| c.run_workflow("greet").handler_id("h").context(json!({"version": 1})),
        expect![[r#"
        POST /base/workflows/greet/run
        {"start_event":{},"handler_id":"h","context":{"version":1}}
    "#]],
    )
    .await;
}

#[tokio::test]
async fn fields_that_would_be_read_as_something_else_are_refused() {
    check(|c| c.run_workflow("greet").fields(json!({"value": 1})), expect![[r#"
        fields called `value`, or `type` and `qualified_name`, need start_event instead, which names their class
    "#]]).await;
    let both = json!({"type": "x", "qualified_name": "y"});
    check(|c| c.run_workflow("greet").fields(both), expect![[r#"
        fields called `value`, or `type` and `qualified_name`, need start_event instead, which names their class
    "#]]).await;
    check(
        |c| c.run_workflow("greet").fields(json!({"type": "x"})),
        expect![[r#"
        POST /base/workflows/greet/run
        {"start_event":{"type":"x"}}
    "#]],
    )
    .await;
    check(
        |c| c.run_workflow("greet").fields([1]),
        expect![[r#"
        the start event must be a JSON object with fields, not [1]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn events_and_cancels_are_posted() {
    let event = NamedEvent::new("Answer", json!({"x": 1})).unwrap();
    check(
        |c| c.send_event("h", &event),
        expect![[r#"
        POST /base/events/h
        {"event":{"type":"Answer","value":{"x":1}}}
    "#]],
    )
    .await;
    check(
        |c| c.send_event("h", &event).step("left"),
        expect![[r#"
        POST /base/events/h
        {"event":{"type":"Answer","value":{"x":1}},"step":"left"}
    "#]],
    )
    .await;
    check(
        |c| c.cancel_handler("h"),
        expect![[r#"
            POST /base/handlers/h/cancel
            ?purge=false

        "#]],
    )
    .await;
    check(
        |c| c.cancel_handler("h").purge(),
        expect![[r#"
            POST /base/handlers/h/cancel
            ?purge=true

        "#]],
    )
    .await;
}

#[tokio::test]
async fn questions_say_what_they_are_for() {
    check(
        |c| c.get_handlers(),
        expect![[r#"
        GET /base/handlers

    "#]],
    )
    .await;
    let two = |c: Client| c.get_handlers().status(Status::Failed).status(Status::Running);
    check(
        |c| two(c).workflow_name("a&b").workflow_name("ü"),
        expect![[r#"
            GET /base/handlers
            ?status=failed&status=running&workflow_name=a%26b&workflow_name=%C3%BC

        "#]],
    )
    .await;
    check(
        |c| c.get_handlers().workflow_name(" "),
        expect![[r#"
        the name of a workflow cannot be blank
    "#]],
    )
    .await;
    check(
        |c| c.get_workflow_schema("w"),
        expect![[r#"
        GET /base/workflows/w/schema

    "#]],
    )
    .await;
    check(
        |c| c.get_workflow_events_schema("w"),
        expect![[r#"
        GET /base/workflows/w/events

    "#]],
    )
    .await;
    check(
        |c| c.get_workflow_graph("w"),
        expect![[r#"
        GET /base/workflows/w/representation

    "#]],
    )
    .await;
    let all = |c: Client| c.get_workflow_events("h").include_internal_events();
    check(
        |c| all(c).without_qualified_names(),
        expect![[r#"
        GET /base/events/h
        ?sse=true&include_internal=true&include_qualified_name=false&after_sequence=-1

    "#]],
    )
    .await;
}

#[tokio::test]
async fn headers_of_the_call_replace_those_of_the_client() {
    let replies = [(); 2].map(|()| Reply::Close(answer("200 OK", r#"{"status":"healthy"}"#)));
    let server = Server::new(replies).await;
    let client = server.builder().token("one").header("x-team", "a").build().unwrap();
    client.is_healthy().await.unwrap();
    client.is_healthy().header("authorization", "Bearer two").header("x-id", "7").await.unwrap();
    let headers = |n: usize| {
        let request = server.requests().swap_remove(n).to_lowercase();
        let ours = |line: &&str| line.starts_with("x-") || line.starts_with("auth");
        let mut lines: Vec<String> = request.lines().filter(ours).map(str::to_owned).collect();
        lines.sort();
        lines.join(", ")
    };
    assert_eq!(headers(0), "authorization: bearer one, x-team: a");
    assert_eq!(headers(1), "authorization: bearer two, x-id: 7, x-team: a");
    let request = &server.requests()[0].to_lowercase();
    assert!(request.contains("accept-encoding: identity"), "{request}");
    assert!(request.contains("user-agent: stepwell-client/"), "{request}");
}

#[tokio::test]
async fn a_header_that_cannot_be_is_an_error_of_the_call() {
    let server = Server::new([]).await;
    let error = server.client().is_healthy().header("x y", "z").await.unwrap_err();
    assert!(matches!(error, Error::Argument(_)), "{error:?}");
}

#[tokio::test]
async fn a_client_that_is_there_already_is_used() {
    let reply = Reply::Close(answer("200 OK", r#"{"status":"healthy"}"#));
    let server = Server::new([reply]).await;
    let http = reqwest::Client::builder().user_agent("mine").build().unwrap();
    let client = server.builder().http_client(http).timeout(Duration::MAX).build().unwrap();
    client.is_healthy().await.unwrap();
    assert!(server.requests()[0].contains("user-agent: mine"));
}
