//! Batches: what a step returned together, until all that comes of it has come.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::item::{Lineage, Scope};
use crate::{Event, Member, Name};

/// The events that a step returned together, and all that comes of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// The step that opened it.
    pub(crate) opener: Name,
    /// Where the step that opened it stood: there its joins stand too.
    pub(crate) parent: Option<Scope>,
    /// How many work items and batches belong to it that are not over; it closes at 0.
    pub(crate) open: u64,
    pub(crate) joins: Vec<JoinBuffer>,
}

/// What has arrived at one join of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JoinBuffer {
    /// Where the join is in the definition.
    pub(crate) step: usize,
    pub(crate) members: Vec<Member>,
    /// Whether its body was run, or is about to be.
    pub(crate) fired: bool,
    pub(crate) lineage: Lineage,
}

/// Events for a step that takes one of each slot, in order of arrival. Slots that accept the same
/// names share a queue, that of the first name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slots(BTreeMap<Name, VecDeque<Buffered>>);

/// An event that waits for the others of its set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Buffered {
    pub(crate) event: Event,
    pub(crate) lineage: Lineage,
}

impl Slots {
    /// Adds an event of the slot that is known by its first name, and takes a set if it is
    /// complete now: the earliest event for each slot.
    pub(crate) fn add(
        &mut self,
        slots: &[Vec<Name>],
        slot: &Name,
        buffered: Buffered,
    ) -> Option<Vec<Buffered>> {
        self.0.entry(slot.clone()).or_default().push_back(buffered);
        let mut needed: BTreeMap<&Name, usize> = BTreeMap::new();
        for names in slots {
            *needed.entry(&names[0]).or_default() += 1;
        }
        let there = |name: &Name| self.0.get(name).map_or(0, VecDeque::len);
        if needed.iter().any(|(name, needed)| there(name) < *needed) {
            return None;
        }
        let set = slots.iter().filter_map(|names| self.0.get_mut(&names[0])?.pop_front());
        let set = set.collect();
        self.0.retain(|_, queue| !queue.is_empty());
        Some(set)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the events that found no set.
    pub(crate) fn into_events(self) -> Vec<Event> {
        self.0.into_values().flatten().map(|buffered| buffered.event).collect()
    }
}
