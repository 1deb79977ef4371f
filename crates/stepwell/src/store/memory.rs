//! A store that forgets everything with its process: for tests, and for runs that need not last.
//!
//! # What is deliberately not here
//!
//! - **No durability**, and so no epochs: nobody ever owned these runs before.
//! - **No waiting.** Every verb is done before its future is first awaited again.

mod run;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use stepwell_core::{DefinitionId, InboxId, RunId, TimerId, Timestamp};

use self::run::{Run, inbox_row, stream_row};
use super::{
    Commit, Creation, Delivery, HandlerFilter, INBOX_BYTES, INBOX_MESSAGES, InboxRow, Message,
    NewRun, RunKey, RunRow, SnapshotRow, Store, StoreError, StreamRow, TimerRow, Turn,
};

/// How many ended runs are remembered. The oldest is forgotten for each one beyond.
///
/// As many as the memory store of LlamaIndex's server keeps, so that a server without a database
/// forgets no sooner than that one, and never grows without end.
const ENDED_MAX: usize = 1_000;

/// A [`Store`] in memory.
///
/// It forgets all but the last 1,000 runs that ended, and with a forgotten run its handler, unless
/// that points at a newer one.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    definitions: BTreeMap<DefinitionId, Bytes>,
    handlers: BTreeMap<String, Handler>,
    runs: BTreeMap<RunKey, Run>,
    keys: BTreeMap<RunId, RunKey>,
    due: BTreeSet<(Timestamp, RunKey, TimerId)>,
    /// The runs that ended, in the order in which they did.
    ended: VecDeque<RunKey>,
    last_run: u64,
    last_message: u64,
    closed: bool,
}

struct Handler {
    /// Its first run, be it forgotten or not: handlers are listed in this order.
    first: RunKey,
    /// Its runs; never empty.
    runs: BTreeSet<RunKey>,
}

impl Handler {
    fn newest(&self) -> RunKey {
        *self.runs.last().expect("a handler goes with its last run")
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn epoch(&self) -> u64 {
        1
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.write(|state| {
            state.definitions.entry(id).or_insert(body);
            Ok(())
        })
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        Ok(self.state.lock().definitions.get(&id).cloned())
    }

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        self.write(|state| state.create(run))
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        self.write(|state| Ok(state.commit(turn)))
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        self.write(|state| Ok(state.deliver(message)))
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.write(|state| state.purge(handler))
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        let state = self.state.lock();
        Ok(state.handlers.get(handler).map(|handler| state.runs[&handler.newest()].row.clone()))
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        let state = self.state.lock();
        let mut handlers: Vec<&Handler> = state.handlers.values().collect();
        handlers.sort_by_key(|handler| handler.first);
        let newest = handlers.into_iter().map(|handler| &state.runs[&handler.newest()].row);
        Ok(newest.filter(|row| filter.passes(row)).cloned().collect())
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        let state = self.state.lock();
        Ok(state.keys.get(run).map(|key| state.runs[key].row.clone()))
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        let state = self.state.lock();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let runs = state.runs.range((after, Bound::Unbounded)).map(|(_, run)| run);
        let open = runs.filter(|run| !run.row.status.is_ended());
        let rests = |run: &&Run| run.row.idle || run.rests;
        let busy = open.filter(|run| !rests(run) || !run.inbox.is_empty());
        let ours = busy.filter(|run| pools.contains(&run.row.pool));
        Ok(ours.map(|run| run.row.clone()).take(limit).collect())
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        let state = self.state.lock();
        let Some(run) = state.runs.get(&run) else { return Ok(Vec::new()) };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(run.journal.iter().skip(from).take(limit).cloned().collect())
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        self.write(|state| {
            let Some(run) = state.runs.get_mut(&run) else { return Ok(()) };
            let kept = run.snapshot.as_ref().map_or(0, |kept| kept.head);
            let is_newer = snapshot.head > kept && snapshot.head <= run.row.head;
            if is_newer {
                run.snapshot = Some(snapshot);
            }
            Ok(())
        })
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        Ok(self.state.lock().runs.get(&run).and_then(|run| run.snapshot.clone()))
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        let state = self.state.lock();
        Ok(state.runs.get(&run).map(|run| run.stream(after, limit)).unwrap_or_default())
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        let state = self.state.lock();
        let last = |key| state.runs.get(key)?.stream.last_key_value().map(stream_row);
        Ok(runs.iter().map(last).collect())
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        let state = self.state.lock();
        let inbox = state.runs.get(&run).map(|run| run.inbox.iter().take(limit));
        Ok(inbox.into_iter().flatten().map(inbox_row).collect())
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        let state = self.state.lock();
        let after = after.map(|row| (row.due, row.key, row.timer));
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let due = state.due.range((after, Bound::Unbounded));
        let due = due.take_while(|(due, ..)| *due < before);
        let rows = due.map(|(due, key, timer)| (&state.runs[key].row, *timer, *due));
        let ours = rows.filter(|(row, ..)| pools.contains(&row.pool));
        let timer = |(row, timer, due): (&RunRow, _, _)| {
            let (key, run) = (row.key, row.run.clone());
            TimerRow { key, run, timer, due }
        };
        Ok(ours.map(timer).take(limit).collect())
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.state.lock().closed = true;
        Ok(())
    }
}

impl MemoryStore {
    fn write<T>(
        &self,
        verb: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(StoreError::unavailable("the store was closed"));
        }
        verb(&mut state)
    }
}

impl State {
    fn create(&mut self, new: NewRun) -> Result<Creation, StoreError> {
        let known = self.keys.get(&new.run).copied();
        let previous = self.handlers.get(&new.handler).map(|it| &self.runs[&it.newest()].row);
        if previous.map(|row| &row.run) != new.previous.as_ref() {
            // Perhaps the caller makes again what was done before.
            let known = known.filter(|key| self.runs[key].row.handler == new.handler);
            return Ok(known.map_or(Creation::Changed, Creation::Created));
        }
        if previous.is_some_and(|row| !row.status.is_ended()) {
            return Ok(Creation::Busy);
        }
        if known.is_some() {
            return Err(StoreError::unavailable("another run has this name"));
        }

        self.last_run += 1;
        let key = RunKey(self.last_run);
        self.keys.insert(new.run.clone(), key);
        let handler = self.handlers.entry(new.handler.clone());
        let handler = handler.or_insert(Handler { first: key, runs: BTreeSet::new() });
        handler.runs.insert(key);
        self.runs.insert(key, Run::new(key, &new));
        self.apply(Turn { key, head: 0, ..new.turn });
        Ok(Creation::Created(key))
    }

    fn commit(&mut self, turn: Turn) -> Commit {
        let Some(run) = self.runs.get(&turn.key) else {
            return Commit::Fenced;
        };
        if run.row.head != turn.head || run.row.epoch > turn.epoch {
            let repeated = run.row.head == turn.head + 1 && run.row.turn_id == turn.id;
            return if repeated { Commit::Committed } else { Commit::Fenced };
        }
        if turn.status.is_ended() {
            let consumed: BTreeSet<InboxId> = turn.consumed.iter().copied().collect();
            let left = run.inbox.iter().filter(|(id, _)| !consumed.contains(id));
            let left: Vec<InboxRow> = left.map(inbox_row).collect();
            if !left.is_empty() {
                return Commit::Leftovers(left);
            }
        }
        self.apply(turn);
        Commit::Committed
    }

    /// Writes a turn that nothing forbids.
    fn apply(&mut self, turn: Turn) {
        let run = self.runs.get_mut(&turn.key).expect("the caller has seen the run");
        let had_ended = run.row.status.is_ended();
        run.row.follow(&turn);
        run.rests = turn.rests;
        run.journal.push(turn.journal);
        run.stream.extend(turn.stream.map(|row| (row.first, row.body)));
        for id in &turn.consumed {
            let bytes = run.inbox.remove(id).map_or(0, |body| body.len() as u64);
            run.inbox_bytes -= bytes;
        }
        for change in turn.timers {
            let old = match change.due {
                Some(due) => run.timers.insert(change.timer, due),
                None => run.timers.remove(&change.timer),
            };
            if let Some(due) = old {
                self.due.remove(&(due, turn.key, change.timer));
            }
            self.due.extend(change.due.map(|due| (due, turn.key, change.timer)));
        }
        if turn.status.is_ended() {
            for (timer, due) in std::mem::take(&mut run.timers) {
                self.due.remove(&(due, turn.key, timer));
            }
            if !had_ended {
                self.ended.push_back(turn.key);
            }
        }
        while self.ended.len() > ENDED_MAX {
            let oldest = self.ended.pop_front().expect("there are more than the limit");
            self.forget(oldest);
        }
    }

    fn deliver(&mut self, message: Message) -> Delivery {
        let Some(run) = self.runs.get_mut(&message.run) else {
            return Delivery::Ended;
        };
        if run.idempotency_keys.contains(&message.idempotency_key) {
            return Delivery::Duplicate;
        }
        if run.row.status.is_ended() {
            return Delivery::Ended;
        }
        let bytes = run.inbox_bytes + message.body.len() as u64;
        let is_full = run.inbox.len() as u64 >= INBOX_MESSAGES || bytes > INBOX_BYTES;
        if is_full && !run.inbox.is_empty() && !message.is_urgent {
            return Delivery::Full;
        }
        run.inbox_bytes = bytes;
        self.last_message += 1;
        run.idempotency_keys.insert(message.idempotency_key);
        run.inbox.insert(InboxId(self.last_message), message.body);
        Delivery::Accepted
    }

    fn purge(&mut self, handler: &str) -> Result<bool, StoreError> {
        let Some(runs) = self.handlers.get(handler).map(|handler| handler.runs.clone()) else {
            return Ok(false);
        };
        if runs.last().is_some_and(|newest| !self.runs[newest].row.status.is_ended()) {
            return Err(StoreError::unavailable("the handler's run has not ended"));
        }
        self.ended.retain(|key| !runs.contains(key));
        runs.into_iter().for_each(|key| self.forget(key));
        Ok(true)
    }

    /// Removes an ended run, and its handler if that has no other.
    fn forget(&mut self, key: RunKey) {
        let run = self.runs.remove(&key).expect("a run is forgotten once");
        self.keys.remove(&run.row.run);
        let handler = self.handlers.get_mut(&run.row.handler).expect("its runs are known");
        handler.runs.remove(&key);
        if handler.runs.is_empty() {
            self.handlers.remove(&run.row.handler);
        }
    }
}

#[cfg(test)]
mod tests;
