//! The one task that writes: whatever has queued becomes one transaction.
//!
//! ```text
//!   write() ─┐                    lock the rows
//!   write() ─┼─▶ queue ─▶ batch ─▶ one statement a kind ─▶ commit ─▶ answers
//!   write() ─┘                    (all sent at once)
//! ```
//!
//! # What is deliberately not here
//!
//! - **No timer that forms batches.** While one transaction is being synced the next one queues;
//!   a lone write never waits.
//! - **No second write after a lost connection.** Nobody knows whether the first took effect; its
//!   callers are told so, and look.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_postgres::Config;

use super::batch::{Batch, Write};
use super::connection::{Connection, in_time};
use super::error::{describe, is_refusal, may_be_retried, store_error};
use super::owned::Owned;
use crate::store::StoreError;

/// Writes that may wait; beyond that their callers wait. Eight full batches.
pub(super) const QUEUE_MAX: usize = 4_096;

/// How often a transaction is tried that another one made impossible. Each try waits for a lock
/// that somebody else makes progress with.
const TRIES: usize = 10;

/// How long to wait before connecting again; each time twice as long, up to the maximum, so that
/// a server that is down is not asked more often than it can say so.
const CONNECT_DELAY: Duration = Duration::from_millis(50);
const CONNECT_DELAY_MAX: Duration = Duration::from_secs(1);

/// What comes through the queue.
pub(super) enum Request {
    Write(Write),
    Close,
}

pub(super) fn closed() -> StoreError {
    StoreError::unavailable("the store was closed")
}

/// Why a batch was not answered.
enum Failure {
    /// Nothing was written.
    Refused(tokio_postgres::Error),
    /// Nobody knows whether it was written.
    Unknown(String),
}

pub(super) struct Writer {
    config: Config,
    node: u64,
    owned: Arc<Owned>,
    requests: mpsc::Receiver<Request>,
    transactions: Arc<AtomicU64>,
    /// What came but has not been written.
    waiting: VecDeque<Write>,
    connection: Option<Connection>,
    /// When to connect again, and how long to wait the next time.
    reconnect_at: Instant,
    delay: Duration,
    last_problem: String,
}

impl Writer {
    pub(super) fn new(
        config: Config,
        node: u64,
        owned: Arc<Owned>,
        connection: Connection,
        requests: mpsc::Receiver<Request>,
        transactions: Arc<AtomicU64>,
    ) -> Self {
        Self {
            config,
            node,
            owned,
            requests,
            transactions,
            waiting: VecDeque::new(),
            connection: Some(connection),
            reconnect_at: Instant::now(),
            delay: CONNECT_DELAY,
            last_problem: String::new(),
        }
    }

    /// Writes until the store is closed or dropped.
    pub(super) async fn run(mut self) {
        let mut received = Vec::new();
        let mut closing = false;
        loop {
            if self.waiting.is_empty() && !closing {
                if self.requests.recv_many(&mut received, QUEUE_MAX).await == 0 {
                    return;
                }
            } else {
                while received.len() < QUEUE_MAX
                    && let Ok(request) = self.requests.try_recv()
                {
                    received.push(request);
                }
            }
            for request in received.drain(..) {
                match request {
                    Request::Write(write) if closing => write.fail(closed()),
                    Request::Write(write) => self.waiting.push_back(write),
                    Request::Close => closing = true,
                }
            }
            if self.waiting.is_empty() && closing {
                break;
            }
            let batch = self.next_batch();
            self.write(batch).await;
        }
        self.requests.close();
        while let Some(request) = self.requests.recv().await {
            if let Request::Write(write) = request {
                write.fail(closed());
            }
        }
    }

    /// Takes what fits into one transaction, in the order of arrival. What has to wait for one of
    /// them lets others pass: they have nothing to do with each other.
    fn next_batch(&mut self) -> Batch {
        let mut batch = Batch::default();
        let mut later = VecDeque::new();
        while let Some(write) = self.waiting.pop_front() {
            if let Err(write) = batch.accept(write) {
                later.push_back(write);
            }
        }
        self.waiting = later;
        batch
    }

    /// Makes the writes in one transaction, and answers them.
    async fn write(&mut self, batch: Batch) {
        match self.transact(&batch).await {
            Ok(outcomes) => {
                self.transactions.fetch_add(1, Ordering::Relaxed);
                batch.answer(outcomes);
            }
            Err(Failure::Refused(error)) if batch.len() > 1 => {
                tracing::debug!(error = describe(&error), "writes are tried one by one");
                // One of them is at fault, and the others shall not suffer from it.
                for write in batch.into_writes() {
                    let mut alone = Batch::default();
                    if let Err(write) = alone.accept(write) {
                        write.fail(closed());
                    }
                    Box::pin(self.write(alone)).await;
                }
            }
            Err(Failure::Refused(error)) => {
                tracing::error!(error = describe(&error), "a write failed");
                fail(batch, &describe(&error));
            }
            Err(Failure::Unknown(problem)) => fail(batch, &problem),
        }
    }

    async fn transact(&mut self, batch: &Batch) -> Result<super::batch::Outcomes, Failure> {
        let steps = batch.steps(self.node, self.owned.is_shared());
        let mut tries = 1;
        let rows = loop {
            let connection = self.connect().await.map_err(Failure::Unknown)?;
            match in_time(connection.transact(&steps)).await {
                Ok(Ok(rows)) => break rows,
                Ok(Err(error)) if may_be_retried(&error) && tries < TRIES => tries += 1,
                Ok(Err(error)) if is_refusal(&error) && !connection.is_closed() => {
                    return Err(Failure::Refused(error));
                }
                Ok(Err(error)) => return Err(self.lose(describe(&error))),
                Err(late) => return Err(self.lose(late_problem(&late))),
            }
        };
        batch.outcomes(rows).map_err(|error| Failure::Unknown(describe(&error)))
    }

    /// Gives up the connection.
    fn lose(&mut self, problem: String) -> Failure {
        tracing::warn!(problem, "the connection to PostgreSQL was lost in the middle of a write");
        self.connection = None;
        Failure::Unknown(problem)
    }

    /// Returns the connection; makes a new one if need be, but not too often.
    async fn connect(&mut self) -> Result<&mut Connection, String> {
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            self.connection = None;
            if Instant::now() < self.reconnect_at {
                return Err(self.last_problem.clone());
            }
            match Connection::open(&self.config).await {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.delay = CONNECT_DELAY;
                }
                Err(error) => {
                    self.last_problem = late_problem(&error);
                    self.reconnect_at = Instant::now() + self.delay;
                    self.delay = (self.delay * 2).min(CONNECT_DELAY_MAX);
                    return Err(self.last_problem.clone());
                }
            }
        }
        Ok(self.connection.as_mut().expect("it was just made"))
    }
}

fn fail(batch: Batch, problem: &str) {
    for write in batch.into_writes() {
        write.fail(StoreError::unavailable(problem));
    }
}

/// Says what a store error is about, in one line.
fn late_problem(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable(source) => source.to_string(),
        other => other.to_string(),
    }
}

/// Returns a number that is higher than any before.
pub(super) async fn begin_epoch(connection: &mut Connection) -> Result<u64, StoreError> {
    let sql = "SELECT nextval('stepwell_epochs')";
    let rows = connection.query(sql, &[]).await.map_err(store_error)?;
    super::row::unsigned(rows.first().expect("it is one row"), 0).map_err(store_error)
}
