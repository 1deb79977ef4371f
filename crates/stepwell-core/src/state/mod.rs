//! What a run is at a moment: queues, bodies that run, batches, waiters, timers, and the user's
//! state.

mod batch;
mod collect;
mod expect;
mod item;
mod recorded;
mod snapshot;
mod wait;
mod workers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    BatchId, CallKey, Definition, DefinitionId, Definitions, Event, ItemId, Name, TimerId,
    Timestamp,
};

pub(crate) use batch::{Batch, Buffered, JoinBuffer, Slots};
pub(crate) use collect::Buffer;
pub use item::{FailedAttempt, FailedStep, HISTORY, Input, Member};
pub(crate) use item::{Lineage, Pending, Scope, Stage, WorkItem};
pub use recorded::{Answer, Begun, Outcome, Published, Recorded};
pub use snapshot::{SNAPSHOT_FORMAT, Snapshot, Unusable};
pub(crate) use wait::{Waiter, Waiters, has_fields};
pub(crate) use workers::StepState;

/// A run, as the fold of its journal.
///
/// It is written and read only as a [`Snapshot`], which has its definition by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    #[serde(skip, default = "Definitions::none")]
    pub(crate) definitions: Definitions,
    /// None before [`Tick::Started`](crate::Tick::Started).
    #[serde(skip)]
    pub(crate) definition: Option<Arc<Definition>>,
    pub(crate) end: Option<End>,
    /// Parallel to the steps of the definition.
    pub(crate) steps: Vec<StepState>,
    pub(crate) items: BTreeMap<ItemId, WorkItem>,
    pub(crate) last_item: ItemId,
    /// How many of the items only wait for answers.
    pub(crate) parked: usize,
    /// How many of the items wait for their next attempt.
    pub(crate) delayed: usize,
    /// How many of the items belong to a batch.
    pub(crate) batched: usize,
    pub(crate) batches: BTreeMap<BatchId, Batch>,
    pub(crate) last_batch: BatchId,
    /// Events for steps that take one of each slot, by step and by the batch they came in.
    #[serde(with = "snapshot::pairs")]
    pub(crate) slots: BTreeMap<(usize, Option<BatchId>), Slots>,
    /// Buffers of events that bodies collect, by step and name.
    #[serde(with = "snapshot::pairs")]
    pub(crate) collected: BTreeMap<(usize, Name), Buffer>,
    pub(crate) waiters: Waiters,
    /// Events that came before anybody waited for them, oldest first.
    pub(crate) kept: VecDeque<Event>,
    /// How many requests that steps returned the outside has not answered.
    pub(crate) asked: u64,
    pub(crate) timers: BTreeMap<TimerId, Timer>,
    pub(crate) last_timer: TimerId,
    pub(crate) user_state: Value,
    pub(crate) next_sequence: u64,
    pub(crate) busy: BusyTime,
    pub(crate) started_at: Timestamp,
    /// The timer of the deadline, if there is one.
    pub(crate) deadline: Option<TimerId>,
    /// Whether [`Tick::Settled`](crate::Tick::Settled) was the last thing that mattered.
    pub(crate) idle: bool,
    pub(crate) at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timer {
    pub(crate) due: Timestamp,
    pub(crate) purpose: Purpose,
}

/// What a timer is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// The run has been busy for as long as its workflow allows.
    Timeout,
    /// The run must have ended.
    Deadline,
    /// A work item begins its next attempt.
    Retry(ItemId),
    /// A call of a body is over: it slept long enough, or waited too long.
    Call(ItemId, CallKey),
}

/// How long a run has been busy; the workflow's timeout counts nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BusyTime {
    pub(crate) before: Duration,
    pub(crate) since: Option<Timestamp>,
    /// The timer of the timeout, while it runs.
    pub(crate) timer: Option<TimerId>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A step returned this stop event.
    Completed(Event),
    /// A step failed for good; the event that tells so.
    Failed(Event),
    /// It was busy for longer than its workflow allows; the event that tells so.
    TimedOut(Event),
    /// Somebody cancelled it; the event that tells so.
    Cancelled(Event),
}

impl End {
    /// Returns the last event of the run's stream.
    #[must_use]
    pub fn event(&self) -> &Event {
        match self {
            Self::Completed(event)
            | Self::Failed(event)
            | Self::TimedOut(event)
            | Self::Cancelled(event) => event,
        }
    }
}

/// Why a run cannot go on under another definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Steps that have work queued or running and that the other definition lacks, or that take
    /// another kind of input there.
    pub missing_steps: Vec<Name>,
}

impl RunState {
    /// Makes the state of a run that has not begun.
    ///
    /// # Panics
    ///
    /// [`RunState::apply`] panics if the journal names a definition that is not among these.
    #[must_use]
    pub fn new(definitions: Definitions) -> Self {
        Self {
            definitions,
            definition: None,
            end: None,
            steps: Vec::new(),
            items: BTreeMap::new(),
            last_item: ItemId(0),
            parked: 0,
            delayed: 0,
            batched: 0,
            batches: BTreeMap::new(),
            last_batch: BatchId(0),
            slots: BTreeMap::new(),
            collected: BTreeMap::new(),
            waiters: Waiters::default(),
            kept: VecDeque::new(),
            asked: 0,
            timers: BTreeMap::new(),
            last_timer: TimerId(0),
            user_state: Value::Null,
            next_sequence: 0,
            busy: BusyTime::default(),
            started_at: Timestamp(0),
            deadline: None,
            idle: false,
            at: Timestamp(0),
            changed_at: Timestamp(0),
        }
    }

    /// Adds a definition that the journal names.
    pub fn learn(&mut self, definition: Definition) {
        self.definitions = self.definitions.clone().and_older(definition);
    }

    /// Tells whether a definition is among those that the state was given.
    #[must_use]
    pub fn knows(&self, definition: DefinitionId) -> bool {
        self.definitions.get(definition).is_some()
    }

    /// Returns how the run ended, if it did.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Tells whether the run waits for the outside, and said so in its stream.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Tells whether nothing is left to do and the run has not said so yet: the moment for a
    /// [`Tick::Settled`](crate::Tick::Settled).
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.is_open() && !self.idle && self.items.len() == self.parked
    }

    /// Returns the number that the next stream item gets.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Returns the user's state.
    #[must_use]
    pub fn user_state(&self) -> &Value {
        &self.user_state
    }

    /// Returns when the last entry happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns when something last happened that is more than items on the stream.
    #[must_use]
    pub fn changed_at(&self) -> Timestamp {
        self.changed_at
    }

    /// Returns the definition that holds now; none before the run began.
    #[must_use]
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        self.definition.as_ref()
    }

    /// Returns the timers that are set, and when they are due.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Timestamp)> + '_ {
        self.timers.iter().map(|(timer, set)| (*timer, set.due))
    }

    /// Returns what the body of a work item has done, if there is such an item.
    #[must_use]
    pub fn recorded(&self, item: ItemId) -> Option<&Recorded> {
        self.items.get(&item).map(|item| &item.recorded)
    }

    /// Returns the number of the attempt that a work item is in, if there is such an item.
    #[must_use]
    pub fn attempt(&self, item: ItemId) -> Option<u32> {
        self.items.get(&item).map(|item| item.attempt)
    }

    /// Returns the failures of the earlier attempts of a work item, the oldest first.
    #[must_use]
    pub fn failures(&self, item: ItemId) -> &[FailedAttempt] {
        self.items.get(&item).map_or(&[], |item| &item.failures)
    }

    /// Tells whether nothing runs and nothing is queued: at most the time will bring something.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.is_open() && self.items.len() == self.parked + self.delayed
    }

    /// Tells whether a timer is set that counts the time in which the run is busy.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.busy.timer.is_some()
    }

    /// Tells whether nothing that the run waits for can come: it waits for no event and no
    /// moment, has asked nothing that is not answered, and its workflow expects no signals.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        let is_awaited =
            |timer: &Timer| !matches!(timer.purpose, Purpose::Timeout | Purpose::Deadline);
        let signalled = self.definition.as_ref().is_some_and(|definition| definition.signalled);
        self.is_open()
            && self.items.len() == self.parked
            && self.waiters.is_empty()
            && !self.timers.values().any(is_awaited)
            && self.asked == 0
            && !signalled
    }

    /// Tells whether the run could go on under another definition.
    ///
    /// # Errors
    ///
    /// Returns the steps that have work and would be missing.
    pub fn fits(&self, other: &Definition) -> Result<(), Misfit> {
        let Some(current) = &self.definition else { return Ok(()) };
        let items = self.items.values().map(|item| item.step);
        let joins = self.batches.values().flat_map(|batch| &batch.joins);
        let joins = joins.filter(|join| !join.fired).map(|join| join.step);
        let slots = self.slots.keys().map(|(step, _)| *step);
        let collected = self.collected.keys().map(|(step, _)| *step);
        let with_work: BTreeSet<usize> = items.chain(joins).chain(slots).chain(collected).collect();
        let steps = with_work.into_iter().map(|step| &current.steps[step]);
        let missing = steps.filter(|step| other.successor(step).is_none());
        let missing_steps: Vec<Name> = missing.map(|step| step.name.clone()).collect();
        if missing_steps.is_empty() { Ok(()) } else { Err(Misfit { missing_steps }) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.definition.is_some() && self.end.is_none()
    }
}
