//! A trial of every write: the process dies before and after each one of a run's life.

use anyhow::{Result, bail};
use serde_json::json;
use tokio::time::sleep;

use super::caller::{Ack, Caller, PATIENCE};
use super::dying::Boundary;
use super::findings::Kind;
use super::site::Site;
use super::watch::{Published, Watch};
use crate::random::Random;

/// More writes than the run makes.
const WRITES: u64 = 40;

const HANDLER: &str = "trace";

/// Wherever it dies, the run goes on with what it was given, and comes to the same end.
pub(super) async fn all(site: &mut Site, random: &mut Random) -> Result<()> {
    for number in 1..WRITES {
        let mut died = false;
        for boundary in [Boundary::Before(number), Boundary::After(number)] {
            let mut inner = Site::new("boundary", &site.findings, random).await?;
            died |= live(&mut inner, boundary).await?;
            if died {
                site.findings.done("write boundaries died at", 1);
            }
        }
        if !died {
            if number < 4 {
                site.broken(Kind::Other, format!("the run made only {number} writes"));
            }
            return Ok(());
        }
    }
    bail!("the run makes over {WRITES} writes")
}

/// Lets a run live through a death. Returns whether there was one.
async fn live(site: &mut Site, boundary: Boundary) -> Result<bool> {
    site.start(&["--die", &boundary.to_string()]).await?;
    let caller = site.caller()?;
    let story = tell(&caller);
    let mut story = std::pin::pin!(story);
    let died = tokio::select! {
        died = site.died() => { died?; true }
        told = &mut story => {
            check(site, boundary, told?);
            false
        }
    };
    if died {
        site.start(&[]).await?;
        let told = story.await?;
        check(site, boundary, told);
        site.check_effects(&[format!("{HANDLER} one"), format!("{HANDLER} two")], 1)?;
    }
    site.stop().await?;
    Ok(died)
}

/// Starts the run, answers it, and waits for its end. Returns how many answers it may have got.
async fn tell(caller: &Caller) -> Result<(Published, u64)> {
    let event = json!({ "label": HANDLER, "text": "given" });
    caller.start("trace", HANDLER, &event).await?;
    let mut watch = Watch::begin(caller, HANDLER);
    watch.until_named("More").await;
    let mut answers = 0;
    let limit = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < limit {
        let reply = json!({ "label": HANDLER, "text": format!("reply {answers}") });
        match caller.send(HANDLER, "Reply", &reply).await {
            Ack::Yes => {
                answers += 1;
                break;
            }
            Ack::Unknown => answers += 1,
            // An earlier one, whose answer was cut, has ended the run.
            Ack::No(..) => break,
        }
        sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok((watch.finish().await?, answers))
}

fn check(site: &Site, boundary: Boundary, (published, answers): (Published, u64)) {
    let text = |name: &str| {
        let events = published.events.iter().filter(move |(event, _)| event == name);
        events.filter_map(|(_, value)| value["text"].as_str()).collect::<Vec<_>>()
    };
    let about = format!("{} dying {boundary}", site.name);
    let broken = |kind, what: String| site.findings.broken(kind, &about, what);
    if text("More") != ["given"] {
        broken(Kind::StartLost, format!("the run was not given its input: {published:?}"));
    }
    let mut echoes = text("Echo");
    let count = echoes.len();
    echoes.sort_unstable();
    echoes.dedup();
    if echoes.len() < count || echoes.first() != Some(&"given") || count < 2 {
        broken(Kind::ItemTwice, format!("it published {:?}", text("Echo")));
    }
    // Each answer that was delivered is taken by a body of its own, and one of them ends the run.
    let counted = published.result()["count"].as_u64().unwrap_or(0);
    if !(2..=1 + answers.max(1)).contains(&counted) {
        broken(Kind::StateTwice, format!("it counted {counted} after {answers} answers"));
    }
}
