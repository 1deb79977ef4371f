//! What outlives a crash: the store, the time, and what is written. Whatever is asked for is asked
//! for again in the next life, until there is an answer.

use std::sync::Arc;
use std::time::Duration;

use stepwell_core::Timestamp;

use super::builder::Plan;
use super::life::{Driven, Life, Verdict};
use super::log::Log;
use super::rest::{self, Rest};
use crate::Engine;
use crate::engine::EngineError;

/// When the first life begins: 2026-01-01, a Thursday.
const BEGIN: Timestamp = Timestamp(1_767_225_600_000_000);

/// For how long after a write the engine may look again what became of it, because the store did
/// not answer.
const SECOND_LOOKS: Duration = Duration::from_secs(1);

/// How far time goes on at once meanwhile.
const SECOND_LOOK: Duration = Duration::from_millis(100);

/// The process that is played, through all its lives.
#[derive(Debug)]
pub(super) struct World {
    plan: Plan,
    pub(super) log: Arc<Log>,
    life: Option<(Life, Engine)>,
    /// When the last life ended.
    at: Timestamp,
}

/// Why there is no answer, for people.
#[derive(Clone, Debug)]
pub(super) struct Trouble(pub(super) String);

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self(error.to_string())
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Something of the run, whatever time it takes.
    News,
    /// That the run does nothing but wait.
    Rest,
}

impl World {
    pub(super) fn new(plan: Plan) -> Self {
        let log = Arc::new(Log::new(plan.crash_at, plan.max_writes));
        Self { plan, log, life: None, at: BEGIN }
    }

    /// Opens an engine if there is none, so that runs go on.
    pub(super) fn open(&mut self) -> Result<(), Trouble> {
        self.life().map(|_| ())
    }

    /// Ends the present life where it stands; the next one begins so much later.
    pub(super) fn crash(&mut self, downtime: Duration) {
        if let Some((life, engine)) = self.life.take() {
            self.at = life.now();
            drop(engine);
            life.crash();
        }
        self.at = self.at.after(downtime);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.life.as_ref().map_or(self.at, |(life, _)| life.now())
    }

    /// Returns the runs that were set aside, and why.
    pub(super) fn set_aside(&self) -> Vec<String> {
        let parked = self.life.as_ref().map(|(_, engine)| engine.parked());
        parked.unwrap_or_default().into_values().collect()
    }

    fn life(&mut self) -> Result<&(Life, Engine), Trouble> {
        let life = match self.life.take() {
            Some(life) => life,
            None => self.begin()?,
        };
        Ok(self.life.insert(life))
    }

    fn begin(&self) -> Result<(Life, Engine), Trouble> {
        let no = |why: String| Trouble(format!("the engine cannot be opened: {why}"));
        let life = Life::begin(&self.plan, &self.log, self.at);
        let life = life.map_err(|error| no(error.to_string()))?;
        match life.open(&self.plan) {
            Driven::Done(opened) => opened.map(|engine| (life, engine)).map_err(no),
            Driven::Flooded => Err(Trouble(self.log.flood())),
            _ => Err(no("the store does not answer".to_owned())),
        }
    }

    /// Asks the engine for something that it does at once. It is asked again after a crash, and
    /// told so.
    pub(super) fn ask<T>(
        &mut self,
        mut ask: impl AsyncFnMut(&Engine, bool) -> Result<T, EngineError>,
    ) -> Result<T, Trouble> {
        let mut is_again = false;
        loop {
            let patience = self.plan.patience;
            let (life, engine) = self.life()?;
            let verdict = async |waited| {
                if waited < patience { Verdict::Step } else { Verdict::Break(()) }
            };
            match life.drive(ask(engine, is_again), verdict) {
                Driven::Done(answer) => return Ok(answer?),
                Driven::Broken(()) => {
                    return Err(Trouble(format!("nothing came of it in {patience:?}")));
                }
                Driven::Crashed => self.crash(Duration::ZERO),
                Driven::Flooded => return Err(Trouble(self.log.flood())),
                Driven::Stopped => return Err(stopped()),
            }
            is_again = true;
        }
    }

    /// Waits for something of a run; time goes on when nothing else does. Returns nothing if the
    /// run rests and that was waited for.
    pub(super) fn wait<T>(
        &mut self,
        handler: &str,
        awaited: Awaited,
        mut wait: impl AsyncFnMut(&Engine) -> Result<T, EngineError>,
    ) -> Result<Option<T>, Trouble> {
        let log = Arc::clone(&self.log);
        let Plan { is_held, patience, .. } = self.plan;
        loop {
            let (life, engine) = self.life()?;
            let (mut seen, mut passing) = (Seen::default(), Seen::default());
            let verdict = async |waited| {
                let now = life.now();
                let look = async || rest::look(engine, handler, now).await;
                let (rest, is_settled) = match seen.look(engine, &log, now, look).await {
                    Ok(seen) => seen,
                    Err(error) => return give_up(error.to_string()),
                };
                match rest {
                    Rest::Ended | Rest::Waits(_) | Rest::Stalled if awaited == Awaited::Rest => {
                        Verdict::Break(Ok(()))
                    }
                    Rest::Busy | Rest::Ended if waited > patience => {
                        let reason = rest.reason(now);
                        give_up(format!(
                            "{handler} {reason}, and nothing came of it in {patience:?}"
                        ))
                    }
                    Rest::Busy if is_held => Verdict::Pause,
                    Rest::Busy | Rest::Ended => Verdict::Step,
                    Rest::Waits(Some(_)) if !is_held => {
                        pass(life, engine, &log, None, &mut passing).await
                    }
                    Rest::Waits(None) | Rest::Stalled if !is_held && !is_settled => {
                        Verdict::Jump(SECOND_LOOK)
                    }
                    Rest::Waits(_) | Rest::Stalled | Rest::SetAside(_) => {
                        give_up(format!("{handler} {}", rest.reason(now)))
                    }
                }
            };
            match life.drive(wait(engine), verdict) {
                Driven::Done(answer) => return Ok(Some(answer?)),
                Driven::Broken(rests) => return rests.map(|()| None),
                Driven::Crashed => self.crash(Duration::ZERO),
                Driven::Flooded => return Err(Trouble(self.log.flood())),
                Driven::Stopped => return Err(stopped()),
            }
        }
    }

    /// Lets time pass, and everything happen that comes due meanwhile.
    pub(super) fn advance(&mut self, by: Duration) -> Result<(), Trouble> {
        let log = Arc::clone(&self.log);
        let until = self.now().after(by);
        loop {
            let (life, engine) = self.life()?;
            let mut seen = Seen::default();
            let left = until.since(life.now());
            let verdict = async |_| pass::<()>(life, engine, &log, Some(until), &mut seen).await;
            let passed = match life.drive(async { tokio::time::sleep(left).await }, verdict) {
                // What has come due at the end is done too.
                Driven::Done(()) => {
                    life.drive(std::future::pending::<()>(), async |_| Verdict::Break(()))
                }
                other => other,
            };
            match passed {
                Driven::Crashed => self.crash(Duration::ZERO),
                Driven::Flooded => return Err(Trouble(self.log.flood())),
                Driven::Stopped => return Err(stopped()),
                Driven::Done(()) | Driven::Broken(()) => return Ok(()),
            }
        }
    }
}

/// Something about the runs that changes only when something is written.
struct Seen<T>(Option<Then<T>>);

struct Then<T> {
    writes: usize,
    set_aside: usize,
    /// Since when nothing has changed.
    since: Timestamp,
    value: T,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Seen<T> {
    /// Returns it, and whether it is settled: the engine will not look again by itself.
    async fn look(
        &mut self,
        engine: &Engine,
        log: &Log,
        now: Timestamp,
        look: impl AsyncFnOnce() -> Result<T, EngineError>,
    ) -> Result<(T, bool), EngineError> {
        let (writes, set_aside) = (log.len(), engine.parked().len());
        if let Some(then) = &self.0
            && (then.writes, then.set_aside) == (writes, set_aside)
        {
            return Ok((then.value.clone(), now.since(then.since) >= SECOND_LOOKS));
        }
        let value = look().await?;
        self.0 = Some(Then { writes, set_aside, since: now, value: value.clone() });
        Ok((value, false))
    }
}

/// Lets time go on: at once to the next timer if all runs do nothing but wait, else step by step.
async fn pass<B>(
    life: &Life,
    engine: &Engine,
    log: &Log,
    until: Option<Timestamp>,
    all_wait: &mut Seen<bool>,
) -> Verdict<B> {
    let now = life.now();
    let look = async || rest::all_wait(engine).await;
    // A store that fails now and then is asked again.
    let Ok((true, is_settled)) = all_wait.look(engine, log, now, look).await else {
        return Verdict::Step;
    };
    match rest::gap(engine, now, until).await {
        Ok(Some(gap)) if is_settled => Verdict::Jump(gap),
        Ok(Some(gap)) => Verdict::Jump(gap.min(SECOND_LOOK)),
        Ok(None) | Err(_) => Verdict::Step,
    }
}

fn give_up<T>(why: String) -> Verdict<Result<T, Trouble>> {
    Verdict::Break(Err(Trouble(why)))
}

fn stopped() -> Trouble {
    Trouble("the test kit was dropped".to_owned())
}
