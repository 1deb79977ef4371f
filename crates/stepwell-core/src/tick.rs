//! What happened: the reducer's input and the journal's content.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DefinitionId, Effect, Event, InboxId, ItemId, Name, Payload, RunId, TimerId, Timestamp,
};

/// The rules that new runs are reduced by. A run keeps those it was started under.
pub const SEMANTICS: u32 = 1;

/// One entry of a journal: what happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened, by the clock of the run's owner; never earlier than the entry before.
    pub at: Timestamp,
    /// What happened.
    pub tick: Tick,
}

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tick {
    /// The run began. The first entry of every journal, and only that.
    Started(Started),
    /// An event came from outside.
    Received {
        /// The event.
        event: Event,
        /// The one step it is for; without it, it is for every step that accepts it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<Name>,
    },
    /// The body of a step returned.
    Returned {
        /// The work item it was run for.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// What it returned.
        output: Output,
    },
    /// The body of a step failed, for good.
    Failed {
        /// The work item it was run for.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// A body sent an event.
    Sent(Sent),
    /// A body changed the state.
    Updated(Updated),
    /// A body published items; their content is in the stream row of the same turn.
    Streamed(Streamed),
    /// A timer came due.
    Fired {
        /// The timer.
        timer: TimerId,
        /// When it was due: a timer that was set anew since then is not the one that fired.
        due: Timestamp,
    },
    /// Somebody cancelled the run.
    Cancelled,
    /// Nothing was left to do when the turn ended.
    Settled,
    /// A process took the run up again; bodies that were running are run again.
    Resumed {
        /// The epoch of the new owner.
        epoch: u64,
    },
    /// From here on another definition holds.
    Redefined {
        /// The definition.
        definition: DefinitionId,
    },
    /// These rows of the inbox came too late: the run had ended.
    Undelivered {
        /// The rows.
        rows: Vec<InboxId>,
    },
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The run's name.
    pub run: RunId,
    /// The definition it keeps to.
    pub definition: DefinitionId,
    /// The rules it is reduced by.
    pub semantics: u32,
    /// The start event.
    pub input: Event,
    /// The state it begins with.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub state: Value,
}

impl Started {
    /// Begins a run without state, under the newest rules.
    #[must_use]
    pub fn new(run: RunId, definition: DefinitionId, input: Event) -> Self {
        Self { run, definition, semantics: SEMANTICS, input, state: Value::Null }
    }
}

/// What the body of a step returned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// No event.
    Nothing,
    /// One event.
    Event(Event),
    /// Several events, in order.
    Events(Vec<Event>),
}

impl Output {
    /// Returns its events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        match self {
            Self::Nothing => &[],
            Self::Event(event) => std::slice::from_ref(event),
            Self::Events(events) => events,
        }
    }
}

/// Why the body of a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The name of the error's type.
    pub kind: String,
    /// What the error says.
    pub message: String,
}

/// A body sent an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Which call it was.
    pub effect: Effect,
    /// The event.
    pub event: Event,
    /// The one step it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Name>,
}

/// A body changed the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Updated {
    /// Which call it was.
    pub effect: Effect,
    /// The difference to the state before.
    pub patch: json_patch::Patch,
    /// What the call returned, for a body that is run again.
    pub returned: Payload,
}

/// A body published items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Streamed {
    /// Which items they are: [`Effect::nth`] counts the items the attempt had published before.
    pub effect: Effect,
    /// A hash of each item, by which a body that is run again recognises what it had published.
    pub digests: Vec<u64>,
    /// Whether the items differ from those that the attempt published before it was run again;
    /// the first difference is told to readers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restarted: bool,
}
