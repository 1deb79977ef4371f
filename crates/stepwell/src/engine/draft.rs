//! The next turn of a run, while it gathers.

use std::collections::{BTreeMap, BTreeSet};

use stepwell_core::{
    Command, Entry, Execution, InboxId, ItemId, RunId, RunState, StreamItem, Tick, TimerId,
    Timestamp,
};

use super::mailbox::Input;
use super::record;
use super::verbose;
use crate::store::{RunKey, StreamRow, TimerChange, Turn, pack};

/// What the next turn will write, and what is to be done once it is written.
#[derive(Default)]
pub(crate) struct Draft {
    entries: Vec<Entry>,
    items: Vec<StreamItem>,
    timers: BTreeMap<TimerId, Option<Timestamp>>,
    commands: Vec<Command>,
    /// Messages that it takes out of the inbox.
    pub(crate) consumed: Vec<InboxId>,
    /// Bodies to run.
    pub(crate) executions: Vec<Execution>,
    /// Work items whose bodies have answers coming.
    pub(crate) answers: BTreeSet<ItemId>,
    /// Whom to tell.
    pub(crate) on_commit: Vec<Box<dyn FnOnce() + Send>>,
}

/// Where and by whom a turn is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) key: RunKey,
    pub(crate) epoch: u64,
    pub(crate) head: u64,
    pub(crate) turn_id: u64,
}

impl Draft {
    /// Tells whether anything in it must be written before anything else happens.
    ///
    /// A lone [`Tick::Resumed`] need not: nobody was told anything, and if it is lost, the next
    /// owner resumes again.
    pub(crate) fn must_commit(&self) -> bool {
        self.entries.iter().any(|entry| !matches!(entry.tick, Tick::Resumed { .. }))
    }

    /// Tells whether nothing is in it, not even a resumption.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Applies a tick that nobody waits for.
    pub(crate) fn apply_tick(&mut self, state: &mut RunState, at: Timestamp, tick: Tick) {
        self.apply(state, at, Input::new(tick));
    }

    /// Applies an input to the run's state. One that no longer matters is dropped, and whoever
    /// waits for it learns that the run has ended.
    pub(crate) fn apply(&mut self, state: &mut RunState, at: Timestamp, input: Input) {
        if let Some(first) = input.first {
            self.apply(state, at, *first);
        }
        if !state.expects(&input.tick) {
            return;
        }
        let entry = Entry { at: at.max(state.at()), tick: input.tick };
        state.apply(&entry, &mut self.commands);
        if let Tick::Fired { timer, .. } = &entry.tick {
            // Else it would come due again and again.
            self.timers.insert(*timer, None);
        }
        let mut streamed = input.streamed.into_iter().map(StreamItem::Event);
        for command in self.commands.drain(..) {
            match command {
                Command::RunStep(execution) => self.executions.push(execution),
                Command::Answer { item } => {
                    self.answers.insert(item);
                }
                Command::Publish(item) => self.items.push(item),
                Command::PublishStreamed { count } => {
                    self.items.extend(streamed.by_ref().take(count))
                }
                Command::SetTimer { timer, due } => {
                    self.timers.insert(timer, Some(due));
                }
                Command::ClearTimer { timer } => {
                    self.timers.insert(timer, None);
                }
                // Bodies that were to begin in this turn have nothing to do any more.
                Command::EndRun(_) => {
                    self.executions.clear();
                    self.answers.clear();
                }
            }
        }
        self.on_commit.extend(input.on_commit);
        self.journal(entry);
    }

    /// Adds an entry to the journal row; items that one body streamed in a row become one entry.
    fn journal(&mut self, entry: Entry) {
        if let (Some(Entry { tick: Tick::Streamed(last), .. }), Tick::Streamed(next)) =
            (self.entries.last_mut(), &entry.tick)
        {
            let follows = last.nth as usize + last.digests.len() == next.nth as usize;
            let same = (last.item, last.attempt) == (next.item, next.attempt);
            if follows && same && !next.restarted {
                last.digests.extend(&next.digests);
                return;
            }
        }
        self.entries.push(entry);
    }

    /// Says in words what is in it.
    pub(crate) fn log(&self, run: &RunId) {
        verbose::log(run, &self.entries, &self.items);
    }

    /// Returns the timers that it sets, and those that it clears.
    pub(crate) fn timer_changes(&self) -> Vec<(TimerId, Option<Timestamp>)> {
        self.timers.iter().map(|(timer, due)| (*timer, *due)).collect()
    }

    /// Writes it down. The draft stays as it is, so that a turn can be written again with more.
    pub(crate) fn turn(&self, state: &RunState, place: Place) -> Turn {
        let first = state.next_sequence() - self.items.len() as u64;
        Turn {
            key: place.key,
            epoch: place.epoch,
            head: place.head,
            id: place.turn_id,
            at: state.changed_at(),
            status: record::status(state.end()),
            idle: state.is_idle(),
            // One that is about to say that it is idle has that to do.
            rests: state.is_at_rest() && !state.is_quiet(),
            next_sequence: state.next_sequence(),
            journal: pack(&self.entries),
            stream: (!self.items.is_empty()).then(|| StreamRow { first, body: pack(&self.items) }),
            timers: self
                .timers
                .iter()
                .map(|(timer, due)| TimerChange { timer: *timer, due: *due })
                .collect(),
            consumed: self.consumed.clone(),
        }
    }
}
