//! What comes of a body that ended.

use std::sync::Arc;
use std::time::Duration;

use super::route::Origin;
use crate::state::{Purpose, Stage, WorkItem};
use crate::{
    Command, Definition, End, FailedAttempt, FailedStep, Failure, Family, HISTORY, Input, ItemId,
    Name, Output, RunState, StepPhase, StreamItem, Trigger,
};

impl RunState {
    pub(super) fn returned(&mut self, id: ItemId, output: &Output, commands: &mut Vec<Command>) {
        self.wake(commands);
        let events = output.events();
        let name = match output {
            Output::Nothing => None,
            Output::Event(event) => Some(event.name.clone()),
            Output::Events(_) => Some(Name::from("list")),
        };
        let change = self.change(id, StepPhase::Returned, name);
        self.publish(StreamItem::Step(change), commands);
        let WorkItem { step, scope, lineage, .. } = self.take_item(id, commands);

        if let Some(stop) = events.iter().find(|event| event.family == Family::Stop) {
            // A stop among several events wins; the others go nowhere.
            return self.finish(End::Completed(stop.clone()), commands);
        }
        for event in events.iter().filter(|event| event.family == Family::Request) {
            self.publish(StreamItem::Event(event.clone()), commands);
            self.asked += 1;
        }
        self.fill_workers(step, commands);
        match output {
            Output::Nothing => {}
            Output::Event(event) => {
                self.route(event, &Origin { scope, lineage, ..Origin::default() }, commands);
            }
            Output::Events(events) => self.open_batch(step, scope, &lineage, events, commands),
        }
        self.leave(scope, commands);
    }

    pub(super) fn failed(
        &mut self,
        id: ItemId,
        failure: &Failure,
        retry: Option<Duration>,
        commands: &mut Vec<Command>,
    ) {
        self.wake(commands);
        let change = self.change(id, StepPhase::Failed, None);
        self.publish(StreamItem::Step(change), commands);
        self.release(id, commands);
        let at = self.at;
        let item = self.items.get_mut(&id).expect("an expected tick names an item");
        let step = item.step;
        if item.failures.len() == HISTORY {
            item.failures.remove(0);
        }
        item.failures.push(FailedAttempt {
            attempt: item.attempt,
            failed_at: at,
            failure: failure.clone(),
        });
        match retry {
            Some(delay) => self.retry(id, delay, commands),
            None => self.give_up(id, failure, commands),
        }
        if self.is_open() {
            self.fill_workers(step, commands);
        }
    }

    /// Lets an item wait for its next attempt; it holds no worker meanwhile.
    fn retry(&mut self, id: ItemId, delay: Duration, commands: &mut Vec<Command>) {
        let item = self.items.get_mut(&id).expect("an expected tick names an item");
        item.attempt += 1;
        item.has_begun = false;
        item.recorded.keep_for_next_attempt();
        if delay.is_zero() {
            return self.requeue(id, commands);
        }
        let timer = self.set_timer(self.at.after(delay), Purpose::Retry(id), commands);
        self.set_stage(id, Stage::Delayed(timer));
    }

    /// Gives a failure to the handler that covers the step, or ends the run with it.
    fn give_up(&mut self, id: ItemId, failure: &Failure, commands: &mut Vec<Command>) {
        let item = self.take_item(id, commands);
        let elapsed = item.first_run_at.map_or(Duration::ZERO, |first| self.at.since(first));
        let failed = FailedStep {
            step: self.step_name(item.step),
            input: item.input,
            failure: failure.clone(),
            attempts: item.attempt,
            elapsed,
            failed_at: self.at,
            history: item.failures,
        };
        let definition = self.definition.clone().expect("only an open run has steps");
        let handler = handler(&definition, item.step)
            .filter(|(name, _, max)| item.lineage.recoveries(name) < *max);
        let Some((name, place, _)) = handler else {
            return self.finish_failed(&failed, commands);
        };
        // What the handler returns takes the place of the failed item.
        let lineage = item.lineage.recovered(name);
        self.enqueue(place, Input::Failed(Arc::new(failed)), item.scope, lineage, commands);
        self.leave(item.scope, commands);
    }
}

/// Returns the handler that covers a step: its name, its place, and how often it is entered.
fn handler(definition: &Definition, failed: usize) -> Option<(&Name, usize, u32)> {
    let failed = &definition.steps[failed];
    if matches!(failed.trigger, Trigger::Catch { .. }) {
        return None;
    }
    let handlers = || {
        definition.steps.iter().enumerate().filter_map(|(place, step)| match &step.trigger {
            Trigger::Catch { steps, max_recoveries } => Some((step, place, steps, *max_recoveries)),
            _ => None,
        })
    };
    let scoped = handlers()
        .find(|(_, _, steps, _)| steps.as_ref().is_some_and(|steps| steps.contains(&failed.name)));
    let found = scoped.or_else(|| handlers().find(|(_, _, steps, _)| steps.is_none()));
    found.map(|(step, place, _, max)| (&step.name, place, max))
}
