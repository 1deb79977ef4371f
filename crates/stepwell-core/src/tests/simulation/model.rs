//! A run that random things happen to, and a simple model of what it must do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::super::{apply, crash, publishes};
use super::random::Random;
use crate::{
    Command, Definition, Definitions, Effect, Entry, Event, Execution, Failure, Family, InboxId,
    ItemId, Name, Output, Payload, Recorded, RunId, RunState, Sent, Started, StepChange,
    StepDefinition, StepPhase, StreamItem, Streamed, Tick, TimerId, Timestamp, Updated,
};

const STEPS: [&str; 4] = ["one", "two", "three", "four"];
const EVENTS: [&str; 5] = ["Start", "A", "B", "Ask", "Nobody"];
/// With more items than this, steps stop returning events.
const CROWD: usize = 40;

pub(super) struct Simulation {
    random: Random,
    /// Variants of one workflow.
    variants: Vec<Definition>,
    definitions: Definitions,
    run: RunState,
    journal: Vec<Entry>,
    told: Vec<Vec<Command>>,
    model: Model,
}

/// What the commands have said so far.
#[derive(Default)]
struct Model {
    /// How many items routing must have made.
    made: usize,
    /// How many of them have returned.
    returned: usize,
    /// The last item that each step began.
    begun: BTreeMap<Name, ItemId>,
    /// The bodies that run, and their steps.
    bodies: BTreeMap<ItemId, Name>,
    /// The same bodies in the order they were begun.
    order: Vec<ItemId>,
    /// Which workers are busy.
    workers: BTreeSet<(Name, u32)>,
    timers: BTreeMap<TimerId, Timestamp>,
    published: u64,
    ends: usize,
}

impl Simulation {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let steps = 1 + random.below(STEPS.len());
        let variants: Vec<Definition> = (0..3).map(|_| variant(&mut random, steps)).collect();
        let definitions = variants[1..]
            .iter()
            .cloned()
            .fold(Definitions::from(variants[0].clone()), Definitions::and_older);
        let run = RunState::new(definitions.clone());
        let mut simulation = Self {
            random,
            variants,
            definitions,
            run,
            journal: Vec::new(),
            told: Vec::new(),
            model: Model::default(),
        };
        let input = event("Start");
        let definition = simulation.definitions.newest();
        simulation.tell(Tick::Started(Started::new(RunId::new("r"), definition, input)));
        simulation
    }

    pub(super) fn has_ended(&self) -> bool {
        self.run.end().is_some()
    }

    pub(super) fn journal_len(&self) -> usize {
        self.journal.len()
    }

    /// Lets something random happen.
    pub(super) fn step(&mut self) {
        let due = self.model.timers.iter().map(|(timer, due)| (*timer, *due)).next();
        let tick = match (due, self.random.below(100)) {
            (Some((timer, due)), _) if due <= self.now() => Tick::Fired { timer, due },
            (_, 0..45) => self.result(),
            (_, 45..65) => self.effect(),
            (_, 65..75) => {
                let event = event(self.random.pick(&EVENTS).unwrap());
                Tick::Received { event, target: self.target() }
            }
            (_, 75..90) => Tick::Settled,
            (_, 90..94) => Tick::Resumed { epoch: 2 },
            (_, 94..97) => self.redefinition(),
            (_, 97) => Tick::Undelivered { rows: vec![InboxId(1)] },
            (_, 98) => Tick::Fired { timer: TimerId(1), due: Timestamp(7) },
            _ if self.random.once_in(8) => Tick::Cancelled,
            _ => return,
        };
        self.tell(tick);
    }

    /// Lets every body return nothing, until the run has ended.
    pub(super) fn drain(&mut self) {
        while let Some(item) = self.model.bodies.keys().next().copied() {
            self.tell(Tick::Returned { item, attempt: 1, output: Output::Nothing });
        }
        assert_eq!(self.run.items.len(), 0, "something is queued and nothing runs");
        self.tell(Tick::Settled);
        assert!(self.run.is_idle() || self.has_ended());
        self.tell(Tick::Cancelled);
        assert_eq!(self.model.ends, 1);
        assert_eq!(self.model.timers, BTreeMap::new(), "a timer outlives its run");
        for _ in 0..20 {
            self.step();
        }
    }

    pub(super) fn crash_somewhere(&mut self, times: usize) {
        for _ in 0..times {
            let after = self.random.below(self.journal.len() + 1);
            crash(&self.definitions, &self.journal, &self.told, after, &self.run);
        }
    }

    fn now(&self) -> Timestamp {
        self.journal.last().map_or(Timestamp(1), |entry| entry.at)
    }

    /// An item that runs; or sometimes one that may have ended, and an attempt that never was.
    fn item(&mut self) -> (ItemId, u32) {
        let running: Vec<ItemId> = self.model.bodies.keys().copied().collect();
        if self.random.once_in(15) || running.is_empty() {
            let any = ItemId(self.random.below(self.model.made + 2) as u64);
            return (any, 1 + u32::from(self.random.once_in(3)));
        }
        (self.random.pick(&running).unwrap(), 1)
    }

    fn target(&mut self) -> Option<Name> {
        if self.random.once_in(4) { self.random.pick(&STEPS).map(Name::from) } else { None }
    }

    fn result(&mut self) -> Tick {
        let (item, attempt) = self.item();
        if self.random.once_in(400) {
            let failure = Failure { kind: "Error".to_owned(), message: "no luck".to_owned() };
            return Tick::Failed { item, attempt, failure };
        }
        if self.random.once_in(300) {
            let output = Output::Events(vec![event("A"), event("Ask"), event("Stop")]);
            return Tick::Returned { item, attempt, output };
        }
        let width = if self.run.items.len() > CROWD { 0 } else { self.random.below(4) };
        let mut some = || event(self.random.pick(&EVENTS).unwrap());
        let output = match width {
            0 => Output::Nothing,
            1 => Output::Event(some()),
            _ => Output::Events((0..width).map(|_| some()).collect()),
        };
        Tick::Returned { item, attempt, output }
    }

    fn effect(&mut self) -> Tick {
        let (item, attempt) = self.item();
        let nothing = Recorded::default();
        let recorded = self.run.items.get(&item).map_or(&nothing, |item| &item.recorded);
        let effect = |nth: usize| Effect { item, attempt, nth: u32::try_from(nth).unwrap() };
        let (sent, updated) = (effect(recorded.sent.len()), effect(recorded.updated.len()));
        let streamed = recorded.streamed.len();
        match self.random.below(3) {
            0 => {
                let name = self.random.pick(&["A", "Nobody", "Stop"]).unwrap();
                Tick::Sent(Sent { effect: sent, event: event(name), target: self.target() })
            }
            1 => {
                let new = json!({ "a": self.random.below(9), "b": [self.random.below(9)] });
                let patch = json_patch::diff(self.run.user_state(), &new);
                Tick::Updated(Updated { effect: updated, patch, returned: Payload::of(&new) })
            }
            _ => {
                let restarted = self.random.once_in(4);
                let nth = if restarted { self.random.below(streamed + 1) } else { streamed };
                let digests = (0..self.random.below(4)).map(|_| 7).collect();
                Tick::Streamed(Streamed { effect: effect(nth), digests, restarted })
            }
        }
    }

    /// Another variant that has all steps with work.
    fn redefinition(&mut self) -> Tick {
        let fitting: Vec<Definition> =
            self.variants.iter().filter(|other| self.run.fits(other).is_ok()).cloned().collect();
        let definition = self.random.pick(&fitting).unwrap_or_else(|| self.variants[0].clone());
        Tick::Redefined { definition: definition.id() }
    }

    fn tell(&mut self, tick: Tick) {
        let later = self.random.below(3) as u64 * 100_000;
        let at = self.now().after(Duration::from_micros(later));
        let at = if matches!(tick, Tick::Fired { .. }) { self.now() } else { at };
        let entry = Entry { at, tick };
        let before = self.run.clone();
        let commands = apply(&mut self.run, &entry);
        if before.expects(&entry.tick) {
            let definition = self.run.definition().unwrap();
            self.model.check(&entry.tick, &commands, definition);
            if !self.has_ended() {
                assert_eq!(self.run.items.len(), self.model.made - self.model.returned);
            }
        } else {
            assert_eq!((&commands[..], &self.run), (&[][..], &before), "{entry:?}");
        }
        assert_eq!(self.run.next_sequence(), self.model.published, "{entry:?}");
        self.journal.push(entry);
        self.told.push(commands);
    }
}

impl Model {
    /// Checks what an expected tick led to.
    fn check(&mut self, tick: &Tick, commands: &[Command], definition: &Definition) {
        let is_note = matches!(tick, Tick::Undelivered { .. });
        assert_eq!(self.ends, usize::from(is_note), "something happened after the end");
        self.count_items(tick, definition);
        let mut rerun: Vec<ItemId> = Vec::new();
        for command in commands {
            self.published += publishes(command);
            match command {
                Command::Publish(StreamItem::Step(change)) => self.check_worker(change),
                Command::RunStep(execution) if matches!(tick, Tick::Resumed { .. }) => {
                    assert_eq!(self.bodies.get(&execution.item), Some(&execution.step));
                    rerun.push(execution.item);
                }
                Command::RunStep(execution) => self.begin(execution, definition),
                Command::SetTimer { timer, due } => {
                    self.timers.insert(*timer, *due);
                }
                Command::ClearTimer { timer } => {
                    self.timers.remove(timer);
                }
                Command::EndRun(end) => {
                    self.ends += 1;
                    assert_eq!(commands.last(), Some(command));
                    let terminal = Command::Publish(StreamItem::Event(end.event().clone()));
                    assert_eq!(commands.iter().filter(|other| **other == terminal).count(), 1);
                    self.bodies.clear();
                    self.workers.clear();
                }
                Command::Publish(_) | Command::PublishStreamed { .. } => {}
            }
        }
        if matches!(tick, Tick::Resumed { .. }) {
            assert_eq!(rerun, self.order, "a resume runs every body once, in order");
        }
        assert!(self.timers.len() <= 1, "there is one timeout");
    }

    /// Counts the items that routing makes of a tick, and the one that it ends.
    fn count_items(&mut self, tick: &Tick, definition: &Definition) {
        let (events, target) = match tick {
            Tick::Started(started) => (std::slice::from_ref(&started.input), None),
            Tick::Received { event, target } | Tick::Sent(Sent { event, target, .. }) => {
                (std::slice::from_ref(event), target.as_ref())
            }
            Tick::Returned { output, .. } => (output.events(), None),
            _ => (&[][..], None),
        };
        let ends = matches!(tick, Tick::Returned { .. })
            && events.iter().any(|event| event.family == Family::Stop);
        if let Tick::Fired { timer, .. } = tick {
            self.timers.remove(timer);
        }
        if let Tick::Returned { item, .. } | Tick::Failed { item, .. } = tick {
            self.bodies.remove(item).expect("a body that runs");
            self.order.retain(|other| other != item);
            self.returned += 1;
        }
        for event in events.iter().filter(|_| !ends) {
            let takes = |step: &&StepDefinition| {
                step.accepts.contains(&event.name) && target.is_none_or(|to| *to == step.name)
            };
            self.made += definition.steps.iter().filter(takes).count();
        }
    }

    fn begin(&mut self, execution: &Execution, definition: &Definition) {
        let Execution { item, attempt, step, recorded, .. } = execution;
        assert_eq!((*attempt, recorded.is_empty()), (1, true));
        let last = self.begun.insert(step.clone(), *item);
        assert!(last < Some(*item), "{step} overtakes its queue");
        assert!(self.bodies.insert(*item, step.clone()).is_none(), "{item} runs twice");
        self.order.push(*item);
        let limit = definition.steps.iter().find(|other| other.name == *step).unwrap().workers;
        let running = self.bodies.values().filter(|other| *other == step).count();
        assert!(running <= limit as usize, "{step} exceeds its limit");
    }

    fn check_worker(&mut self, change: &StepChange) {
        let StepChange { step, phase, worker, .. } = change;
        match (phase, worker) {
            (StepPhase::Queued, worker) => assert_eq!(*worker, None),
            (StepPhase::Running, Some(worker)) => {
                let mut lower = (0..*worker).map(|lower| (step.clone(), lower));
                assert!(lower.all(|lower| self.workers.contains(&lower)), "a lower one is free");
                assert!(self.workers.insert((step.clone(), *worker)), "{step}.{worker} is busy");
            }
            (StepPhase::Returned | StepPhase::Failed, Some(worker)) => {
                assert!(self.workers.remove(&(step.clone(), *worker)), "{step}.{worker} is free");
            }
            _ => panic!("a body without a worker: {change:?}"),
        }
    }
}

/// A workflow with these steps in a random order, random limits and random taste.
fn variant(random: &mut Random, steps: usize) -> Definition {
    let mut names = STEPS[..steps].to_vec();
    let mut definition = Definition::new("Random");
    definition.timeout = random.once_in(3).then(|| Duration::from_secs(10));
    while !names.is_empty() {
        let name = names.swap_remove(random.below(names.len()));
        let accepts = EVENTS[..4].iter().filter(|_| random.once_in(2)).map(|event| (*event).into());
        let accepts = accepts.collect();
        let workers = 1 + u32::try_from(random.below(3)).unwrap();
        definition.steps.push(StepDefinition { name: name.into(), accepts, workers });
        if names.len() == 1 && random.once_in(4) {
            // Lacks a step that other variants have.
            break;
        }
    }
    definition
}

fn event(name: &str) -> Event {
    let family = match name {
        "Start" => Family::Start,
        "Stop" => Family::Stop,
        "Ask" => Family::Request,
        _ => Family::Plain,
    };
    Event::new(name, family, Payload::object())
}
