//! The one thread that writes: whatever has queued becomes one transaction.
//!
//! ```text
//!   write() ─┐                    BEGIN
//!   write() ─┼─▶ queue ─▶ batch ─▶ each verb ─▶ answers, kept
//!   write() ─┘                    COMMIT ─────▶ answers, given
//! ```
//!
//! # What is deliberately not here
//!
//! - **No timer that forms batches.** While one transaction is being synced the next one queues;
//!   a lone write never waits.
//! - **No savepoints.** A verb that refuses has written nothing. An SQL error undoes the batch,
//!   and each of its verbs is then tried alone.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use super::file::Owned;
use super::thread::Joined;
use super::upkeep;
use crate::store::StoreError;

/// Writes that may wait; beyond that their callers wait. Eight full batches.
const QUEUE_MAX: usize = 4_096;

/// The most writes in one transaction: more of them would gain nothing and delay the first.
const BATCH_MAX: usize = 512;

/// How long the queue must have been empty before the file is tidied up.
const IDLE_DELAY: Duration = Duration::from_secs(1);

/// What became of a verb: an answer or a refusal, or an SQL error, which undoes its transaction.
pub(super) type Outcome<T> = rusqlite::Result<Result<T, StoreError>>;

/// A write.
pub(super) trait Verb: Send + 'static {
    type Answer: Send + 'static;

    /// Makes the write, within a transaction. A verb that refuses must have written nothing.
    ///
    /// It may be called again after its transaction was undone.
    fn apply(&self, connection: &Connection) -> Outcome<Self::Answer>;
}

/// The handle to the thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Request>,
    transactions: Arc<AtomicU64>,
    finished: watch::Receiver<Option<Finished>>,
    /// After the queue, whose end ends the thread.
    _thread: Joined,
}

impl Writer {
    pub(super) fn start(owned: Owned) -> io::Result<Self> {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let transactions = Arc::new(AtomicU64::new(0));
        let (finish, finished) = watch::channel(None);
        let server = Server {
            connection: owned.connection,
            lock: owned.lock,
            requests,
            timer: tokio::runtime::Builder::new_current_thread().enable_time().build()?,
            transactions: Arc::clone(&transactions),
            untidy: false,
            finish,
        };
        let thread = thread::Builder::new().name("stepwell-writer".into());
        let thread = Joined::from(thread.spawn(|| server.run())?);
        Ok(Self { queue, transactions, finished, _thread: thread })
    }

    pub(super) async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Pending { verb, outcome: None, reply };
        self.queue.send(Request::Write(Box::new(job))).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        // If the queue is closed then so is the store, or its thread is gone.
        self.queue.send(Request::Close).await.ok();
        let mut finished = self.finished.clone();
        let finished = finished.wait_for(Option::is_some).await.map_err(|_| closed())?;
        let finished = finished.clone().expect("it was waited for");
        finished.map_err(StoreError::unavailable)
    }

    /// Returns how many transactions were committed.
    pub(super) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }
}

fn closed() -> StoreError {
    StoreError::unavailable("the store was closed")
}

/// Whether the file could be closed as it should.
type Finished = Result<(), Arc<rusqlite::Error>>;

enum Request {
    Write(Box<dyn Job>),
    Close,
}

/// A verb of any kind, and who waits for its answer.
trait Job: Send {
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>);
    fn fail(self: Box<Self>, error: StoreError);
}

struct Pending<V: Verb> {
    verb: V,
    outcome: Option<Result<V::Answer, StoreError>>,
    reply: oneshot::Sender<Result<V::Answer, StoreError>>,
}

impl<V: Verb> Job for Pending<V> {
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.outcome = Some(self.verb.apply(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.expect("only what was applied is answered");
        // A caller that went away does not want to know.
        let _ = self.reply.send(outcome);
    }

    fn fail(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

/// What the thread owns. The fields are dropped in this order: the lock goes last.
struct Server {
    connection: Connection,
    lock: File,
    requests: mpsc::Receiver<Request>,
    timer: Runtime,
    transactions: Arc<AtomicU64>,
    /// Whether anything was written since the file was last tidied up.
    untidy: bool,
    finish: watch::Sender<Option<Finished>>,
}

impl Server {
    fn run(mut self) {
        let mut requests = Vec::with_capacity(BATCH_MAX);
        while self.receive(&mut requests) {
            let mut jobs = Vec::with_capacity(requests.len());
            let mut closing = false;
            for request in requests.drain(..) {
                match request {
                    Request::Write(job) if closing => job.fail(closed()),
                    Request::Write(job) => jobs.push(job),
                    Request::Close => closing = true,
                }
            }
            self.write(jobs);
            if closing {
                break;
            }
        }
        self.requests.close();
        while let Some(request) = self.requests.blocking_recv() {
            if let Request::Write(job) = request {
                job.fail(closed());
            }
        }
        self.finish();
    }

    /// Waits for requests, and tidies up if none come. Returns whether there are any.
    fn receive(&mut self, requests: &mut Vec<Request>) -> bool {
        while self.untidy {
            let next = self.requests.recv_many(requests, BATCH_MAX);
            match self.timer.block_on(async { tokio::time::timeout(IDLE_DELAY, next).await }) {
                Ok(received) => return received > 0,
                Err(_) => self.untidy = !self.tidy_up(),
            }
        }
        self.requests.blocking_recv_many(requests, BATCH_MAX) > 0
    }

    /// Returns whether nothing is left to do; it may be that a reader is in the way.
    fn tidy_up(&self) -> bool {
        upkeep::tidy_up(&self.connection).unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not tidy up");
            false
        })
    }

    /// Makes the writes in one transaction, and answers them.
    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        self.untidy = true;
        match self.transact(&mut jobs) {
            Ok(()) => {
                self.transactions.fetch_add(1, Ordering::Relaxed);
                jobs.into_iter().for_each(Job::answer);
            }
            Err(error) if jobs.len() > 1 && !concerns_all(&error) => {
                // One of them is at fault, and the others shall not suffer from it.
                jobs.into_iter().for_each(|job| self.write(vec![job]));
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a write failed");
                let error = Arc::new(error);
                jobs.into_iter()
                    .for_each(|job| job.fail(StoreError::unavailable(Arc::clone(&error))));
            }
        }
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        let immediate = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(immediate)?;
        jobs.iter_mut().try_for_each(|job| job.apply(&transaction))?;
        transaction.commit()
    }

    /// Closes the file, gives it up, and tells those who wait for that.
    fn finish(self) {
        let finished = upkeep::finish(&self.connection).map_err(Arc::new);
        drop(self.connection);
        drop(self.lock);
        self.finish.send_replace(Some(finished));
    }
}

/// Tells an error that every write would get from one that a single write may be the reason of.
fn concerns_all(error: &rusqlite::Error) -> bool {
    // Another program holds the file; each attempt waits for it.
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}
