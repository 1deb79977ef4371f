//! A trial of events: many clients post while the server is killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use parking_lot::Mutex;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::caller::{Ack, Caller};
use super::findings::Kind;
use super::site::Site;
use super::watch::Watch;
use crate::random::Random;

const CLIENTS: u64 = 8;

/// How many events are acknowledged when the server is killed.
const BEFORE_KILL: u64 = 120;

const ROUNDS: u64 = 3;

/// The events of one run, by number: what was answered to each.
type Posted = Arc<Mutex<BTreeMap<u64, Ack>>>;

/// What was acknowledged is counted once; what was not, at most once.
pub(super) async fn events(site: &mut Site, random: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    for round in 0..ROUNDS {
        let pause = random.between(5, 50);
        post_round(site, &format!("tally-{round}"), pause).await?;
    }
    Ok(())
}

async fn post_round(site: &mut Site, handler: &str, pause: u64) -> Result<()> {
    let caller = site.caller()?;
    caller.start("tally", handler, &json!({ "label": handler })).await?;
    let mut watch = Watch::begin(&caller, handler);
    let (posted, numbers) = (Posted::default(), Arc::new(AtomicU64::new(0)));
    let done = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (caller, handler) = (caller.clone(), handler.to_owned());
        let (posted, numbers) = (Arc::clone(&posted), Arc::clone(&numbers));
        let done = Arc::clone(&done);
        clients.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                post(&caller, &handler, &posted, number, pause).await;
            }
        });
    }
    let acknowledged = || posted.lock().values().filter(|ack| **ack == Ack::Yes).count() as u64;
    while acknowledged() < BEFORE_KILL {
        sleep(Duration::from_millis(1)).await;
    }
    site.kill().await?;
    // Whoever posts now finds nobody.
    sleep(Duration::from_millis(50)).await;
    done.store(true, Ordering::Relaxed);
    while clients.join_next().await.is_some() {}
    site.start(&[]).await?;

    let posted = std::mem::take(&mut *posted.lock());
    for (number, ack) in &posted {
        if let Ack::No(status, body) = ack {
            site.broken(Kind::Refusal, format!("{number} was answered with {status}: {body}"));
        }
    }
    let due = |number: &u64| posted.get(number) == Some(&Ack::Yes);
    let all = posted.keys().filter(|number| due(number)).count();
    let counted = watch.until(|events| {
        let numbers = events.iter().filter(|event| event.name() == "Counting");
        numbers.filter_map(|event| event.value()["number"].as_u64()).filter(due).count() >= all
    });
    counted.await;
    caller.send_surely(handler, "Finish", &json!({ "reason": "enough" })).await?;
    let published = watch.finish().await?;
    let result = published.result().as_array().cloned().unwrap_or_default();
    let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
    for number in result.iter().filter_map(serde_json::Value::as_u64) {
        *counted.entry(number).or_default() += 1;
    }
    for (number, times) in &counted {
        if *times > 1 {
            site.broken(Kind::StateTwice, format!("{handler} counted {number} {times} times"));
        }
    }
    for number in posted.keys().filter(|number| due(number) && !counted.contains_key(number)) {
        site.broken(Kind::EventLost, format!("{handler} was sent {number} and lost it"));
    }
    let unknown = posted.values().filter(|ack| **ack == Ack::Unknown).count();
    site.findings.done("events cut", unknown as u64);
    Ok(())
}

async fn post(caller: &Caller, handler: &str, posted: &Posted, number: u64, pause: u64) {
    posted.lock().insert(number, Ack::Unknown);
    let ack = caller.send(handler, "Post", &json!({ "number": number, "pause": pause })).await;
    posted.lock().insert(number, ack);
}
