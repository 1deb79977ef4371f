//! The endpoints in somebody else's server, and endpoints that go wrong.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use expect_test::{Expect, expect};
use futures::StreamExt;
use tower::ServiceExt;

use crate::fixture::{Fixture, chunk, describe};

#[tokio::test(start_paused = true)]
async fn everything_works_under_a_prefix() {
    let fixture = Fixture::new().await;
    check(
        &fixture,
        "GET /api/t/health",
        expect![[r#"
            200
            content-type: application/json

            {"status":"healthy"}"#]],
    )
    .await;
    check(
        &fixture,
        "GET /api/t/workflows/missing/schema",
        expect![[r#"
            404
            content-type: application/json

            {"detail":"Workflow not found"}"#]],
    )
    .await;
    check(
        &fixture,
        "GET /api/t/nope",
        expect![[r#"
            404
            content-type: application/json

            {"detail":"Not Found"}"#]],
    )
    .await;
    check(
        &fixture,
        "DELETE /api/t/handlers/h",
        expect![[r#"
            405
            content-type: application/json

            {"detail":"Method Not Allowed"}"#]],
    )
    .await;
    check(
        &fixture,
        "GET /api/t/handlers/a%2Fb",
        expect![[r#"
            404
            content-type: application/json

            {"detail":"Not Found"}"#]],
    )
    .await;
    check(&fixture, r#"POST /api/t/workflows/quiet/run {"handler_id": "h"}"#, expect![[r#"
        200
        content-type: application/json

        {"handler_id":"h","workflow_name":"quiet","run_id":"<run>","error":null,"result":{"value":{},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]]).await;
    check(&fixture, "GET /api/t/events/h?after_sequence=-1", expect![[r#"
        200
        content-type: text/event-stream; charset=utf-8

        id: 2
        data: {"value":{},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}

    "#]]).await;
    check(
        &fixture,
        "GET /own",
        expect![[r#"
            200
            content-type: text/plain; charset=utf-8

            own"#]],
    )
    .await;
    check(&fixture, "GET /nope", expect!["404"]).await;
}

#[tokio::test(start_paused = true)]
async fn streams_are_live_under_a_prefix_and_break_when_the_server_is_closed() {
    let fixture = Fixture::new().await;
    fixture.begin("gated", "h").await;
    let request = Request::get("/api/t/events/h?after_sequence=-1").body(Body::empty()).unwrap();
    let response = nested(&fixture).oneshot(request).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    fixture.gate.add_permits(1);
    assert!(chunk(&mut stream).await.starts_with("id: 1\n"));
    fixture.server.close();
    let broken = stream.next().await.unwrap().unwrap_err();
    assert_eq!(broken.to_string(), "the engine is shutting down");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_run_is_turned_away_when_the_server_is_closed() {
    let fixture = Fixture::new().await;
    let run = fixture.send(r#"POST /workflows/human/run {"handler_id": "h"}"#);
    let close = async {
        while fixture.send("GET /handlers/h").await.status() == 404 {
            tokio::task::yield_now().await;
        }
        fixture.server.close();
    };
    let (response, ()) = tokio::join!(run, close);
    expect![[r#"
        503
        content-type: application/json
        retry-after: 1

        {"detail":"Server is shutting down; try again"}"#]]
    .assert_eq(&describe(response).await);
    assert_eq!(fixture.send("GET /handlers/h").await.status(), 202);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_answer_and_keeps_its_secrets() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            r#"POST /workflows/poison/run {"kwargs": {"poison": {}}}"#,
            expect![[r#"
                500
                content-type: application/json

                {"detail":"Internal server error"}"#]],
        )
        .await;
    assert_eq!(fixture.send("GET /health").await.status(), 200);
}

/// Nests the endpoints into a server that has its own.
fn nested(fixture: &Fixture) -> Router {
    let own = Router::new().route("/own", get(async || "own"));
    own.nest("/api/{tenant}", fixture.router.clone())
}

/// Sends `METHOD PATH BODY` to the nested endpoints and compares the answer.
async fn check(fixture: &Fixture, request: &str, expect: Expect) {
    let mut parts = request.splitn(3, ' ');
    let builder = Request::builder().method(parts.next().unwrap()).uri(parts.next().unwrap());
    let request = builder.body(Body::from(parts.next().unwrap_or_default().to_owned())).unwrap();
    let response = nested(fixture).oneshot(request).await.unwrap();
    expect.assert_eq(&describe(response).await);
}
