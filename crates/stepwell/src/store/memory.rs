//! A store that forgets everything with its process: for tests, and for runs that need not last.
//!
//! # What is deliberately not here
//!
//! - **No durability**, and so no epochs: nobody ever owned these runs before.
//! - **No waiting.** Every verb is done before its future is first awaited again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use stepwell_core::{DefinitionId, InboxId, RunId, TimerId, Timestamp};

use super::{
    Commit, Creation, Delivery, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow, Status,
    Store, StoreError, StreamRow, TimerRow, Turn,
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

struct Run {
    row: RunRow,
    rests: bool,
    journal: Vec<Bytes>,
    stream: BTreeMap<u64, Bytes>,
    timers: BTreeMap<TimerId, Timestamp>,
    inbox: BTreeMap<InboxId, Bytes>,
    idempotency_keys: BTreeSet<String>,
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

    async fn unfinished(&self, pools: &[String]) -> Result<Vec<RunRow>, StoreError> {
        let state = self.state.lock();
        let open = state.runs.values().filter(|run| !run.row.status.is_ended());
        let rests = |run: &&Run| run.row.idle || run.rests;
        let busy = open.filter(|run| !rests(run) || !run.inbox.is_empty());
        let ours = busy.filter(|run| pools.contains(&run.row.pool));
        Ok(ours.map(|run| run.row.clone()).collect())
    }

    async fn journal(&self, run: RunKey) -> Result<Vec<Bytes>, StoreError> {
        Ok(self.state.lock().runs.get(&run).map(|run| run.journal.clone()).unwrap_or_default())
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
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        let state = self.state.lock();
        let due = state.due.iter().take_while(|(due, ..)| *due < before);
        let rows = due.map(|(due, key, timer)| (&state.runs[key].row, *timer, *due));
        let ours = rows.filter(|(row, ..)| pools.contains(&row.pool));
        let timer =
            |(row, timer, due): (&RunRow, _, _)| TimerRow { run: row.run.clone(), timer, due };
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
            run.inbox.remove(id);
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

impl Run {
    fn new(key: RunKey, new: &NewRun) -> Self {
        let row = RunRow {
            key,
            run: new.run.clone(),
            handler: new.handler.clone(),
            workflow: new.workflow.clone(),
            pool: new.pool.clone(),
            epoch: new.turn.epoch,
            head: 0,
            turn_id: new.turn.id,
            status: Status::Running,
            idle: new.turn.idle,
            next_sequence: new.turn.next_sequence,
            started_at: new.turn.at,
            updated_at: new.turn.at,
        };
        Self {
            row,
            rests: new.turn.rests,
            journal: Vec::new(),
            stream: BTreeMap::new(),
            timers: BTreeMap::new(),
            inbox: BTreeMap::new(),
            idempotency_keys: BTreeSet::new(),
        }
    }

    fn stream(&self, after: Option<u64>, limit: usize) -> Vec<StreamRow> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        if from >= self.row.next_sequence {
            return Vec::new();
        }
        // The row that holds `from` may begin before it.
        let begin = self.stream.range(..=from).next_back().map_or(from, |(first, _)| *first);
        self.stream.range(begin..).take(limit).map(stream_row).collect()
    }
}

fn stream_row((first, body): (&u64, &Bytes)) -> StreamRow {
    StreamRow { first: *first, body: body.clone() }
}

fn inbox_row((id, body): (&InboxId, &Bytes)) -> InboxRow {
    InboxRow { id: *id, body: body.clone() }
}

#[cfg(test)]
mod tests;
