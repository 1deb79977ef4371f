//! Where runs live: the [`Store`] trait.
//!
//! A store keeps rows that it does not understand (journals, streams, definitions) and a few that
//! it does (runs, handlers, timers, the inbox). It decides nothing but this: a [`Turn`] is
//! written only by the newest owner of its run, and only after the turn it says it follows.
//!
//! ```text
//!   create ─┐                         ┌─ Committed ──▶ execute commands, tell readers, answer callers
//!   commit ─┼─▶ one transaction ──────┼─ Fenced ─────▶ somebody else owns the run: drop it
//!   deliver ┤   of whatever queued    └─ (an error) ─▶ unknown: drop it, look, reload
//!   purge  ─┘
//! ```
//!
//! Every store passes the same tests: module `conformance`, behind the feature `test-util`.
//!
//! # What is deliberately not here
//!
//! - **No lease per run.** A store is opened under an [`epoch`](Store::epoch) that is higher than
//!   any before; a turn of an older epoch is fenced off.
//! - **No state table.** The journal is the only truth.
//! - **No clock.** Times are arguments.

mod error;
mod filter;
mod inbox;
mod memory;
mod ownership;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod snapshot;
#[cfg(feature = "sqlite")]
mod sqlite;
mod timer;

#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
#[cfg(any(test, feature = "test-util"))]
mod faulty;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use stepwell_core::{DefinitionId, InboxId, RunId, Timestamp};

pub use error::StoreError;
#[cfg(any(test, feature = "test-util"))]
pub use faulty::{Fault, FaultyStore};
pub use filter::HandlerFilter;
pub use inbox::{Delivery, INBOX_BYTES, INBOX_MESSAGES, InboxRow, Message};
pub use memory::MemoryStore;
pub use ownership::{Glance, Taken};
#[cfg(all(feature = "postgres", any(test, feature = "test-util")))]
pub use postgres::PostgresServer;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub(crate) use record::{RecordError, pack, unpack};
pub use snapshot::{SnapshotRow, StoredRun};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore};
pub use timer::{TimerChange, TimerRow};

/// Durable storage for runs.
///
/// The verbs are a closed set. Each write is atomic: it takes effect entirely or not at all.
/// Writes that queue while another is under way share its successor's transaction.
///
/// # Errors
///
/// Every method returns [`StoreError::Unavailable`] when the store did not answer. After a write
/// that means *unknown*: it may or may not have taken effect. Each write can be made again as it
/// was, and then says what became of the first.
///
/// # Cancel safety
///
/// A write whose future is dropped may or may not take effect.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns the number under which this process writes; higher than that of any owner before.
    fn epoch(&self) -> u64;

    /// Keeps a definition under its content hash; keeping it again changes nothing.
    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError>;

    /// Returns a definition, or none if it was never kept.
    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError>;

    /// Creates a run together with its first turn, and points its handler at it.
    ///
    /// The handler must now point at [`NewRun::previous`], and that run must have ended. A name
    /// that another run has is refused as [unavailable](StoreError::Unavailable).
    async fn create(&self, run: NewRun) -> Result<Creation, StoreError>;

    /// Writes a turn if its owner is still the newest and the run is at [`Turn::head`].
    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError>;

    /// Puts a message into the inbox of a run that has not ended.
    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError>;

    /// Begins to take runs of these pools, together with other processes that serve them, and
    /// returns when it has some of each, or cannot for the time being.
    ///
    /// This and the next five are, as they are here, for a store of which there is only one
    /// process: it owns every run.
    async fn serve(&self, pools: &[String]) -> Result<(), StoreError> {
        let _ = pools;
        Ok(())
    }

    /// Returns how often the ownership of runs has changed; none if it never does.
    fn changes(&self) -> Option<u64> {
        None
    }

    /// Tells whether this process owns the runs of a shard.
    fn owns(&self, pool: &str, shard: u16) -> bool {
        let _ = (pool, shard);
        true
    }

    /// Returns the shard to create a run in, and the number to write to it under; none if no
    /// shard of the pool is owned here. The caller proposes a shard.
    fn place(&self, pool: &str, shard: u16) -> Option<(u16, u64)> {
        let _ = pool;
        Some((shard, self.epoch()))
    }

    /// Returns what has become of some runs, and what has come for runs that are owned here.
    async fn glance(&self, runs: &[RunId]) -> Result<Glance, StoreError> {
        let mut glance = Glance::default();
        for run in runs {
            glance.rows.extend(self.run(run).await?);
        }
        Ok(glance)
    }

    /// Makes sure that no older owner can write to a run from now on, and returns the run as it
    /// then is. Whoever is about to drive a run calls this before reading its journal.
    async fn take(&self, run: &RunId) -> Result<Taken, StoreError> {
        let epoch = self.epoch();
        Ok(self.run(run).await?.map_or(Taken::Gone, |row| Taken::Ours { row, epoch }))
    }

    /// Removes a handler, every run it ever pointed at, and all that belongs to them.
    ///
    /// Returns whether there was such a handler. Its newest run must have ended; if it has not,
    /// nothing is removed, and the answer is [`StoreError::Unavailable`].
    async fn purge(&self, handler: &str) -> Result<bool, StoreError>;

    /// Returns the newest run of a handler.
    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError>;

    /// Returns the newest run of every handler that passes the filter, in the order in which the
    /// handlers were first used.
    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError>;

    /// Returns a run.
    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError>;

    /// Returns the runs of these pools that have something to do: those that are open and neither
    /// idle nor at rest, and those with messages in their inbox. They come in the order of their
    /// keys, from the first one after a key (from the first of all, if none), at most `limit`.
    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError>;

    /// Returns the journal rows of a run from the turn that follows head `from`, oldest first, at
    /// most `limit`; each is the [`Turn::journal`] of one turn.
    async fn journal(&self, run: RunKey, from: u64, limit: usize)
    -> Result<Vec<Bytes>, StoreError>;

    /// Keeps what a run's journal led to, in place of what it led to earlier. One of a head that
    /// is not greater than that of the kept one changes nothing, and neither does one of a run
    /// that has not got that far or is gone.
    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError>;

    /// Returns the newest snapshot of a run, if there is one.
    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError>;

    /// [Takes](Store::take) a run, and then returns all that it takes to go on with it; at most
    /// `limit` journal rows. None if it is gone, or somebody else drives it.
    async fn load(&self, run: &RunId, limit: usize) -> Result<Option<StoredRun>, StoreError> {
        let Taken::Ours { row, epoch } = self.take(run).await? else { return Ok(None) };
        let snapshot = self.snapshot(row.key).await?;
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.head);
        let journal = self.journal(row.key, from, limit).await?;
        let has_messages = !self.inbox(row.key, 1).await?.is_empty();
        Ok(Some(StoredRun { row, epoch, snapshot, journal, has_messages }))
    }

    /// Returns stream rows of a run, oldest first: those that hold items with a sequence greater
    /// than `after` (all, if none), at most `limit` rows.
    ///
    /// The first row may begin with items up to `after`.
    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError>;

    /// Returns the last stream row of each run, in the order of the runs; none where there is no row.
    async fn last_stream_rows(&self, runs: &[RunKey])
    -> Result<Vec<Option<StreamRow>>, StoreError>;

    /// Returns the inbox of a run in the order of arrival, at most `limit` rows.
    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError>;

    /// Returns timers of these pools that are due before a moment, the earliest first, from the
    /// first one after a timer (from the first of all, if none), at most `limit`. Of those that
    /// are due at the same moment the runs' keys decide, and then the timers' names.
    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError>;

    /// Waits until everything written before is durable, and releases what can be released.
    /// Later writes are refused as unavailable.
    async fn close(&self) -> Result<(), StoreError>;
}

/// The store's own short name for a run, given to it by [`Store::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey(pub u64);

/// A run to create.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its name.
    pub run: RunId,
    /// The client's name for it.
    pub handler: String,
    /// The run that the handler pointed at when the caller looked; none if there was no handler.
    pub previous: Option<RunId>,
    /// The name its workflow is registered under.
    pub workflow: String,
    /// The workflow and version whose nodes may take it.
    pub pool: String,
    /// Which part of the pool it belongs to.
    pub shard: u16,
    /// Its first turn; [`Turn::key`] is ignored and [`Turn::head`] is 0.
    pub turn: Turn,
}

/// What became of a [`Store::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The run exists, under this key.
    Created(RunKey),
    /// The handler's run has not ended.
    Busy,
    /// The handler points at another run than the caller saw. Look again.
    Changed,
}

/// All that changes in one run in one step: written entirely or not at all.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The run.
    pub key: RunKey,
    /// The owner's number.
    pub epoch: u64,
    /// How many turns the run had when this one was made.
    pub head: u64,
    /// Tells this turn from any other that follows the same head; stays on the run row.
    pub id: u64,
    /// When it was made; if it has nothing but items for the stream, when the last one was that
    /// has more.
    pub at: Timestamp,
    /// The run's status after it.
    pub status: Status,
    /// Whether the run then waits for the outside.
    pub idle: bool,
    /// Whether it then has nothing to do until a message comes or a timer is due, though it may
    /// wait for nothing from outside.
    pub rests: bool,
    /// The sequence that the run's next stream item gets after it.
    pub next_sequence: u64,
    /// The packed journal row.
    pub journal: Bytes,
    /// The packed stream row, if it publishes anything.
    pub stream: Option<StreamRow>,
    /// Timers it sets and clears; each timer at most once.
    pub timers: Vec<TimerChange>,
    /// Messages that it takes out of the inbox.
    pub consumed: Vec<InboxId>,
}

/// What became of a [`Store::commit`].
#[derive(Clone, Debug, PartialEq)]
pub enum Commit {
    /// It is written; perhaps it was already.
    Committed,
    /// Nothing was written: a newer owner has the run, the run is at another head, or it is gone.
    Fenced,
    /// Nothing was written: the turn ends the run, and these messages would be left in its inbox.
    Leftovers(Vec<InboxRow>),
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has not ended: it is at work, or it waits.
    Running,
    /// A step returned a stop event.
    Completed,
    /// A step failed for good.
    Failed,
    /// It was busy for longer than its workflow allows.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
}

impl Status {
    /// Tells whether the run is over.
    #[must_use]
    pub fn is_ended(self) -> bool {
        self != Self::Running
    }
}

/// A packed row of stream items with consecutive sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRow {
    /// The sequence of its first item.
    pub first: u64,
    /// Its items, packed.
    pub body: Bytes,
}

/// What a store knows of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// The store's name for it.
    pub key: RunKey,
    /// Its name.
    pub run: RunId,
    /// The client's name for it.
    pub handler: String,
    /// The name its workflow is registered under.
    pub workflow: String,
    /// The workflow and version whose nodes may take it.
    pub pool: String,
    /// Which part of the pool it belongs to.
    pub shard: u16,
    /// The epoch of the owner that wrote last.
    pub epoch: u64,
    /// How many turns it has.
    pub head: u64,
    /// The [`Turn::id`] of the last one.
    pub turn_id: u64,
    /// How it stands.
    pub status: Status,
    /// Whether it waits for the outside.
    pub idle: bool,
    /// The sequence that its next stream item gets.
    pub next_sequence: u64,
    /// When it was created.
    pub started_at: Timestamp,
    /// The [`Turn::at`] of its last turn.
    pub updated_at: Timestamp,
}

impl RunRow {
    /// Makes it what it is after a turn was written.
    pub(crate) fn follow(&mut self, turn: &Turn) {
        self.epoch = turn.epoch;
        self.head = turn.head + 1;
        self.turn_id = turn.id;
        self.status = turn.status;
        self.idle = turn.idle;
        self.next_sequence = turn.next_sequence;
        self.updated_at = turn.at;
    }
}
