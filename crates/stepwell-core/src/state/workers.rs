//! The queue and the workers of one step.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ItemId;

/// The queue and the workers of one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepState {
    /// Items that were begun before: they go before all others, the first begun first.
    again: BTreeSet<(u64, ItemId)>,
    /// Items that were never begun, in the order of arrival.
    fresh: VecDeque<ItemId>,
    pub(crate) workers: Workers,
}

/// Which workers of a step are busy; who is on one is told by the stage of the item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workers {
    /// How many have been busy at once; more than the limit after the limit was lowered.
    used: u32,
    /// Those of them that are free: a set, since a step may have thousands of workers.
    free: BTreeSet<u32>,
}

impl StepState {
    pub(crate) fn running(&self) -> usize {
        self.workers.used as usize - self.workers.free.len()
    }

    /// Adds an item that was never begun.
    pub(crate) fn push(&mut self, id: ItemId) {
        self.fresh.push_back(id);
    }

    /// Adds an item that was begun, by the number that told of its beginning.
    pub(crate) fn push_again(&mut self, begun: u64, id: ItemId) {
        self.again.insert((begun, id));
    }

    pub(crate) fn pop(&mut self) -> Option<ItemId> {
        self.again.pop_first().map(|(_, id)| id).or_else(|| self.fresh.pop_front())
    }

    /// Takes an item out that was begun.
    pub(crate) fn withdraw(&mut self, begun: u64, id: ItemId) {
        self.again.remove(&(begun, id));
    }

    /// Returns the items in the order in which they will run.
    #[cfg(test)]
    pub(crate) fn queued(&self) -> impl Iterator<Item = ItemId> + '_ {
        self.again.iter().map(|(_, id)| *id).chain(self.fresh.iter().copied())
    }
}

impl Workers {
    /// Takes the lowest free one.
    pub(crate) fn take(&mut self) -> u32 {
        self.free.pop_first().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        })
    }

    pub(crate) fn release(&mut self, worker: u32) {
        self.free.insert(worker);
    }

    #[cfg(test)]
    pub(crate) fn is_busy(&self, worker: u32) -> bool {
        worker < self.used && !self.free.contains(&worker)
    }
}
