//! A server with one workflow: it streams three items, 0.3 s apart, and greets whom it is told to.
//!
//! ```sh
//! cargo run -p stepwell-examples --bin greeting_server
//! curl -s localhost:8080/workflows/greet/run --json '{"start_event": {"name": "John"}}'
//! ```
//!
//! The first argument is where it listens, unless that is to be `127.0.0.1:8080`. It keeps its runs
//! in memory; `human_server` keeps them in a file.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use stepwell::{Context, Engine, Event, IntoWorkflow, StartEvent, StepError, StopEvent, workflow};
use stepwell_server::Server;

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
        // `StartEvent` declares no fields; whatever a client sends is there by name.
        let name = start.get("name").unwrap_or("World".to_owned());
        Ok(StopEvent::new(format!("Hello, {name}!")))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Stepwell logs to `tracing`: warnings, and why a run was set aside.
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let greet = GreetingWorkflow.into_workflow()?;
    let engine = Engine::builder().workflow("greet", greet).open().await?;

    Server::new(engine)
        .on_listening(|address| println!("listening on http://{address}"))
        .serve(listen)
        .await?;
    Ok(())
}
