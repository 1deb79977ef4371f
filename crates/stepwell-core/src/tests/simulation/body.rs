//! Bodies: what they do is decided by their work item, so that one that is run again does the
//! same, and is answered from what is recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::random::Random;
use super::world::EVENTS;
use crate::{
    Call, CallKey, CallKind, Collected, Event, Failure, Family, ItemId, Name, Outcome, Payload,
    Recorded, Remembered, RunState, Sent, Streamed, Tick, Updated, Wait,
};

/// A body in this process.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) item: ItemId,
    pub(super) attempt: u32,
    /// How many answers it was told of.
    pub(super) told: usize,
}

/// What a body does next.
pub(super) enum Next {
    Tick(Tick),
    /// It can do nothing until it is answered.
    Wait,
    /// All that is left is to return.
    End,
}

#[derive(Clone, Debug)]
enum Op {
    Send(&'static str),
    Update,
    Once {
        fails: bool,
    },
    Wait(Plan),
    Sleep(u64),
    Collect {
        buffer: &'static str,
        expected: Vec<&'static str>,
    },
    Stream(usize),
    /// Waits and sleeps, and gives up the one that is later.
    Race(Plan, u64),
    /// Waits twice at once, and does something in a third branch.
    Meanwhile(Plan, Plan),
}

#[derive(Clone, Debug)]
struct Plan {
    events: Vec<&'static str>,
    kind: Option<usize>,
    within: Option<u64>,
    asks: bool,
}

/// Makes events that can be told apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Mint(u64);

impl Mint {
    pub(super) fn event(&mut self, name: &str, kind: usize) -> Event {
        self.0 += 1;
        let family = match name {
            "Start" => Family::Start,
            "Stop" => Family::Stop,
            "Ask" => Family::Request,
            "Answer" => Family::Response,
            _ => Family::Plain,
        };
        Event::new(name, family, Payload::of(&json!({ "id": self.0, "kind": kind })))
    }
}

fn plan(random: &mut Random) -> Plan {
    Plan {
        events: random.some(&EVENTS, 1, 2),
        kind: random.once_in(2).then(|| random.below(3)),
        within: random.once_in(2).then(|| 100 + random.below(2000) as u64),
        asks: random.once_in(2),
    }
}

fn program(seed: u64, item: ItemId) -> Vec<Op> {
    let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(item.0));
    let ops = random.below(5);
    let op = |random: &mut Random| match random.below(12) {
        0 => Op::Send(random.pick(&EVENTS).unwrap()),
        1 | 2 => Op::Update,
        3 => Op::Once { fails: random.once_in(3) },
        4 | 5 => Op::Wait(plan(random)),
        6 => Op::Sleep(random.below(2000) as u64),
        7 => {
            let kinds = random.some(&["A", "B", "C"], 1, 2);
            let expected = (0..random.below(4)).map(|_| random.pick(&kinds).unwrap()).collect();
            Op::Collect { buffer: random.pick(&["left", "right"]).unwrap(), expected }
        }
        8 => Op::Stream(random.below(4)),
        9 | 10 => Op::Race(plan(random), random.below(2000) as u64),
        _ => Op::Meanwhile(plan(random), plan(random)),
    };
    (0..ops).map(|_| op(&mut random)).collect()
}

/// Goes through a program from its beginning, past all that is recorded.
struct Walk<'a> {
    body: &'a Body,
    recorded: &'a Recorded,
    run: &'a RunState,
    mint: &'a mut Mint,
    /// How many calls of each kind and name it has met.
    met: BTreeMap<(Name, CallKind, Name), u32>,
    streamed: usize,
    /// In a hurry nothing is sent any more.
    is_calm: bool,
}

/// How far a call is.
enum Progress {
    New,
    Open,
    /// Answered, after so many others.
    Answered(usize),
    GivenUp,
}

impl Body {
    pub(super) fn next(&self, seed: u64, run: &RunState, mint: &mut Mint, is_calm: bool) -> Next {
        let nothing = Recorded::new();
        let recorded = run.recorded(self.item).unwrap_or(&nothing);
        let met = BTreeMap::new();
        let mut walk = Walk { body: self, recorded, run, mint, met, streamed: 0, is_calm };
        for op in program(seed, self.item) {
            if let Some(next) = walk.pass(&op) {
                return next;
            }
        }
        Next::End
    }
}

impl Walk<'_> {
    /// Goes past an operation that is over; otherwise returns what is next.
    fn pass(&mut self, op: &Op) -> Option<Next> {
        match op {
            Op::Send(_) if self.is_calm => None,
            Op::Send(name) => {
                let call = self.call("", CallKind::Send, name);
                let is_new = matches!(self.progress(&call), Progress::New);
                is_new.then(|| self.send(call, name))
            }
            Op::Update => self.update(""),
            Op::Once { fails } => {
                let call = self.call("", CallKind::Once, if *fails { "fails" } else { "goes" });
                let answer = self.body.item.0;
                self.finish(&call, |call, _| {
                    let outcome = if *fails {
                        Err(Failure::new("Error", "once"))
                    } else {
                        Ok(Payload::of(&json!(answer)))
                    };
                    Tick::Remembered(Remembered { call, outcome })
                })
            }
            Op::Wait(plan) => self.wait("", plan),
            Op::Sleep(millis) => self.sleep("", *millis),
            Op::Collect { buffer, expected } => {
                let call = self.call("", CallKind::Collect, buffer);
                let name = expected.first().copied().unwrap_or("A");
                let expected = expected.iter().map(|name| Name::from(*name)).collect();
                let buffer = Name::from(*buffer);
                self.finish(&call, |call, mint| {
                    let event = mint.event(name, 0);
                    Tick::Collected(Collected { call, buffer, event, expected })
                })
            }
            Op::Stream(items) => self.stream(*items),
            Op::Race(plan, millis) => self.race(plan, *millis),
            Op::Meanwhile(one, other) => {
                let nexts = [self.wait("a", one), self.wait("b", other), self.update("c")];
                let mut open = nexts.into_iter().flatten().collect::<Vec<_>>();
                let doing = open.iter().position(|next| matches!(next, Next::Tick(_)));
                doing.map(|at| open.swap_remove(at)).or_else(|| open.pop())
            }
        }
    }

    fn race(&mut self, plan: &Plan, millis: u64) -> Option<Next> {
        let [wait, sleep] =
            [self.peek("a", CallKind::Wait, plan.events[0]), self.peek("b", CallKind::Sleep, "")];
        let nexts = [self.wait("a", plan), self.sleep("b", millis)];
        let order = |call: &Call| match self.progress(call) {
            Progress::Answered(at) => Some(at),
            _ => None,
        };
        let later = match (order(&wait), order(&sleep)) {
            (None, None) => {
                let mut nexts: Vec<Next> = nexts.into_iter().flatten().collect();
                let tick = nexts.iter().position(|next| matches!(next, Next::Tick(_)));
                return tick.map(|at| nexts.swap_remove(at)).or_else(|| nexts.pop());
            }
            (Some(waited), Some(slept)) if waited > slept => wait,
            (None, Some(_)) => wait,
            _ => sleep,
        };
        let dropped = Tick::CallDropped(later);
        self.run.expects(&dropped).then_some(Next::Tick(dropped))
    }

    /// Adds one to a number that nobody else adds to.
    fn update(&mut self, branch: &str) -> Option<Next> {
        let call = self.call(branch, CallKind::Update, "");
        let state = self.run.user_state();
        let name = format!("{}/{}.{branch}{}", call.item, call.attempt, call.key.nth);
        self.finish(&call, |call, _| {
            let mut new = state.as_object().cloned().unwrap_or_default();
            let count = new.get(&name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            new.insert(name, json!(count + 1));
            let patch = json_patch::diff(state, &new.into());
            Tick::Updated(Updated { call, patch, returned: Payload::of(&json!(count + 1)) })
        })
    }

    fn sleep(&mut self, branch: &str, millis: u64) -> Option<Next> {
        let call = self.call(branch, CallKind::Sleep, "");
        let delay = Duration::from_millis(millis);
        self.finish(&call, |call, _| Tick::SleepBegun { call, delay })
    }

    fn wait(&mut self, branch: &str, plan: &Plan) -> Option<Next> {
        let call = self.call(branch, CallKind::Wait, plan.events[0]);
        self.finish(&call, |call, mint| {
            Tick::WaitBegun(Wait {
                call,
                events: plan.events.iter().map(|name| Name::from(*name)).collect(),
                matching: plan
                    .kind
                    .map(|kind| ("kind".to_owned(), json!(kind)))
                    .into_iter()
                    .collect(),
                within: plan.within.map(Duration::from_millis),
                request: plan.asks.then(|| mint.event("Ask", 0)),
            })
        })
    }

    fn stream(&mut self, items: usize) -> Option<Next> {
        self.streamed += items;
        let (item, attempt) = (self.body.item, self.body.attempt);
        let nth = self.recorded.streamed().len();
        let missing = self.streamed.checked_sub(nth).filter(|missing| *missing > 0)?;
        let nth = u32::try_from(nth).unwrap();
        let digests = vec![7; missing];
        Some(Next::Tick(Tick::Streamed(Streamed { item, attempt, nth, digests, restarted: false })))
    }

    fn send(&mut self, call: Call, name: &str) -> Next {
        let kind = usize::try_from(call.item.0 % 3).unwrap();
        Next::Tick(Tick::Sent(Sent { call, event: self.mint.event(name, kind), target: None }))
    }

    /// Makes a call if it was not made, and waits for its answer.
    fn finish(&mut self, call: &Call, make: impl FnOnce(Call, &mut Mint) -> Tick) -> Option<Next> {
        match self.progress(call) {
            Progress::New => Some(Next::Tick(make(call.clone(), self.mint))),
            Progress::Open => Some(Next::Wait),
            Progress::Answered(_) | Progress::GivenUp => None,
        }
    }

    fn progress(&self, call: &Call) -> Progress {
        let answers = self.recorded.answers().iter().take(self.body.told).enumerate();
        let mut answers = answers.filter(|(_, answer)| answer.key == call.key);
        match answers.next() {
            Some((at, answer)) if answer.outcome != Outcome::Dropped => Progress::Answered(at),
            None if self.recorded.calls().iter().all(|begun| begun.key != call.key) => {
                Progress::New
            }
            _ if self.run.expects(&Tick::CallDropped(call.clone())) => Progress::Open,
            _ => Progress::GivenUp,
        }
    }

    /// The next call of this kind and name.
    fn call(&mut self, branch: &str, kind: CallKind, name: &str) -> Call {
        let call = self.peek(branch, kind, name);
        *self.met.entry((branch.into(), kind, name.into())).or_default() += 1;
        call
    }

    fn peek(&self, branch: &str, kind: CallKind, name: &str) -> Call {
        let (branch, name) = (Name::from(branch), Name::from(name));
        let met = self.met.get(&(branch.clone(), kind, name.clone()));
        let key = CallKey { nth: met.copied().unwrap_or(0), branch, kind, name };
        Call { item: self.body.item, attempt: self.body.attempt, key }
    }
}

/// Tells whether every number that bodies have counted in the state was counted once.
pub(super) fn is_counted_once(run: &RunState) -> bool {
    let mut counts = run.user_state().as_object().into_iter().flat_map(|counts| counts.values());
    counts.all(|count| *count == json!(1))
}
