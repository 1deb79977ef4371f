//! One reader of one run's stream, while the run publishes as fast as it can.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::http::{Connection, post};
use super::workflows::FLOOD;
use crate::frames::Frames;

/// How many events reach a reader in a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// While they are published: from the request that starts the run to the last frame.
    pub(super) live: f64,
    /// When the run has ended: from the request for the stream to the last frame.
    pub(super) replayed: f64,
}

/// Lets a run publish so many events, reads them as they come, then reads them again.
pub(super) async fn measure(base: &str, events: u32) -> Result<Measured> {
    let body = json!({ "start_event": { "events": events } }).to_string();
    let request = post(&format!("/workflows/{FLOOD}/run-nowait"), &body);
    let mut connection = Connection::open(base).await?;
    let http = reqwest::Client::builder().no_proxy().build()?;

    let begin = Instant::now();
    let record: Value = serde_json::from_slice(connection.call(&request).await?)?;
    let handler = record["handler_id"].as_str().context("the record has no handler_id")?;
    let path = format!("{base}/events/{handler}?after_sequence=-1");
    let live = read(&http, &path, events, begin).await?;
    let replayed = read(&http, &path, events, Instant::now()).await?;
    Ok(Measured { live, replayed })
}

/// Reads a stream to its end and returns how many events came in a second since `begin`.
async fn read(http: &reqwest::Client, path: &str, events: u32, begin: Instant) -> Result<f64> {
    let mut response = http.get(path).send().await?.error_for_status()?;
    let mut frames = Frames::default();
    let mut last = None;
    let mut count = 0;
    while let Some(bytes) = response.chunk().await? {
        for frame in frames.take(&bytes)? {
            ensure!(last < Some(frame.sequence), "{} came after {last:?}", frame.sequence);
            last = Some(frame.sequence);
            count += 1;
        }
    }
    let took = begin.elapsed();
    // The terminal event is one more.
    ensure!(count == events + 1, "{count} events came, and {events} and the end were published");
    Ok(f64::from(count) / took.as_secs_f64())
}
