//! Which ticks still matter.

use super::{RunState, WorkItem};
use crate::{Call, ItemId, Streamed, Tick};

impl RunState {
    /// Tells whether the tick still matters.
    ///
    /// What a body did after its run ended, or after its attempt was over, does not.
    #[must_use]
    pub fn expects(&self, tick: &Tick) -> bool {
        match tick {
            Tick::Started(_) => self.definition.is_none(),
            Tick::Undelivered { .. } => self.end.is_some(),
            Tick::Settled => self.is_quiet(),
            Tick::Fired { timer, due } => {
                self.is_open() && self.timers.get(timer).is_some_and(|set| set.due == *due)
            }
            Tick::Received { .. }
            | Tick::Cancelled
            | Tick::Resumed { .. }
            | Tick::Redefined { .. } => self.is_open(),
            Tick::Returned { item, attempt, .. } | Tick::Failed { item, attempt, .. } => {
                self.begun(*item, *attempt).is_some()
            }
            Tick::Sent(sent) => self.is_new(&sent.call),
            Tick::Updated(updated) => self.is_new(&updated.call),
            Tick::Remembered(remembered) => self.is_new(&remembered.call),
            Tick::WaitBegun(wait) => self.is_new(&wait.call),
            Tick::SleepBegun { call, .. } => self.is_new(call),
            Tick::Collected(collected) => self.is_new(&collected.call),
            Tick::CallDropped(Call { item, attempt, key }) => {
                self.begun(*item, *attempt).is_some_and(|item| !item.recorded.is_given_up(key))
            }
            Tick::Parked { item, attempt, answers } => {
                self.begun(*item, *attempt).is_some_and(|item| {
                    !item.is_parked()
                        && !item.pending.is_empty()
                        && item.recorded.answers().len() == *answers as usize
                })
            }
            Tick::Streamed(streamed) => self.follows(streamed),
        }
    }

    /// Tells whether items are those after the ones that are recorded; ones that restart replace
    /// what the attempt had published from there on.
    fn follows(&self, streamed: &Streamed) -> bool {
        let Some(item) = self.begun(streamed.item, streamed.attempt) else { return false };
        let (nth, before) = (streamed.nth as usize, item.recorded.streamed().len());
        nth == before || (streamed.restarted && nth < before)
    }

    /// Tells whether a call was not made before.
    fn is_new(&self, call: &Call) -> bool {
        self.begun(call.item, call.attempt).is_some_and(|item| !item.recorded.has(&call.key))
    }

    /// Returns a work item if its body has begun this attempt.
    fn begun(&self, item: ItemId, attempt: u32) -> Option<&WorkItem> {
        self.items.get(&item).filter(|item| item.attempt == attempt && item.has_begun)
    }
}
