//! Workflows as a part of a larger axum application: under `/flows`, beside its own routes, with its
//! own state, behind its own middleware.
//!
//! ```sh
//! cargo run -p stepwell-examples --bin mounted
//! curl -s localhost:8080/flows/workflows/greet/run --json '{"start_event": {"name": "John"}}'
//! curl -s localhost:8080/requests
//! ```
//!
//! Clients are given `http://localhost:8080/flows` as the address of the server. The first argument
//! is where it listens, unless that is to be `127.0.0.1:8080`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use stepwell::{Context, Engine, Event, IntoWorkflow, StartEvent, StepError, StopEvent, workflow};
use stepwell_server::Server;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Tells how far a greeting has come.
#[derive(Event)]
struct StreamEvent {
    sequence: u64,
}

struct GreetingWorkflow;

#[workflow]
impl GreetingWorkflow {
    #[step]
    async fn greet(&self, start: StartEvent, ctx: &Context) -> Result<StopEvent, StepError> {
        for sequence in 0..3 {
            ctx.stream(StreamEvent { sequence }).await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let name = start.get("name").unwrap_or("World".to_owned());
        Ok(StopEvent::new(format!("Hello, {name}!")))
    }
}

/// The application's own state: how many requests came so far.
#[derive(Clone, Default)]
struct Requests(Arc<AtomicU64>);

/// The application's own endpoint.
async fn tell(State(requests): State<Requests>) -> String {
    requests.0.load(Ordering::Relaxed).to_string()
}

/// The application's own middleware, which all requests go through: it numbers them.
async fn number(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let number = requests.0.fetch_add(1, Ordering::Relaxed) + 1;
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-request-number", HeaderValue::from(number));
    response
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let greet = GreetingWorkflow.into_workflow()?;
    let engine = Engine::builder().workflow("greet", greet).open().await?;

    // Pages of strangers can make a name of theirs lead here: only calls by a name that is known
    // are answered. A server that others reach lists its own.
    let flows = Server::new(engine.clone()).allow_host("localhost".parse()?);
    let requests = Requests::default();
    let app = Router::new()
        .route("/requests", get(tell))
        .with_state(requests.clone())
        .nest("/flows", flows.router()) // It has its own state, so it comes after `with_state`.
        .layer(middleware::from_fn_with_state(requests, number));

    let listener = TcpListener::bind(listen).await?;
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    println!("listening on http://{}", listener.local_addr()?);
    let stopped = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // Axum waits for every open request, and a stream may be open for days.
        flows.close();
    };
    axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
    engine.shutdown().await?;
    Ok(())
}
