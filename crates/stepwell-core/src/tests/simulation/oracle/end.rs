//! How runs rest, end, and change.

use crate::{Definition, Name, OnStall, Trigger};

use super::Oracle;

impl Oracle {
    pub(super) fn settled(&mut self) {
        let is_open = self.batches.values().any(|batch| !batch.is_closed);
        if is_open && !self.items.values().any(|item| item.scope.is_some()) {
            self.see("a batch that is stuck");
            return self.end("StuckBatch");
        }
        if self.is_stalled() && self.definition.on_stall == OnStall::Fail {
            self.see("a stalled run");
            return self.end("Stalled");
        }
        if !self.items.is_empty() {
            self.see("a rest with bodies that wait");
        }
        self.is_idle = true;
        self.timeout_due = None;
    }

    /// Tells whether nothing that the run waits for can come. A body waits for something.
    pub(super) fn is_stalled(&self) -> bool {
        self.end.is_none() && self.items.is_empty() && self.asked == 0 && !self.definition.signalled
    }

    pub(super) fn redefined(&mut self, new: &Definition) {
        let old = std::mem::replace(&mut self.definition, new.clone());
        let goes_on = |step: &Name| {
            let of = |definition: &Definition| {
                definition.steps.iter().find(|it| it.name == *step).map(|it| it.trigger.clone())
            };
            match (of(&old), of(new)) {
                (Some(Trigger::All { slots }), Some(Trigger::All { slots: others })) => {
                    slots == others
                }
                (Some(one), Some(other)) => kind(&one) == kind(&other),
                _ => false,
            }
        };
        for item in self.items.values().filter(|item| !goes_on(&item.step)) {
            self.is_whole = false;
            if let Some((number, _)) = item.scope {
                self.batches.get_mut(&number).unwrap().is_lost = true;
            }
        }
        let before = self.items.len();
        self.items.retain(|_, item| goes_on(&item.step));
        for batch in self.batches.values_mut() {
            batch.joins.retain(|join| goes_on(&join.step));
        }
        self.slots.retain(|slotted| goes_on(&slotted.step));
        self.collected.retain(|(step, ..)| goes_on(step));
        self.see("another definition");
        if self.items.len() < before {
            self.see("lost work");
            self.is_idle = false;
        }
        self.set_timeout();
    }

    pub(super) fn end(&mut self, how: &str) {
        self.end = Some(how.to_owned());
        self.items.clear();
        self.batches.clear();
        self.slots.clear();
        self.collected.clear();
        self.kept.clear();
        (self.asked, self.is_idle, self.timeout_due) = (0, false, None);
        self.unhandled.clear();
    }

    /// The names of batches that are open, for people.
    pub(in super::super) fn open_batches(&self) -> Vec<Name> {
        let open = self.batches.values().filter(|batch| !batch.is_closed);
        open.map(|batch| batch.opener.clone()).collect()
    }
}

fn kind(trigger: &Trigger) -> u8 {
    match trigger {
        Trigger::Each => 0,
        Trigger::Join { .. } => 1,
        Trigger::All { .. } => 2,
        Trigger::Catch { .. } => 3,
    }
}
