//! What pages in browsers may do.

use std::fmt::Write;

use axum::response::Response;
use expect_test::{Expect, expect};
use stepwell_server::{Cors, Origin};

use crate::fixture::{Fixture, text};

const ORIGIN: &str = "http://studio.example";

async fn open() -> Fixture {
    Fixture::with(|server| server.cors(Cors::Any)).await
}

async fn listed() -> Fixture {
    let origins = vec![ORIGIN.parse().unwrap(), "http://localhost:5173".parse().unwrap()];
    Fixture::with(|server| server.cors(Cors::Origins(origins))).await
}

#[tokio::test(start_paused = true)]
async fn any_origin_may_read_every_answer_if_all_may() {
    let fixture = open().await;
    fixture.start("quiet", "done").await;
    for (request, status) in [
        ("GET /", 200),
        ("GET /health", 200),
        ("HEAD /health", 200),
        ("GET /nope", 404),
        ("OPTIONS /health", 405),
        ("GET /handlers/missing", 404),
        ("POST /handlers/missing/cancel", 404),
        ("POST /workflows/fail/run {}", 500),
        ("POST /workflows/greet/run []", 400),
        ("POST /workflows/poison/run {\"kwargs\": {\"poison\": {}}}", 500),
        ("GET /events/done", 204),
        ("GET /events/done?after_sequence=-1", 200),
        ("GET /events/done?after_sequence=-1&sse=false", 200),
    ] {
        let response = fixture.send_with(&[("Origin", ORIGIN)], request).await;
        assert_eq!(response.status(), status, "{request}");
        let expected = "access-control-allow-credentials: true\n\
             access-control-allow-origin: http://studio.example\n\
             vary: Origin\n";
        assert_eq!(headers(&response), expected, "{request}");

        let response = fixture.send(request).await;
        assert_eq!(headers(&response), "vary: Origin\n", "{request} of no page");
    }
}

#[tokio::test(start_paused = true)]
async fn a_preflight_of_any_path_is_answered_if_all_may() {
    let fixture = open().await;
    for path in ["/", "/health", "/nope", "/workflows/greet/run", "/events/missing"] {
        check(
            &fixture,
            &format!("OPTIONS {path}"),
            &[
                ("Origin", ORIGIN),
                ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "content-type,X-Custom"),
            ],
            expect![[r#"
                200
                access-control-allow-credentials: true
                access-control-allow-headers: content-type,X-Custom
                access-control-allow-methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY
                access-control-allow-origin: http://studio.example
                access-control-max-age: 600
                content-type: text/plain; charset=utf-8
                vary: Access-Control-Request-Method, Access-Control-Request-Headers
                vary: Origin

                OK"#]],
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn only_listed_origins_may_read() {
    let fixture = listed().await;
    for origin in [ORIGIN, "http://localhost:5173"] {
        let response = fixture.send_with(&[("Origin", origin)], "GET /health").await;
        assert!(headers(&response).contains(&format!("allow-origin: {origin}\n")), "{origin}");
    }
    for origin in [
        "https://studio.example",
        "http://studio.example:8080",
        "http://studio.example.evil.example",
        "http://evil-studio.example",
        "http://localhost",
        "null",
        "",
    ] {
        let response = fixture.send_with(&[("Origin", origin)], "GET /health").await;
        assert_eq!(headers(&response), "vary: Origin\n", "{origin}");
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_browsers_are_told_nothing() {
    let fixture = Fixture::new().await;
    let response = fixture.send_with(&[("Origin", ORIGIN)], "GET /health").await;
    assert_eq!((response.status().as_u16(), headers(&response)), (200, String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_preflight_of_a_page_that_may_not_call_is_refused() {
    for (fixture, origin) in [
        (Fixture::new().await, ORIGIN),
        (Fixture::new().await, "null"),
        (listed().await, "http://evil.example"),
    ] {
        for path in ["/health", "/nope", "/workflows/greet/run"] {
            let method = ("Access-Control-Request-Method", "POST");
            let sent = [("Host", "localhost:8080"), ("Origin", origin), method];
            let answer = fixture.send_with(&sent, &format!("OPTIONS {path}")).await;
            assert_eq!(answer.status(), 403, "{origin} {path}");
            assert!(!headers(&answer).contains("access-control"), "{origin} {path}");
            let own = [("Host", "localhost:8080"), ("Origin", "http://localhost:8080"), method];
            let answer = fixture.send_with(&own, &format!("OPTIONS {path}")).await;
            assert_eq!(answer.status(), 405, "{path} of the server's own page");
        }
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    for (text, same) in [
        ("https://App.Example.com", "https://app.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("https://[::1]:443", "https://[::1]"),
    ] {
        assert_eq!(text.parse::<Origin>(), same.parse::<Origin>(), "{text}");
    }
    for text in [
        "",
        "*",
        "null",
        "app.example.com",
        "https://",
        "://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/page",
        "https://user@app.example.com",
        "https://app.example.com https://b.example",
        "https://app.example.com\n",
    ] {
        let error = text.parse::<Origin>().unwrap_err().to_string();
        assert!(error.contains("such as https://app.example.com"), "{text}");
    }
}

/// Returns the headers for browsers, sorted.
fn headers(response: &Response) -> String {
    let mut lines: Vec<String> = response
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control") || *name == "vary")
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.concat()
}

async fn check(fixture: &Fixture, request: &str, sent: &[(&str, &str)], expected: Expect) {
    let response = fixture.send_with(sent, request).await;
    let mut all: Vec<(&str, &str)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        // These two are the framework's, and say nothing to browsers.
        .filter(|(name, _)| !["content-length", "allow"].contains(name))
        .collect();
    all.sort_unstable();
    let mut described = response.status().as_str().to_owned();
    for (name, value) in all {
        write!(described, "\n{name}: {value}").unwrap();
    }
    let body = text(response).await;
    expected.assert_eq(&format!("{described}\n\n{body}"));
}
