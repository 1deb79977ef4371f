//! Buffers that bodies of a step collect events in.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{Event, Name};

/// Events that wait for the others of their set, by name and in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Buffer(BTreeMap<Name, VecDeque<Event>>);

impl Buffer {
    /// Adds an event, if it is one of those expected, and takes a set if it is complete now: the
    /// earliest events, in the order expected.
    pub(crate) fn add(&mut self, event: &Event, expected: &[Name]) -> Option<Vec<Event>> {
        let mut wanted: BTreeMap<&Name, usize> = BTreeMap::new();
        for name in expected {
            *wanted.entry(name).or_default() += 1;
        }
        if wanted.contains_key(&event.name) {
            self.0.entry(event.name.clone()).or_default().push_back(event.clone());
        }
        let there = |name: &Name| self.0.get(name).map_or(0, VecDeque::len);
        if wanted.iter().any(|(name, wanted)| there(name) < *wanted) {
            return None;
        }
        let set = expected.iter().filter_map(|name| self.0.get_mut(name)?.pop_front());
        let set = set.collect();
        self.0.retain(|_, queue| !queue.is_empty());
        Some(set)
    }

    /// Puts a set back that nobody wants: it came before all that is there.
    pub(crate) fn put_back(&mut self, set: Vec<Event>) {
        for event in set.into_iter().rev() {
            self.0.entry(event.name.clone()).or_default().push_front(event);
        }
    }

    #[cfg(test)]
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.0.values().flatten()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
