//! Tells clients whether the server is up, and which of its lives it lives.
//!
//! The gate is closed *before* the server is killed. So a connection that breaks while the gate
//! is open was not broken by the harness.

use std::sync::Arc;

use reqwest::Client;
use tokio::sync::watch;

/// The way to one life of the server, with connections of its own.
#[derive(Debug)]
pub(crate) struct Life {
    number: u64,
    pub(crate) base: String,
    pub(crate) http: Client,
}

/// Open while the server is up. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    life: watch::Sender<Option<Arc<Life>>>,
    volleys: watch::Sender<u64>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { life: watch::Sender::new(None), volleys: watch::Sender::new(0) }
    }

    pub(crate) fn open(&self, number: u64, base: &str, http: Client) {
        let life = Life { number, base: base.to_owned(), http };
        self.life.send_replace(Some(Arc::new(life)));
    }

    pub(crate) fn close(&self) {
        self.life.send_replace(None);
    }

    /// Waits until the server is up.
    pub(crate) async fn up(&self) -> Arc<Life> {
        let mut receiver = self.life.subscribe();
        let life = receiver.wait_for(Option::is_some).await;
        let life = life.expect("the gate owns a sender").clone();
        life.expect("it was waited for")
    }

    /// Calls for requests: the server is about to be killed.
    pub(crate) fn call_volley(&self) {
        self.volleys.send_modify(|number| *number += 1);
    }

    /// Waits until requests are called for.
    pub(crate) async fn volley(&self) {
        let mut receiver = self.volleys.subscribe();
        receiver.changed().await.expect("the gate owns a sender");
    }

    /// Tells whether the server still lives this life.
    pub(crate) fn is_open(&self, life: &Life) -> bool {
        self.life.borrow().as_ref().is_some_and(|now| now.number == life.number)
    }
}
