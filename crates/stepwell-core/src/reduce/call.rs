//! Calls of bodies that are answered: at once, or later.

use std::time::Duration;

use crate::state::{Pending, Purpose, Stage};
use crate::{
    Call, CallKey, Collected, Command, ItemId, Name, Outcome, Remembered, RunState, Updated,
};

impl RunState {
    pub(super) fn updated(&mut self, updated: &Updated, commands: &mut Vec<Command>) {
        json_patch::patch(&mut self.user_state, &updated.patch)
            .expect("a patch is the difference to the state it is applied to");
        let outcome = Outcome::Value(updated.returned.clone());
        self.answer_at_once(&updated.call, outcome, commands);
    }

    pub(super) fn remembered(&mut self, remembered: &Remembered, commands: &mut Vec<Command>) {
        let outcome = match &remembered.outcome {
            Ok(value) => Outcome::Value(value.clone()),
            Err(failure) => Outcome::Failed(failure.clone()),
        };
        self.answer_at_once(&remembered.call, outcome, commands);
    }

    pub(super) fn sleep_begun(
        &mut self,
        call: &Call,
        delay: Duration,
        commands: &mut Vec<Command>,
    ) {
        self.begin(call, None, commands);
        let Call { item, key, .. } = call;
        let purpose = Purpose::Call(*item, key.clone());
        let timer = self.set_timer(self.at.after(delay), purpose, commands);
        self.open_call(*item, key, Pending::Sleep(timer), commands);
        let step = self.items[item].step;
        self.fill_workers(step, commands);
    }

    /// Puts an event into the buffer of its step, and answers with a set if one is complete.
    pub(super) fn collected(&mut self, collected: &Collected, commands: &mut Vec<Command>) {
        let Collected { call, buffer, event, expected } = collected;
        let item = self.items.get_mut(&call.item).expect("an expected tick names an item");
        let at = (item.step, buffer.clone());
        let events = self.collected.entry(at.clone()).or_default();
        let set = events.add(event, expected);
        if events.is_empty() {
            self.collected.remove(&at);
        }
        if set.is_some() {
            item.sets.insert(call.key.clone(), buffer.clone());
        }
        self.answer_at_once(call, Outcome::Collected(set), commands);
    }

    /// The body does not want the answer any more. What it was answered already is there for
    /// others, if nobody else took it.
    pub(super) fn call_dropped(&mut self, call: &Call, commands: &mut Vec<Command>) {
        let Call { item: id, key, .. } = call;
        if self.items[id].recorded.has(key) {
            self.stir(*id, commands);
        } else {
            // It was given up before it took effect. That it was made counts all the same: a body
            // that runs again makes it too.
            self.begin(call, None, commands);
        }
        self.close_call(*id, key, commands);
        let item = self.items.get_mut(id).expect("an expected tick names an item");
        let outcome = item.recorded.give_up(key);
        let buffer = item.sets.remove(key).map(|buffer| (item.step, buffer));
        if item.pending.is_empty() && matches!(item.stage, Stage::Waiting { .. }) {
            // It does something else now, for which it needs a worker.
            self.requeue(*id, commands);
        }
        match (outcome, buffer) {
            (Some(Outcome::Event(event)), _) => self.offer(&event, commands),
            (Some(Outcome::Collected(Some(set))), Some(buffer)) if !set.is_empty() => {
                self.collected.entry(buffer).or_default().put_back(set);
            }
            _ => {}
        }
    }

    pub(super) fn parked(&mut self, item: ItemId, commands: &mut Vec<Command>) {
        let step = self.items[&item].step;
        self.rest(item, true, commands);
        self.fill_workers(step, commands);
    }

    /// Notes that a body has made a call.
    pub(super) fn begin(&mut self, call: &Call, target: Option<Name>, commands: &mut Vec<Command>) {
        self.stir(call.item, commands);
        let item = self.items.get_mut(&call.item).expect("an expected tick names an item");
        item.recorded.begin(call.key.clone(), call.attempt, target);
    }

    pub(super) fn answer_at_once(
        &mut self,
        call: &Call,
        outcome: Outcome,
        commands: &mut Vec<Command>,
    ) {
        self.begin(call, None, commands);
        let item = self.items.get_mut(&call.item).expect("an expected tick names an item");
        item.recorded.answer(call.key.clone(), outcome);
        commands.push(Command::Answer { item: call.item });
    }

    /// Leaves a call open until something answers it; its body gives its worker away.
    pub(super) fn open_call(
        &mut self,
        item: ItemId,
        key: &CallKey,
        pending: Pending,
        commands: &mut Vec<Command>,
    ) {
        let waiting = self.items.get_mut(&item).expect("an expected tick names an item");
        waiting.pending.insert(key.clone(), pending);
        self.rest(item, false, commands);
    }

    /// Answers a call that was left open; its body goes on before others of its step.
    pub(super) fn answer_open(
        &mut self,
        item: ItemId,
        key: &CallKey,
        outcome: Outcome,
        commands: &mut Vec<Command>,
    ) {
        self.close_call(item, key, commands);
        let waiting = self.items.get_mut(&item).expect("an open call is that of an item");
        waiting.recorded.answer(key.clone(), outcome);
        match waiting.stage {
            Stage::Waiting { .. } => {
                self.wake(commands);
                self.requeue(item, commands);
            }
            Stage::Running(_) => commands.push(Command::Answer { item }),
            // It is told when its turn comes.
            Stage::Queued | Stage::Delayed(_) => {}
        }
    }

    /// Forgets what was to answer a call.
    pub(super) fn close_call(&mut self, item: ItemId, key: &CallKey, commands: &mut Vec<Command>) {
        let pending = self.items.get_mut(&item).and_then(|item| item.pending.remove(key));
        let timer = match pending {
            Some(Pending::Wait(waiter)) => self.waiters.remove(waiter).and_then(|it| it.timer),
            Some(Pending::Sleep(timer)) => Some(timer),
            None => None,
        };
        if let Some(timer) = timer {
            self.clear_timer(timer, commands);
        }
    }
}
