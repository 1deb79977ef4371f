//! A run that random things happen to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{apply, crash, invariants, reread};
use super::body::{Body, Mint, Next, is_counted_once};
use super::oracle::Oracle;
use super::random::Random;
use super::watch::Watch;
use super::world::{EVENTS, World};
use crate::state::Stage;
use crate::{
    Call, CallKey, CallKind, Command, Definition, Entry, Failure, InboxId, ItemId, Name, Output,
    Recorded, RunId, RunState, Started, StepDefinition, Streamed, Tick, TimerId, Timestamp,
    Trigger,
};

/// With more items than this, steps stop returning events.
const CROWD: usize = 25;

/// Every so many-th seed is written down and read back before each tick: that takes ten times as
/// long as the tick.
const REREAD: u64 = 20;

pub(super) struct Simulation {
    seed: u64,
    random: Random,
    world: World,
    pub(super) run: RunState,
    pub(super) oracle: Oracle,
    watch: Watch,
    bodies: BTreeMap<ItemId, Body>,
    mint: Mint,
    journal: Vec<Entry>,
    told: Vec<Vec<Command>>,
    /// Bodies that end return nothing any more, and send nothing.
    is_calm: bool,
    /// What happens has happened and was compared before.
    is_known: bool,
}

impl Simulation {
    /// Makes a run that has not begun.
    fn idle(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let world = World::new(&mut random);
        let run = RunState::new(world.definitions.clone());
        let oracle = Oracle::new(world.definitions.clone());
        Self {
            seed,
            random,
            world,
            run,
            oracle,
            watch: Watch::default(),
            bodies: BTreeMap::new(),
            mint: Mint::default(),
            journal: Vec::new(),
            told: Vec::new(),
            is_calm: false,
            is_known: false,
        }
    }

    pub(super) fn new(seed: u64) -> Self {
        let mut simulation = Self::idle(seed);
        let input = simulation.mint.event("Start", 0);
        let definition = simulation.world.definitions.newest();
        simulation.tell(Tick::Started(Started::new(RunId::new("r"), definition, input)));
        simulation
    }

    /// Makes the run that is left of this one if its process dies somewhere in between, and that
    /// another process takes up.
    pub(super) fn cut_somewhere(&mut self) -> Self {
        let after = 1 + self.random.below(self.journal.len());
        let mut simulation = Self::idle(self.seed);
        simulation.is_known = true;
        for entry in &self.journal[..after] {
            simulation.tell_at(entry.clone());
        }
        simulation.is_known = false;
        simulation.random = Random::new(self.seed ^ after as u64);
        simulation.mint = self.mint.clone();
        simulation.resume();
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
        match self.random.below(100) {
            0..58 => self.act(),
            58..68 => {
                let name = self.random.pick(&EVENTS).unwrap();
                let name = if self.random.once_in(12) { "Start" } else { name };
                let event = self.mint.event(name, self.random.below(3));
                let target = self.target();
                self.tell(Tick::Received { event, target });
            }
            68..80 => self.fire(false),
            80..90 => self.tell(Tick::Settled),
            90..94 => self.resume(),
            94 => self.redefine(),
            // Bodies that only wait are put away.
            95 => {
                self.bodies.retain(|id, _| self.run.items.get(id).is_some_and(|it| !it.is_parked()))
            }
            96 if self.random.once_in(20) => self.tell(Tick::Cancelled),
            _ => self.noise(),
        }
    }

    /// Brings the run to its end: everything it waits for comes, and bodies return nothing.
    pub(super) fn drain(&mut self) {
        self.is_calm = true;
        for _ in 0..20_000 {
            if self.has_ended() || self.run.items.is_empty() {
                break;
            }
            let told = self.journal.len();
            for item in self.bodies.keys().copied().collect::<Vec<_>>() {
                self.act_for(item);
            }
            if self.journal.len() == told {
                self.fire(true);
            }
            if self.journal.len() == told {
                self.answer_somebody();
            }
            assert!(self.journal.len() > told || self.has_ended(), "nothing can happen any more");
        }
        let (items, open) = (self.run.items.len(), self.oracle.open_batches());
        assert_eq!(items, 0, "the run does not come to its end");
        assert!(!self.oracle.is_whole || open.is_empty(), "never closed: {open:?}");
        assert!(is_counted_once(&self.run), "an update took effect twice");
        self.tell(Tick::Settled);
        assert!(self.run.is_idle() || self.has_ended());
        self.tell(Tick::Cancelled);
        assert!(self.has_ended() && self.run.timers().count() == 0);
        for _ in 0..5 {
            self.noise();
        }
    }

    pub(super) fn crash_somewhere(&mut self, times: usize) {
        for _ in 0..times {
            let after = self.random.below(self.journal.len() + 1);
            crash(&self.world.definitions, &self.journal, &self.told, after, &self.run);
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.journal.last().map_or(Timestamp(1), |entry| entry.at)
    }

    /// Lets some body do something.
    fn act(&mut self) {
        let items: Vec<ItemId> = self.bodies.keys().copied().collect();
        if let Some(item) = self.random.pick(&items) {
            self.act_for(item);
        }
    }

    fn act_for(&mut self, item: ItemId) {
        let Some(body) = self.bodies.get(&item) else { return };
        match body.next(self.seed, &self.run, &mut self.mint, self.is_calm) {
            Next::Tick(tick) => self.tell(tick),
            Next::Wait => {
                let answers = u32::try_from(body.told).unwrap();
                let parked = Tick::Parked { item, attempt: body.attempt, answers };
                if self.run.expects(&parked) {
                    self.tell(parked);
                }
            }
            Next::End => {
                let attempt = body.attempt;
                let end = self.end(item, attempt);
                self.tell(end);
            }
        }
    }

    /// How a body ends.
    fn end(&mut self, item: ItemId, attempt: u32) -> Tick {
        if self.is_calm {
            return Tick::Returned { item, attempt, output: Output::Nothing };
        }
        // What was rescued fails more often, until it is not rescued any more.
        let steps = &self.oracle.definition.steps;
        let lineage = self.run.items.get(&item).map(|item| &item.lineage);
        let was_rescued =
            lineage.is_some_and(|it| steps.iter().any(|step| it.recoveries(&step.name) > 0));
        if self.random.once_in(if was_rescued { 2 } else { 6 }) {
            let catch = |step: &StepDefinition| matches!(step.trigger, Trigger::Catch { .. });
            let is_covered = self.oracle.definition.steps.iter().any(catch);
            let retry = match self.random.below(10) {
                0..5 if is_covered => None,
                0 => None,
                1..6 => Some(Duration::ZERO),
                _ => Some(Duration::from_millis(50 + self.random.below(500) as u64)),
            };
            return Tick::Failed { item, attempt, failure: Failure::new("Error", "no"), retry };
        }
        let width = if self.run.items.len() > CROWD { 0 } else { self.random.below(8) };
        let stop = self.random.once_in(200).then(|| self.mint.event("Stop", 0));
        let mut some = || self.mint.event(self.random.pick(&EVENTS).unwrap(), self.random.below(3));
        let output = match (width, stop) {
            (0..4, Some(stop)) => Output::Event(stop),
            (_, Some(stop)) => Output::Events(vec![some(), stop, some()]),
            (0, _) => Output::Nothing,
            (1..3, _) => Output::Event(some()),
            (width, _) => Output::Events((2..width).map(|_| some()).collect()),
        };
        Tick::Returned { item, attempt, output }
    }

    /// Lets a timer fire that is due; if `patiently`, or sometimes, waits for the first one.
    fn fire(&mut self, patiently: bool) {
        let mut timers: Vec<(Timestamp, TimerId)> =
            self.run.timers().map(|(timer, due)| (due, timer)).collect();
        timers.sort_unstable();
        let now = self.now();
        let Some((due, timer)) = timers.first().copied() else { return };
        if due <= now || patiently || self.random.once_in(4) {
            self.tell(Tick::Fired { timer, due });
        }
    }

    /// Sends an event that a wait is for.
    fn answer_somebody(&mut self) {
        let waiter = self.run.waiters.all().next().map(|(_, waiter)| waiter.clone());
        let Some(waiter) = waiter else { return };
        let kind = waiter.matching.get("kind").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let event = self.mint.event(&waiter.events[0], usize::try_from(kind).unwrap());
        self.tell(Tick::Received { event, target: Some("nobody".into()) });
    }

    /// The process dies, and another one takes the run up.
    fn resume(&mut self) {
        self.bodies.clear();
        self.tell(Tick::Resumed { epoch: 2 });
    }

    /// Another variant, as a rule one that has all steps with work.
    fn redefine(&mut self) {
        let fits = |other: &&Definition| self.run.fits(other).is_ok();
        let fitting: Vec<Definition> = self.world.variants.iter().filter(fits).cloned().collect();
        let any = self.random.once_in(4).then(|| self.random.pick(&self.world.variants)).flatten();
        let Some(definition) = any.or_else(|| self.random.pick(&fitting)) else { return };
        self.tell(Tick::Redefined { definition: definition.id() });
    }

    /// Says something of a body that is not there, or of an attempt that is not.
    fn noise(&mut self) {
        let item = ItemId(self.random.below(self.oracle.last_item as usize + 3) as u64);
        let attempt = 1 + u32::try_from(self.random.below(3)).unwrap();
        let branch = Name::from("noise");
        let kind = CallKind::Sleep;
        let key = CallKey { branch, kind, name: Name::empty(), nth: 0 };
        let calls = self.run.recorded(item).map(Recorded::calls).unwrap_or_default();
        let known = calls.iter().map(|begun| begun.key.clone()).collect::<Vec<_>>();
        let key = self.random.pick(&known).unwrap_or(key);
        let attempt = if self.random.once_in(2) { 1 } else { attempt };
        let call = Call { item, attempt, key };
        let tick = match self.random.below(8) {
            0 => Tick::Undelivered { rows: vec![InboxId(1)] },
            1 => Tick::Fired { timer: TimerId(item.0), due: Timestamp(7) },
            // Some body gives up a call that it has made, whatever it does besides.
            2 | 7 => Tick::CallDropped(call),
            3 => Tick::Parked { item, attempt, answers: 99 },
            4 => Tick::Redefined { definition: self.world.definitions.newest() },
            5 if self.run.attempt(item) != Some(attempt) => {
                Tick::Returned { item, attempt, output: Output::Nothing }
            }
            // Some body publishes something else than before.
            _ => {
                let nth = self.run.recorded(item).map_or(9, |it| it.streamed().len());
                let nth = u32::try_from(self.random.below(nth + 1)).unwrap();
                let digests = vec![8; self.random.below(3)];
                Tick::Streamed(Streamed { item, attempt, nth, digests, restarted: true })
            }
        };
        if !matches!(tick, Tick::Redefined { .. }) || self.has_ended() {
            self.tell(tick);
        }
    }

    fn target(&mut self) -> Option<Name> {
        let steps: Vec<Name> =
            self.oracle.definition.steps.iter().map(|step| step.name.clone()).collect();
        if self.random.once_in(5) { self.random.pick(&steps) } else { None }
    }

    fn tell(&mut self, tick: Tick) {
        let later = Duration::from_millis(self.random.below(3) as u64 * 50);
        let at = match &tick {
            Tick::Fired { due, .. } => self.now().max(*due),
            _ => self.now().after(later),
        };
        self.tell_at(Entry { at, tick });
    }

    fn tell_at(&mut self, entry: Entry) {
        let commands = if self.run.expects(&entry.tick) {
            self.tell_expected(&entry)
        } else if self.is_known {
            Vec::new()
        } else {
            let before = self.run.clone();
            let commands = apply(&mut self.run, &entry);
            assert_eq!((&commands[..], &self.run), (&[][..], &before), "{entry:?}");
            commands
        };
        self.journal.push(entry);
        self.told.push(commands);
    }

    fn tell_expected(&mut self, entry: &Entry) -> Vec<Command> {
        let purpose = match &entry.tick {
            Tick::Fired { timer, .. } => Some(self.run.timers[timer].purpose.clone()),
            _ => None,
        };
        let stage = |item: ItemId| self.run.items.get(&item).map(|item| item.stage);
        let runs = |item: &ItemId| matches!(stage(*item), Some(Stage::Running(_)));
        let was_running = item_of(&entry.tick).filter(runs);
        if !self.is_known && self.seed.is_multiple_of(REREAD) {
            self.run = reread(&self.run);
        }
        let commands = apply(&mut self.run, entry);
        self.oracle.apply(entry, purpose);
        self.watch.check(entry, &commands, &self.run, was_running);
        if !self.is_known {
            self.oracle.compare(&self.run, &commands);
            invariants::check(&self.run, self.oracle.is_whole);
        }
        assert!(!is_said_once(&entry.tick) || !self.run.expects(&entry.tick), "it counts twice");
        self.run_bodies(&entry.tick, &commands);
        commands
    }

    /// Does what the commands say about bodies.
    fn run_bodies(&mut self, tick: &Tick, commands: &[Command]) {
        if let Tick::Returned { item, .. } | Tick::Failed { item, .. } = tick {
            self.bodies.remove(item);
        }
        for command in commands {
            match command {
                Command::RunStep(execution) => {
                    let (item, attempt) = (execution.item, execution.attempt);
                    let told = self.run.recorded(item).unwrap().answers().len();
                    self.bodies.insert(item, Body { item, attempt, told });
                }
                Command::Answer { item } => {
                    let told = self.run.recorded(*item).unwrap().answers().len();
                    let _ = self.bodies.get_mut(item).map(|body| body.told = told);
                }
                _ => {}
            }
        }
        self.bodies.retain(|item, _| self.run.items.contains_key(item));
    }
}

/// The item whose body says this.
fn item_of(tick: &Tick) -> Option<ItemId> {
    match tick {
        Tick::Returned { item, .. } | Tick::Failed { item, .. } | Tick::Parked { item, .. } => {
            Some(*item)
        }
        Tick::WaitBegun(wait) => Some(wait.call.item),
        Tick::SleepBegun { call, .. } => Some(call.item),
        _ => None,
    }
}

/// Tells whether something can happen only once.
fn is_said_once(tick: &Tick) -> bool {
    !matches!(
        tick,
        Tick::Received { .. }
            | Tick::Streamed(_)
            | Tick::Resumed { .. }
            | Tick::Redefined { .. }
            | Tick::Undelivered { .. }
    )
}
