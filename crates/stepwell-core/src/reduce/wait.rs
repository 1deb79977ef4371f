//! Waiting inside a body for an event.

use crate::state::{Pending, Purpose, Waiter, has_fields};
use crate::{Call, Command, Event, Outcome, RunState, StreamItem, Wait};

impl RunState {
    pub(super) fn wait_begun(&mut self, wait: &Wait, commands: &mut Vec<Command>) {
        let Wait { call, events, matching, within, request } = wait;
        let Call { item, key, .. } = call;
        let step = self.items[item].step;
        let kept = self.take_kept(wait);
        if let Some(event) = kept {
            self.ask(request.as_ref(), commands);
            self.answer_at_once(call, Outcome::Event(event), commands);
            return self.took_alone(*item, key);
        }
        self.begin(call, None, commands);
        let timer = within.map(|within| {
            let purpose = Purpose::Call(*item, key.clone());
            self.set_timer(self.at.after(within), purpose, commands)
        });
        let waiter = self.waiters.add(Waiter {
            item: *item,
            key: key.clone(),
            events: events.clone(),
            matching: matching.clone(),
            timer,
        });
        self.open_call(*item, key, Pending::Wait(waiter), commands);
        self.ask(request.as_ref(), commands);
        self.fill_workers(step, commands);
    }

    fn ask(&mut self, request: Option<&Event>, commands: &mut Vec<Command>) {
        if let Some(request) = request {
            self.publish(StreamItem::Event(request.clone()), commands);
        }
    }

    /// Takes the first event that came for such a wait before it began.
    fn take_kept(&mut self, wait: &Wait) -> Option<Event> {
        let fits =
            |event: &Event| wait.events.contains(&event.name) && has_fields(event, &wait.matching);
        let at = self.kept.iter().position(fits)?;
        self.kept.remove(at)
    }
}
