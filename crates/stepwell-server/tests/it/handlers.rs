//! Records, lists and cancelling.

use std::fmt::Write;

use expect_test::expect;

use crate::fixture::{Fixture, chunk, describe, detail};

#[tokio::test(start_paused = true)]
async fn the_status_line_tells_how_a_handler_stands() {
    let fixture = mixed().await;
    for (handler, status) in
        [("completed", 200), ("failed", 500), ("late", 500), ("running", 202), ("cancelled", 500)]
    {
        for route in ["handlers", "results"] {
            let response = fixture.send(&format!("GET /{route}/{handler}")).await;
            assert_eq!(response.status(), status, "{route}/{handler}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_has_the_same_records_in_the_order_of_first_use() {
    let fixture = mixed().await;
    fixture.check("GET /handlers", expect![[r#"
        200
        content-type: application/json

        {"handlers":[{"handler_id":"completed","workflow_name":"hello","run_id":"<run>","error":null,"result":{"value":{"result":"Hello, World!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"},{"handler_id":"failed","workflow_name":"fail","run_id":"<run>","error":"boom","result":null,"result_unreadable":false,"status":"failed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"},{"handler_id":"late","workflow_name":"timeout","run_id":"<run>","error":"Workflow timed out after 0.3s","result":null,"result_unreadable":false,"status":"failed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.978901+00:00","completed_at":"2026-01-02T03:04:05.978901+00:00"},{"handler_id":"running","workflow_name":"human","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"running","started_at":"2026-01-02T03:04:05.978901+00:00","updated_at":"2026-01-02T03:04:05.978901+00:00","completed_at":null},{"handler_id":"cancelled","workflow_name":"human","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"cancelled","started_at":"2026-01-02T03:04:05.978901+00:00","updated_at":"2026-01-02T03:04:05.978901+00:00","completed_at":"2026-01-02T03:04:05.978901+00:00"}]}"#]]).await;
    let list = fixture.body("GET /handlers").await;
    for handler in ["completed", "failed", "late", "running", "cancelled"] {
        let record = fixture.body(&format!("GET /handlers/{handler}")).await;
        assert!(list.contains(&record), "{handler}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_can_be_filtered() {
    let fixture = mixed().await;
    let mut seen = String::new();
    for query in [
        "",
        "?status=completed",
        "?status=failed",
        "?status=running",
        "?status=cancelled",
        "?status=completed&status=cancelled",
        "?status=bogus",
        "?status=bogus&status=running",
        "?status=FAILED",
        "?status=completed,failed",
        "?status=%20completed+&status=&workflow_name=",
        "?status=&workflow_name=%20",
        "?workflow_name=fail",
        "?workflow_name=fail&workflow_name=human",
        "?workflow_name=human&status=running",
        "?workflow_name=fail&status=completed",
        "?workflow_name=missing",
        "?limit=1&handler_id=x",
    ] {
        let list = fixture.body(&format!("GET /handlers{query}")).await;
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let handlers = list["handlers"].as_array().unwrap().iter();
        let handlers: Vec<_> =
            handlers.map(|known| known["handler_id"].as_str().unwrap()).collect();
        writeln!(seen, "{query} -> {handlers:?}").unwrap();
    }
    expect![[r#"
         -> ["completed", "failed", "late", "running", "cancelled"]
        ?status=completed -> ["completed"]
        ?status=failed -> ["failed", "late"]
        ?status=running -> ["running"]
        ?status=cancelled -> ["cancelled"]
        ?status=completed&status=cancelled -> ["completed", "cancelled"]
        ?status=bogus -> []
        ?status=bogus&status=running -> ["running"]
        ?status=FAILED -> []
        ?status=completed,failed -> []
        ?status=%20completed+&status=&workflow_name= -> ["completed"]
        ?status=&workflow_name=%20 -> ["completed", "failed", "late", "running", "cancelled"]
        ?workflow_name=fail -> ["failed"]
        ?workflow_name=fail&workflow_name=human -> ["failed", "running", "cancelled"]
        ?workflow_name=human&status=running -> ["running"]
        ?workflow_name=fail&status=completed -> []
        ?workflow_name=missing -> []
        ?limit=1&handler_id=x -> ["completed", "failed", "late", "running", "cancelled"]
    "#]]
    .assert_eq(&seen);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_handler_is_not_found() {
    let fixture = Fixture::new().await;
    let long = "x".repeat(2000);
    for handler in ["missing", "%20", "a%00b", "a%3Fb", "%E4%B8%96", &long] {
        for request in [
            format!("GET /handlers/{handler}"),
            format!("GET /results/{handler}"),
            format!("GET /events/{handler}"),
            format!(r#"POST /events/{handler} {{"event": {{"type": "A", "value": {{}}}}}}"#),
            format!("POST /handlers/{handler}/cancel"),
            format!("POST /handlers/{handler}/cancel?purge=true"),
        ] {
            let response = fixture.send(&request).await;
            assert_eq!(response.status(), 404, "{request}");
            assert_eq!(detail(response).await, "Handler not found", "{request}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn results_are_bare() {
    let fixture = Fixture::new().await;
    fixture.start("hello", "builtin").await;
    fixture.start("quiet", "nothing").await;
    fixture.begin("gated", "running").await;
    fixture
        .send(r#"POST /workflows/echo/run {"handler_id": "custom", "kwargs": {"text": "t"}}"#)
        .await;
    fixture.check("GET /results/builtin", expect![[r#"
        200
        content-type: application/json

        {"handler_id":"builtin","workflow_name":"hello","run_id":"<run>","error":null,"result":"Hello, World!","result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]]).await;
    fixture.check("GET /results/nothing", expect![[r#"
        200
        content-type: application/json

        {"handler_id":"nothing","workflow_name":"quiet","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]]).await;
    fixture.check("GET /results/running", expect![[r#"
        202
        content-type: application/json

        {"handler_id":"running","workflow_name":"gated","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"running","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":null}"#]]).await;
    fixture.check("GET /results/custom", expect![[r#"
        200
        content-type: application/json

        {"handler_id":"custom","workflow_name":"echo","run_id":"<run>","error":null,"result":{"text":"t","number":0,"ratio":null,"inner":null,"children":[]},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_has_ended_when_the_answer_comes() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let mut stream = fixture.open("/events/h?after_sequence=now").await;
    fixture
        .check(
            "POST /handlers/h/cancel?purge=no not json",
            expect![[r#"
                200
                content-type: application/json

                {"status":"cancelled"}"#]],
        )
        .await;
    fixture.check("GET /handlers/h", expect![[r#"
        500
        content-type: application/json

        {"handler_id":"h","workflow_name":"human","run_id":"<run>","error":null,"result":null,"result_unreadable":false,"status":"cancelled","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]]).await;
    expect![[r#"
        id: 4
        data: {"value":{},"qualified_name":"workflows.events.WorkflowCancelledEvent","type":"WorkflowCancelledEvent","types":["StopEvent"]}

    "#]].assert_eq(&chunk(&mut stream).await);
    assert_eq!(chunk(&mut stream).await, "END");
    fixture
        .check(
            "POST /handlers/h/cancel",
            expect![[r#"
                404
                content-type: application/json

                {"detail":"Handler not found"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_cannot_be_cancelled() {
    let fixture = mixed().await;
    for handler in ["completed", "failed", "late", "cancelled"] {
        let before = fixture.body(&format!("GET /handlers/{handler}")).await;
        let response = fixture.send(&format!("POST /handlers/{handler}/cancel")).await;
        assert_eq!(
            describe(response).await,
            "404\ncontent-type: application/json\n\n{\"detail\":\"Handler not found\"}"
        );
        assert_eq!(fixture.body(&format!("GET /handlers/{handler}")).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_purged_handler_is_forgotten_whatever_became_of_it() {
    let fixture = mixed().await;
    let mut stream = fixture.open("/events/running").await;
    for handler in ["completed", "failed", "late", "running", "cancelled"] {
        let purged = fixture.body(&format!("POST /handlers/{handler}/cancel?purge=TRUE")).await;
        assert_eq!(purged, r#"{"status":"deleted"}"#);
        for request in [
            format!("GET /handlers/{handler}"),
            format!("GET /results/{handler}"),
            format!("GET /events/{handler}?after_sequence=-1"),
            format!("POST /handlers/{handler}/cancel?purge=true"),
        ] {
            assert_eq!(fixture.send(&request).await.status(), 404, "{request}");
        }
    }
    assert_eq!(fixture.body("GET /handlers").await, r#"{"handlers":[]}"#);
    assert!(chunk(&mut stream).await.contains("WorkflowCancelledEvent"));
    assert_eq!(chunk(&mut stream).await, "END");
}

#[tokio::test(start_paused = true)]
async fn of_a_repeated_switch_the_last_counts() {
    let fixture = Fixture::new().await;
    fixture.start("human", "h").await;
    let cancelled = fixture.body("POST /handlers/h/cancel?purge=true&purge=1").await;
    assert_eq!(cancelled, r#"{"status":"cancelled"}"#);
}

/// Serves a handler of each status.
async fn mixed() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.start("hello", "completed").await;
    fixture.start("fail", "failed").await;
    fixture.send(r#"POST /workflows/timeout/run {"handler_id": "late"}"#).await;
    fixture.start("human", "running").await;
    fixture.start("human", "cancelled").await;
    fixture.send("POST /handlers/cancelled/cancel").await;
    fixture
}
