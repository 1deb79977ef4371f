//! What bodies do, made up from a number, and what must come of it.

use std::collections::BTreeSet;
use std::time::Duration;

use stepwell::{Context, ContextError, StepError};

use crate::random::Random;
use crate::workflows::{Answer, Ask, Ledger, Never, Note, Shown};
use crate::world::Process;

/// Something a body does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Once,
    Update,
    Undone,
    Send,
    Show,
    Ask,
    InVain(u64),
    Sleep(u64),
}

/// What a body does in each of its attempts, and where they fail.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    acts: Vec<Act>,
    failures: Vec<usize>,
}

/// How many attempts the steps make that perform scripts.
pub(crate) const ATTEMPTS: u32 = 3;

impl Script {
    /// Makes up what the n-th body of a run does.
    pub(crate) fn new(seed: u64, n: u64) -> Self {
        let random = &mut Random::new(seed.wrapping_mul(31).wrapping_add(n));
        let acts: Vec<_> = (0..1 + random.below(4)).map(|_| Self::act(random)).collect();
        let failures = [0, 0, 0, 1, 1, 2, 3];
        let failures = (0..random.of(&failures)).map(|_| random.below(acts.len() as u64));
        let failures = failures.map(|at| usize::try_from(at).expect("it is an index")).collect();
        Self { acts, failures }
    }

    fn act(random: &mut Random) -> Act {
        match random.below(10) {
            0 => Act::Once,
            1 | 2 => Act::Update,
            3 => Act::Undone,
            4 => Act::Send,
            5 => Act::Show,
            6 | 7 => Act::Ask,
            8 => Act::InVain(random.of(&[1, 40, 700])),
            _ => Act::Sleep(random.of(&[0, 3, 900, 2_500, 90_000])),
        }
    }

    /// Tells whether all attempts fail.
    pub(crate) fn fails(&self) -> bool {
        self.failures.len() >= ATTEMPTS as usize
    }

    /// Returns the marks that are in the ledger in the end.
    pub(crate) fn marks(&self, place: &str) -> BTreeSet<String> {
        let mut marks = BTreeSet::new();
        for attempt in 1..=ATTEMPTS {
            let failure = self.failures.get(attempt as usize - 1).copied();
            for (at, act) in self.acts.iter().enumerate() {
                let mark = format!("{place}.{attempt}.{at}");
                match act {
                    Act::Update => drop(marks.insert(mark)),
                    Act::Send => marks.extend([format!("{mark}/sent"), format!("{mark}/noted")]),
                    _ => {}
                }
                if failure == Some(at) {
                    break;
                }
            }
            if failure.is_none() {
                break;
            }
        }
        marks
    }

    /// Does it all.
    pub(crate) async fn perform(
        &self,
        process: &Process,
        ctx: &Context<Ledger>,
        place: &str,
        n: u64,
    ) -> Result<(), StepError> {
        let attempt = ctx.attempt();
        for (at, act) in self.acts.iter().enumerate() {
            process.alive().await;
            let number = n * 100 + at as u64;
            act.perform(process, ctx, &format!("{place}.{attempt}.{at}"), number).await?;
            if self.failures.get(attempt as usize - 1) == Some(&at) {
                return Err(StepError::new("as planned"));
            }
        }
        Ok(())
    }
}

impl Act {
    async fn perform(
        self,
        process: &Process,
        ctx: &Context<Ledger>,
        mark: &str,
        n: u64,
    ) -> Result<(), StepError> {
        let truth = &process.world.truth;
        let run = process.run(ctx);
        // What a call of an item came to outlasts the attempt.
        let lasting = format!("{run}/{}/{n}", ctx.step());
        match self {
            Act::Once => {
                let name = n.to_string();
                let once = ctx.once(&name, async || {
                    truth.lock().once_runs(&lasting);
                    process.alive().await;
                    Ok::<u64, StepError>(7 * n)
                });
                let value = once.await?;
                process.require(value == 7 * n, || format!("once {mark} is {value}"));
                truth.lock().once_recorded(lasting);
            }
            Act::Update => ctx.update(|ledger| ledger.add(mark)).await?,
            Act::Undone => {
                let undone = ctx.try_update(|ledger| {
                    ledger.add("undone");
                    Err::<(), u64>(n)
                });
                let refused = undone.await?;
                process.require(refused == Err(n), || format!("{mark}: {refused:?}"));
            }
            Act::Send => {
                ctx.send(Note { mark: mark.to_owned() }).await?;
                ctx.update(|ledger| ledger.add(&format!("{mark}/sent"))).await?;
            }
            Act::Show => ctx.stream(Shown { mark: mark.to_owned() }).await?,
            Act::Ask => {
                let answer = ctx.wait::<Answer>().matching("n", n).asking(Ask { n }).await?;
                process.require(answer.value == 10 * n, || format!("{mark}: {}", answer.value));
            }
            Act::InVain(millis) => {
                let now = process.world.now();
                truth.lock().sleep_begins(&lasting, now);
                let limit = Duration::from_millis(millis);
                let waited = ctx.wait::<Never>().key(&n.to_string()).within(limit).await;
                match waited {
                    Err(ContextError::TimedOut) => truth.lock().sleep_ends(&lasting, millis),
                    Err(error) => return Err(error.into()),
                    Ok(_) => process.require(false, || format!("{mark} was answered")),
                }
            }
            Act::Sleep(millis) => {
                let now = process.world.now();
                truth.lock().sleep_begins(&lasting, now);
                ctx.sleep(Duration::from_millis(millis)).await?;
                truth.lock().sleep_ends(&lasting, millis);
            }
        }
        Ok(())
    }
}
