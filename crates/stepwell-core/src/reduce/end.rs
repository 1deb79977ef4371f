//! How a run ends: one terminal event, and nothing after it.

use serde_json::json;

use crate::{Command, End, Event, Family, Name, Payload, RunState, StreamItem};

impl RunState {
    pub(super) fn finish(&mut self, end: End, commands: &mut Vec<Command>) {
        self.publish(StreamItem::Event(end.event().clone()), commands);
        let timers = std::mem::take(&mut self.timers);
        commands.extend(timers.into_keys().map(|timer| Command::ClearTimer { timer }));
        self.items.clear();
        self.steps.clear();
        self.idle = false;
        self.pause(self.at);
        self.end = Some(end.clone());
        commands.push(Command::EndRun(end));
    }

    pub(super) fn cancelled(&mut self, commands: &mut Vec<Command>) {
        let value = Payload::object();
        let event = Event::builtin("WorkflowCancelledEvent", Family::Stop, value);
        self.finish(End::Cancelled(event), commands);
    }

    pub(super) fn timed_out(&mut self, commands: &mut Vec<Command>) {
        let definition = self.definition.as_ref().expect("only an open run times out");
        let timeout = definition.timeout.unwrap_or_default().as_secs_f64();
        let active = definition.steps.iter().zip(&self.steps);
        let active: Vec<&str> = active
            .filter(|(_, state)| state.running() > 0)
            .map(|(step, _)| Name::as_str(&step.name))
            .collect();
        let value = Payload::of(&json!({ "timeout": timeout, "active_steps": active }));
        let event = Event::builtin("WorkflowTimedOutEvent", Family::Stop, value);
        self.finish(End::TimedOut(event), commands);
    }
}
