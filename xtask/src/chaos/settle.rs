//! After the storm: waits until every run has ended, then checks each of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::check::{Outcome, check};
use super::client::{Client, Look, Reply};
use super::record::{Ack, RunNumber, Task};
use crate::frames::{Frame, Frames};
use crate::reading::Event;

/// How many runs are checked at once.
const AT_ONCE: usize = 16;

/// How long a single stream that ends may take to be read; a limit, as the deadline is.
const READ_LIMIT: Duration = Duration::from_secs(20);

/// Answers whoever still waits, waits for all ends, and notes every promise that was not kept.
pub(crate) async fn settle(client: &Client, deadline: Instant) -> Result<()> {
    adopt(client, deadline).await?;
    let runs = client.ledger.runs();
    let records = stream::iter(runs)
        .map(|run| async move { (run, settle_run(client, run, deadline).await) })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let mut listed = list(client).await?;
    for (run, record) in records {
        let listing = listed.remove(&client.handler(run));
        if listing.as_ref() != record.as_ref() {
            let what = format!("it is listed as {listing:?}, and its record is {record:?}");
            client.ledger.broken(run, what);
        }
    }
    for (handler, record) in listed {
        client
            .ledger
            .broken_at(&format!("handler {handler}"), format!("nobody started it: {record}"));
    }
    Ok(())
}

/// Finds the runs whose start was cut before their client learned their id.
async fn adopt(client: &Client, deadline: Instant) -> Result<()> {
    let runs = client.ledger.runs();
    let known: Vec<String> = runs.iter().map(|run| client.handler(*run)).collect();
    for handler in list(client).await?.into_keys().filter(|handler| !known.contains(handler)) {
        let log = read(client, &handler, true, deadline).await;
        let greeting = log.ok().and_then(|log| Event::read(&log.last()?.text).ok());
        let greeting =
            greeting.and_then(|event| Some(event.value()["result"].as_str()?.to_owned()));
        let owner = runs.iter().find(|run| {
            client.ledger.with(**run, |notes| {
                Some(format!("Hello, {}!", notes.label)) == greeting && notes.task == Task::Greet
            })
        });
        // One that nobody owns is noticed when everything is compared with the list.
        let Some(owner) = owner else { continue };
        let twice = client.ledger.with(*owner, |notes| match &notes.handler {
            Some(first) => Some(format!("it was started twice: as {first} and as {handler}")),
            None => {
                notes.handler = Some(handler.clone());
                None
            }
        });
        if let Some(twice) = twice {
            client.ledger.broken(*owner, twice);
        }
    }
    Ok(())
}

/// Settles one run and returns its record, if there is one.
async fn settle_run(client: &Client, run: RunNumber, deadline: Instant) -> Option<Value> {
    let ledger = &client.ledger;
    let outcome = if ledger.with(run, |notes| notes.handler.is_none()) {
        Outcome::default()
    } else {
        match client.look(run).await {
            Look::Unknown => Outcome::default(),
            look => {
                if look == Look::Running && ledger.with(run, |notes| waits(notes)) {
                    client.answer(run).await;
                }
                match gather(client, run, deadline).await {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        ledger.broken(run, format!("{error:#}"));
                        return record(client, run).await;
                    }
                }
            }
        }
    };
    let broken = ledger.with(run, |notes| check(notes, &outcome));
    for what in broken {
        ledger.broken(run, what);
    }
    let seen = ledger.with(run, |notes| notes.seen.len() as u64);
    ledger.count(|counts| {
        counts.runs_checked += u64::from(outcome.record.is_some());
        counts.items_compared += seen;
    });
    outcome.record
}

/// Tells whether only an answer can end the run.
fn waits(notes: &super::record::Notes) -> bool {
    let answered = notes.answers.iter().any(|(_, ack)| *ack == Ack::Acknowledged);
    notes.task == Task::Human && !answered
}

async fn gather(client: &Client, run: RunNumber, deadline: Instant) -> Result<Outcome> {
    let handler = client.handler(run);
    let log = read(client, &handler, true, deadline).await?;
    let public = read(client, &handler, false, deadline).await?;
    Ok(Outcome { record: record(client, run).await, log, public })
}

async fn record(client: &Client, run: RunNumber) -> Option<Value> {
    let path = format!("/handlers/{}", client.handler(run));
    match client.ask(|life| life.http.get(format!("{}{path}", life.base))).await {
        Reply::Answer(status, record) => (status != StatusCode::NOT_FOUND).then_some(record),
        Reply::NotSent | Reply::Cut => None,
    }
}

/// Reads a stream from its beginning to its end, which must come before the deadline.
async fn read(
    client: &Client,
    handler: &str,
    internal: bool,
    deadline: Instant,
) -> Result<Vec<Frame>> {
    let life = client.gate.up().await;
    let query = format!("after_sequence=-1&include_internal={internal}");
    let path = format!("{}/events/{handler}?{query}", life.base);
    let mut frames = Frames::default();
    let mut log = Vec::new();
    let all = async {
        let mut response = life.http.get(path).send().await?;
        ensure!(response.status() == StatusCode::OK, "its stream: {}", response.status());
        while let Some(bytes) = response.chunk().await? {
            log.extend(frames.take(&bytes)?);
        }
        Ok(())
    };
    let limit = deadline.max(Instant::now() + READ_LIMIT);
    let read = timeout_at(limit, all).await;
    let last = log.last().map_or("nothing", |frame| &frame.text);
    read.with_context(|| format!("its stream did not end in time; last came {last}"))??;
    Ok(log)
}

async fn list(client: &Client) -> Result<BTreeMap<String, Value>> {
    let reply = client.ask(|life| life.http.get(format!("{}/handlers", life.base))).await;
    let Reply::Answer(StatusCode::OK, mut body) = reply else {
        anyhow::bail!("the list of handlers was answered with {reply:?}");
    };
    let mut listed = BTreeMap::new();
    for record in body["handlers"].as_array_mut().context("the list has no handlers")? {
        let handler = record["handler_id"].as_str().unwrap_or_default().to_owned();
        if listed.insert(handler.clone(), record.take()).is_some() {
            client.ledger.broken_at(&format!("handler {handler}"), "it is listed twice");
        }
    }
    Ok(listed)
}
