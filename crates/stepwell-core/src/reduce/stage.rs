//! Moves work items between the queue, the workers and waiting.

use crate::state::{Lineage, Scope, Stage, WorkItem};
use crate::{Command, Execution, Input, ItemId, Name, RunState, StepChange, StepPhase, StreamItem};

impl RunState {
    /// Gives an input to a step.
    pub(super) fn enqueue(
        &mut self,
        step: usize,
        input: Input,
        scope: Option<Scope>,
        lineage: Lineage,
        commands: &mut Vec<Command>,
    ) {
        self.last_item.0 += 1;
        let id = self.last_item;
        self.enter(scope);
        self.batched += usize::from(scope.is_some());
        self.items.insert(id, WorkItem::new(step, input, scope, lineage));
        self.steps[step].push(id);
        self.fill_workers(step, commands);
        self.tell_if_queued(id, commands);
    }

    /// Says so if an item found no worker.
    pub(super) fn tell_if_queued(&mut self, id: ItemId, commands: &mut Vec<Command>) {
        if self.items[&id].stage == Stage::Queued {
            let change = self.change(id, StepPhase::Queued, None);
            self.publish(StreamItem::Step(change), commands);
        }
    }

    /// Puts queued items on free workers, the lowest first.
    pub(super) fn fill_workers(&mut self, step: usize, commands: &mut Vec<Command>) {
        let definition = self.definition.as_ref().expect("only an open run has steps");
        let limit = definition.steps[step].workers as usize;
        while self.steps[step].running() < limit {
            let Some(id) = self.steps[step].pop() else { return };
            let worker = self.steps[step].workers.take();
            let item = self.items.get_mut(&id).expect("what is queued is an item");
            item.stage = Stage::Running(worker);
            item.worker = Some(worker);
            item.has_begun = true;
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
            input: item.input.clone(),
            first_run_at: item.first_run_at.unwrap_or(self.at),
        }
    }

    /// Puts an item before all that were never begun, and runs it if there is a worker.
    pub(super) fn requeue(&mut self, id: ItemId, commands: &mut Vec<Command>) {
        let step = self.queue_again(id);
        self.fill_workers(step, commands);
        self.tell_if_queued(id, commands);
    }

    /// Puts an item before all that were never begun, and returns its step.
    pub(super) fn queue_again(&mut self, id: ItemId) -> usize {
        self.set_stage(id, Stage::Queued);
        let item = &self.items[&id];
        self.steps[item.step].push_again(item.begun, id);
        item.step
    }

    /// Takes an item off its worker, for it has to wait.
    pub(super) fn rest(&mut self, id: ItemId, parked: bool, commands: &mut Vec<Command>) {
        let item = &self.items[&id];
        match item.stage {
            Stage::Waiting { .. } => return self.set_stage(id, Stage::Waiting { parked }),
            Stage::Running(worker) => self.steps[item.step].workers.release(worker),
            // It was answered meanwhile and went on without a worker, and waits again.
            Stage::Queued if parked => self.steps[item.step].withdraw(item.begun, id),
            // It was answered meanwhile, and is about to go on.
            Stage::Queued | Stage::Delayed(_) => return,
        }
        let change = self.change(id, StepPhase::Waiting, None);
        self.publish(StreamItem::Step(change), commands);
        self.set_stage(id, Stage::Waiting { parked });
    }

    /// Takes an item out of its queue or off its worker, and drops the calls that it has open.
    pub(super) fn release(&mut self, id: ItemId, commands: &mut Vec<Command>) {
        let item = &self.items[&id];
        match item.stage {
            Stage::Running(worker) => self.steps[item.step].workers.release(worker),
            // One that was never begun is not released: it goes with its step.
            Stage::Queued => self.steps[item.step].withdraw(item.begun, id),
            Stage::Waiting { .. } => {}
            Stage::Delayed(timer) => self.clear_timer(timer, commands),
        }
        let open: Vec<_> = self.items[&id].pending.keys().cloned().collect();
        for key in open {
            self.close_call(id, &key, commands);
        }
        self.set_stage(id, Stage::Queued);
    }

    /// Takes an item out of the run.
    pub(super) fn take_item(&mut self, id: ItemId, commands: &mut Vec<Command>) -> WorkItem {
        self.release(id, commands);
        let item = self.items.remove(&id).expect("only items are released");
        self.batched -= usize::from(item.scope.is_some());
        item
    }

    /// Changes the stage of an item, and keeps count.
    pub(super) fn set_stage(&mut self, id: ItemId, stage: Stage) {
        let item = self.items.get_mut(&id).expect("only items have stages");
        let before = std::mem::replace(&mut item.stage, stage);
        let counts = |stage| match stage {
            Stage::Waiting { parked: true } => (1, 0),
            Stage::Delayed(_) => (0, 1),
            _ => (0, 0),
        };
        self.parked = self.parked + counts(stage).0 - counts(before).0;
        self.delayed = self.delayed + counts(stage).1 - counts(before).1;
    }

    /// A body that was thought to do nothing but wait does something.
    pub(super) fn stir(&mut self, id: ItemId, commands: &mut Vec<Command>) {
        if self.items[&id].is_parked() {
            self.set_stage(id, Stage::Waiting { parked: false });
            self.wake(commands);
        }
    }

    pub(super) fn change(&self, id: ItemId, phase: StepPhase, output: Option<Name>) -> StepChange {
        let item = &self.items[&id];
        StepChange {
            step: self.step_name(item.step),
            phase,
            worker: item.worker.filter(|_| phase != StepPhase::Queued),
            input: item.input.name(),
            output,
        }
    }

    pub(super) fn step_name(&self, step: usize) -> Name {
        let definition = self.definition.as_ref().expect("only an open run has steps");
        definition.steps[step].name.clone()
    }
}
