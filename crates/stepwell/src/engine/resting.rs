//! Runs that wait for the outside while their bodies stay in memory: the longest waiting leave
//! when there are too many.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use stepwell_core::RunId;

/// The runs whose bodies wait in memory.
#[derive(Debug)]
pub(crate) struct Resting {
    inner: Mutex<Inner>,
    /// How many bytes their bodies may take in all.
    budget: usize,
}

#[derive(Debug, Default)]
struct Inner {
    /// By when they began to rest.
    order: BTreeMap<u64, (RunId, usize)>,
    places: HashMap<RunId, u64>,
    last: u64,
    bytes: usize,
}

impl Resting {
    pub(crate) fn new(budget: usize) -> Self {
        Self { inner: Mutex::default(), budget }
    }

    /// Adds a run, or moves it to the end. Returns those that must leave.
    pub(crate) fn rest(&self, run: &RunId, bytes: usize) -> Vec<RunId> {
        let inner = &mut *self.inner.lock();
        inner.remove(run);
        inner.last += 1;
        inner.order.insert(inner.last, (run.clone(), bytes));
        inner.places.insert(run.clone(), inner.last);
        inner.bytes += bytes;
        let mut leaving = Vec::new();
        while inner.bytes > self.budget
            && let Some((_, (run, bytes))) = inner.order.pop_first()
        {
            inner.places.remove(&run);
            inner.bytes -= bytes;
            leaving.push(run);
        }
        leaving
    }

    /// Removes a run: it goes on, or has left.
    pub(crate) fn leave(&self, run: &RunId) {
        self.inner.lock().remove(run);
    }
}

impl Inner {
    fn remove(&mut self, run: &RunId) {
        if let Some(place) = self.places.remove(run)
            && let Some((_, bytes)) = self.order.remove(&place)
        {
            self.bytes -= bytes;
        }
    }
}
