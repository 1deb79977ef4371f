//! What the body of a work item has done: it makes running the body again harmless.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::snapshot::pairs;
use crate::{CallKey, CallKind, Event, Failure, Name, Payload};

/// What the body of a work item has done so far: in this attempt, and what outlives an attempt.
///
/// A body that is run again is answered from here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    #[serde(with = "pairs")]
    by_key: BTreeMap<CallKey, Progress>,
    calls: Vec<Begun>,
    answers: Vec<Answer>,
    streamed: Vec<Published>,
    /// What calls that were given up had returned, for the next attempt.
    #[serde(with = "pairs")]
    given_up: BTreeMap<CallKey, Outcome>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// Where its answer is.
    answer: Option<usize>,
    /// Whether the body gave it up.
    is_dropped: bool,
    /// Whether it was answered by an event that nobody else took.
    is_sole: bool,
}

/// A call that a body has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Which call it was.
    pub key: CallKey,
    /// The attempt in which it was made.
    pub attempt: u32,
    /// The step that an event was sent to, if it was sent to one.
    pub target: Option<Name>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Which call it was.
    pub key: CallKey,
    /// What it returns.
    pub outcome: Outcome,
}

/// What a call returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What an update, or something done once, returned.
    Value(Payload),
    /// Something done once failed.
    Failed(Failure),
    /// The event that was waited for.
    Event(Event),
    /// The time of the wait ran out.
    TimedOut,
    /// The sleep is over.
    Slept,
    /// A complete set, or none yet.
    Collected(Option<Vec<Event>>),
    /// The body gave up the call.
    Dropped,
}

/// An item that a body published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// A hash of the item.
    pub digest: u64,
    /// Its number in the stream.
    pub sequence: u64,
}

impl Recorded {
    /// Returns a record of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_key: BTreeMap::new(),
            calls: Vec::new(),
            answers: Vec::new(),
            streamed: Vec::new(),
            given_up: BTreeMap::new(),
        }
    }

    /// Tells whether nothing was done yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.streamed.is_empty()
    }

    /// Returns the calls in the order in which they were begun.
    #[must_use]
    pub fn calls(&self) -> &[Begun] {
        &self.calls
    }

    /// Returns the answers in the order in which they came. A send has none.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Returns the items published in this attempt, in order.
    #[must_use]
    pub fn streamed(&self) -> &[Published] {
        &self.streamed
    }

    /// Tells whether it is as that of a body that was never run.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::new()
    }

    pub(crate) fn has(&self, key: &CallKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// Tells whether the body gave up a call.
    #[must_use]
    pub fn is_given_up(&self, key: &CallKey) -> bool {
        self.by_key.get(key).is_some_and(|call| call.is_dropped)
    }

    pub(crate) fn begin(&mut self, key: CallKey, attempt: u32, target: Option<Name>) {
        self.by_key.insert(key.clone(), Progress::default());
        self.calls.push(Begun { key, attempt, target });
    }

    pub(crate) fn answer(&mut self, key: CallKey, outcome: Outcome) {
        self.by_key.entry(key.clone()).or_default().answer = Some(self.answers.len());
        self.answers.push(Answer { key, outcome });
    }

    /// Notes that nobody else took the event that answered a call.
    pub(crate) fn took_alone(&mut self, key: &CallKey) {
        if let Some(call) = self.by_key.get_mut(key) {
            call.is_sole = true;
        }
    }

    /// Notes that the body gave up a call, and returns what it had been answered, if that is
    /// there for others now.
    pub(crate) fn give_up(&mut self, key: &CallKey) -> Option<Outcome> {
        let call = self.by_key.get_mut(key)?;
        call.is_dropped = true;
        let outcome = &mut self.answers[call.answer?].outcome;
        match std::mem::replace(outcome, Outcome::Dropped) {
            Outcome::Event(event) if call.is_sole => Some(Outcome::Event(event)),
            Outcome::Collected(set) => {
                // The event that it put into the buffer stays there.
                self.given_up.insert(key.clone(), Outcome::Collected(None));
                set.map(|set| Outcome::Collected(Some(set)))
            }
            value @ Outcome::Value(_) => {
                self.given_up.insert(key.clone(), value);
                None
            }
            _ => None,
        }
    }

    /// Forgets the items from the `nth` on, and returns that one.
    pub(crate) fn restart(&mut self, nth: usize) -> Option<Published> {
        let first = self.streamed.get(nth).copied();
        self.streamed.truncate(nth);
        first
    }

    pub(crate) fn publish(&mut self, published: Published) {
        self.streamed.push(published);
    }

    /// Forgets what the next attempt must do again: all but what was done once, waited for, slept
    /// and collected.
    pub(crate) fn keep_for_next_attempt(&mut self) {
        let mut given_up = std::mem::take(&mut self.given_up);
        let mut answers = std::mem::take(&mut self.answers);
        for answer in &mut answers {
            if let Some(outcome) = given_up.remove(&answer.key) {
                answer.outcome = outcome;
            }
        }
        answers.retain(|answer| match answer.key.kind {
            CallKind::Send | CallKind::Update => false,
            CallKind::Once | CallKind::Wait | CallKind::Sleep | CallKind::Collect => {
                !matches!(answer.outcome, Outcome::Failed(_) | Outcome::TimedOut | Outcome::Dropped)
            }
        });
        let progress = |(at, answer): (usize, &Answer)| {
            let is_sole = self.by_key.get(&answer.key).is_some_and(|call| call.is_sole);
            (answer.key.clone(), Progress { answer: Some(at), is_dropped: false, is_sole })
        };
        self.by_key = answers.iter().enumerate().map(progress).collect();
        self.calls.retain(|begun| self.by_key.contains_key(&begun.key));
        self.answers = answers;
        self.streamed.clear();
    }
}
