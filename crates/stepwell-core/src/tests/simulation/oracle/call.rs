//! Calls of bodies.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{CallKey, CallKind, Collected, Name, Outcome, Tick, Wait};

use super::{Call, Item, Open, Oracle};

impl Oracle {
    pub(super) fn called(&mut self, tick: &Tick) {
        match tick {
            Tick::Sent(sent) => {
                self.item(sent.call.item).begin(&sent.call.key);
                let lineage = self.item(sent.call.item).lineage.clone();
                self.route(&sent.event, sent.target.as_ref(), None, &lineage);
            }
            Tick::Updated(updated) => {
                let outcome = Outcome::Value(updated.returned.clone());
                self.item(updated.call.item).begin(&updated.call.key);
                self.item(updated.call.item).answer(&updated.call.key, outcome);
            }
            Tick::Remembered(remembered) => {
                let outcome = match &remembered.outcome {
                    Ok(value) => Outcome::Value(value.clone()),
                    Err(failure) => Outcome::Failed(failure.clone()),
                };
                self.item(remembered.call.item).begin(&remembered.call.key);
                self.item(remembered.call.item).answer(&remembered.call.key, outcome);
            }
            Tick::WaitBegun(wait) => self.wait(wait),
            Tick::SleepBegun { call, delay } => {
                let due = Some(self.at.after(*delay));
                self.item(call.item).begin(&call.key);
                self.item(call.item).call(&call.key).open =
                    Some(Open { wait: None, order: 0, due });
            }
            Tick::Collected(collected) => self.collect(collected),
            Tick::CallDropped(call) => self.drop_call(call.item, &call.key),
            other => panic!("not a call: {other:?}"),
        }
    }

    fn wait(&mut self, wait: &Wait) {
        let Wait { call, events, matching, within, .. } = wait;
        self.item(call.item).begin(&call.key);
        let fits = |event: &_| super::route::fits(event, events, matching);
        if let Some(at) = self.kept.iter().position(fits) {
            let event = self.kept.remove(at);
            let item = self.item(call.item);
            item.answer(&call.key, Outcome::Event(event));
            item.call(&call.key).is_sole = true;
            return self.see("a wait for a kept event");
        }
        self.waits += 1;
        let (order, due) = (self.waits, within.map(|within: Duration| self.at.after(within)));
        let wait = Some((events.clone(), matching.clone()));
        self.item(call.item).call(&call.key).open = Some(Open { wait, order, due });
    }

    fn collect(&mut self, collected: &Collected) {
        let Collected { call, buffer, event, expected } = collected;
        let step = self.item(call.item).step.clone();
        self.item(call.item).begin(&call.key);
        if expected.contains(&event.name) {
            self.collected.push((step.clone(), buffer.clone(), event.clone()));
        }
        let mut rest = self.collected.clone();
        let set: Option<Vec<_>> = expected
            .iter()
            .map(|name| {
                let here = |it: &(Name, Name, crate::Event)| {
                    it.0 == step && it.1 == *buffer && it.2.name == *name
                };
                rest.iter().position(here).map(|at| rest.remove(at).2)
            })
            .collect();
        if set.as_ref().is_some_and(|set| !set.is_empty()) {
            self.see("a collected set");
        }
        if set.is_some() {
            self.collected = rest;
        }
        let item = self.item(call.item);
        item.answer(&call.key, Outcome::Collected(set));
        item.call(&call.key).buffer = Some(buffer.clone());
    }

    fn drop_call(&mut self, id: crate::ItemId, key: &CallKey) {
        let item = self.item(id);
        let step = item.step.clone();
        item.is_parked = false;
        if !item.calls.iter().any(|call| call.key == *key) {
            item.begin(key);
        }
        let call = item.call(key);
        (call.is_dropped, call.open) = (true, None);
        let (is_sole, buffer) = (call.is_sole, call.buffer.clone());
        let Some(answer) = item.answers.iter_mut().find(|(answered, _)| answered == key) else {
            return;
        };
        match std::mem::replace(&mut answer.1, Outcome::Dropped) {
            Outcome::Event(event) if is_sole => {
                self.see("an event given up");
                self.offer(event);
            }
            Outcome::Collected(set) => {
                item.call(key).given_up = Some(Outcome::Collected(None));
                for event in set.unwrap_or_default().into_iter().rev() {
                    self.collected.insert(0, (step.clone(), buffer.clone().unwrap(), event));
                }
            }
            value @ Outcome::Value(_) => item.call(key).given_up = Some(value),
            _ => {}
        }
    }
}

impl Item {
    fn begin(&mut self, key: &CallKey) {
        assert!(!self.calls.iter().any(|call| call.key == *key), "{key:?} is made twice");
        self.is_parked = false;
        self.calls.push(Call {
            key: key.clone(),
            open: None,
            is_dropped: false,
            is_sole: false,
            buffer: None,
            given_up: None,
        });
    }

    pub(super) fn answer(&mut self, key: &CallKey, outcome: Outcome) {
        self.is_parked = false;
        self.answers.push((key.clone(), outcome));
    }

    pub(super) fn call(&mut self, key: &CallKey) -> &mut Call {
        self.calls.iter_mut().find(|call| call.key == *key).expect("a call that was begun")
    }

    /// Keeps what was done once, waited for, slept and collected.
    pub(super) fn begin_anew(&mut self) {
        let given_up: BTreeMap<CallKey, Outcome> = self
            .calls
            .iter()
            .filter_map(|call| Some((call.key.clone(), call.given_up.clone()?)))
            .collect();
        for (key, outcome) in &mut self.answers {
            if let Some(given_up) = given_up.get(key) {
                *outcome = given_up.clone();
            }
        }
        self.answers.retain(|(key, outcome)| {
            let lasts = !matches!(key.kind, CallKind::Send | CallKind::Update);
            let gone = matches!(outcome, Outcome::Failed(_) | Outcome::TimedOut | Outcome::Dropped);
            lasts && !gone
        });
        self.calls.retain(|call| self.answers.iter().any(|(key, _)| *key == call.key));
        for call in &mut self.calls {
            (call.is_dropped, call.open, call.given_up) = (false, None, None);
        }
    }
}
