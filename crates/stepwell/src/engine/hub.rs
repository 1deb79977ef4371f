//! Tells readers of a run that it has gone on.
//!
//! A reader is a cursor and a watch on the run's [`Head`]: however slow it is, it costs no
//! memory, for what it has missed is in the store. The head carries the newest stream row, so a
//! reader that keeps up never asks the store.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use stepwell_core::RunId;
use tokio::sync::Notify;

use super::record::RunRecord;
use crate::store::StreamRow;

/// How far a run has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// The sequence that its next stream item gets.
    pub(crate) next_sequence: u64,
    /// Its newest stream row, if this process wrote it.
    pub(crate) tail: Option<Arc<StreamRow>>,
    /// Its record, once it has ended.
    pub(crate) ended: Option<Arc<RunRecord>>,
    /// Whether its rows have been removed from the store.
    pub(crate) purged: bool,
}

impl Head {
    /// Tells whether it may go on, as far as is known here.
    fn is_open(&self) -> bool {
        self.ended.is_none() && !self.purged
    }
}

/// The heads of all runs that somebody reads.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    heads: Mutex<HashMap<RunId, Arc<Watched>>>,
}

/// The head of a run, and those who wait for a newer one.
///
/// They are woken in the order in which they began to wait. A `watch` of tokio wakes them in a
/// random one, and nothing that goes wrong in a simulation would go wrong a second time.
#[derive(Debug, Default)]
struct Watched {
    head: Mutex<Versioned>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Versioned {
    version: u64,
    head: Head,
}

/// A reader's watch on a run.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Weak<Hub>,
    run: RunId,
    watched: Arc<Watched>,
    /// The version that it has seen.
    seen: u64,
}

impl Hub {
    pub(crate) fn subscribe(self: &Arc<Self>, run: &RunId) -> Subscription {
        let mut heads = self.heads.lock();
        let watched = Arc::clone(heads.entry(run.clone()).or_default());
        let seen = watched.head.lock().version;
        Subscription { hub: Arc::downgrade(self), run: run.clone(), watched, seen }
    }

    /// Returns the runs that somebody reads and whose end is not known.
    pub(crate) fn open_runs(&self) -> Vec<RunId> {
        let heads = self.heads.lock();
        let open = heads.iter().filter(|(_, watched)| watched.head.lock().head.is_open());
        open.map(|(run, _)| run.clone()).collect()
    }

    /// Shows readers that the run was removed, by whom or when nobody knows here.
    pub(crate) fn publish_gone(&self, run: &RunId) {
        let heads = self.heads.lock();
        let Some(watched) = heads.get(run) else { return };
        watched
            .show(|seen| seen.is_open().then(|| Head { purged: true, tail: None, ..seen.clone() }));
    }

    /// Shows readers that the run has gone on; never backwards.
    pub(crate) fn publish(&self, run: &RunId, head: Head) {
        let heads = self.heads.lock();
        let Some(watched) = heads.get(run) else { return };
        watched.show(|seen| {
            let news = head.next_sequence > seen.next_sequence
                || (head.ended.is_some() && seen.ended.is_none())
                || head.purged;
            news.then_some(head)
        });
    }
}

impl Watched {
    /// Shows a head that is made from the newest one, if any is.
    fn show(&self, news: impl FnOnce(&Head) -> Option<Head>) {
        let mut newest = self.head.lock();
        if let Some(head) = news(&newest.head) {
            newest.head = head;
            newest.version += 1;
            drop(newest);
            self.changed.notify_waiters();
        }
    }
}

impl Subscription {
    /// Returns the newest head that this process knows of.
    pub(crate) fn head(&mut self) -> Head {
        let newest = self.watched.head.lock();
        self.seen = newest.version;
        newest.head.clone()
    }

    /// Tells whether there is a newer one than [`Subscription::head`] last returned.
    pub(crate) fn has_changed(&self) -> bool {
        self.watched.head.lock().version != self.seen
    }

    /// Waits until there is a newer one than [`Subscription::head`] last returned.
    pub(crate) async fn changed(&mut self) {
        loop {
            // It counts from here on, so no news can come between.
            let changed = self.watched.changed.notified();
            if self.has_changed() {
                return;
            }
            changed.await;
        }
    }

    /// Waits for the record of the ended run.
    pub(crate) async fn ended(&mut self) -> Arc<RunRecord> {
        loop {
            if let Some(record) = self.head().ended {
                return record;
            }
            self.changed().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let mut heads = hub.heads.lock();
        // One is the map's, and this subscription still has one.
        if Arc::strong_count(&self.watched) <= 2 {
            heads.remove(&self.run);
        }
    }
}
