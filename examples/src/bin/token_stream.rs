//! Tokens of a language model, streamed by a process that is killed in the middle: its reader gets
//! every token once.
//!
//! The example starts itself as a child, kills the child while it streams, opens the same database
//! and lets the run go on.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use stepwell::engine::Cursor;
use stepwell::store::{HandlerFilter, SqliteOptions, SqliteStore};
use stepwell::{Context, Engine, Event, IntoWorkflow, StepError, StopEvent, StreamItem, workflow};

const ANSWER: &str = "A stepwell keeps its water while everything around it dries out.";

/// After how many tokens the child is killed.
const KILLED_AFTER: usize = 5;

/// What the model is asked.
#[derive(Event)]
#[event(start)]
struct Prompt {
    text: String,
}

/// A piece of the answer.
#[derive(Event)]
struct Token {
    text: String,
}

struct ChatFlow;

#[workflow]
impl ChatFlow {
    #[step]
    async fn answer(&self, prompt: Prompt, ctx: &Context) -> Result<StopEvent, StepError> {
        // A real model might say something else the second time. What it said is remembered once
        // it is complete; until then readers would be told that the answer begins anew.
        let answer =
            ctx.once("answer", || async { Ok::<_, StepError>(model(&prompt.text)) }).await?;
        for word in answer.split_inclusive(' ') {
            ctx.stream(Token { text: word.to_owned() }).await?;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(StopEvent::new(answer))
    }
}

fn model(prompt: &str) -> String {
    assert!(!prompt.is_empty());
    ANSWER.to_owned()
}

async fn open(file: &Path) -> anyhow::Result<Engine> {
    let store = Arc::new(SqliteStore::open(file, SqliteOptions::default())?);
    Ok(Engine::builder().store(store).workflow("chat", ChatFlow.into_workflow()?).open().await?)
}

/// Streams the first run of the database; calls `seen` for each token.
async fn follow(engine: &Engine, mut seen: impl FnMut(&str)) -> anyhow::Result<()> {
    let handlers = engine.handlers(&HandlerFilter::default()).await?;
    let handler = &handlers.first().context("there is no run")?.handler;
    let (_, mut events) = engine.events(handler, Cursor::Start).await?;
    while let Some(item) = events.next().await? {
        if let StreamItem::Event(event) = item.item
            && event.name.as_str() == Token::NAME
        {
            seen(event.value.text());
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    if let Some(file) = arguments.next() {
        // The child: prints tokens until it is killed.
        let engine = open(Path::new(&file)).await?;
        engine.run("chat", Prompt { text: "What is a stepwell?".to_owned() }).await?;
        return follow(&engine, |token| println!("{token}")).await;
    }

    let file = std::env::temp_dir().join(format!("stepwell-tokens-{}.db", std::process::id()));
    let mut child =
        Command::new(std::env::current_exe()?).arg(&file).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("the child's output is piped")?;
    let seen: Vec<String> =
        BufReader::new(output).lines().take(KILLED_AFTER).collect::<Result<_, _>>()?;
    child.kill()?;
    child.wait()?;
    println!("killed after {} tokens", seen.len());

    let engine = open(&file).await?;
    let mut tokens = Vec::new();
    follow(&engine, |token| tokens.push(token.to_owned())).await?;
    let expected = ANSWER.split(' ').count();
    println!("{} tokens of {expected}, the first {KILLED_AFTER} as before: {}", tokens.len(), {
        tokens.starts_with(&seen)
    });
    engine.shutdown().await?;
    std::fs::remove_file(file)?;
    Ok(())
}
