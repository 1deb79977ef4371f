//! What a run is at a moment: queues, bodies that run, timers, and the user's state.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::{
    Definition, Definitions, Effect, Event, ItemId, Name, Payload, Sent, Streamed, Tick, TimerId,
    Timestamp, Updated,
};

/// A run, as the fold of its journal.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub(crate) definitions: Definitions,
    /// None before [`Tick::Started`].
    pub(crate) definition: Option<Arc<Definition>>,
    pub(crate) end: Option<End>,
    /// Parallel to the steps of the definition.
    pub(crate) steps: Vec<StepState>,
    pub(crate) items: BTreeMap<ItemId, WorkItem>,
    pub(crate) last_item: ItemId,
    pub(crate) timers: BTreeMap<TimerId, Timer>,
    pub(crate) last_timer: TimerId,
    pub(crate) user_state: Value,
    pub(crate) next_sequence: u64,
    pub(crate) busy: BusyTime,
    /// Whether [`Tick::Settled`] was the last thing that mattered.
    pub(crate) idle: bool,
    pub(crate) at: Timestamp,
}

/// The queue and the workers of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StepState {
    pub(crate) queue: VecDeque<ItemId>,
    pub(crate) workers: Workers,
}

/// Which workers of a step are busy; who is on one is told by [`WorkItem::worker`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Workers {
    /// How many have been busy at once; more than the limit after the limit was lowered.
    used: u32,
    /// Those of them that are free: a set, since a step may have thousands of workers.
    free: BTreeSet<u32>,
}

/// One event given to one step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkItem {
    /// Where its step is in the definition.
    pub(crate) step: usize,
    pub(crate) event: Event,
    pub(crate) attempt: u32,
    /// The worker its body is on.
    pub(crate) worker: Option<u32>,
    pub(crate) first_run_at: Option<Timestamp>,
    /// The number of the stream item that told of its beginning; it grows from body to body.
    pub(crate) begun: u64,
    pub(crate) recorded: Recorded,
}

/// What the body of one attempt has done so far.
///
/// It is what makes running a body again harmless: the calls found here are answered from here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Its sends, in order.
    pub sent: Vec<Sent>,
    /// What each of its updates returned, in order.
    pub updated: Vec<Payload>,
    /// The items it published, in order.
    pub streamed: Vec<Published>,
}

impl Recorded {
    /// Tells whether the attempt has done nothing yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.updated.is_empty() && self.streamed.is_empty()
    }
}

/// An item that a body published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// A hash of the item.
    pub digest: u64,
    /// Its number in the stream.
    pub sequence: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timer {
    pub(crate) due: Timestamp,
    pub(crate) purpose: Purpose,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The run has been busy for as long as its workflow allows.
    Timeout,
}

/// How long a run has been busy; the workflow's timeout counts nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct BusyTime {
    pub(crate) before: Duration,
    pub(crate) since: Option<Timestamp>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
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
    /// Steps that have work queued or running and that the other definition lacks.
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
            timers: BTreeMap::new(),
            last_timer: TimerId(0),
            user_state: Value::Null,
            next_sequence: 0,
            busy: BusyTime::default(),
            idle: false,
            at: Timestamp(0),
        }
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
    /// [`Tick::Settled`].
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.is_open() && !self.idle && self.items.is_empty()
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

    /// Returns the definition that holds now; none before the run began.
    #[must_use]
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        self.definition.as_ref()
    }

    /// Returns the timers that are set, and when they are due.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Timestamp)> + '_ {
        self.timers.iter().map(|(timer, set)| (*timer, set.due))
    }

    /// Tells whether the tick still matters.
    ///
    /// What a body did after its run ended, or after its attempt was over, does not.
    #[must_use]
    pub fn expects(&self, tick: &Tick) -> bool {
        match tick {
            Tick::Started(_) => self.definition.is_none(),
            Tick::Undelivered { .. } => self.end.is_some(),
            Tick::Settled => self.is_quiet(),
            Tick::Fired { timer, due } => {
                self.is_open() && self.timers.get(timer).is_some_and(|set| set.due == *due)
            }
            Tick::Received { .. }
            | Tick::Cancelled
            | Tick::Resumed { .. }
            | Tick::Redefined { .. } => self.is_open(),
            Tick::Returned { item, attempt, .. } | Tick::Failed { item, attempt, .. } => {
                self.recorded(*item, *attempt).is_some()
            }
            Tick::Sent(Sent { effect, .. }) => self.follows(effect, |before| before.sent.len()),
            Tick::Updated(Updated { effect, .. }) => {
                self.follows(effect, |before| before.updated.len())
            }
            // One that restarts replaces what the attempt had published from there on.
            Tick::Streamed(Streamed { effect, restarted: true, .. }) => {
                self.follows(effect, |before| before.streamed.len().min(effect.nth as usize))
            }
            Tick::Streamed(Streamed { effect, .. }) => {
                self.follows(effect, |before| before.streamed.len())
            }
        }
    }

    /// Tells whether a call of a body is the one after those of its kind that are recorded.
    fn follows(&self, effect: &Effect, count: impl Fn(&Recorded) -> usize) -> bool {
        let recorded = self.recorded(effect.item, effect.attempt);
        recorded.is_some_and(|before| count(before) == effect.nth as usize)
    }

    /// Returns what an attempt has done, if its body is running.
    fn recorded(&self, item: ItemId, attempt: u32) -> Option<&Recorded> {
        let item = self.items.get(&item)?;
        (item.worker.is_some() && item.attempt == attempt).then_some(&item.recorded)
    }

    /// Tells whether the run could go on under another definition.
    ///
    /// # Errors
    ///
    /// Returns the steps that have work and would be missing.
    pub fn fits(&self, other: &Definition) -> Result<(), Misfit> {
        let Some(current) = &self.definition else { return Ok(()) };
        let missing_steps: Vec<Name> = current
            .steps
            .iter()
            .zip(&self.steps)
            .filter(|(step, state)| {
                state.has_work() && !other.steps.iter().any(|s| s.name == step.name)
            })
            .map(|(step, _)| step.name.clone())
            .collect();
        if missing_steps.is_empty() { Ok(()) } else { Err(Misfit { missing_steps }) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.definition.is_some() && self.end.is_none()
    }
}

impl StepState {
    pub(crate) fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.running() > 0
    }

    pub(crate) fn running(&self) -> usize {
        self.workers.used as usize - self.workers.free.len()
    }
}

impl Workers {
    /// Takes the lowest free one.
    pub(crate) fn take(&mut self) -> u32 {
        self.free.pop_first().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        })
    }

    pub(crate) fn release(&mut self, worker: u32) {
        self.free.insert(worker);
    }
}
