//! Trials of long runs: steps one after another, killed, paused and stopped on the way.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::caller::Caller;
use super::findings::Kind;
use super::site::Site;
use super::watch::Watch;
use crate::random::Random;

/// How many steps a run has besides the one that begins it.
pub(super) const STEPS: u64 = 30;

/// By when runs must go on after a restart, however young they are.
const RESUME_LIMIT: Duration = Duration::from_secs(10);

/// Runs of `chain`.
#[derive(Debug)]
pub(super) struct Chains {
    watches: Vec<Watch>,
}

impl Chains {
    /// Starts so many runs, each of whose steps takes so many milliseconds.
    pub(super) async fn start(
        caller: &Caller,
        prefix: &str,
        runs: u64,
        pause: u64,
    ) -> Result<Self> {
        let mut watches = Vec::new();
        for number in 0..runs {
            let label = format!("{prefix}-chain-{number}");
            let event = json!({ "label": label, "steps": STEPS, "pause": pause });
            caller.start("chain", &label, &event).await?;
            watches.push(Watch::begin(caller, &label));
        }
        Ok(Self { watches })
    }

    /// Returns every line that the bodies of these runs must leave.
    pub(super) fn effects(&self) -> Vec<String> {
        let of_run = |watch: &Watch| {
            let label = watch.handler.clone();
            let steps = (0..STEPS).map(move |number| format!("{label} {number}"));
            std::iter::once(format!("{} begin", watch.handler)).chain(steps)
        };
        self.watches.iter().flat_map(of_run).collect()
    }

    /// Waits for all ends and checks what was published and counted.
    pub(super) async fn finish(self, site: &Site) -> Result<()> {
        for watch in self.watches {
            let handler = watch.handler.clone();
            let published = watch.finish().await?;
            check_numbers(site, &handler, &published.numbers("Progress"), STEPS);
            if *published.result() != json!(STEPS) {
                let what = format!("{handler} counted {} steps of {STEPS}", published.result());
                site.broken(Kind::StateTwice, what);
            }
            site.findings.done("state changes checked", STEPS);
        }
        Ok(())
    }
}

/// Checks that items with these numbers are there once each, in order.
pub(super) fn check_numbers(site: &Site, handler: &str, numbers: &[u64], due: u64) {
    let expected: Vec<u64> = (0..due).collect();
    if numbers == expected {
        return;
    }
    let is_twice = expected.iter().any(|it| numbers.iter().filter(|n| *n == it).count() > 1);
    let kind = if is_twice { Kind::ItemTwice } else { Kind::StepLost };
    site.broken(kind, format!("{handler} published {numbers:?}, and {due} are due"));
}

/// Runs that were just started go on at once after a kill.
pub(super) async fn young(site: &mut Site, _: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 5, 60).await?;
    sleep(Duration::from_millis(1_200)).await;
    site.kill().await?;
    let before: u64 = site.effects()?.values().sum();
    site.start(&[]).await?;
    let limit = Instant::now() + RESUME_LIMIT;
    while site.effects()?.values().sum::<u64>() < before + 5 {
        if Instant::now() > limit {
            site.broken(Kind::StepLost, "runs that were just started do not go on");
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 5)
}

/// 31 steps, killed again and again.
pub(super) async fn steps(site: &mut Site, random: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 10, 30).await?;
    for _ in 0..4 {
        sleep(Duration::from_millis(random.between(150, 700))).await;
        site.bounce().await?;
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 10)
}

/// The process stands still and goes on, and nobody else takes its file meanwhile.
pub(super) async fn paused(site: &mut Site, random: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 6, 40).await?;
    for round in 0..6 {
        sleep(Duration::from_millis(random.between(50, 300))).await;
        if round == 2 {
            site.signal("STOP").await?;
            site.expect_refusal(&["in use"]).await?;
            site.signal("CONT").await?;
        }
        site.pause(Duration::from_millis(random.between(100, 900))).await?;
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 6)
}

/// Told to stop, and killed while it does so.
pub(super) async fn farewell(site: &mut Site, random: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 6, 50).await?;
    for _ in 0..6 {
        sleep(Duration::from_millis(random.between(100, 400))).await;
        site.signal("TERM").await?;
        sleep(Duration::from_millis(random.below(60))).await;
        site.kill_if_alive().await?;
        site.start(&[]).await?;
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 6)
}

/// Killed while it makes its file.
pub(super) async fn birth(site: &mut Site, random: &mut Random) -> Result<()> {
    for _ in 0..25 {
        site.start_and_kill(Duration::from_millis(random.below(80))).await?;
    }
    site.kills = 0;
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 1, 1).await?;
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 1)
}

/// A second server on the same file refuses, and the first one does not notice.
pub(super) async fn twice(site: &mut Site, _: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 5, 20).await?;
    for _ in 0..2 {
        site.expect_refusal(&["in use"]).await?;
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 5)
}
