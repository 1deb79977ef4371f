//! What comes of a body that ended.

use serde_json::json;

use crate::state::WorkItem;
use crate::{
    Command, End, Event, Failure, Family, ItemId, Name, Output, Payload, RunState, StepPhase,
    StreamItem,
};

impl RunState {
    pub(super) fn returned(&mut self, item: ItemId, output: &Output, commands: &mut Vec<Command>) {
        let events = output.events();
        let name = match events {
            [] => None,
            [event] => Some(event.name.clone()),
            _ => Some(Name::from("list")),
        };
        let step = self.release(item, StepPhase::Returned, name, commands).step;

        if let Some(stop) = events.iter().find(|event| event.family == Family::Stop) {
            // A stop among several events wins; the others go nowhere.
            return self.finish(End::Completed(stop.clone()), commands);
        }
        for event in events.iter().filter(|event| event.family == Family::Request) {
            self.publish(StreamItem::Event(event.clone()), commands);
        }
        self.fill_workers(step, commands);
        let mut rest = events;
        while let [event, after @ ..] = rest {
            self.route(event, None, after, commands);
            rest = after;
        }
    }

    pub(super) fn failed(&mut self, item: ItemId, failure: &Failure, commands: &mut Vec<Command>) {
        let item = self.release(item, StepPhase::Failed, None, commands);
        let elapsed = item.first_run_at.map_or(0.0, |first| self.at.since(first).as_secs_f64());
        let value = json!({
            "step_name": &*self.step_name(item.step),
            "exception": {
                "exception_type": failure.kind,
                "exception_message": failure.message,
            },
            "attempts": item.attempt,
            "elapsed_seconds": elapsed,
        });
        let event = Event::builtin("WorkflowFailedEvent", Family::Stop, Payload::of(&value));
        self.finish(End::Failed(event), commands);
    }

    /// Takes an item off its worker and tells readers.
    fn release(
        &mut self,
        id: ItemId,
        phase: StepPhase,
        output: Option<Name>,
        commands: &mut Vec<Command>,
    ) -> WorkItem {
        let change = self.change(id, phase, output);
        self.publish(StreamItem::Step(change), commands);
        let item = self.items.remove(&id).expect("an expected tick names an item");
        let worker = item.worker.expect("an expected tick names an item on a worker");
        self.steps[item.step].workers.release(worker);
        item
    }
}
