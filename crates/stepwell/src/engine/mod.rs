//! The engine: runs workflows on a store.
//!
//! ```text
//!             start, send, cancel                      records, events
//!   callers ─────────┬──────────────────────────────────────▲─────────
//!                    ▼                                       │
//!             store (inbox) ──wake──▶ driver of the run ──▶ hub
//!                    ▲                    │    ▲
//!                    └──────turns─────────┘    └── bodies, timers
//! ```
//!
//! A run that has something to do has a driver, one task that owns its state; a run that waits
//! for the outside has a row in the store and nothing else.

mod admission;
mod bodies;
mod body;
mod builder;
pub(crate) mod clock;
mod draft;
mod driver;
mod elsewhere;
mod end;
mod fold;
pub(crate) mod handle;
mod hub;
mod inbound;
mod load;
pub(crate) mod mailbox;
mod record;
mod resting;
mod send;
mod shared;
mod start;
pub(crate) mod state;
mod stream;
mod surely;
mod timers;
mod unfinished;
mod verbose;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stepwell_core::RunId;
#[cfg(feature = "testing")]
use stepwell_core::{RunState, Timestamp};

pub use builder::EngineBuilder;
pub use clock::{Clock, SystemClock};
pub use handle::{Run, RunError};
pub use record::{RunRecord, Sequenced};
pub use shared::Registered;
pub use start::Start;
pub use stream::EventStream;

use crate::MAX_EVENT_BYTES;
use crate::store::{HandlerFilter, RunRow, Store, StoreError};
use hub::{Head, Subscription};
use inbound::Inbound;
use shared::Shared;
use surely::surely;

/// How long a cancelled run may take to end before its canceller is told to look later: longer
/// than any commit, and short enough to wait for.
const CANCEL_PATIENCE: Duration = Duration::from_secs(30);

/// Runs workflows on a store. Cheap to clone.
///
/// # Examples
///
/// ```
/// use stepwell::{Context, Engine, StartEvent, StopEvent, Workflow};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greet = Workflow::builder("Greet")
///     .step("greet", |start: StartEvent, _: Context| async move {
///         let name = start.get("name").unwrap_or("World".to_owned());
///         StopEvent::new(format!("Hello, {name}!"))
///     })
///     .build()?;
/// let engine = Engine::builder().workflow("greet", greet).open().await?;
///
/// let stop: StopEvent = engine.run("greet", StartEvent::new()).await?.result().await?;
/// assert_eq!(stop.result, "Hello, World!");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// Why the engine could not do what it was asked.
///
/// There is one variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No workflow is registered under this name. Correct it.
    #[error("there is no workflow `{0}`")]
    UnknownWorkflow(String),

    /// There is no such handler, or it was purged. Correct it.
    #[error("there is no handler `{0}`")]
    UnknownHandler(String),

    /// The start event is of another type than the workflow's. Send one of the right type.
    #[error("the start event must be a `{expected}`, not a `{got}`")]
    WrongStart {
        /// The type it must be of, with its module.
        expected: String,
        /// The type it is of, with its module.
        got: String,
    },

    /// The state to begin with is not of the workflow's type. Correct it.
    #[error("the run cannot begin with this state: {problem}")]
    WrongState {
        /// What is wrong with it.
        problem: String,
    },

    /// The handler's run has not ended. Wait for it, cancel it, or use another handler.
    #[error("the run of handler `{0}` has not ended")]
    Busy(String),

    /// The handler's run has ended. Start another one.
    #[error("the run of handler `{0}` has ended")]
    Ended(String),

    /// The workflow has no such step. Correct it.
    #[error("there is no step `{0}`")]
    UnknownStep(String),

    /// The step does not accept the event. Send it to another one.
    #[error("step `{step}` does not accept `{event}`")]
    NotAccepted {
        /// The step.
        step: String,
        /// The event, with its module.
        event: String,
    },

    /// The event is larger than [`MAX_EVENT_BYTES`]. Send its address.
    #[error("the event is {bytes} bytes long, more than the limit of {MAX_EVENT_BYTES}")]
    TooLarge {
        /// How long it is as JSON.
        bytes: usize,
    },

    /// As many events wait for the handler's run as may: it takes none, since it was set aside or
    /// waits for its turn, or takes them more slowly than they come. Try again later.
    #[error("too many events wait for the run of handler `{0}`")]
    InboxFull(String),

    /// As many starts, events and cancels wait for the store as may
    /// ([`EngineBuilder::waiting_calls`]). Try again.
    #[error("too many calls wait for the store")]
    Overloaded,

    /// The process is about to end. Try again; another one takes over.
    #[error("the engine is shutting down")]
    Closing,

    /// The store did not answer, or holds something unreadable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Begins an engine without workflows, in memory.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// Returns the workflows in the order of registration.
    #[must_use]
    pub fn workflows(&self) -> &[Arc<Registered>] {
        &self.shared.workflows
    }

    /// Returns a workflow by the name it is registered under.
    #[must_use]
    pub fn workflow(&self, name: &str) -> Option<&Arc<Registered>> {
        self.shared.registered(name)
    }

    /// Returns the newest run of a handler, or none if there is no such handler.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Store`].
    pub async fn handler(&self, handler: &str) -> Result<Option<RunRecord>, EngineError> {
        match self.shared.store.handler(handler).await? {
            Some(row) => Ok(self.records(vec![row]).await?.pop()),
            None => Ok(None),
        }
    }

    /// Returns the newest run of every handler that passes the filter, in the order in which the
    /// handlers were first used.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Store`].
    pub async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRecord>, EngineError> {
        let rows = self.shared.store.handlers(filter).await?;
        self.records(rows).await
    }

    async fn records(&self, rows: Vec<RunRow>) -> Result<Vec<RunRecord>, EngineError> {
        let ended: Vec<_> =
            rows.iter().filter(|row| row.status.is_ended()).map(|row| row.key).collect();
        let last = match ended.as_slice() {
            [] => Vec::new(),
            ended => self.shared.store.last_stream_rows(ended).await?,
        };
        let mut last = last.into_iter();
        let records = rows.into_iter().map(|row| {
            let last = if row.status.is_ended() { last.next().flatten() } else { None };
            let set_aside = self.shared.why_set_aside(&row.run);
            RunRecord { set_aside, ..RunRecord::read(row, last.as_ref()) }
        });
        Ok(records.collect())
    }

    /// Cancels the run of a handler. When it returns, the run has ended.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Ended`] if it had ended before, and else as [`EngineError`] says.
    pub async fn cancel(&self, handler: &str) -> Result<RunRecord, EngineError> {
        let row = self.open_run(handler).await?;
        let mut subscription = self.shared.hub.subscribe(&row.run);
        self.deliver(&row, &Inbound::Cancel).await?;
        let ended = tokio::time::timeout(CANCEL_PATIENCE, self.end_of(&mut subscription)).await;
        ended.unwrap_or_else(|_| {
            let what = "the run did not end in time; it will when it can be read";
            Err(StoreError::unavailable(what).into())
        })
    }

    /// Removes a handler and everything that belongs to its runs; a run that has not ended is
    /// cancelled first.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::UnknownHandler`] if there is none, and else as [`EngineError`] says.
    pub async fn purge(&self, handler: &str) -> Result<(), EngineError> {
        match self.cancel(handler).await {
            Ok(_) | Err(EngineError::Ended(_)) => {}
            Err(error) => return Err(error),
        }
        let unknown = || EngineError::UnknownHandler(handler.to_owned());
        let row = self.shared.store.handler(handler).await?.ok_or_else(unknown)?;
        let last = self.shared.store.last_stream_rows(&[row.key]).await?.pop().flatten();
        // Whether this call or another one has removed it makes no difference.
        surely("a purge", || self.shared.store.purge(handler)).await?;
        let tail = last.map(Arc::new);
        let record = RunRecord::read(row, tail.as_deref());
        let head = Head {
            next_sequence: record.next_sequence,
            tail,
            ended: Some(Arc::new(record.clone())),
            purged: true,
        };
        self.shared.hub.publish(&record.run, head);
        Ok(())
    }

    /// Opens the stream of a handler's newest run at a cursor.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::UnknownHandler`] and [`EngineError::Store`].
    pub async fn events(
        &self,
        handler: &str,
        from: Cursor,
    ) -> Result<(RunRecord, EventStream), EngineError> {
        let unknown = || EngineError::UnknownHandler(handler.to_owned());
        let row = self.shared.store.handler(handler).await?.ok_or_else(unknown)?;
        let subscription = self.shared.hub.subscribe(&row.run);
        // Looked at again, now that nothing can be missed.
        let row = self.shared.store.run(&row.run).await?.ok_or_else(unknown)?;
        let next = match from {
            Cursor::Start => 0,
            Cursor::After(sequence) => sequence.saturating_add(1),
            Cursor::Now => row.next_sequence,
        };
        let stream = EventStream::new(Arc::clone(&self.shared), &row, subscription, next);
        let record = self.records(vec![row]).await?.pop().ok_or_else(unknown)?;
        Ok((record, stream))
    }

    /// Returns the runs that were set aside because they cannot go on here, with the reasons.
    #[must_use]
    pub fn parked(&self) -> BTreeMap<RunId, String> {
        self.shared.parked()
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Stops: takes no new work, writes what is under way, drops bodies, and closes the store.
    /// Runs that have not ended go on when an engine is opened on the store again.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Store`] if the store could not be closed.
    pub async fn shutdown(&self) -> Result<(), EngineError> {
        self.shared.stop_all();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        Ok(self.shared.store.close().await?)
    }

    /// Waits for the end of a run, as long as this engine may bring it about.
    async fn end_of(&self, subscription: &mut Subscription) -> Result<RunRecord, EngineError> {
        tokio::select! {
            biased;
            record = subscription.ended() => Ok(RunRecord::clone(&record)),
            () = self.shared.closing.cancelled() => Err(EngineError::Closing),
        }
    }

    /// Returns the state of a run as its journal tells it.
    #[cfg(feature = "testing")]
    pub(crate) async fn run_state(&self, row: &RunRow) -> Result<RunState, StoreError> {
        let registered = self.shared.registered(&row.workflow);
        let known = registered.map(|registered| &registered.definitions);
        let gone = || StoreError::Corrupt { what: format!("run `{}` is gone", row.run) };
        let stored = self.shared.store.load(&row.run, fold::ROWS).await?.ok_or_else(gone)?;
        Ok(fold::fold(&self.shared, known, stored).await?.0)
    }

    /// Returns when the next timer comes due of those that are in memory.
    #[cfg(feature = "testing")]
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        self.shared.timers.next()
    }

    async fn open_run(&self, handler: &str) -> Result<RunRow, EngineError> {
        if self.shared.closing.is_cancelled() {
            return Err(EngineError::Closing);
        }
        let row = self.shared.store.handler(handler).await?;
        let row = row.ok_or_else(|| EngineError::UnknownHandler(handler.to_owned()))?;
        if row.status.is_ended() {
            return Err(EngineError::Ended(handler.to_owned()));
        }
        Ok(row)
    }
}

/// Where in a run's stream to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// At its first item.
    Start,
    /// After the item with this sequence.
    After(u64),
    /// After what is there now.
    Now,
}
