//! Tells readers of a run that it has gone on.
//!
//! A reader is a cursor and a [`watch`] on the run's [`Head`]: however slow it is, it costs no
//! memory, for what it has missed is in the store. The head carries the newest stream row, so a
//! reader that keeps up never asks the store.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use stepwell_core::RunId;
use tokio::sync::watch;

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

/// The heads of all runs that somebody reads.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    heads: Mutex<HashMap<RunId, watch::Sender<Head>>>,
}

/// A reader's watch on a run.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Weak<Hub>,
    run: RunId,
    head: watch::Receiver<Head>,
}

impl Hub {
    pub(crate) fn subscribe(self: &Arc<Self>, run: &RunId) -> Subscription {
        let mut heads = self.heads.lock();
        let head = heads.entry(run.clone()).or_default().subscribe();
        Subscription { hub: Arc::downgrade(self), run: run.clone(), head }
    }

    /// Shows readers that the run has gone on; never backwards.
    pub(crate) fn publish(&self, run: &RunId, head: Head) {
        if let Some(sender) = self.heads.lock().get(run) {
            sender.send_if_modified(|seen| {
                let news = head.next_sequence > seen.next_sequence
                    || (head.ended.is_some() && seen.ended.is_none())
                    || head.purged;
                if news {
                    *seen = head;
                }
                news
            });
        }
    }
}

impl Subscription {
    /// Returns the newest head that this process knows of.
    pub(crate) fn head(&mut self) -> Head {
        self.head.borrow_and_update().clone()
    }

    /// Tells whether there is a newer one than [`Subscription::head`] last returned.
    pub(crate) fn has_changed(&self) -> bool {
        self.head.has_changed().unwrap_or(false)
    }

    /// Waits until there is a newer one than [`Subscription::head`] last returned.
    pub(crate) async fn changed(&mut self) {
        if self.head.changed().await.is_err() {
            // The hub is gone, and with it whoever could have news.
            std::future::pending().await
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
        // This subscription still counts as one.
        if heads.get(&self.run).is_some_and(|sender| sender.receiver_count() <= 1) {
            heads.remove(&self.run);
        }
    }
}
