//! Compares a run with what it must be.

use std::collections::BTreeSet;

use crate::state::{Lineage as RunLineage, Purpose, Stage, WorkItem};
use crate::{Answer, CallKey, Command, End, Input, ItemId, RunState, StreamItem, Timestamp};

use super::{Given, Item, Lineage, Oracle};

impl Oracle {
    /// Compares the run after an entry, and what the entry led to.
    pub(in super::super) fn compare(&self, run: &RunState, commands: &[Command]) {
        self.compare_end(run);
        self.compare_unhandled(run, commands);
        assert_eq!(run.is_idle(), self.is_idle);
        if self.end.is_some() {
            return;
        }
        assert_eq!(run.last_item.0, self.last_item, "how many items were made");
        let ids = |items: &mut dyn Iterator<Item = ItemId>| items.collect::<Vec<_>>();
        assert_eq!(ids(&mut run.items.keys().copied()), ids(&mut self.items.keys().copied()));
        for (id, item) in &self.items {
            self.compare_item(run, *id, item);
        }
        self.compare_batches(run);
        self.compare_buffers(run);
        assert_eq!(set_timers(run), self.timers(), "which timers are set");
        assert_eq!((run.asked, &run.kept), (self.asked, &self.kept.iter().cloned().collect()));
        assert_eq!(run.is_quiet(), !self.is_idle && self.items.values().all(|it| it.is_parked));
        if run.is_quiet() || run.is_idle() {
            assert_eq!(run.is_stalled(), self.is_stalled());
        }
    }

    fn compare_end(&self, run: &RunState) {
        let name = |event: &crate::Event| event.name.to_string();
        let end = run.end().map(|end| match end {
            End::Failed(event) => {
                let value: serde_json::Value = serde_json::from_str(event.value.text()).unwrap();
                let kind = value["exception"]["exception_type"].as_str().unwrap().to_owned();
                let step = value["step_name"].as_str().unwrap().to_owned();
                if kind == "Error" { step } else { kind }
            }
            End::Completed(event) | End::TimedOut(event) | End::Cancelled(event) => name(event),
        });
        assert_eq!(end, self.end);
    }

    /// Events that nobody took, and whether the last of them left the run idle.
    fn compare_unhandled(&self, run: &RunState, commands: &[Command]) {
        let mut published = commands.iter().rev().filter_map(|command| match command {
            Command::Publish(item) => Some(item),
            _ => None,
        });
        if let Some(StreamItem::Unhandled(last)) = published.next() {
            assert_eq!(last.idle, run.is_quiet(), "whether the run has nothing else to do");
        }
        assert!(!published.any(|it| matches!(it, StreamItem::Unhandled(it) if it.idle)));
        // Left-overs of one step are told slot by slot.
        let mut told = Vec::new();
        for command in commands {
            if let Command::Publish(StreamItem::Unhandled(unhandled)) = command {
                told.push((unhandled.event.clone(), unhandled.target.clone()));
            }
        }
        let mut expected = self.unhandled.clone();
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
    }

    fn compare_item(&self, run: &RunState, id: ItemId, item: &Item) {
        let work: &WorkItem = &run.items[&id];
        assert_eq!(run.definition().unwrap().steps[work.step].name, item.step, "#{id}");
        assert_eq!(given(&work.input), item.given, "#{id}");
        assert_eq!(work.scope.map(|it| (it.batch.0, it.member)), item.scope, "#{id}");
        self.compare_lineage(&work.lineage, &item.lineage);
        assert_eq!(work.attempt, item.attempt, "#{id}");
        assert_eq!(work.is_parked(), item.is_parked, "#{id}");
        let delayed = matches!(work.stage, Stage::Delayed(_));
        assert_eq!(delayed, item.delayed_until.is_some(), "#{id}");
        let answers = work.recorded.answers().iter();
        let answers: Vec<_> =
            answers.map(|Answer { key, outcome }| (key.clone(), outcome.clone())).collect();
        assert_eq!(answers, item.answers, "#{id}");
        let calls: Vec<&CallKey> = work.recorded.calls().iter().map(|begun| &begun.key).collect();
        assert_eq!(calls, item.calls.iter().map(|call| &call.key).collect::<Vec<_>>(), "#{id}");
        let open: BTreeSet<&CallKey> =
            item.calls.iter().filter(|call| call.open.is_some()).map(|call| &call.key).collect();
        assert_eq!(work.pending.keys().collect::<BTreeSet<_>>(), open, "#{id}");
    }

    fn compare_lineage(&self, found: &RunLineage, expected: &Lineage) {
        for step in &self.definition.steps {
            let count = expected.get(&step.name).copied().unwrap_or(0);
            assert_eq!(found.recoveries(&step.name), count, "{}", step.name);
        }
    }

    fn compare_batches(&self, run: &RunState) {
        let steps = &run.definition().unwrap().steps;
        let open: Vec<u64> =
            self.batches.iter().filter(|it| !it.1.is_closed).map(|it| *it.0).collect();
        let found: Vec<u64> = run.batches.keys().map(|id| id.0).collect();
        assert_eq!(found, open, "which batches are open");
        for (id, batch) in &run.batches {
            let expected = &self.batches[&id.0];
            assert_eq!(batch.joins.len(), expected.joins.len());
            for (join, expected) in batch.joins.iter().zip(&expected.joins) {
                assert_eq!(steps[join.step].name, expected.step);
                assert_eq!(join.fired, expected.has_fired);
                if !join.fired {
                    let members = join.members.iter().map(|it| (it.index, it.event.clone()));
                    assert_eq!(members.collect::<Vec<_>>(), expected.members);
                    self.compare_lineage(&join.lineage, &expected.lineage);
                }
            }
        }
    }

    fn compare_buffers(&self, run: &RunState) {
        let name = |step: usize| run.definition().unwrap().steps[step].name.clone();
        let mut slots = Vec::new();
        for ((step, batch), buffered) in &run.slots {
            let events = buffered.clone().into_events().into_iter();
            slots.extend(events.map(|it| (name(*step), batch.map(|it| it.0), text(&it))));
        }
        let expected = self.slots.iter().map(|it| (it.step.clone(), it.batch, text(&it.event)));
        let mut expected: Vec<_> = expected.collect();
        slots.sort();
        expected.sort();
        assert_eq!(slots, expected, "what waits for its set");
        let mut collected = Vec::new();
        for ((step, buffer), events) in &run.collected {
            let events = events.events().map(|it| (name(*step), buffer.clone(), text(it)));
            collected.extend(events);
        }
        let expected = self.collected.iter();
        let mut expected: Vec<_> =
            expected.map(|(step, buffer, it)| (step.clone(), buffer.clone(), text(it))).collect();
        collected.sort();
        expected.sort();
        assert_eq!(collected, expected, "what is collected");
    }

    /// The timers that must be set: what for, and when they are due.
    fn timers(&self) -> BTreeSet<(String, Timestamp)> {
        let mut timers = BTreeSet::new();
        let mut add =
            |purpose: Purpose, due: Timestamp| timers.insert((format!("{purpose:?}"), due));
        if let Some(due) = self.timeout_due {
            add(Purpose::Timeout, due);
        }
        if let Some(deadline) = self.definition.deadline {
            add(Purpose::Deadline, self.started_at.after(deadline));
        }
        for (id, item) in &self.items {
            if let Some(due) = item.delayed_until {
                add(Purpose::Retry(*id), due);
            }
            for call in &item.calls {
                if let Some(due) = call.open.as_ref().and_then(|open| open.due) {
                    add(Purpose::Call(*id, call.key.clone()), due);
                }
            }
        }
        timers
    }
}

/// The timers that are set.
fn set_timers(run: &RunState) -> BTreeSet<(String, Timestamp)> {
    run.timers.values().map(|timer| (format!("{:?}", timer.purpose), timer.due)).collect()
}

fn given(input: &Input) -> Given {
    match input {
        Input::Event(event) => Given::Event(event.clone()),
        Input::Batch(members) => {
            Given::Batch(members.iter().map(|it| (it.index, it.event.clone())).collect())
        }
        Input::All(events) => Given::All(events.clone()),
        Input::Failed(failed) => Given::Failed(failed.step.clone(), Box::new(given(&failed.input))),
    }
}

fn text(event: &crate::Event) -> String {
    format!("{} {}", event.name, event.value.text())
}
