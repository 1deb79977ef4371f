//! Leads the crowd: starts its runs, lets them go on, and makes sure that all are alive meanwhile.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::reader::{Kind, Plan, handler};
use super::workflow::{CROWD, EDGE};
use super::{Arguments, Crowd, Stage};
use crate::bench::http::{Connection, get, post};
use crate::bench::process::Child;

/// How many requests are sent at once.
const SENDERS: u64 = 32;

/// Leads the crowd from stage to stage. Returns how many items readers saw while runs published,
/// and in which time.
pub(super) async fn lead(
    crowd: &Crowd,
    child: &Child,
    arguments: &Arguments,
    plans: &[Plan],
) -> Result<(u64, Duration)> {
    let Arguments { runs, items, readers_per_run, .. } = *arguments;
    let all = u32::try_from(runs)?;
    let readers = usize::try_from(readers_per_run)?;
    println!("starting {runs} runs");
    send(&child.base, runs, async |connection, run| {
        let body = json!({ "handler_id": handler(run), "start_event": { "run": run } });
        let request = post(&format!("/workflows/{CROWD}/run-nowait"), &body.to_string());
        connection.call(&request).await?;
        crowd.started[usize::try_from(run)?].add_permits(readers);
        Ok(())
    })
    .await?;
    crowd.until(&crowd.asked, all, "all runs have asked").await?;
    all_are_alive(crowd, child, runs).await?;
    crowd.stage.send_replace(Stage::Asked);
    let now = plans.iter().filter(|plan| plan.kind == Kind::Now).count();
    crowd.until(&crowd.now, u32::try_from(now)?, "all are there for what is to come").await?;

    println!("all are alive, and each is read; letting them go on");
    let (begin, before) = (Instant::now(), crowd.seen.load(Ordering::Relaxed));
    crowd.stage.send_replace(Stage::Going);
    go(child, runs, EDGE, items - EDGE, false).await?;
    crowd.until(&crowd.asked, all, "all runs have asked again").await?;
    let published = (crowd.seen.load(Ordering::Relaxed) - before, begin.elapsed());
    all_are_alive(crowd, child, runs).await?;

    println!("all are alive still, and each is read; letting them end");
    go(child, runs, items - EDGE, items, true).await?;
    crowd.until(&crowd.ended, all, "all runs have ended").await?;
    crowd.stage.send_replace(Stage::Ended);
    Ok(published)
}

/// Answers every run.
async fn go(child: &Child, runs: u64, first: u64, end: u64, ends: bool) -> Result<()> {
    send(&child.base, runs, async |connection, run| {
        let value = json!({ "run": run, "first": first, "end": end, "ends": ends });
        let body = json!({ "event": { "type": "Go", "value": value } });
        let request = post(&format!("/events/{}", handler(run)), &body.to_string());
        connection.call(&request).await?;
        Ok(())
    })
    .await
}

/// Sends something for every run, some at a time.
async fn send(
    base: &str,
    runs: u64,
    act: impl AsyncFn(&mut Connection, u64) -> Result<()>,
) -> Result<()> {
    let act = &act;
    let senders = (0..SENDERS.min(runs)).map(|sender| async move {
        let mut connection = Connection::open(base).await?;
        for run in (sender..runs).step_by(usize::try_from(SENDERS)?) {
            act(&mut connection, run).await.with_context(|| format!("run {run}"))?;
        }
        Ok(())
    });
    try_join_all(senders).await.map(|_: Vec<()>| ())
}

/// Makes sure that the server calls every run running, and that each has a stream open.
async fn all_are_alive(crowd: &Crowd, child: &Child, runs: u64) -> Result<()> {
    let open = crowd.open.now.load(Ordering::Relaxed);
    ensure!(open >= runs, "{open} streams are open, and {runs} runs are alive");
    let mut connection = Connection::open(&child.base).await?;
    let answer = connection.call(&get("/handlers?status=running")).await?;
    let answer: Value = serde_json::from_slice(answer)?;
    let running = answer["handlers"].as_array().context("the answer has no handlers")?.len();
    if u64::try_from(running)? != runs {
        bail!("{running} runs are running, and {runs} were started");
    }
    Ok(())
}
