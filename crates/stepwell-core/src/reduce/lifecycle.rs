//! How a run begins, rests, goes on in another process, and changes its definition.

use std::sync::Arc;

use super::route::Origin;
use crate::state::{Purpose, Stage, StepState};
use crate::{
    Command, Definition, DefinitionId, ItemId, OnStall, RunState, Started, StreamItem, Timestamp,
};

impl RunState {
    pub(super) fn started(&mut self, started: &Started, commands: &mut Vec<Command>) {
        let definition = self.lookup(started.definition);
        self.steps = vec![StepState::default(); definition.steps.len()];
        self.definition = Some(definition);
        self.user_state = started.state.clone();
        self.started_at = self.at;
        self.unpause(commands);
        self.set_deadline(commands);
        self.route(&started.input, &Origin::default(), commands);
    }

    /// Nothing is left to do: the clock of the timeout rests until something comes.
    pub(super) fn settled(&mut self, commands: &mut Vec<Command>) {
        let definition = self.definition.clone().expect("only an open run settles");
        // All items wait; if none of them is in a batch, no batch can go on.
        if let Some(batch) = self.batches.values().next()
            && self.batched == 0
        {
            let opener = batch.opener.clone();
            let message = format!(
                "the batch that step `{opener}` opened can never be complete: {} of its parts are \
                 open, and nothing is queued, runs or waits in it",
                batch.open
            );
            return self.finish_stuck(&opener, "StuckBatch", &message, commands);
        }
        if self.is_stalled() && definition.on_stall == OnStall::Fail {
            let message = "nothing is left to do, no stop event was returned, and nothing that \
                           the run waits for can come";
            return self.finish_stuck("", "Stalled", message, commands);
        }
        self.idle = true;
        self.pause(self.at);
        self.clear_timeout(commands);
        self.publish(StreamItem::Idle, commands);
    }

    /// Something came to a run that rested.
    pub(super) fn wake(&mut self, commands: &mut Vec<Command>) {
        if self.idle {
            self.idle = false;
            self.unpause(commands);
        }
    }

    /// Runs again the bodies whose process is gone, in the order they were begun.
    ///
    /// They keep their workers and their attempt: an interruption is not a failure. The time
    /// since the entry `before` belongs to nobody, so it does not count as busy.
    pub(super) fn resumed(&mut self, before: Timestamp, commands: &mut Vec<Command>) {
        if !self.idle {
            self.pause(before);
            self.clear_timeout(commands);
            self.unpause(commands);
        }
        let (mut running, mut unparked) = (Vec::new(), Vec::new());
        for (id, item) in &self.items {
            match item.stage {
                Stage::Running(_) => running.push((item.begun, *id)),
                // It did something besides waiting, which nobody does any more.
                Stage::Waiting { parked: false } => unparked.push((item.begun, *id)),
                _ => {}
            }
        }
        running.sort_unstable();
        unparked.sort_unstable();
        let running = running.into_iter().map(|(_, id)| Command::RunStep(self.execution(id)));
        commands.extend(running.collect::<Vec<_>>());
        for (_, id) in &unparked {
            self.queue_again(*id);
        }
        for step in 0..self.steps.len() {
            self.fill_workers(step, commands);
        }
        for (_, id) in unparked {
            self.tell_if_queued(id, commands);
        }
    }

    /// Steps keep their queues and workers by name. Work of a step that is gone, or takes another
    /// kind of input, is dropped; that there is none is for [`RunState::fits`] to say before.
    pub(super) fn redefined(&mut self, definition: DefinitionId, commands: &mut Vec<Command>) {
        let new = self.lookup(definition);
        let old = self.definition.clone().expect("only an open run is redefined");
        let moved: Vec<Option<usize>> = old.steps.iter().map(|step| new.successor(step)).collect();
        let lost = self.items.iter().filter(|(_, item)| moved[item.step].is_none());
        let lost: Vec<ItemId> = lost.map(|(id, _)| *id).collect();
        if !lost.is_empty() {
            // What is left may have nothing to wait for: the run settles anew.
            self.wake(commands);
        }
        for id in lost {
            self.take_item(id, commands);
        }
        self.move_steps(new.steps.len(), &moved);
        self.definition = Some(Arc::clone(&new));
        if !self.idle {
            self.pause(self.at);
            self.clear_timeout(commands);
            self.unpause(commands);
        }
        if old.deadline != new.deadline {
            self.set_deadline(commands);
        }
        for step in 0..self.steps.len() {
            self.fill_workers(step, commands);
        }
    }

    /// Sets the timer of the deadline, which counts from the start of the run.
    fn set_deadline(&mut self, commands: &mut Vec<Command>) {
        if let Some(timer) = self.deadline.take() {
            self.clear_timer(timer, commands);
        }
        let definition = self.definition.as_ref().expect("only an open run has a deadline");
        if let Some(deadline) = definition.deadline {
            let due = self.started_at.after(deadline);
            self.deadline = Some(self.set_timer(due, Purpose::Deadline, commands));
        }
    }

    /// Puts what belongs to a step where the step is now.
    fn move_steps(&mut self, steps: usize, moved: &[Option<usize>]) {
        let states = std::mem::replace(&mut self.steps, vec![StepState::default(); steps]);
        for (state, to) in states.into_iter().zip(moved) {
            if let Some(to) = to {
                self.steps[*to] = state;
            }
        }
        for item in self.items.values_mut() {
            item.step = moved[item.step].expect("items of lost steps are gone");
        }
        for batch in self.batches.values_mut() {
            batch.joins.retain_mut(|join| match moved[join.step] {
                Some(step) => {
                    join.step = step;
                    true
                }
                None => false,
            });
        }
        let slots = std::mem::take(&mut self.slots).into_iter();
        self.slots =
            slots.filter_map(|((at, batch), kept)| Some(((moved[at]?, batch), kept))).collect();
        let collected = std::mem::take(&mut self.collected).into_iter();
        self.collected =
            collected.filter_map(|((at, name), kept)| Some(((moved[at]?, name), kept))).collect();
    }

    fn lookup(&self, definition: DefinitionId) -> Arc<Definition> {
        let known = self.definitions.get(definition);
        Arc::clone(known.expect("a run is made with all definitions that its journal names"))
    }
}
