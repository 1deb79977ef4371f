//! Names of things: newtypes, so that one cannot be passed for another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Name;

/// A moment, in microseconds since 1970-01-01 UTC.
///
/// Microseconds, because that is what clients see in the records of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Returns the moment `delay` later, or the last one that can be told.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// Returns how long ago `earlier` was; zero if it was not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Names one run, for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Arc<str>);

impl RunId {
    /// Takes a text as the name of a run.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// Names a work item of a run: one event given to one step. It survives retries and crashes.
    ItemId
}
number! {
    /// Names a batch: the events that a step returned together, and all that comes of them.
    BatchId
}
number! {
    /// Names a timer of a run.
    TimerId
}
number! {
    /// Names a row of the inbox; within a run a later row has the greater number.
    InboxId
}

/// Names a call of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The work item whose body made the call.
    pub item: ItemId,
    /// The attempt in which it was made; the first is 1.
    pub attempt: u32,
    /// Which call it was.
    #[serde(flatten)]
    pub key: CallKey,
}

/// Tells a call of a body from its other calls.
///
/// A body that is run again makes the same calls under the same keys, which is how they are
/// recognised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallKey {
    /// The branch of the body in which it was made; empty outside of branches.
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    pub branch: Name,
    /// What was called.
    pub kind: CallKind,
    /// The name that the call was given, or the type of event it is about; empty if neither.
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    pub name: Name,
    /// How many calls of this kind and name were made in the branch before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nth: u32,
}

/// What a body can call that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// It sent an event.
    Send,
    /// It changed the state.
    Update,
    /// It did something once.
    Once,
    /// It waited for an event.
    Wait,
    /// It slept.
    Sleep,
    /// It put an event into a buffer.
    Collect,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
