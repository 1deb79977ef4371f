//! Starts every example that serves HTTP, asks it something, and tells it to stop.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use expect_test::{Expect, expect};
use reqwest::{Client, Response};
use tokio::time::timeout;

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_greeting_server_greets() {
    let server = Server::start(env!("CARGO_BIN_EXE_greeting_server"), &[]);
    server
        .run(
            "greet",
            r#"{"start_event": {"name": "John"}, "handler_id": "h"}"#,
            expect![[r#""Hello, John!""#]],
        )
        .await;
    server
        .stream(
            "h",
            expect![[r#"
                {"value":{"sequence":0},"qualified_name":"__main__.StreamEvent","type":"StreamEvent","types":null}
                {"value":{"sequence":1},"qualified_name":"__main__.StreamEvent","type":"StreamEvent","types":null}
                {"value":{"sequence":2},"qualified_name":"__main__.StreamEvent","type":"StreamEvent","types":null}
                {"value":{"result":"Hello, John!"},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}
            "#]],
        )
        .await;
    server.stop().await;
}

#[tokio::test]
async fn the_human_server_takes_an_answer_after_it_was_killed() {
    let folder = std::env::temp_dir().join(format!("stepwell-human-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("human.db");
    let arguments = [file.to_str().unwrap()];

    let mut server = Server::start(env!("CARGO_BIN_EXE_human_server"), &arguments);
    let begun = server.post("/workflows/human/run-nowait", r#"{"handler_id": "h"}"#).await;
    assert_eq!(begun.status(), 200);
    server.process.kill().unwrap();
    server.process.wait().unwrap();

    let server = Server::start(env!("CARGO_BIN_EXE_human_server"), &arguments);
    let answer = r#"{"event": {"type": "ResponseEvent", "value": {"response": "Ada"}}}"#;
    assert_eq!(server.post("/events/h", answer).await.status(), 200);
    server
        .stream(
            "h",
            expect![[r#"
                {"value":{"prompt":"What is your name?"},"qualified_name":"__main__.RequestEvent","type":"RequestEvent","types":["InputRequiredEvent"]}
                {"value":{"output":"Hello, Ada"},"qualified_name":"__main__.OutEvent","type":"OutEvent","types":["StopEvent"]}
            "#]],
        )
        .await;
    server.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_client_passes_a_question_on_and_sends_the_answer() {
    let folder = std::env::temp_dir().join(format!("stepwell-client-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("human.db");
    let server = Server::start(env!("CARGO_BIN_EXE_human_server"), &[file.to_str().unwrap()]);
    let client = |answer: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
        command.arg(&server.base).env_remove("STEPWELL_TOKEN").env("RUST_BACKTRACE", "0");
        let client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = client.spawn().unwrap();
        client.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = client.wait_with_output().unwrap();
        let (out, err) = (output.stdout, output.stderr);
        format!("{}{}", String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    expect![[r#"
        RequestEvent {"prompt":"What is your name?"}
        What is your name?
        OutEvent {"output":"Hello, Ada"}
        Hello, Ada
    "#]]
    .assert_eq(&client("Ada\n"));
    expect![[r#"
        RequestEvent {"prompt":"What is your name?"}
        What is your name?
        Error: nobody answers
    "#]]
    .assert_eq(&client(""));
    server.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_review_server_knows_the_events_that_a_body_waits_for() {
    let server = Server::start(env!("CARGO_BIN_EXE_review_server"), &[]);
    let events = server.get("/workflows/review/events").await.text().await.unwrap();
    assert!(events.contains(r#""title":"HumanFeedbackEvent""#), "{events}");
    for workflow in ["review", "feedback"] {
        let body = format!(r#"{{"handler_id": "{workflow}"}}"#);
        server.post(&format!("/workflows/{workflow}/run-nowait"), &body).await;
        let answer = r#"{"event": {"type": "HumanFeedbackEvent", "value": {"feedback": "fine", "approved": true}}}"#;
        assert_eq!(server.post(&format!("/events/{workflow}"), answer).await.status(), 200);
        server
            .stream(
                workflow,
                expect![[r#"
                    {"value":{"draft":""},"qualified_name":"__main__.FeedbackRequested","type":"FeedbackRequested","types":["InputRequiredEvent"]}
                    {"value":{"text":"approved: fine"},"qualified_name":"reviews.Verdict","type":"Verdict","types":["StopEvent"]}
                "#]],
            )
            .await;
    }
    server
        .run(
            "math_workflow",
            r#"{"start_event": {"a": 12, "b": 3}}"#,
            expect![[r#"{"division":4.0,"multiplication":36.0,"subtraction":9.0,"sum":15.0}"#]],
        )
        .await;
    server.stop().await;
}

#[tokio::test]
async fn the_mounted_server_answers_behind_the_middleware_of_its_application() {
    let server = Server::start(env!("CARGO_BIN_EXE_mounted"), &[]);
    let health = server.get("/flows/health").await;
    assert_eq!(health.headers()["x-request-number"], "1");
    assert_eq!(health.text().await.unwrap(), r#"{"status":"healthy"}"#);
    assert_eq!(server.get("/health").await.status(), 404);
    assert_eq!(server.get("/requests").await.text().await.unwrap(), "3");
    server.stop().await;
}

#[tokio::test]
async fn the_mounted_server_stops_although_a_stream_is_open() {
    let server = Server::start(env!("CARGO_BIN_EXE_mounted"), &[]);
    server.post("/flows/workflows/greet/run-nowait", r#"{"handler_id": "h"}"#).await;
    let mut stream = server.get("/flows/events/h?after_sequence=-1").await;
    let first = timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap().unwrap();
    assert!(first.starts_with(b"id: 1\ndata: "), "{first:?}");

    server.stop().await;
    // It breaks, for a clean end would be taken for the end of the run.
    let broken = async {
        while stream.chunk().await?.is_some() {}
        Ok::<_, reqwest::Error>(())
    };
    assert!(timeout(PATIENCE, broken).await.unwrap().is_err());
}

/// An example that serves. It dies with its test.
struct Server {
    process: Child,
    base: String,
    client: Client,
}

impl Server {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.arg("127.0.0.1:0").args(arguments).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { process, base, client }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> Response {
        let request = self.client.post(format!("{}{path}", self.base)).body(body.to_owned());
        request.send().await.unwrap()
    }

    /// Runs a workflow to its end and compares the result.
    async fn run(&self, workflow: &str, body: &str, expected: Expect) {
        let response = self.post(&format!("/workflows/{workflow}/run"), body).await;
        let record = response.text().await.unwrap();
        let (_, rest) = record.split_once(r#""value":{"result":"#).unwrap();
        expected.assert_eq(rest.split_once(r#"},"qualified_name""#).unwrap().0);
    }

    /// Reads the stream of a run to its end and compares it.
    async fn stream(&self, handler: &str, expected: Expect) {
        let path = format!("/events/{handler}?after_sequence=-1&sse=false");
        expected.assert_eq(&self.get(&path).await.text().await.unwrap());
    }

    /// Tells it to stop; it must do so in order.
    async fn stop(self) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        let ended = tokio::task::spawn_blocking(|| {
            let mut server = self;
            server.process.wait()
        });
        let status = timeout(PATIENCE, ended).await.expect("it does not stop").unwrap().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
