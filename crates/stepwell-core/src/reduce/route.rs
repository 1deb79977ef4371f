//! Gives events to waiters and steps.

use std::collections::BTreeSet;

use crate::state::{Lineage, Scope};
use crate::{
    CallKey, Command, Event, Family, Input, ItemId, Name, Outcome, RunState, StepDefinition,
    StreamItem, Trigger, Unhandled,
};

/// How many events are kept for waits that have not begun; later ones are unhandled.
const KEPT: usize = 1024;

/// Where an event comes from and where it is to go.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin<'a> {
    /// The one step it is for.
    pub(super) target: Option<&'a Name>,
    pub(super) scope: Option<Scope>,
    pub(super) lineage: Lineage,
}

impl RunState {
    pub(super) fn received(
        &mut self,
        event: &Event,
        target: Option<&Name>,
        commands: &mut Vec<Command>,
    ) {
        self.wake(commands);
        if self.route(event, &Origin { target, ..Origin::default() }, commands) {
            // Whatever it is, without a request it would be a signal.
            self.asked = self.asked.saturating_sub(1);
        }
    }

    /// Gives the event to every waiter that it answers, then to every other step that accepts its
    /// exact name, or to the one it is for. Tells whether a step took it.
    pub(super) fn route(
        &mut self,
        event: &Event,
        origin: &Origin<'_>,
        commands: &mut Vec<Command>,
    ) -> bool {
        let definition = self.definition.clone().expect("only an open run routes");
        let awaited = self.waiters.expect(&event.name);
        let answered = self.answer_waiters(event, commands);
        let waiting: BTreeSet<usize> =
            answered.iter().map(|(item, _)| self.items[item].step).collect();
        let mut taken = false;
        for (place, step) in definition.steps.iter().enumerate() {
            let is_target = origin.target.is_none_or(|target| *target == step.name);
            if is_target && !waiting.contains(&place) && step.accepts.contains(&event.name) {
                taken |= self.give(place, step, event, origin, commands);
            }
        }
        if let ([(item, key)], false) = (&answered[..], taken) {
            self.took_alone(*item, key);
        }
        if taken || !answered.is_empty() {
            return taken;
        }
        let keeps = origin.target.is_none()
            && definition.awaited.contains(&event.name)
            && self.kept.len() < KEPT;
        if keeps {
            self.kept.push_back(event.clone());
        }
        // A request is for the outside: nobody here need take it. And one that is kept for a wait
        // to come is not lost; but whoever waits now is told that it was not for them.
        if event.family != Family::Request && (!keeps || awaited) {
            self.unhandled(event, origin.target.cloned(), commands);
        }
        false
    }

    /// Says that nobody took an event; whether the run is idle is known when the entry is applied.
    pub(super) fn unhandled(
        &mut self,
        event: &Event,
        target: Option<Name>,
        commands: &mut Vec<Command>,
    ) {
        let Event { name: event, module, .. } = event.clone();
        let unhandled = Unhandled { event, module, target, idle: false };
        self.publish(StreamItem::Unhandled(unhandled), commands);
    }

    /// Gives an event that one call had taken, and does not want, to those that want it.
    pub(super) fn offer(&mut self, event: &Event, commands: &mut Vec<Command>) {
        match &self.answer_waiters(event, commands)[..] {
            [] if self.kept.len() < KEPT => self.kept.push_front(event.clone()),
            [] => self.unhandled(event, None, commands),
            [(item, key)] => self.took_alone(*item, key),
            _ => {}
        }
    }

    /// Gives an event to one step, and tells whether it takes it.
    fn give(
        &mut self,
        place: usize,
        step: &StepDefinition,
        event: &Event,
        origin: &Origin<'_>,
        commands: &mut Vec<Command>,
    ) -> bool {
        let Origin { scope, lineage, .. } = origin;
        match &step.trigger {
            Trigger::Each => {
                let input = Input::Event(event.clone());
                self.enqueue(place, input, *scope, lineage.clone(), commands);
                true
            }
            Trigger::Join { take } => self.join(place, *take, event, *scope, lineage, commands),
            Trigger::All { slots } => {
                self.fill_slot(place, slots, event, *scope, lineage, commands)
            }
            // Failures reach it by another way.
            Trigger::Catch { .. } => false,
        }
    }

    /// Answers all calls that wait for such an event, and returns them.
    fn answer_waiters(
        &mut self,
        event: &Event,
        commands: &mut Vec<Command>,
    ) -> Vec<(ItemId, CallKey)> {
        let matching = self.waiters.matching(event);
        let waiters = matching.into_iter().filter_map(|id| self.waiters.get(id));
        let calls: Vec<_> = waiters.map(|waiter| (waiter.item, waiter.key.clone())).collect();
        for (item, key) in &calls {
            self.answer_open(*item, key, Outcome::Event(event.clone()), commands);
        }
        calls
    }

    /// Notes that nobody but this call took the event that answered it.
    pub(super) fn took_alone(&mut self, item: ItemId, key: &CallKey) {
        let item = self.items.get_mut(&item).expect("an answered call is that of an item");
        item.recorded.took_alone(key);
    }
}
