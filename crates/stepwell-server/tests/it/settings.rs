//! What the server is told when it is made, and what it then does differently.

use expect_test::expect;
use serde::{Deserialize, Serialize};
use stepwell::engine::Cursor;
use stepwell::{Context, Engine, StartEvent, StopEvent, Workflow};

use crate::fixture::Fixture;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Tally {
    total: i64,
}

/// A server that takes contexts over, with one workflow that counts.
async fn counter() -> Fixture {
    let workflow = Workflow::builder("Counter")
        .state::<Tally>()
        .step("count", |_: StartEvent, ctx: Context<Tally>| async move {
            let total = ctx.update(|tally| {
                tally.total += 1;
                tally.total
            });
            total.await.map(StopEvent::new)
        })
        .build()
        .unwrap();
    let engine = Engine::builder().workflow("counter", workflow).open().await.unwrap();
    Fixture::of_with(engine, |server| server.accept_context(true))
}

/// Runs it and tells the status and the result, or what is wrong.
async fn run(fixture: &Fixture, body: &str) -> String {
    let response = fixture.send(&format!("POST /workflows/counter/run {body}")).await;
    let status = response.status().as_u16();
    let body: serde_json::Value =
        serde_json::from_str(&crate::fixture::text(response).await).unwrap();
    let told = body.get("detail").unwrap_or(&body["result"]["value"]);
    format!("{status} {told}")
}

#[tokio::test]
async fn a_context_brings_the_state_of_a_run() {
    let fixture = counter().await;
    let context = |total: &str| {
        format!(
            r#"{{"handler_id": "h", "context": {{"version": 2, "state": {{"state_data":
               {{"_data": {{"total": {total}}}}}}}}}}}"#
        )
    };
    expect![[r#"200 {"result":42}"#]].assert_eq(&run(&fixture, &context(r#""41""#)).await);
    // It takes the place of what the handler's earlier run has left.
    expect![[r#"200 {"result":8}"#]].assert_eq(&run(&fixture, &context(r#""7""#)).await);
    let without = r#"{"handler_id": "h", "context": {"version": 1}}"#;
    expect![[r#"200 {"result":9}"#]].assert_eq(&run(&fixture, without).await);

    let told = run(&fixture, &context(r#""[]""#)).await;
    expect![[r#"400 "Error processing request body: Context dict specified in an invalid format: invalid type: sequence, expected i64""#]].assert_eq(&told);
    let told = run(&fixture, r#"{"context": {"version": 99}, "handler_id": "new"}"#).await;
    expect![[r#"400 "Error processing request body: Context dict specified in an invalid format: version 99 is not one of 0 to 2""#]].assert_eq(&told);
    fixture
        .check(
            "GET /handlers/new",
            expect![[r#"
        404
        content-type: application/json

        {"detail":"Handler not found"}"#]],
        )
        .await;
}

#[tokio::test]
async fn readers_that_do_not_say_where_begin_where_the_server_was_told() {
    let fixture = Fixture::with(|server| server.default_cursor(Cursor::Start)).await;
    fixture.start("quiet", "h").await;
    fixture.check("GET /events/h", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 2
        data: {"value":{},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]]).await;
    fixture.check("GET /events/h?after_sequence=now", expect!["204"]).await;
}
