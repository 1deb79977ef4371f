//! Reads the stream of a run: what is in the store, then what comes.

use std::collections::VecDeque;
use std::sync::Arc;

use stepwell_core::{Family, RunId, StreamItem};

use super::EngineError;
use super::hub::Subscription;
use super::record::{self, Sequenced};
use super::shared::Shared;
use crate::store::{RunKey, RunRow, StreamRow};

/// How many stream rows are read at once, so that no read keeps the store busy for long.
const PAGE: usize = 64;

/// The stream of one run, from a cursor to the terminal event.
///
/// Any number of them can be open on a run; none takes anything from another. One that is not
/// read costs its cursor.
#[derive(Debug)]
pub struct EventStream {
    shared: Arc<Shared>,
    run: RunId,
    key: RunKey,
    subscription: Subscription,
    /// The sequence of the next item to hand out.
    next: u64,
    /// The sequence that the run's next item gets, as far as is known here.
    known: u64,
    ready: VecDeque<Sequenced>,
    ended: bool,
}

impl EventStream {
    pub(crate) fn new(
        shared: Arc<Shared>,
        row: &RunRow,
        subscription: Subscription,
        next: u64,
    ) -> Self {
        Self {
            shared,
            run: row.run.clone(),
            key: row.key,
            subscription,
            next,
            known: row.next_sequence,
            ready: VecDeque::new(),
            // Nothing comes after the end.
            ended: row.status.is_ended() && next >= row.next_sequence,
        }
    }

    /// Returns the run whose stream it is.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        &self.run
    }

    /// Returns the next item, or none after the terminal event.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Store`] if the store cannot be read; calling again goes on where
    /// the last item was.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped no item is lost.
    pub async fn next(&mut self) -> Result<Option<Sequenced>, EngineError> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            let batch = self.next_batch().await?;
            if batch.is_empty() {
                return Ok(None);
            }
            self.ready.extend(batch);
        }
    }

    /// Returns the items that are there, waiting until there is one; none after the terminal
    /// event.
    ///
    /// # Errors
    ///
    /// As [`EventStream::next`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped no item is lost.
    pub async fn next_batch(&mut self) -> Result<Vec<Sequenced>, EngineError> {
        if !self.ready.is_empty() {
            return Ok(self.ready.drain(..).collect());
        }
        while !self.ended {
            let head = self.subscription.head();
            self.known = self.known.max(head.next_sequence);
            if head.ended.is_some() && self.next >= head.next_sequence {
                // The cursor was past the end; nothing but the end was left to come.
                self.ended = true;
                break;
            }
            if head.purged && head.ended.is_none() && self.next >= self.known {
                // Whoever removed it has not told how it ended.
                self.ended = true;
                break;
            }
            if self.next < self.known {
                let batch = match head.tail.as_deref() {
                    Some(tail) if tail.first <= self.next || head.purged => self.take(tail)?,
                    _ => self.page().await?,
                };
                if !batch.is_empty() {
                    return Ok(batch);
                }
                if self.subscription.has_changed() {
                    // Perhaps it has ended and was purged while the page was read.
                    continue;
                }
                if head.tail.as_deref().is_none_or(|tail| tail.first > self.next) {
                    // What is missing is committed, so its rows are gone: all that is left is the end.
                    let batch = head.tail.as_deref().filter(|_| head.ended.is_some());
                    let batch = batch.map_or(Ok(Vec::new()), |tail| self.take(tail))?;
                    self.ended = true;
                    return Ok(batch);
                }
            }
            tokio::select! {
                biased;
                () = self.subscription.changed() => {}
                () = self.shared.closing.cancelled() => return Err(EngineError::Closing),
            }
        }
        Ok(Vec::new())
    }

    async fn page(&mut self) -> Result<Vec<Sequenced>, EngineError> {
        let after = self.next.checked_sub(1);
        let rows = self.shared.store.stream(self.key, after, PAGE).await?;
        let mut batch = Vec::new();
        for row in &rows {
            match self.take(row) {
                Ok(items) => batch.extend(items),
                Err(error) if batch.is_empty() => return Err(error),
                // Told when it is its turn; nothing before it is lost.
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    fn take(&mut self, row: &StreamRow) -> Result<Vec<Sequenced>, EngineError> {
        let mut batch = record::items(&self.run, row)?;
        batch.retain(|item| item.sequence >= self.next);
        if let Some(last) = batch.last() {
            self.next = last.sequence + 1;
            self.ended = matches!(
                &last.item,
                StreamItem::Event(event) if event.family == Family::Stop
            );
        }
        Ok(batch)
    }
}
