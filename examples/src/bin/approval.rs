//! A person decides, in the recommended way: one step asks, another takes the answer. While the
//! run waits it is a row in the database and nothing else.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use stepwell::store::{SqliteOptions, SqliteStore};
use stepwell::{Engine, Event, IntoWorkflow, StreamItem, workflow};

/// Somebody wants something.
#[derive(Event)]
#[event(start)]
struct Order {
    id: u64,
    amount: u64,
}

/// A person is asked.
#[derive(Event)]
#[event(request)]
struct Approve {
    order: u64,
    amount: u64,
}

/// What the person said.
#[derive(Event)]
#[event(response)]
struct Decision {
    order: u64,
    ok: bool,
}

/// What came of it.
#[derive(Event)]
#[event(stop)]
struct Outcome {
    text: String,
}

struct ApprovalFlow;

#[workflow]
impl ApprovalFlow {
    #[step]
    async fn ask(&self, order: Order) -> Approve {
        Approve { order: order.id, amount: order.amount }
    }

    #[step]
    async fn decide(&self, decision: Decision) -> Outcome {
        let verb = if decision.ok { "approved" } else { "refused" };
        Outcome { text: format!("order {} was {verb}", decision.order) }
    }
}

async fn open(file: &Path) -> anyhow::Result<Engine> {
    let store = Arc::new(SqliteStore::open(file, SqliteOptions::default())?);
    let approval = ApprovalFlow.into_workflow()?;
    Ok(Engine::builder().store(store).workflow("approval", approval).open().await?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::temp_dir().join(format!("stepwell-approval-{}.db", std::process::id()));
    let engine = open(&file).await?;
    let run = engine.run("approval", Order { id: 7, amount: 120 }).await?;
    let handler = run.handler().to_owned();
    let mut events = run.events();
    while let Some(item) = events.next().await? {
        if let StreamItem::Event(event) = item.item {
            println!("{} {}", event.name, event.value.text());
            break;
        }
    }
    engine.shutdown().await?;

    // Here days may pass. Another process finds the run by the name of its handler.
    let engine = open(&file).await?;
    let run = engine.find(&handler).await?.context("the run is gone")?;
    run.send(Decision { order: 7, ok: true }).await?;
    let outcome: Outcome = run.result().await?;
    println!("{}", outcome.text);

    engine.shutdown().await?;
    std::fs::remove_file(file)?;
    Ok(())
}
