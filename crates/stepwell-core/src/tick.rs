//! What happened: the reducer's input and the journal's content.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Call, DefinitionId, Event, InboxId, ItemId, Name, Payload, RunId, TimerId, Timestamp};

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
    /// The body of a step failed.
    Failed {
        /// The work item it was run for.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// Why.
        failure: Failure,
        /// What the step's retry policy said: how long to wait before the next attempt. Without
        /// it the failure is final.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry: Option<Duration>,
    },
    /// A body sent an event.
    Sent(Sent),
    /// A body changed the state.
    Updated(Updated),
    /// A body did something that it must not do again.
    Remembered(Remembered),
    /// A body began to wait for an event.
    WaitBegun(Wait),
    /// A body began to sleep.
    SleepBegun {
        /// Which call it was.
        call: Call,
        /// For how long.
        delay: Duration,
    },
    /// A body put an event into a buffer of its step.
    Collected(Collected),
    /// A body gave up a call: it is not answered any more, and if an event had answered it that
    /// nobody else took, the event is there for others. A call that has not taken effect yet
    /// takes none.
    CallDropped(Call),
    /// A body does nothing but wait for calls to be answered.
    Parked {
        /// The work item it was run for.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// How many of [`Recorded::answers`](crate::Recorded::answers) it has been told of: if
        /// there are more, it is about to go on.
        answers: u32,
    },
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
    /// A list of events, in order: it opens a batch, even if it is empty.
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
    /// The errors it was caused by, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// Whatever else whoever made the error wanted to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Whether no further attempt will mend it, whatever the retry policy says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_fatal: bool,
}

/// An error that another one was caused by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The name of its type; empty if it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What it says.
    pub message: String,
}

impl Failure {
    /// Makes a failure without a cause.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            causes: Vec::new(),
            details: None,
            is_fatal: false,
        }
    }

    /// Cuts texts that are longer than [`FAILURE_TEXT`], and marks them as cut.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        shorten(&mut self.kind);
        shorten(&mut self.message);
        for cause in &mut self.causes {
            shorten(&mut cause.kind);
            shorten(&mut cause.message);
        }
        self
    }
}

/// How many bytes a text of a failure has at most, besides the mark that it was cut: an error may
/// quote a whole document, and is kept in the journal, the history of its work item and the stream.
pub const FAILURE_TEXT: usize = 64 << 10;

fn shorten(text: &mut String) {
    let bytes = text.len();
    if bytes > FAILURE_TEXT {
        text.truncate(text.floor_char_boundary(FAILURE_TEXT));
        text.push_str(&format!("… (cut; it had {bytes} bytes)"));
    }
}

/// A body sent an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Which call it was.
    pub call: Call,
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
    pub call: Call,
    /// The difference to the state before.
    pub patch: json_patch::Patch,
    /// What the call returned, for a body that is run again.
    pub returned: Payload,
}

/// A body did something that it must not do again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Which call it was.
    pub call: Call,
    /// What came of it.
    pub outcome: Result<Payload, Failure>,
}

/// A body began to wait for an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// Which call it was.
    pub call: Call,
    /// The names of the events that answer it: a type's name and aliases.
    pub events: Vec<Name>,
    /// Fields that must have these values; a field that is missing counts as null, and 1 is 1.0.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<String, Value>,
    /// How long it waits at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// What to ask the outside world, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Event>,
}

/// A body put an event into a buffer of its step, and takes a set out if there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// Which call it was.
    pub call: Call,
    /// The buffer.
    pub buffer: Name,
    /// The event; one that is not among those expected is not put in.
    pub event: Event,
    /// The names of the events that make a set, in the order wanted.
    pub expected: Vec<Name>,
}

/// A body published items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Streamed {
    /// The work item whose body it was.
    pub item: ItemId,
    /// The attempt.
    pub attempt: u32,
    /// How many items the attempt had published before.
    pub nth: u32,
    /// A hash of each item, by which a body that is run again recognises what it had published.
    pub digests: Vec<u64>,
    /// Whether the items differ from those that the attempt published before it was run again;
    /// the first difference is told to readers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restarted: bool,
}
