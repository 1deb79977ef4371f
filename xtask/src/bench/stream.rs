//! One reader of one run's stream, while the run publishes as fast as it can.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::http::{Connection, post};
use super::workflows::FLOOD;
use crate::frames::Frames;

/// Lets a run publish so many events and returns how many of them reached the reader in a second,
/// from the first to the last.
pub(super) async fn measure(base: &str, events: u32) -> Result<f64> {
    let body = json!({ "start_event": { "events": events } }).to_string();
    let request = post(&format!("/workflows/{FLOOD}/run-nowait"), &body);
    let record: Value =
        serde_json::from_slice(Connection::open(base).await?.call(&request).await?)?;
    let handler = record["handler_id"].as_str().context("the record has no handler_id")?;

    let http = reqwest::Client::builder().no_proxy().build()?;
    let path = format!("{base}/events/{handler}?after_sequence=-1");
    let mut response = http.get(path).send().await?.error_for_status()?;
    let mut frames = Frames::default();
    let mut first = None;
    let mut last = None;
    let mut count = 0;
    while let Some(bytes) = response.chunk().await? {
        let now = Instant::now();
        let frames = frames.take(&bytes)?;
        for frame in &frames {
            ensure!(last < Some(frame.sequence), "{} came after {last:?}", frame.sequence);
            last = Some(frame.sequence);
            count += 1;
        }
        if !frames.is_empty() {
            first.get_or_insert(now);
        }
    }
    let took = first.context("the stream was empty")?.elapsed();
    // The terminal event is one more.
    ensure!(count == events + 1, "{count} events came, and {events} and the end were published");
    Ok(f64::from(count) / took.as_secs_f64())
}
