//! What a random body does.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all, select_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use stepwell::{Context, Event, StepError};

use crate::lives::{Answer, Ask, Note};

/// Something a body does. Numbers tell what it does from everything else it does.
#[derive(Debug)]
pub(crate) enum Act {
    Once(u64),
    Update(u64),
    /// An update that is undone.
    Undone(u64),
    Send(u64),
    Publish(u64),
    Ask(u64),
    /// Waits for an event that never comes, for a moment.
    InVain(u64),
    Sleep(u64),
    Collect(u64),
    /// Makes calls and gives them up before their answers come.
    Abandon(u64),
    Sequence(Vec<Arc<Act>>),
    /// At the same time.
    Join(u64, How, Vec<Arc<Act>>),
    /// The first against others that never end.
    Race(u64, Arc<Act>, Vec<Endless>),
}

/// How things are done at the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Together,
    Unordered,
    Spawned,
}

/// What never ends by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endless {
    Wait,
    /// For what somebody else waits as well.
    WaitForAny,
    Sleep,
    Once,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sums {
    pub(crate) updated: u64,
    pub(crate) sent: u64,
    pub(crate) noted: u64,
    pub(crate) notes: u64,
}

#[derive(Event)]
pub(crate) struct Never {}

#[derive(Event)]
struct Published {
    n: u64,
    attempt: u32,
}

/// The SplitMix64 generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// Makes up what a body does.
pub(crate) struct Acts {
    last: u64,
    /// Whether it does something in tasks. Then it publishes nothing: in which order tasks come to
    /// that is up to the runtime, and another order is told to readers.
    tasks: bool,
}

impl Acts {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self { last: 0, tasks: random.below(2) == 0 }
    }

    pub(crate) fn act(&mut self, random: &mut Random, depth: usize) -> Arc<Act> {
        self.last += 1;
        let n = self.last;
        let kinds = if depth == 0 { 10 } else { 14 };
        Arc::new(match random.below(kinds) {
            0 => Act::Once(n),
            1 => Act::Update(n),
            2 => Act::Undone(n),
            3 => Act::Send(n),
            4 if self.tasks => Act::Update(n),
            4 => Act::Publish(n),
            5 => Act::Ask(n),
            6 => Act::InVain(n),
            7 => Act::Sleep(random.below(10) as u64),
            8 => Act::Collect(n),
            9 => Act::Abandon(n),
            10 => Act::Sequence(self.some(random, 1, depth)),
            11 | 12 => {
                let how = match random.below(3) {
                    0 if self.tasks => How::Spawned,
                    1 => How::Unordered,
                    _ => How::Together,
                };
                Act::Join(n, how, self.some(random, 2, depth))
            }
            _ => {
                let all = [Endless::Wait, Endless::WaitForAny, Endless::Sleep, Endless::Once];
                let count = 1 + random.below(3);
                let endless = (0..count).map(|_| all[random.below(4)]).collect();
                Act::Race(n, self.act(random, depth - 1), endless)
            }
        })
    }

    fn some(&mut self, random: &mut Random, least: usize, depth: usize) -> Vec<Arc<Act>> {
        let count = least + random.below(3);
        (0..count).map(|_| self.act(random, depth - 1)).collect()
    }
}

/// Does something, and returns a number that says what came of it.
pub(crate) fn perform(
    act: Arc<Act>,
    ctx: Context<Sums>,
) -> BoxFuture<'static, Result<u64, StepError>> {
    async move {
        let attempt = ctx.attempt();
        match &*act {
            Act::Once(n) => {
                let value: u64 =
                    ctx.once(&n.to_string(), async || Ok::<_, StepError>(7 * n)).await?;
                Ok(value)
            }
            Act::Update(n) => Ok(ctx
                .update(|sums| {
                    sums.updated += n;
                    3 * n
                })
                .await?),
            Act::Undone(n) => {
                let undone = ctx.try_update(|sums| {
                    sums.updated += 1_000_000;
                    Err::<(), u64>(*n)
                });
                Ok(undone.await?.unwrap_err())
            }
            Act::Send(n) => {
                ctx.send(Note { n: *n }).await?;
                ctx.update(|sums| sums.sent += 1).await?;
                Ok(*n)
            }
            Act::Publish(n) => {
                ctx.stream(Published { n: *n, attempt }).await?;
                Ok(*n)
            }
            Act::Ask(n) => {
                Ok(ctx.wait::<Answer>().matching("n", n).asking(Ask { n: *n }).await?.value)
            }
            Act::InVain(n) => {
                let wait = ctx.wait::<Never>().key(&n.to_string());
                Ok(u64::from(wait.within(Duration::from_millis(n % 7)).await.is_err()))
            }
            Act::Sleep(millis) => {
                ctx.sleep(Duration::from_millis(*millis)).await?;
                Ok(1)
            }
            Act::Collect(n) => {
                let buffer = n.to_string();
                let pair = ["Note", "Note"];
                let one = ctx.collect::<Note>(&buffer, Note { n: *n }, &pair).await?;
                let two = ctx.collect::<Note>(&buffer, Note { n: n + 1 }, &pair).await?;
                assert!(one.is_none(), "a set is complete before its time");
                Ok(two.map_or(0, |set| set.iter().map(|note| note.n).sum()))
            }
            Act::Abandon(n) => abandon(&ctx, *n).await,
            Act::Sequence(acts) => {
                let mut sum = 0_u64;
                for act in acts {
                    let value = perform(Arc::clone(act), ctx.clone()).await?;
                    sum = sum.wrapping_mul(31).wrapping_add(value);
                }
                Ok(sum)
            }
            Act::Join(n, how, acts) => join(&ctx, *n, *how, acts).await,
            Act::Race(n, act, endless) => race(&ctx, *n, act, endless).await,
        }
    }
    .boxed()
}

/// The set that nobody took is there for the next call. Whether an update that is given up counts
/// depends on whether it had to wait for others.
async fn abandon(ctx: &Context<Sums>, n: u64) -> Result<u64, StepError> {
    let (buffer, pair) = (n.to_string(), ["Note", "Note"]);
    let collect = |n| ctx.collect::<Note>(&buffer, Note { n }, &pair);
    collect(n).await?;
    let _ = collect(n + 1).now_or_never();
    let _ = ctx.update(|_| ()).now_or_never();
    let _ = ctx.wait::<Answer>().matching("value", 7).into_future().now_or_never();
    let set = collect(n + 2).await?.unwrap_or_default();
    let sum = set.iter().map(|note| note.n).sum();
    if sum == 2 * n + 1 { Ok(sum) } else { Err(StepError::new("a set was lost")) }
}

fn branches<'a>(
    ctx: &'a Context<Sums>,
    n: u64,
    acts: &'a [Arc<Act>],
) -> impl Iterator<Item = BoxFuture<'static, Result<u64, StepError>>> + 'a {
    let branch = move |at: usize| ctx.branch(&format!("{n}.{at}"));
    acts.iter().enumerate().map(move |(at, act)| perform(Arc::clone(act), branch(at)))
}

async fn join(ctx: &Context<Sums>, n: u64, how: How, acts: &[Arc<Act>]) -> Result<u64, StepError> {
    let all = branches(ctx, n, acts);
    let values: Vec<Result<u64, StepError>> = match how {
        How::Together => join_all(all).await,
        How::Unordered => all.collect::<FuturesUnordered<_>>().collect().await,
        How::Spawned => {
            let tasks: Vec<_> = all.map(tokio::spawn).collect();
            join_all(tasks).await.into_iter().map(|joined| joined?).collect()
        }
    };
    values.into_iter().try_fold(0, |sum: u64, value| Ok(sum.wrapping_add(value?)))
}

async fn race(
    ctx: &Context<Sums>,
    n: u64,
    act: &Arc<Act>,
    endless: &[Endless],
) -> Result<u64, StepError> {
    let mut all: Vec<_> = branches(ctx, n, std::slice::from_ref(act)).collect();
    for (at, endless) in endless.iter().enumerate() {
        let ctx = ctx.branch(&format!("{n}.{}", at + 1));
        let endless = *endless;
        all.push(async move { never(endless, &ctx).await }.boxed());
    }
    select_all(all).await.0
}

async fn never(endless: Endless, ctx: &Context<Sums>) -> Result<u64, StepError> {
    match endless {
        Endless::Wait => {
            ctx.wait::<Never>().await?;
        }
        Endless::WaitForAny => {
            ctx.wait::<Answer>().matching("value", 7).await?;
        }
        Endless::Sleep => ctx.sleep(Duration::from_secs(1_000_000)).await?,
        Endless::Once => {
            ctx.once("never", std::future::pending::<Result<(), StepError>>).await?;
        }
    }
    Err(StepError::new("what never ends has ended"))
}
