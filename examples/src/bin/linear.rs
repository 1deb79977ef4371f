//! Steps in a row: what each returns decides which one comes next.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use stepwell::{Event, IntoWorkflow, workflow};

/// What the joke is to be about.
#[derive(Event)]
#[event(start)]
struct Topic {
    name: String,
}

/// A joke nobody has judged yet.
#[derive(Event)]
struct Joke {
    text: String,
}

/// What the run returns.
#[derive(Event)]
#[event(stop)]
struct Critique {
    joke: String,
    verdict: String,
}

struct JokeFlow;

#[workflow(timeout = "60s")]
impl JokeFlow {
    #[step]
    async fn tell(&self, topic: Topic) -> Joke {
        Joke { text: format!("Why do {} sail? Because they can.", topic.name) }
    }

    #[step]
    async fn judge(&self, joke: Joke) -> Critique {
        let verdict = if joke.text.len() > 80 { "long-winded" } else { "short" };
        Critique { joke: joke.text, verdict: verdict.to_owned() }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let run = JokeFlow.run(Topic { name: "pirates".to_owned() }).await?;
    let critique: Critique = run.result().await?;
    println!("{} ({})", critique.joke, critique.verdict);
    Ok(())
}
