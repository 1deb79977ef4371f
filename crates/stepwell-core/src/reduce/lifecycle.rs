//! How a run begins, rests, goes on in another process, and changes its definition.

use std::sync::Arc;

use crate::state::{Purpose, StepState};
use crate::{Command, Definition, DefinitionId, ItemId, RunState, Started, StreamItem, Timestamp};

impl RunState {
    pub(super) fn started(&mut self, started: &Started, commands: &mut Vec<Command>) {
        let definition = self.lookup(started.definition);
        self.steps = vec![StepState::default(); definition.steps.len()];
        self.definition = Some(definition);
        self.user_state = started.state.clone();
        self.unpause(commands);
        self.route(&started.input, None, &[], commands);
    }

    /// Nothing is left to do: the clock of the timeout rests until something comes.
    pub(super) fn settled(&mut self, commands: &mut Vec<Command>) {
        self.idle = true;
        self.pause(self.at);
        self.clear_timers(Purpose::Timeout, commands);
        self.publish(StreamItem::Idle, commands);
    }

    /// Something came from outside.
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
            self.clear_timers(Purpose::Timeout, commands);
            self.unpause(commands);
        }
        let running = self.items.iter().filter(|(_, item)| item.worker.is_some());
        let mut running: Vec<(u64, ItemId)> = running.map(|(id, item)| (item.begun, *id)).collect();
        running.sort_unstable();
        commands.extend(running.into_iter().map(|(_, id)| Command::RunStep(self.execution(id))));
    }

    /// Steps keep their queues and workers by name. Work of a step that is gone is dropped; that
    /// there is none is for [`RunState::fits`] to say before.
    pub(super) fn redefined(&mut self, definition: DefinitionId, commands: &mut Vec<Command>) {
        let new = self.lookup(definition);
        let old = self.definition.replace(Arc::clone(&new)).expect("only an open run is redefined");
        let mut states = std::mem::take(&mut self.steps);
        let place = |definition: &Definition, name: &str| {
            definition.steps.iter().position(|step| &step.name == name)
        };
        for step in &new.steps {
            let kept = place(&old, &step.name).map(|at| std::mem::take(&mut states[at]));
            self.steps.push(kept.unwrap_or_default());
        }
        self.items.retain(|_, item| {
            let moved = place(&new, &old.steps[item.step].name);
            item.step = moved.unwrap_or(item.step);
            moved.is_some()
        });
        if !self.idle {
            self.pause(self.at);
            self.clear_timers(Purpose::Timeout, commands);
            self.unpause(commands);
        }
        for step in 0..self.steps.len() {
            self.fill_workers(step, commands);
        }
    }

    fn lookup(&self, definition: DefinitionId) -> Arc<Definition> {
        let known = self.definitions.get(definition);
        Arc::clone(known.expect("a run is made with all definitions that its journal names"))
    }
}
