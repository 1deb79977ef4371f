//! A trial of fan-outs: many pieces of work on a few workers, killed on the way.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::time::sleep;

use super::findings::Kind;
use super::site::Site;
use super::watch::Watch;
use super::workflows::WORKERS;
use crate::random::Random;

const RUNS: u64 = 5;

const ITEMS: u64 = 20;

/// Every member is worked at, counted once, and at most the workers' worth is repeated per kill.
pub(super) async fn out(site: &mut Site, random: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let caller = site.caller()?;
    let mut watches = Vec::new();
    for number in 0..RUNS {
        let label = format!("fan-{number}");
        let event = json!({ "label": label, "items": ITEMS, "pause": 150 });
        caller.start("fan", &label, &event).await?;
        watches.push(Watch::begin(&caller, &label));
    }
    for _ in 0..3 {
        sleep(Duration::from_millis(random.between(150, 500))).await;
        site.bounce().await?;
    }
    let mut effects = Vec::new();
    for watch in watches {
        let label = watch.handler.clone();
        effects.extend((0..ITEMS).map(|number| format!("{label} {number}")));
        let published = watch.finish().await?;
        let (sum, numbers): (u64, Vec<u64>) = ((0..ITEMS).sum(), (0..ITEMS).collect());
        if *published.result() != json!({ "count": ITEMS, "sum": sum, "numbers": numbers }) {
            let what = format!("{label} ended with {}", published.result());
            site.broken(Kind::StateTwice, what);
        }
        site.findings.done("state changes checked", ITEMS);
    }
    site.check_effects(&effects, RUNS * u64::from(WORKERS))
}
