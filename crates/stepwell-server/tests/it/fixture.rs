//! A server without a socket, and answers as texts.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{Request, header};
use axum::response::Response;
use expect_test::Expect;
use futures::StreamExt;
use stepwell::engine::{Clock, EngineBuilder};
use stepwell::{Engine, Timestamp};
use stepwell_server::Server;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::workflows;

/// 2026-01-02T03:04:05.678901, when all tests begin.
const BEGINNING: u64 = 1_767_323_045_678_901;

/// A clock that moves only when the runtime's paused one does.
#[derive(Debug)]
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp(BEGINNING).after(self.0.elapsed())
    }
}

/// A server that is called without a socket.
pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) server: Server,
    pub(crate) router: Router,
    /// Lets ticks of the workflow `gated` through.
    pub(crate) gate: Arc<Semaphore>,
}

/// Begins an engine with all workflows.
pub(crate) fn engine(gate: Arc<Semaphore>) -> EngineBuilder {
    Engine::builder()
        .clock(PausedClock(Instant::now()))
        .workflow("greet", workflows::greet())
        .workflow("hello", workflows::hello())
        .workflow("quiet", workflows::quiet())
        .workflow("human", workflows::human())
        .workflow("classic-human", workflows::classic_human())
        .workflow("fail", workflows::fail())
        .workflow("timeout", workflows::timeout())
        .workflow("gated", workflows::gated(gate))
        .workflow("burst", workflows::burst())
        .workflow("echo", workflows::echo())
        .workflow("target", workflows::target())
        .workflow("poison", workflows::poison())
        .workflow("grüße-世界 100%?#", workflows::hello())
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(|server| server).await
    }

    pub(crate) async fn with(settings: impl FnOnce(Server) -> Server) -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let engine = engine(Arc::clone(&gate)).open().await.unwrap();
        let server = settings(Server::new(engine.clone()));
        let router = server.router();
        Self { engine, server, router, gate }
    }

    /// Serves an engine of the test's own.
    pub(crate) fn of(engine: Engine) -> Self {
        Self::of_with(engine, |server| server)
    }

    pub(crate) fn of_with(engine: Engine, settings: impl FnOnce(Server) -> Server) -> Self {
        let server = settings(Server::new(engine.clone()));
        let router = server.router();
        Self { engine, server, router, gate: Arc::new(Semaphore::new(0)) }
    }

    /// Sends `METHOD PATH BODY`, of which the body may be left out.
    pub(crate) async fn send(&self, request: &str) -> Response {
        self.send_with(&[], request).await
    }

    pub(crate) async fn send_with(&self, headers: &[(&str, &str)], request: &str) -> Response {
        let mut parts = request.splitn(3, ' ');
        let method = parts.next().unwrap();
        let path = parts.next().unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = parts.next().unwrap_or_default().to_owned();
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    /// Sends a request and compares the answer.
    #[track_caller]
    pub(crate) fn check<'a>(
        &'a self,
        request: &'a str,
        expect: Expect,
    ) -> impl Future<Output = ()> + 'a {
        self.check_with(&[], request, expect)
    }

    pub(crate) async fn check_with(&self, headers: &[(&str, &str)], request: &str, expect: Expect) {
        expect.assert_eq(&describe(self.send_with(headers, request).await).await);
    }

    /// Sends a request and returns the body of the answer.
    pub(crate) async fn body(&self, request: &str) -> String {
        text(self.send(request).await).await
    }

    /// Starts a run under a handler id.
    pub(crate) async fn begin(&self, workflow: &str, handler: &str) {
        let body = format!(r#"{{"handler_id": "{handler}"}}"#);
        let response = self.send(&format!("POST /workflows/{workflow}/run-nowait {body}")).await;
        assert_eq!(response.status(), 200, "{}", text(response).await);
    }

    /// Starts a run under a handler id, and waits until it rests or has ended.
    pub(crate) async fn start(&self, workflow: &str, handler: &str) {
        self.begin(workflow, handler).await;
        let handler = handler.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        self.seen(&handler.replace(' ', "%20"), "WorkflowIdleEvent").await;
    }

    /// Reads the stream of a handler, internal events and all, until it has this text or ends.
    pub(crate) async fn seen(&self, handler: &str, text: &str) -> String {
        let path = format!("/events/{handler}?after_sequence=-1&include_internal=true");
        let mut stream = self.open(&path).await;
        let mut seen = String::new();
        while !seen.contains(text)
            && let Some(chunk) = stream.next().await
        {
            seen.push_str(str::from_utf8(&chunk.unwrap()).unwrap());
        }
        seen
    }

    /// Opens a stream.
    pub(crate) async fn open(&self, path: &str) -> BodyDataStream {
        let response = self.send(&format!("GET {path}")).await;
        assert_eq!(response.status(), 200);
        response.into_body().into_data_stream()
    }
}

/// Returns the next chunk of a stream, or `END`.
pub(crate) async fn chunk(stream: &mut BodyDataStream) -> String {
    match stream.next().await {
        Some(chunk) => String::from_utf8(chunk.unwrap().into()).unwrap(),
        None => "END".to_owned(),
    }
}

/// Returns the body of an answer.
pub(crate) async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.into()).unwrap()
}

/// Returns the status, the headers of interest and the body.
pub(crate) async fn describe(response: Response) -> String {
    let mut described = response.status().as_str().to_owned();
    for name in [header::CONTENT_TYPE, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            write!(described, "\n{name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    let body = without_run_ids(&text(response).await);
    if body.is_empty() { described } else { format!("{described}\n\n{body}") }
}

/// Run ids are the only thing that differs from one time to the next.
fn without_run_ids(body: &str) -> String {
    let mut parts = body.split(r#""run_id":""#);
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap();
        redacted.push_str(r#""run_id":"<run>""#);
        redacted.push_str(rest);
    }
    redacted
}

/// Returns the text of an error, whose body must be `{"detail": text}` and nothing else.
pub(crate) async fn detail(response: Response) -> String {
    let body = text(response).await;
    let members: BTreeMap<String, String> = serde_json::from_str(&body).expect(&body);
    let [(name, detail)] = members.into_iter().collect::<Vec<_>>().try_into().expect(&body);
    assert_eq!(name, "detail");
    detail
}
