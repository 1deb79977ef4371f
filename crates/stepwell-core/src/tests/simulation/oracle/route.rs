//! Where events go.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{CallKey, Event, Family, ItemId, Name, Outcome, Trigger};

use super::{Given, Lineage, Oracle, Scope, Slotted};

/// A wait that is open: whose it is, for which events, and which fields these must have.
type OpenWait = (ItemId, CallKey, Vec<Name>, BTreeMap<String, Value>);

impl Oracle {
    /// Gives an event to all who want it, and tells whether a step took it.
    pub(super) fn route(
        &mut self,
        event: &Event,
        target: Option<&Name>,
        scope: Scope,
        lineage: &Lineage,
    ) -> bool {
        let awaited =
            self.open_waits().iter().any(|(_, _, events, _)| events.contains(&event.name));
        let answered = self.answer_waits(event);
        if answered.len() > 1 {
            self.see("an event for several waits");
        }
        let waiting: Vec<Name> =
            answered.iter().map(|(item, _)| self.items[item].step.clone()).collect();
        let mut taken = false;
        for step in self.definition.clone().steps {
            let is_meant = target.is_none_or(|target| *target == step.name);
            if !is_meant || waiting.contains(&step.name) || !step.accepts.contains(&event.name) {
                continue;
            }
            taken |= match &step.trigger {
                Trigger::Each => {
                    self.add(&step.name, Given::Event(event.clone()), scope, lineage.clone());
                    true
                }
                Trigger::Join { take } => self.join(&step.name, *take, event, scope, lineage),
                Trigger::All { slots } => {
                    self.slots.push(Slotted {
                        step: step.name.clone(),
                        batch: scope.map(|(batch, _)| batch),
                        event: event.clone(),
                        lineage: lineage.clone(),
                    });
                    self.fill(&step.name, slots, scope);
                    true
                }
                Trigger::Catch { .. } => false,
            };
        }
        if let ([(item, key)], false) = (&answered[..], taken) {
            self.item(*item).call(key).is_sole = true;
        }
        if !taken && answered.is_empty() {
            let keeps = target.is_none() && self.definition.awaited.contains(&event.name);
            if keeps {
                self.kept.push(event.clone());
            }
            if event.family != Family::Request && (!keeps || awaited) {
                self.unhandled.push((event.name.clone(), target.cloned()));
            }
        }
        taken
    }

    /// Gives an event that nobody wants any more to who waits by now, or keeps it.
    pub(super) fn offer(&mut self, event: Event) {
        match &self.answer_waits(&event)[..] {
            [] => self.kept.insert(0, event),
            [(item, key)] => self.item(*item).call(key).is_sole = true,
            _ => {}
        }
    }

    fn answer_waits(&mut self, event: &Event) -> Vec<(ItemId, CallKey)> {
        let mut waits = self.open_waits();
        waits.retain(|(_, _, events, matching)| fits(event, events, matching));
        let calls: Vec<_> = waits.into_iter().map(|(item, key, ..)| (item, key)).collect();
        for (item, key) in &calls {
            self.see("an answered wait");
            self.item(*item).call(key).open = None;
            self.item(*item).answer(key, Outcome::Event(event.clone()));
        }
        calls
    }

    /// All waits that are open, the oldest first.
    fn open_waits(&self) -> Vec<OpenWait> {
        let mut waits = Vec::new();
        for (id, item) in &self.items {
            for call in &item.calls {
                let Some(open) = &call.open else { continue };
                let Some((events, matching)) = &open.wait else { continue };
                waits.push((open.order, *id, call.key.clone(), events.clone(), matching.clone()));
            }
        }
        waits.sort_by_key(|(order, ..)| *order);
        waits.into_iter().map(|(_, id, key, events, it)| (id, key, events, it)).collect()
    }

    fn join(
        &mut self,
        step: &Name,
        take: Option<u32>,
        event: &Event,
        scope: Scope,
        lineage: &Lineage,
    ) -> bool {
        let Some((number, index)) = scope else { return false };
        let batch = self.batches.get_mut(&number).unwrap();
        assert!(!batch.is_closed, "an event is of a batch that is closed");
        let Some(join) = batch.joins.iter_mut().find(|join| join.step == *step) else {
            return false;
        };
        if !join.has_fired {
            join.members.push((index, event.clone()));
            merge(&mut join.lineage, lineage);
            if take.is_some_and(|take| join.members.len() >= take as usize) {
                self.see("a join of the first");
                self.fire(number, step);
            }
        }
        true
    }

    fn fire(&mut self, number: u64, step: &Name) {
        let batch = self.batches.get_mut(&number).unwrap();
        let parent = batch.parent;
        let join = batch.joins.iter_mut().find(|join| join.step == *step).unwrap();
        assert!(!join.has_fired, "a join runs twice");
        join.has_fired = true;
        let (members, lineage) = (join.members.clone(), join.lineage.clone());
        self.see(if members.is_empty() { "an empty join" } else { "a join" });
        if parent.is_some() {
            self.see("a join within a batch");
        }
        self.add(step, Given::Batch(members), parent, lineage);
    }

    /// Runs the body of a step if there is an event for each of its slots.
    fn fill(&mut self, step: &Name, slots: &[Vec<Name>], scope: Scope) {
        let batch = scope.map(|(batch, _)| batch);
        let mut rest = self.slots.clone();
        let set: Option<Vec<Slotted>> = slots
            .iter()
            .map(|names| {
                let here = |it: &Slotted| {
                    it.step == *step && it.batch == batch && names.contains(&it.event.name)
                };
                rest.iter().position(here).map(|at| rest.remove(at))
            })
            .collect();
        let Some(set) = set else { return };
        self.slots = rest;
        self.see("a set of slots");
        let mut lineage = Lineage::new();
        set.iter().for_each(|slotted| merge(&mut lineage, &slotted.lineage));
        let events = set.into_iter().map(|slotted| slotted.event).collect();
        self.add(step, Given::All(events), scope, lineage);
    }

    /// Closes the batches that nothing is in, the inner ones first, and runs their joins.
    pub(super) fn close_batches(&mut self) {
        while let Some(number) = self.empty_batch() {
            let joins = self.batches[&number].joins.clone();
            for join in joins.into_iter().filter(|join| !join.has_fired) {
                self.fire(number, &join.step);
            }
            self.batches.get_mut(&number).unwrap().is_closed = true;
            let left = |it: &Slotted| it.batch == Some(number);
            let mut lost: Vec<Slotted> = self.slots.iter().filter(|it| left(it)).cloned().collect();
            self.slots.retain(|it| !left(it));
            // The order between events of one step is that of their slots; see `compare`.
            lost.sort_by_key(|it| self.definition.steps.iter().position(|at| at.name == it.step));
            if !lost.is_empty() {
                self.see("slots left over");
            }
            let lost = lost.into_iter().map(|it| (it.event.name, Some(it.step)));
            self.unhandled.extend(lost);
        }
    }

    fn empty_batch(&self) -> Option<u64> {
        let is_in = |scope: Scope, number: u64| scope.is_some_and(|(batch, _)| batch == number);
        let is_empty = |number: u64| {
            !self.items.values().any(|item| is_in(item.scope, number))
                && !self.batches.values().any(|it| !it.is_closed && is_in(it.parent, number))
        };
        let open = self.batches.iter().rev().filter(|(_, batch)| !batch.is_closed);
        let mut open = open.filter(|(_, batch)| !batch.is_lost);
        open.find(|(number, _)| is_empty(**number)).map(|(number, _)| *number)
    }
}

/// Tells whether an event is of one of these names and has these fields.
pub(super) fn fits(event: &Event, names: &[Name], matching: &BTreeMap<String, Value>) -> bool {
    let fields: Value = serde_json::from_str(event.value.text()).unwrap();
    names.contains(&event.name)
        && matching.iter().all(|(name, value)| fields.get(name).unwrap_or(&Value::Null) == value)
}

fn merge(lineage: &mut Lineage, other: &Lineage) {
    for (handler, count) in other {
        let known = lineage.entry(handler.clone()).or_default();
        *known = (*known).max(*count);
    }
}
