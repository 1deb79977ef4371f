//! How a run ends: one terminal event, and nothing after it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::state::Waiters;
use crate::{Command, End, Event, FailedStep, Family, Name, Payload, RunState, StreamItem};

impl RunState {
    pub(super) fn finish(&mut self, end: End, commands: &mut Vec<Command>) {
        self.publish(StreamItem::Event(end.event().clone()), commands);
        let timers = std::mem::take(&mut self.timers);
        commands.extend(timers.into_keys().map(|timer| Command::ClearTimer { timer }));
        self.items.clear();
        (self.parked, self.delayed, self.batched) = (0, 0, 0);
        self.steps.clear();
        self.batches.clear();
        self.slots.clear();
        self.collected.clear();
        self.waiters = Waiters::default();
        self.kept.clear();
        self.asked = 0;
        self.idle = false;
        (self.busy.timer, self.deadline) = (None, None);
        self.pause(self.at);
        self.end = Some(end.clone());
        commands.push(Command::EndRun(end));
    }

    /// Ends the run with a failure of a step.
    pub(super) fn finish_failed(&mut self, failed: &FailedStep, commands: &mut Vec<Command>) {
        let value = json!({
            "step_name": &*failed.step,
            "exception": {
                "exception_type": failed.failure.kind,
                "exception_message": failed.failure.message,
            },
            "attempts": failed.attempts,
            "elapsed_seconds": failed.elapsed.as_secs_f64(),
        });
        self.finish_with_failure(&value, commands);
    }

    /// Ends the run with a failure that is not one of a step, though it has to do with one.
    pub(super) fn finish_stuck(
        &mut self,
        step: &str,
        kind: &str,
        message: &str,
        commands: &mut Vec<Command>,
    ) {
        let value = json!({
            "step_name": step,
            "exception": { "exception_type": kind, "exception_message": message },
            "attempts": Value::Null,
            "elapsed_seconds": Value::Null,
        });
        self.finish_with_failure(&value, commands);
    }

    fn finish_with_failure(&mut self, value: &Value, commands: &mut Vec<Command>) {
        let event = Event::builtin("WorkflowFailedEvent", Family::Stop, Payload::of(value));
        self.finish(End::Failed(event), commands);
    }

    pub(super) fn cancelled(&mut self, commands: &mut Vec<Command>) {
        let value = Payload::object();
        let event = Event::builtin("WorkflowCancelledEvent", Family::Stop, value);
        self.finish(End::Cancelled(event), commands);
    }

    /// Ends the run because it took longer than `limit`.
    pub(super) fn timed_out(&mut self, limit: Option<Duration>, commands: &mut Vec<Command>) {
        let definition = self.definition.as_ref().expect("only an open run times out");
        let active = definition.steps.iter().zip(&self.steps);
        let active: Vec<&str> = active
            .filter(|(_, state)| state.running() > 0)
            .map(|(step, _)| Name::as_str(&step.name))
            .collect();
        let timeout = limit.unwrap_or_default().as_secs_f64();
        let value = Payload::of(&json!({ "timeout": timeout, "active_steps": active }));
        let event = Event::builtin("WorkflowTimedOutEvent", Family::Stop, value);
        self.finish(End::TimedOut(event), commands);
    }
}
