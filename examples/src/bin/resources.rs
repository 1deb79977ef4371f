//! What steps share and what is no part of a run: clients, pools, settings.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use stepwell::{Engine, Event, IntoWorkflow, Res, Resources, StepError, StopEvent, workflow};

/// What to say.
#[derive(Event)]
#[event(start)]
struct Prompt {
    text: String,
}

/// Says which model answers.
struct Settings {
    model: String,
}

/// Made from the settings when the first step needs it, and then shared.
struct Client {
    model: String,
    calls: AtomicU64,
}

impl Client {
    fn ask(&self, text: &str) -> String {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{} says: {text}! (call {call})", self.model)
    }
}

struct EchoFlow;

#[workflow]
impl EchoFlow {
    #[step]
    async fn ask(&self, prompt: Prompt, client: Res<Client>) -> StopEvent {
        StopEvent::new(client.ask(&prompt.text))
    }
}

async fn client(resources: Resources) -> Result<Client, StepError> {
    let settings = resources.get::<Settings>().await?;
    Ok(Client { model: settings.model.clone(), calls: AtomicU64::new(0) })
}

async fn settings(_: Resources) -> Result<Settings, Infallible> {
    Ok(Settings { model: "the parrot".to_owned() })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flow = EchoFlow.into_builder().resource_with(settings).resource_with(client).build()?;
    let engine = Engine::builder().workflow("echo", flow).open().await?;
    for text in ["hello", "goodbye"] {
        let run = engine.run("echo", Prompt { text: text.to_owned() }).await?;
        let stop: StopEvent = run.result().await?;
        println!("{}", stop.result);
    }
    Ok(())
}
