//! What the body of a part does.

use std::time::Duration;

use stepwell::{Context, StepError};

use super::{Answer, Ask, Counts, Extra, Note, count, draw};

/// How many things a body does at most.
const ACTS: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Publish,
    Count,
    Remember,
    FailOnce,
    Sleep,
    Wait,
    /// Waits, and asks for the answer beside that.
    WaitMeanwhile,
    WaitInVain,
    Send,
    /// Does two things beside each other.
    Both,
    /// Does the first of two things.
    Either,
    /// Fails the first time it is tried, after all that was done before.
    Retry,
    /// Fails for good.
    Doom,
}

const ALL: [Act; 13] = [
    Act::Publish,
    Act::Count,
    Act::Remember,
    Act::FailOnce,
    Act::Sleep,
    Act::Wait,
    Act::WaitMeanwhile,
    Act::WaitInVain,
    Act::Send,
    Act::Both,
    Act::Either,
    Act::Retry,
    Act::Doom,
];

fn acts(seed: u64, id: u64) -> Vec<Act> {
    let many = draw(seed, ("acts", id), ACTS + 1);
    let act = |nth| {
        let drawn = draw(seed, ("act", id * ACTS + nth), ALL.len() as u64);
        ALL[usize::try_from(drawn).unwrap()]
    };
    let mut acts: Vec<Act> = (0..many).map(act).collect();
    // Nothing is done after the end.
    let end = acts.iter().position(|act| *act == Act::Doom);
    acts.truncate(end.map_or(acts.len(), |end| end + 1));
    acts
}

/// Returns how many answers a part waits for.
pub(super) fn asks(seed: u64, id: u64) -> usize {
    let waits = |act: &&Act| matches!(act, Act::Wait | Act::WaitMeanwhile);
    acts(seed, id).iter().filter(waits).count()
}

/// Does all that a part does.
pub(super) async fn run(seed: u64, id: u64, ctx: &Context<Counts>) -> Result<(), StepError> {
    for (number, act) in acts(seed, id).into_iter().enumerate() {
        let name = format!("{number}");
        let delay = Duration::from_millis(1 + draw(seed, ("delay", id), 5_000));
        match act {
            Act::Publish => ctx.stream(Note { id, number }).await?,
            Act::Count => drop(count(ctx, "counted", id).await?),
            Act::Remember => {
                let remembered = ctx.once(&name, async || Ok::<_, StepError>(id)).await?;
                assert_eq!(remembered, id);
            }
            Act::FailOnce => {
                let failed = ctx.once(&name, async || Err::<u64, _>(StepError::new("no"))).await;
                assert_eq!(failed.unwrap_err().to_string(), "no");
            }
            Act::Sleep => ctx.sleep(delay).await?,
            Act::Wait => {
                let id = id * 100 + number as u64;
                let answer = ctx.wait::<Answer>().matching("id", id).asking(Ask { id });
                assert_eq!(answer.await?.id, id);
            }
            Act::WaitMeanwhile => meanwhile(&name, id * 100 + number as u64, ctx).await?,
            Act::WaitInVain => {
                let never = ctx.wait::<Answer>().matching("id", u64::MAX).within(delay);
                assert!(never.await.is_err());
            }
            Act::Send => ctx.send(Extra { id }).await?,
            Act::Both => both(&name, id, delay, ctx).await?,
            Act::Either => either(&name, delay, ctx).await?,
            Act::Retry if ctx.attempt() == 1 => return Err(StepError::new("once more")),
            Act::Retry => {}
            Act::Doom => return Err(StepError::fatal("doomed")),
        }
    }
    Ok(())
}

async fn both(
    name: &str,
    id: u64,
    delay: Duration,
    ctx: &Context<Counts>,
) -> Result<(), StepError> {
    let (left, right) = (ctx.branch(&format!("left {name}")), ctx.branch(&format!("right {name}")));
    let first = async {
        left.sleep(delay).await?;
        count(&left, "left", id).await
    };
    let second = async {
        count(&right, "right", id).await?;
        Ok(right.sleep(Duration::from_secs(3)).await?)
    };
    tokio::try_join!(first, second).map(drop)
}

async fn meanwhile(name: &str, id: u64, ctx: &Context<Counts>) -> Result<(), StepError> {
    let beside = ctx.branch(&format!("beside {name}"));
    let ask = async {
        // In a later attempt the answer is there already, if it was asked for before.
        let is_first = count(&beside, "asked", id).await? == 1;
        if is_first { Ok(beside.stream(Ask { id }).await?) } else { Ok(()) }
    };
    let answer = async { Ok::<_, StepError>(ctx.wait::<Answer>().matching("id", id).await?) };
    let (answer, ()) = tokio::try_join!(answer, ask)?;
    assert_eq!(answer.id, id);
    Ok(())
}

async fn either(name: &str, delay: Duration, ctx: &Context<Counts>) -> Result<(), StepError> {
    const OTHER: Duration = Duration::from_secs(2);
    let (left, right) = (ctx.branch(&format!("one {name}")), ctx.branch(&format!("other {name}")));
    let is_first = tokio::select! {
        slept = left.sleep(delay) => slept.map(|()| true)?,
        slept = right.sleep(OTHER) => slept.map(|()| false)?,
    };
    assert!(delay == OTHER || is_first == (delay < OTHER));
    Ok(())
}
