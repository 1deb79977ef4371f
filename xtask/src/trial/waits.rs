//! Trials of runs that wait: for answers, for time, for another attempt, for nothing any more.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::caller::{Ack, Caller};
use super::chain::check_numbers;
use super::findings::Kind;
use super::site::Site;
use super::watch::Watch;
use super::workflows::ATTEMPTS;
use crate::random::Random;

/// What a run waits for that is not to time out.
const LONG: u64 = 1_000_000;

/// How long the wait that times out does so.
const SHORT: Duration = Duration::from_secs(3);

/// How much later than it is due a timer may fire, on a machine with other things to do.
pub(super) const SLACK: Duration = Duration::from_secs(20);

/// How often a run naps, and how long.
const NAPS: u64 = 4;
const EACH: u64 = 700;

async fn ask(caller: &Caller, label: &str, within: u64) -> Result<Watch> {
    let event = json!({ "label": label, "within": within });
    caller.start("ask", label, &event).await?;
    Ok(Watch::begin(caller, label))
}

/// Waits, timeouts, delays and cancels across two kills.
pub(super) async fn killed(site: &mut Site, random: &mut Random) -> Result<()> {
    wait(site, random, &[], 2).await
}

/// The same without a kill, in a process that keeps no waiting run in memory.
pub(super) async fn evicted(site: &mut Site, random: &mut Random) -> Result<()> {
    wait(site, random, &["--resident", "0"], 0).await
}

async fn wait(site: &mut Site, random: &mut Random, more: &[&str], kills: u64) -> Result<()> {
    site.start(more).await?;
    let caller = site.caller()?;
    let mut answered = ask(&caller, "answered", LONG).await?;
    let mut cancelled = ask(&caller, "cancelled", LONG).await?;
    let early = Instant::now();
    let timed_out = ask(&caller, "timed-out", u64::try_from(SHORT.as_millis())?).await?;
    let began = Instant::now();
    caller.start("stubborn", "stubborn", &json!({ "label": "stubborn" })).await?;
    let stubborn = Watch::begin(&caller, "stubborn");
    caller.start("nap", "nap", &json!({ "label": "nap", "naps": NAPS, "each": EACH })).await?;
    let nap = Watch::begin(&caller, "nap");
    for watch in [&mut answered, &mut cancelled] {
        watch.until_named("Question").await;
    }
    for _ in 0..kills {
        sleep(Duration::from_millis(random.between(100, 900))).await;
        site.bounce().await?;
    }
    if kills == 0 {
        // Whatever may go out of memory has gone.
        sleep(Duration::from_millis(1_500)).await;
    }
    cancel(site, &caller, "cancelled").await?;
    caller.send_surely("answered", "Answer", &json!({ "text": "here" })).await?;
    if kills > 0 {
        site.bounce().await?;
    }
    expect_result(site, answered, &json!("here"), Kind::EventLost).await?;
    let published = cancelled.finish().await?;
    if published.events.last().map(|(name, _)| name.as_str()) != Some("WorkflowCancelledEvent") {
        site.broken(Kind::CancelLost, format!("it ended with {:?}", published.events.last()));
    }
    expect_result(site, timed_out, &json!("nobody answered"), Kind::TimerLost).await?;
    if early.elapsed() < SHORT {
        site.broken(Kind::TimerEarly, format!("{:?} after its start", early.elapsed()));
    }
    if began.elapsed() > SHORT + SLACK {
        site.broken(Kind::TimerLost, format!("{:?} after its start", began.elapsed()));
    }
    expect_result(site, stubborn, &json!(ATTEMPTS - 1), Kind::TimerLost).await?;
    check_nap(site, nap, NAPS).await?;
    site.findings.done("timers fired", 1 + u64::from(ATTEMPTS - 1) + NAPS);
    let attempts: Vec<String> = (1..=ATTEMPTS).map(|it| format!("stubborn {it}")).collect();
    site.check_effects(&attempts, 1)
}

/// Checks that each timer of a nap has fired once.
pub(super) async fn check_nap(site: &Site, nap: Watch, naps: u64) -> Result<()> {
    let handler = nap.handler.clone();
    let published = nap.finish().await?;
    let woke = published.numbers("Woke");
    if woke.len() as u64 > naps {
        site.broken(Kind::TimerTwice, format!("{handler} woke as {woke:?}"));
    } else {
        check_numbers(site, &handler, &woke, naps);
    }
    Ok(())
}

async fn expect_result(site: &Site, watch: Watch, expected: &Value, kind: Kind) -> Result<()> {
    let handler = watch.handler.clone();
    let published = watch.finish().await?;
    if published.result() != expected {
        let result = published.result();
        site.broken(kind, format!("{handler} ended with {result}, and should with {expected}"));
    }
    Ok(())
}

/// Cancels a run that waits, until that is acknowledged.
async fn cancel(site: &Site, caller: &Caller, handler: &str) -> Result<()> {
    let limit = Instant::now() + SLACK;
    let mut unknown = false;
    loop {
        match caller.cancel(handler).await {
            Ack::Yes => break,
            Ack::Unknown => unknown = true,
            Ack::No(..) if unknown => break,
            Ack::No(status, body) => {
                site.broken(Kind::CancelLost, format!("it was answered with {status}: {body}"));
                break;
            }
        }
        if Instant::now() > limit {
            site.broken(Kind::CancelLost, "it was never answered");
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    caller.expect_status(handler, "cancelled").await?;
    Ok(())
}

/// A wait asks with an event that no step names; it is answered after a kill, and the answer
/// survives another one.
pub(super) async fn undeclared(site: &mut Site, _: &mut Random) -> Result<()> {
    site.start(&[]).await?;
    let caller = site.caller()?;
    let mut watches = Vec::new();
    for number in 0..4 {
        let mut watch = ask(&caller, &format!("asks-{number}"), LONG).await?;
        watch.until_named("Question").await;
        watches.push(watch);
    }
    site.bounce().await?;
    for watch in &watches {
        caller.send_surely(&watch.handler, "Answer", &json!({ "text": watch.handler })).await?;
    }
    site.bounce().await?;
    for watch in watches {
        let expected = json!(watch.handler);
        expect_result(site, watch, &expected, Kind::EventLost).await?;
    }
    Ok(())
}

/// The clock jumps forwards and backwards, with and without a kill. Timers fire once, and when
/// the clock is past all of them, all have fired.
pub(super) async fn clocks(site: &mut Site, random: &mut Random) -> Result<()> {
    const HOUR: i64 = 3_600;
    site.start(&[]).await?;
    let caller = site.caller()?;
    let mut naps = Vec::new();
    let mut asks = Vec::new();
    let chains = super::chain::Chains::start(&caller, site.name, 4, 60).await?;
    for jump in [0, HOUR, -HOUR, -2 * HOUR, HOUR, 3 * HOUR] {
        site.shift_clock(jump)?;
        let label = format!("nap-{}", naps.len());
        caller.start("nap", &label, &json!({ "label": label, "naps": 2, "each": 400 })).await?;
        naps.push(Watch::begin(&caller, &label));
        let label = format!("ask-{}", asks.len());
        asks.push(ask(&caller, &label, 800).await?);
        sleep(Duration::from_millis(random.between(100, 500))).await;
        if random.percent(40) {
            site.bounce().await?;
        }
    }
    for nap in naps {
        check_nap(site, nap, 2).await?;
        site.findings.done("timers fired", 2);
    }
    for ask in asks {
        expect_result(site, ask, &json!("nobody answered"), Kind::TimerLost).await?;
        site.findings.done("timers fired", 1);
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_effects(&effects, 4)
}
