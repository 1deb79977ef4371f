//! The threads that read: each has a connection of its own, and takes whatever query comes next.
//!
//! Queries are short: a long one would keep the log from being emptied.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::store_error;
use super::file;
use super::thread::Joined;
use crate::store::StoreError;

/// Two: one long listing does not hold up the rest, and the writer needs the processors more.
const THREADS: usize = 2;

/// Queries that may wait; beyond that their callers wait.
const QUEUE_MAX: usize = 1_024;

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// The handle to the threads.
pub(super) struct Readers {
    queue: mpsc::Sender<Query>,
    /// After the queue, whose end ends the threads.
    threads: Vec<Joined>,
}

impl Readers {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let (queue, queries) = mpsc::channel(QUEUE_MAX);
        let queries = Arc::new(Mutex::new(queries));
        // Complete from the beginning: if a thread cannot start, this ends those that did.
        let mut readers = Self { queue, threads: Vec::new() };
        for _ in 0..THREADS {
            let connection = file::reader(path)?;
            let queries = Arc::clone(&queries);
            let thread = thread::Builder::new().name("stepwell-reader".into());
            let thread = thread.spawn(move || serve(&connection, &queries));
            readers.threads.push(thread.map_err(StoreError::unavailable)?.into());
        }
        Ok(readers)
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let query: Query = Box::new(move |connection| {
            // A caller that went away does not want to know.
            let _ = reply.send(query(connection).map_err(store_error));
        });
        self.queue.send(query).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::unavailable("the threads that read are gone")
}

fn serve(connection: &Connection, queries: &Mutex<mpsc::Receiver<Query>>) {
    loop {
        // One thread waits for the queue, the others for that one.
        let query = queries.lock().blocking_recv();
        match query {
            Some(query) => query(connection),
            None => return,
        }
    }
}
