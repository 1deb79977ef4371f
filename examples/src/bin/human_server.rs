//! A server with one workflow that asks a person for a name and waits for the answer, however long
//! it takes: over a crash too, for its runs are in a file.
//!
//! ```sh
//! cargo run -p stepwell-examples --bin human_server
//! curl -s localhost:8080/workflows/human/run-nowait --json '{"handler_id": "h1"}'
//! curl -s localhost:8080/events/h1 --json '{"event": {"type": "ResponseEvent", "value": {"response": "Ada"}}}'
//! curl -s localhost:8080/handlers/h1
//! ```
//!
//! The first argument is where it listens, unless that is to be `127.0.0.1:8080`; the second is
//! where it keeps its runs, unless that is to be `human.db`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use stepwell::store::{SqliteOptions, SqliteStore};
use stepwell::{Engine, Event, IntoWorkflow, StartEvent, workflow};
use stepwell_server::Server;

/// A person is asked. Clients know it by its name, and Python finds its own class of that name by
/// the module that is sent with it: `__main__`, the program that runs, unless said otherwise.
#[derive(Event)]
#[event(request)]
struct RequestEvent {
    prompt: String,
}

/// What the person answered.
#[derive(Event)]
#[event(response)]
struct ResponseEvent {
    response: String,
}

/// What came of it.
#[derive(Event)]
#[event(stop)]
struct OutEvent {
    output: String,
}

struct HumanInTheLoopWorkflow;

// Only the time that steps take counts, so a person may take longer.
#[workflow(timeout = "1000s")]
impl HumanInTheLoopWorkflow {
    #[step]
    async fn prompt_human(&self, _: StartEvent) -> RequestEvent {
        RequestEvent { prompt: "What is your name?".to_owned() }
    }

    #[step]
    async fn greet_human(&self, answer: ResponseEvent) -> OutEvent {
        OutEvent { output: format!("Hello, {}", answer.response) }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or("127.0.0.1:8080".to_owned());
    let file = arguments.next().unwrap_or("human.db".to_owned());

    let store = Arc::new(SqliteStore::open(file, SqliteOptions::default())?);
    let human = HumanInTheLoopWorkflow.into_workflow()?;
    let engine = Engine::builder().store(store).workflow("human", human).open().await?;

    Server::new(engine)
        .on_listening(|address| println!("listening on http://{address}"))
        .serve(listen)
        .await?;
    Ok(())
}
