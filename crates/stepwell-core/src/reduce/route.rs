//! Gives events to steps, and steps to workers.

use crate::state::WorkItem;
use crate::{
    Command, Event, Execution, Family, ItemId, Name, Recorded, RunState, StepChange, StepPhase,
    StreamItem, Unhandled,
};

impl RunState {
    pub(super) fn received(
        &mut self,
        event: &Event,
        target: Option<&Name>,
        commands: &mut Vec<Command>,
    ) {
        self.wake(commands);
        self.route(event, target, &[], commands);
    }

    /// Gives the event to every step that accepts its exact name, or to the one it is for.
    /// Events that came with it and are still to be routed are `after` it.
    pub(super) fn route(
        &mut self,
        event: &Event,
        target: Option<&Name>,
        after: &[Event],
        commands: &mut Vec<Command>,
    ) {
        let definition = self.definition.clone().expect("only an open run routes");
        let mut taken = false;
        for (step, accepting) in definition.steps.iter().enumerate() {
            let is_target = target.is_none_or(|target| *target == accepting.name);
            if is_target && accepting.accepts.contains(&event.name) {
                self.enqueue(step, event.clone(), commands);
                taken = true;
            }
        }
        // A request is for the outside: nobody here need take it.
        if !taken && event.family != Family::Request {
            let unhandled = Unhandled {
                event: event.name.clone(),
                module: event.module.clone(),
                target: target.cloned(),
                idle: self.items.is_empty() && after.is_empty(),
            };
            self.publish(StreamItem::Unhandled(unhandled), commands);
        }
    }

    fn enqueue(&mut self, step: usize, event: Event, commands: &mut Vec<Command>) {
        self.last_item.0 += 1;
        let id = self.last_item;
        let item = WorkItem {
            step,
            event,
            attempt: 1,
            worker: None,
            first_run_at: None,
            begun: 0,
            recorded: Recorded::default(),
        };
        self.items.insert(id, item);
        self.steps[step].queue.push_back(id);
        self.fill_workers(step, commands);
        if self.items[&id].worker.is_none() {
            let change = self.change(id, StepPhase::Queued, None);
            self.publish(StreamItem::Step(change), commands);
        }
    }

    /// Puts queued items on free workers, the lowest first.
    pub(super) fn fill_workers(&mut self, step: usize, commands: &mut Vec<Command>) {
        let definition = self.definition.as_ref().expect("only an open run has steps");
        let limit = definition.steps[step].workers as usize;
        while self.steps[step].running() < limit {
            let Some(id) = self.steps[step].queue.pop_front() else { return };
            let item = self.items.get_mut(&id).expect("what is queued is an item");
            item.worker = Some(self.steps[step].workers.take());
            item.first_run_at.get_or_insert(self.at);
            item.begun = self.next_sequence;
            let change = self.change(id, StepPhase::Running, None);
            self.publish(StreamItem::Step(change), commands);
            commands.push(Command::RunStep(self.execution(id)));
        }
    }

    pub(super) fn execution(&self, id: ItemId) -> Execution {
        let item = &self.items[&id];
        Execution {
            item: id,
            attempt: item.attempt,
            step: self.step_name(item.step),
            event: item.event.clone(),
            recorded: item.recorded.clone(),
        }
    }

    pub(super) fn change(&self, id: ItemId, phase: StepPhase, output: Option<Name>) -> StepChange {
        let item = &self.items[&id];
        StepChange {
            step: self.step_name(item.step),
            phase,
            worker: item.worker,
            input: item.event.name.clone(),
            output,
        }
    }

    pub(super) fn step_name(&self, step: usize) -> Name {
        let definition = self.definition.as_ref().expect("only an open run has steps");
        definition.steps[step].name.clone()
    }
}
