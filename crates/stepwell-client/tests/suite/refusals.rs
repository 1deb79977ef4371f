//! What the server does not do.

use serde_json::json;
use stepwell_client::Error;

use crate::server::{Server, named};

/// Shows an error by its variant and by what the server says.
fn said(error: &Error) -> (String, String) {
    let variant = format!("{error:?}");
    let variant = variant.split(['(', ' ']).next().unwrap().to_owned();
    (variant, error.detail().unwrap_or_else(|| error.to_string()))
}

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T, Error>, variant: &str, begins: &str) {
    let (is, detail) = said(&result.unwrap_err());
    assert_eq!(is, variant, "{detail}");
    assert!(detail.starts_with(begins), "{detail}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let client = Server::new().await.client;
    check(client.run_workflow("nope").await, "NotFound", "Workflow not found");
    check(client.run_workflow_nowait("nope").await, "NotFound", "Workflow not found");
    check(client.get_workflow_schema("nope").await, "NotFound", "Workflow not found");
    let detail = "Workflow 'nope' not found";
    check(client.get_workflow_events_schema("nope").await, "NotFound", detail);
    check(client.get_workflow_graph("nope").await, "NotFound", "Workflow not found");
    let event = named("X", json!({}));
    check(client.send_event("nope", &event).await, "NotFound", "Handler not found");
    check(client.get_workflow_events("nope").await, "NotFound", "Handler not found");
}

#[tokio::test]
async fn starts_are_refused_with_what_is_wrong() {
    let server = Server::new().await;
    let client = &server.client;
    let validation = "Validation error for 'start_event': ";
    let call = client.run_workflow("echo").fields(json!({"number": 1}));
    check(call.await, "Rejected", validation);
    let call = client.run_workflow("greet").start_event(&named("Nope", json!({})));
    check(call.await, "Rejected", &format!("{validation}Invalid event type: Nope"));
    let call = client.run_workflow("greet").start_event(&named("StopEvent", json!({})));
    check(call.await, "Rejected", "Start event must be an instance of");
    let call = client.run_workflow("greet").context(json!({"version": 1}));
    check(call.await, "Rejected", "Context API is disabled.");

    let (id, _) = server.start_and_ask("human").await;
    let call = client.run_workflow("greet").handler_id(&id);
    check(call.await, "Conflict", &format!("Handler '{id}' is already running"));
    client.cancel_handler(id).await.unwrap();
}

#[tokio::test]
async fn sent_events_are_refused_with_what_is_wrong() {
    let server = Server::new().await;
    let client = &server.client;
    let (id, _) = server.start_and_ask("steps-target").await;
    let send = |class: &str, fields| client.send_event(&id, &named(class, fields));
    check(send("Nope", json!({})).await, "Rejected", "Invalid event type: Nope");
    check(send("Ping", json!({"tag": 1})).await, "Rejected", "Failed to deserialize event: ");
    let ping = || send("Ping", json!({"tag": "t"}));
    let failed = "Failed to send event: Step ";
    check(ping().step("nope").await, "Server", &format!("{failed}nope does not exist"));
    check(ping().step("finish").await, "Server", &format!("{failed}finish does not accept"));
    client.cancel_handler(&id).await.unwrap();
    check(ping().await, "Conflict", "Workflow already completed");
}

#[tokio::test]
async fn a_connection_is_usable_after_whatever_came_before() {
    let server = Server::new().await;
    let client = &server.client;
    let id = server.start("quiet").await;
    client.wait_for_handler(&id).await.unwrap();
    for _ in 0..5 {
        // A server may drop the connection after a stream with nothing in it.
        let call = client.get_workflow_events(&id).after(stepwell_client::Cursor::Now);
        assert!(call.await.unwrap().next_event().await.unwrap().is_none());
        check(client.cancel_handler(&id).await, "NotFound", "Handler not found");
        check(client.run_workflow("nope").await, "NotFound", "Workflow not found");
    }
}
