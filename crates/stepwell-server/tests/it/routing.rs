//! Paths, methods and names.

use expect_test::expect;

use crate::fixture::{Fixture, describe};
use crate::socket::Served;

const NOT_FOUND: &str = "404\ncontent-type: application/json\n\n{\"detail\":\"Not Found\"}";
const NOT_ALLOWED: &str =
    "405\ncontent-type: application/json\n\n{\"detail\":\"Method Not Allowed\"}";

#[tokio::test(start_paused = true)]
async fn an_unknown_path_is_not_found_by_those_who_look() {
    let fixture = Fixture::new().await;
    for path in [
        "/nope",
        "/workflows/greet",
        "/workflows/greet/nope",
        "/events",
        "/results",
        "/health/",
        "/workflows/",
        "/handlers/",
        "/handlers//cancel",
        "//health",
        "/HEALTH",
        "/workflows/greet/run",
        "/workflows/greet/run-nowait",
        "/handlers/x/cancel",
    ] {
        let answer = describe(fixture.send(&format!("GET {path}")).await).await;
        assert_eq!(answer, NOT_FOUND, "{path}");
        let head = describe(fixture.send(&format!("HEAD {path}")).await).await;
        assert!(NOT_FOUND.starts_with(&head) && !head.contains('{'), "{path}: {head}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_method_is_not_allowed_on_any_path() {
    let fixture = Fixture::new().await;
    for request in [
        "POST /nope",
        "PUT /nope",
        "OPTIONS /nope",
        "POST /",
        "POST /health",
        "DELETE /health",
        "OPTIONS /health",
        "POST /workflows",
        "POST /workflows/greet/schema",
        "POST /workflows/greet/events",
        "POST /workflows/greet/representation",
        "PUT /workflows/greet/run",
        "DELETE /workflows/greet/run-nowait",
        "POST /handlers",
        "PUT /handlers/x",
        "DELETE /handlers/x",
        "DELETE /handlers/x/cancel",
        "POST /results/x",
        "PUT /events/x",
        "PATCH /events/x",
        "BREW /events/x",
    ] {
        assert_eq!(describe(fixture.send(request).await).await, NOT_ALLOWED, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slash_in_a_name_is_a_path_that_nobody_knows() {
    let fixture = Fixture::new().await;
    fixture.start("human", "a").await;
    for path in [
        "/handlers/a%2Fb",
        "/handlers/%2f",
        "/results/a%2Fb",
        "/events/a%2Fb",
        "/workflows/a%2Fb/schema",
        "/workflows/a%2fb/events",
        "/workflows/a%2Fb/representation",
    ] {
        let answer = describe(fixture.send(&format!("GET {path}")).await).await;
        assert_eq!(answer, NOT_FOUND, "{path}");
    }
    for path in ["/handlers/a%2Fcancel/cancel", "/workflows/a%2Fb/run", "/events/a%2Fb"] {
        let answer = describe(fixture.send(&format!("POST {path} {{}}")).await).await;
        assert_eq!(answer, NOT_ALLOWED, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_name_works_when_it_is_encoded() {
    let fixture = Fixture::new().await;
    let workflow = "gr%C3%BC%C3%9Fe-%E4%B8%96%E7%95%8C%20100%25%3F%23";
    fixture
        .check(
            &format!(r#"POST /workflows/{workflow}/run {{"handler_id": "ä 50% / ?#&+"}}"#),
            expect![[r#"
                200
                content-type: application/json

                {"handler_id":"ä 50% / ?#&+","workflow_name":"grüße-世界 100%?#","run_id":"<run>","error":null,"result":{"value":{"result":"Hello, World!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]],
        )
        .await;

    fixture.start(workflow, "ä 50% ?#&+%2e").await;
    fixture
        .check(
            "GET /results/%C3%A4%2050%25%20%3F%23&+%252e",
            expect![[r#"
                200
                content-type: application/json

                {"handler_id":"ä 50% ?#&+%2e","workflow_name":"grüße-世界 100%?#","run_id":"<run>","error":null,"result":"Hello, World!","result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05.678901+00:00","completed_at":"2026-01-02T03:04:05.678901+00:00"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_no_utf_8_is_nobodys() {
    let fixture = Fixture::new().await;
    for path in ["/handlers/%FF", "/results/%FF", "/events/%FF"] {
        let answer = describe(fixture.send(&format!("GET {path}")).await).await;
        assert!(answer.ends_with(r#"{"detail":"Handler not found"}"#), "{path}: {answer}");
    }
    fixture
        .check(
            "GET /workflows/%FF/schema",
            expect![[r#"
                404
                content-type: application/json

                {"detail":"Workflow not found"}"#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn head_is_get_without_the_body() {
    let fixture = Fixture::new().await;
    fixture.start("human", "waiting").await;
    for path in [
        "/",
        "/health",
        "/workflows",
        "/workflows/greet/schema",
        "/workflows/greet/representation",
        "/handlers",
        "/handlers/waiting",
        "/handlers/missing",
        "/results/waiting",
        "/events/waiting",
        "/events/missing",
    ] {
        let get = fixture.send(&format!("GET {path}")).await;
        let head = fixture.send(&format!("HEAD {path}")).await;
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "cache-control"] {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{path}");
        }
        assert!(!describe(head).await.contains("\n\n"), "{path} has a body");
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_that_nobody_knows_are_ignored() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            "GET /health?x=1&%FF=%&&=",
            expect![[r#"
                200
                content-type: application/json

                {"status":"healthy"}"#]],
        )
        .await;
}

#[tokio::test]
async fn a_request_without_a_path_is_one_for_a_path_that_nobody_knows() {
    let served = Served::with(|server| server).await;
    for (line, status) in
        [("GET *", 404), ("OPTIONS *", 405), ("CONNECT localhost:80", 405), ("GET /../health", 404)]
    {
        let mut connection = served.connect().await;
        connection.write(&format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        let answer = connection.receive_until("\"}").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {answer}");
    }
    served.stop().await.unwrap();
}
