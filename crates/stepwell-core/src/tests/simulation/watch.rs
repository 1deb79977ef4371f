//! What the commands of a run say about its workers, its timers and its stream.

use std::collections::{BTreeMap, BTreeSet};

use super::super::publishes;
use crate::state::Stage;
use crate::{
    Command, Entry, ItemId, Name, RunState, StepChange, StepPhase, StreamItem, Tick, TimerId,
    Timestamp,
};

/// What the commands have said so far.
#[derive(Default)]
pub(super) struct Watch {
    /// Which workers are busy.
    workers: BTreeSet<(Name, u32)>,
    /// Who is on a worker.
    running: BTreeSet<ItemId>,
    /// Which body was begun after how many others.
    begun: BTreeMap<ItemId, u64>,
    count: u64,
    /// Who is queued, and where.
    queued: BTreeMap<ItemId, (bool, u64)>,
    timers: BTreeMap<TimerId, Timestamp>,
    pub(super) published: u64,
    ends: usize,
}

impl Watch {
    /// Checks what an expected entry led to. `was_running` is the item whose body said it, if that
    /// was on a worker.
    pub(super) fn check(
        &mut self,
        entry: &Entry,
        commands: &[Command],
        run: &RunState,
        was_running: Option<ItemId>,
    ) {
        let is_note = matches!(entry.tick, Tick::Undelivered { .. });
        assert_eq!(self.ends, usize::from(is_note), "something happened after the end");
        if let Tick::Fired { timer, .. } = entry.tick {
            assert!(self.timers.remove(&timer).is_some());
        }
        let mut told = Vec::new();
        for (nth, command) in commands.iter().enumerate() {
            self.published += publishes(command);
            match command {
                Command::Publish(StreamItem::Step(change)) => {
                    self.check_worker(change, was_running);
                }
                Command::RunStep(execution) => told.push(execution.item),
                Command::SetTimer { timer, due } => {
                    self.timers.insert(*timer, *due);
                }
                Command::ClearTimer { timer } => {
                    assert!(self.timers.remove(timer).is_some(), "a timer that is not set");
                }
                Command::EndRun(end) => {
                    self.ends += 1;
                    assert_eq!(nth + 1, commands.len(), "something comes after the end");
                    let terminal = Command::Publish(StreamItem::Event(end.event().clone()));
                    assert_eq!(commands.iter().filter(|other| **other == terminal).count(), 1);
                }
                Command::Answer { item } => assert!(run.items.contains_key(item)),
                Command::Publish(_) | Command::PublishStreamed { .. } => {}
            }
        }
        assert_eq!(run.next_sequence(), self.published, "a number is skipped or repeated");
        let set: BTreeMap<TimerId, Timestamp> = run.timers().collect();
        assert_eq!(self.timers, set, "a timer outlives its purpose");
        if run.end().is_none() {
            self.check_order(entry, &told, run);
        }
    }

    /// Those that were on workers when their process died run again, in the order they were begun;
    /// then others begin in the order of their queue.
    fn check_order(&mut self, entry: &Entry, told: &[ItemId], run: &RunState) {
        let mut begins = told;
        if matches!(entry.tick, Tick::Resumed { .. }) {
            let mut interrupted: Vec<ItemId> = self.running.iter().copied().collect();
            interrupted.sort_by_key(|id| self.begun[id]);
            begins = told.strip_prefix(&interrupted[..]).expect("what was interrupted runs again");
        }
        for id in begins {
            let step = run.items[id].step;
            let place = self.place(*id);
            for (other, before) in &self.queued {
                let other = run.items.get(other).filter(|other| other.stage == Stage::Queued);
                let waits = other.is_some_and(|other| other.step == step);
                assert!(!waits || place < *before, "#{id} overtakes");
            }
            self.count += 1;
            self.begun.insert(*id, self.count);
            assert!(!self.running.contains(id), "#{id} runs twice");
        }
        self.queued.clear();
        self.running.clear();
        for (id, item) in &run.items {
            if item.stage == Stage::Queued {
                self.queued.insert(*id, self.place(*id));
            }
            if matches!(item.stage, Stage::Running(_)) {
                self.running.insert(*id);
            }
        }
        let steps: BTreeSet<usize> = begins.iter().map(|id| run.items[id].step).collect();
        self.check_limits(&steps, run);
    }

    /// Where an item is in its queue: those that were begun come before those that were not.
    fn place(&self, id: ItemId) -> (bool, u64) {
        self.begun.get(&id).map_or((true, id.0), |begun| (false, *begun))
    }

    /// No step begins more bodies than it may, and none waits while a worker is free.
    fn check_limits(&mut self, begun: &BTreeSet<usize>, run: &RunState) {
        self.workers.clear();
        for (place, step) in run.definition().unwrap().steps.iter().enumerate() {
            let of_step = || run.items.values().filter(move |item| item.step == place);
            let workers = of_step().filter_map(|item| match item.stage {
                Stage::Running(worker) => Some((step.name.clone(), worker)),
                _ => None,
            });
            let workers: Vec<_> = workers.collect();
            let limit = step.workers as usize;
            assert!(workers.len() <= limit || !begun.contains(&place), "{} is too busy", step.name);
            let waits = of_step().any(|item| item.stage == Stage::Queued);
            assert!(!waits || workers.len() >= limit, "{} has work and free workers", step.name);
            self.workers.extend(workers);
        }
    }

    fn check_worker(&mut self, change: &StepChange, was_running: Option<ItemId>) {
        let StepChange { step, phase, worker, .. } = change;
        match (phase, worker) {
            (StepPhase::Queued, worker) => assert_eq!(*worker, None),
            (StepPhase::Running, Some(worker)) => {
                let mut lower = (0..*worker).map(|lower| (step.clone(), lower));
                assert!(lower.all(|lower| self.workers.contains(&lower)), "a lower one is free");
                assert!(self.workers.insert((step.clone(), *worker)), "{step}.{worker} is busy");
            }
            (_, Some(worker)) => {
                if let Some(id) = was_running {
                    assert!(self.workers.remove(&(step.clone(), *worker)), "a worker is free");
                    assert!(self.running.remove(&id), "#{id} ends twice");
                }
            }
            _ => panic!("a body without a worker: {change:?}"),
        }
    }
}
