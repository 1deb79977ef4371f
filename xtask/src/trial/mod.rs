//! Trials: each does one thing to a real server that others have been seen not to survive, and
//! says what must hold.
//!
//! ```text
//!   trial ──start, signals, clock, disk──▶ server (this program) ──▶ SQLite, side effects
//!     │                                          ▲
//!     ├── caller: what was acknowledged ─────────┤
//!     ├── watch: what two readers saw ───────────┘
//!     └──▶ findings: counts of what was done, and of every promise that was not kept
//! ```
//!
//! What random load does over a long time is not here: that is the storm's, in `chaos`.

mod boundaries;
mod caller;
mod chain;
mod clock;
mod disks;
mod dying;
mod fan;
pub(crate) mod findings;
mod posts;
mod serve;
mod site;
mod waits;
mod watch;
mod workflows;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};

use crate::random::Random;
use dying::Fault;
use findings::{Findings, Kind};
use site::Site;

pub(crate) use serve::{ServerArguments, serve};

/// How many trials go on at once: they mostly wait.
const AT_ONCE: usize = 4;

type Act = for<'a> fn(&'a mut Site, &'a mut Random) -> BoxFuture<'a, Result<()>>;

/// One trial.
#[derive(Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) name: &'static str,
    /// What must hold.
    pub(crate) holds: &'static str,
    act: Act,
}

/// Every trial there is.
pub(crate) const TRIALS: [Trial; 15] = [
    Trial {
        name: "boundaries",
        holds: "the process dies before and after each write of a run: input, end and counts hold",
        act: |site, random| Box::pin(boundaries::all(site, random)),
    },
    Trial {
        name: "young-runs",
        holds: "runs that were just started go on at once after a kill",
        act: |site, random| Box::pin(chain::young(site, random)),
    },
    Trial {
        name: "steps",
        holds: "31 steps over 4 kills: none lost, counted once, published once",
        act: |site, random| Box::pin(chain::steps(site, random)),
    },
    Trial {
        name: "fan-outs",
        holds: "members over 3 kills: all counted once, repeated at most where workers were",
        act: |site, random| Box::pin(fan::out(site, random)),
    },
    Trial {
        name: "waits",
        holds: "answers, wait timeouts, retry delays, sleeps and cancels survive kills",
        act: |site, random| Box::pin(waits::killed(site, random)),
    },
    Trial {
        name: "evicted-waits",
        holds: "the same without a kill, for runs that are not in memory",
        act: |site, random| Box::pin(waits::evicted(site, random)),
    },
    Trial {
        name: "events",
        holds: "8 clients post: what was acknowledged before a kill is counted once",
        act: |site, random| Box::pin(posts::events(site, random)),
    },
    Trial {
        name: "undeclared-requests",
        holds: "a wait that asks with an event no step names is answered after a kill",
        act: |site, random| Box::pin(waits::undeclared(site, random)),
    },
    Trial {
        name: "second-server",
        holds: "a second server on the same file refuses, and every step runs once",
        act: |site, random| Box::pin(chain::twice(site, random)),
    },
    Trial {
        name: "pauses",
        holds: "SIGSTOP and SIGCONT: nothing is lost or done twice, nobody takes the file",
        act: |site, random| Box::pin(chain::paused(site, random)),
    },
    Trial {
        name: "kill-in-shutdown",
        holds: "SIGTERM and then SIGKILL lose no more than SIGKILL",
        act: |site, random| Box::pin(chain::farewell(site, random)),
    },
    Trial {
        name: "kill-in-first-start",
        holds: "killed while it makes its file, a server starts all the same",
        act: |site, random| Box::pin(chain::birth(site, random)),
    },
    Trial {
        name: "disk-full",
        holds: "nothing acknowledged is lost, and all goes on when there is room",
        act: |site, random| Box::pin(disks::full(site, random)),
    },
    Trial {
        name: "file-limit",
        holds: "the same where a limit on files is reached",
        act: |site, random| Box::pin(disks::limited(site, random)),
    },
    Trial {
        name: "read-only",
        holds: "a server that cannot write says so and ends",
        act: |site, random| Box::pin(disks::readonly(site, random)),
    },
];

/// The trial that takes longest, as the engine looks for timers only every half a minute.
pub(crate) const CLOCKS: Trial = Trial {
    name: "clock-jumps",
    holds: "the clock jumps hours forwards and backwards: timers fire once, none is lost",
    act: |site, random| Box::pin(waits::clocks(site, random)),
};

/// Returns the trials of these names; all, if there are none.
pub(crate) fn named(names: &[String]) -> Result<Vec<Trial>> {
    let all: Vec<Trial> = std::iter::once(CLOCKS).chain(TRIALS).collect();
    for name in names {
        let known: Vec<&str> = all.iter().map(|trial| trial.name).collect();
        let is_known = known.contains(&name.as_str());
        anyhow::ensure!(is_known, "there is no trial {name}; there are {}", known.join(", "));
    }
    let is_wanted = |trial: &Trial| names.is_empty() || names.iter().any(|it| it == trial.name);
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// Makes the trials, a few at once.
pub(crate) async fn run(trials: Vec<Trial>, random: &mut Random, findings: &Arc<Findings>) {
    let trials: Vec<(Trial, Random)> = trials.into_iter().map(|it| (it, random.fork())).collect();
    stream::iter(trials)
        .for_each_concurrent(AT_ONCE, |(trial, random)| one(trial, random, findings))
        .await;
}

/// A fault that is put in on purpose, the trial that has to find it, and as what.
const FAULTS: [(Fault, &str, &[Kind]); 4] = [
    (Fault::LosesEvents, "events", &[Kind::EventLost]),
    (Fault::ForgetsTimers, "waits", &[Kind::TimerLost]),
    // Whether a number comes again with something else or without it is chance.
    (Fault::AnswersEarly, "steps", &[Kind::SequenceChanged, Kind::SequenceMissing]),
    (Fault::LosesEnds, "steps", &[Kind::EndMissing]),
];

/// Checks that the trials find faults that are put in on purpose.
pub(crate) async fn prove(random: &mut Random, findings: &Arc<Findings>) {
    let faults = FAULTS.map(|fault| (fault, random.fork()));
    stream::iter(faults)
        .for_each_concurrent(AT_ONCE, |((fault, trial, expected), mut random)| async move {
            let found = Arc::new(Findings::of(fault));
            let trials = TRIALS.iter().filter(|it| it.name == trial).copied().collect();
            run(trials, &mut random, &found).await;
            findings.done("faults put in on purpose", 1);
            let kinds = found.kinds();
            if !expected.iter().any(|kind| kinds.contains(kind)) {
                let what = format!("{trial} found {kinds:?} of {fault:?}, and not {expected:?}");
                findings.broken(Kind::Other, "the harness", what);
            }
        })
        .await;
}

async fn one(trial: Trial, mut random: Random, findings: &Arc<Findings>) {
    let begin = Instant::now();
    let before = findings.faults();
    let outcome = async {
        let mut site = Site::new(trial.name, findings, &mut random).await?;
        (trial.act)(&mut site, &mut random).await
    };
    if let Err(error) = outcome.await {
        findings.broken(Kind::Other, trial.name, format!("{error:#}"));
    }
    findings.done("trials", 1);
    let took = begin.elapsed().as_secs_f64();
    if findings.fault.is_some() {
        return;
    }
    let verdict = if findings.faults() == before { "" } else { " (something is wrong)" };
    println!("{:<20} {took:>5.1} s{verdict}  {}", trial.name, trial.holds);
}
