//! Batches and joins: what a step returned together comes together again.

use std::sync::Arc;

use crate::state::{Batch, Buffered, JoinBuffer, Lineage, Scope};
use crate::{BatchId, Command, Event, Input, Member, Name, RunState};

use super::route::Origin;

impl RunState {
    /// Opens a batch for the events that a step returned together, and routes them.
    pub(super) fn open_batch(
        &mut self,
        opener: usize,
        scope: Option<Scope>,
        lineage: &Lineage,
        events: &[Event],
        commands: &mut Vec<Command>,
    ) {
        let definition = self.definition.clone().expect("only an open run has steps");
        let step = &definition.steps[opener];
        let buffer =
            |step| JoinBuffer { step, members: Vec::new(), fired: false, lineage: lineage.clone() };
        let joins = step.joins.iter().filter_map(|name| definition.join(name)).map(buffer);
        self.last_batch.0 += 1;
        let batch = self.last_batch;
        self.enter(scope);
        // Open until all its events are routed.
        let opened =
            Batch { opener: step.name.clone(), parent: scope, open: 1, joins: joins.collect() };
        self.batches.insert(batch, opened);
        for (member, event) in (0..).zip(events) {
            let scope = Some(Scope { batch, member });
            let origin = Origin { target: None, scope, lineage: lineage.clone() };
            self.route(event, &origin, commands);
        }
        self.leave(Some(Scope { batch, member: 0 }), commands);
    }

    /// Counts something more in a batch.
    pub(super) fn enter(&mut self, scope: Option<Scope>) {
        if let Some(scope) = scope {
            let batch = self.batches.get_mut(&scope.batch);
            batch.expect("a batch is open while something is in it").open += 1;
        }
    }

    /// Counts something less in a batch, and closes it, and those around it, when nothing is left.
    pub(super) fn leave(&mut self, mut scope: Option<Scope>, commands: &mut Vec<Command>) {
        while let Some(Scope { batch: id, .. }) = scope {
            let batch = self.batches.get_mut(&id);
            let batch = batch.expect("a batch is open while something is in it");
            batch.open -= 1;
            if batch.open > 0 {
                return;
            }
            scope = batch.parent;
            for join in 0..batch.joins.len() {
                self.fire(id, join, commands);
            }
            self.batches.remove(&id);
            self.drop_slots(id, commands);
        }
    }

    /// Puts an event into the buffer of a join; it is not taken if it is of no batch that comes
    /// together there.
    pub(super) fn join(
        &mut self,
        step: usize,
        take: Option<u32>,
        event: &Event,
        scope: Option<Scope>,
        lineage: &Lineage,
        commands: &mut Vec<Command>,
    ) -> bool {
        let Some(Scope { batch: id, member }) = scope else { return false };
        let joins = &mut self.batches.get_mut(&id).expect("its batch is open").joins;
        let Some(at) = joins.iter().position(|join| join.step == step) else { return false };
        let join = &mut joins[at];
        if !join.fired {
            join.members.push(Member { index: member, event: event.clone() });
            join.lineage.join(lineage);
            if take.is_some_and(|take| join.members.len() >= take as usize) {
                self.fire(id, at, commands);
            }
        }
        true
    }

    /// Runs the body of a join with what has arrived.
    fn fire(&mut self, id: BatchId, join: usize, commands: &mut Vec<Command>) {
        let batch = self.batches.get_mut(&id).expect("only an open batch is joined");
        let scope = batch.parent;
        let join = &mut batch.joins[join];
        if std::mem::replace(&mut join.fired, true) {
            return;
        }
        let members = std::mem::take(&mut join.members);
        let (step, lineage) = (join.step, std::mem::take(&mut join.lineage));
        self.enqueue(step, Input::Batch(Arc::new(members)), scope, lineage, commands);
    }

    /// Puts an event into its slot; the body runs when all slots have one. It is not taken if
    /// there is no slot for it.
    pub(super) fn fill_slot(
        &mut self,
        step: usize,
        slots: &[Vec<Name>],
        event: &Event,
        scope: Option<Scope>,
        lineage: &Lineage,
        commands: &mut Vec<Command>,
    ) -> bool {
        let slot = slots.iter().find(|names| names.contains(&event.name));
        let Some(slot) = slot.and_then(|names| names.first()) else { return false };
        let key = (step, scope.map(|scope| scope.batch));
        let buffered = Buffered { event: event.clone(), lineage: lineage.clone() };
        let buffers = self.slots.entry(key).or_default();
        let set = buffers.add(slots, slot, buffered);
        if buffers.is_empty() {
            self.slots.remove(&key);
        }
        let Some(set) = set else { return true };
        let mut lineage = Lineage::default();
        set.iter().for_each(|buffered| lineage.join(&buffered.lineage));
        let events = set.into_iter().map(|buffered| buffered.event).collect();
        self.enqueue(step, Input::All(events), scope, lineage, commands);
        true
    }

    /// Drops events of a closed batch that found no others for their set, and says so.
    fn drop_slots(&mut self, batch: BatchId, commands: &mut Vec<Command>) {
        if self.slots.is_empty() {
            return;
        }
        for step in 0..self.steps.len() {
            let Some(slots) = self.slots.remove(&(step, Some(batch))) else { continue };
            let target = Some(self.step_name(step));
            for event in slots.into_events() {
                self.unhandled(&event, target.clone(), commands);
            }
        }
    }
}
