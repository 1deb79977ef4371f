//! The outside record: what clients asked for, what was acknowledged, and what they saw.
//!
//! Whoever sends a request notes it *before* as [`Ack::Unknown`], so that a client may be dropped
//! at any moment and the record still holds.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;

use crate::reading::Reading;

/// What a run is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Publishes three items, 0.3 s apart, then greets.
    Greet,
    /// Squares so many numbers on four workers and adds them up in its state.
    FanOut {
        /// How many.
        items: u64,
    },
    /// Asks for a name and waits for the answer.
    Human,
}

impl Task {
    /// Returns the name that its workflow is served under.
    pub(crate) fn workflow(self) -> &'static str {
        match self {
            Self::Greet => "greet",
            Self::FanOut { .. } => "fan-out",
            Self::Human => "human",
        }
    }
}

/// What is known of a request's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ack {
    /// It may have taken effect, at most once: the answer was cut, or has not come yet.
    Unknown,
    /// It took effect: its answer was received entirely, or its effect was seen.
    Acknowledged,
    /// It did not take effect.
    Refused,
}

/// All that is known of one run from outside.
#[derive(Debug)]
pub(crate) struct Notes {
    /// Names the run in the record; no other run has the name.
    pub(crate) label: String,
    /// The handler's id; none if the server is to make it up and its answer has not come.
    pub(crate) handler: Option<String>,
    pub(crate) task: Task,
    pub(crate) start: Ack,
    /// Every answer to its question that was sent; each text only once.
    pub(crate) answers: Vec<(String, Ack)>,
    /// Whether it was cancelled; none if nobody asked for it.
    pub(crate) cancel: Option<Ack>,
    /// Whether it was purged.
    pub(crate) purge: Option<Ack>,
    /// Its record, once that said that the run has ended.
    pub(crate) ended: Option<Value>,
    /// Every item that any reader saw.
    pub(crate) seen: BTreeMap<u64, String>,
    pub(crate) readings: Vec<Reading>,
}

impl Notes {
    pub(crate) fn new(label: String, handler: Option<String>, task: Task) -> Self {
        Self {
            label,
            handler,
            task,
            start: Ack::Unknown,
            answers: Vec::new(),
            cancel: None,
            purge: None,
            ended: None,
            seen: BTreeMap::new(),
            readings: Vec::new(),
        }
    }

    /// Tells whether it may be that nothing is left of the run.
    pub(crate) fn may_be_gone(&self) -> bool {
        self.start != Ack::Acknowledged || !matches!(self.purge, None | Some(Ack::Refused))
    }

    /// Tells whether the run may have ended, as far as its clients had a hand in it.
    pub(crate) fn may_have_ended(&self) -> bool {
        let answered = self.answers.iter().any(|(_, ack)| *ack != Ack::Refused);
        let ended = |ack: Option<Ack>| !matches!(ack, None | Some(Ack::Refused));
        self.task != Task::Human || answered || ended(self.cancel) || ended(self.purge)
    }

    /// Takes a record of the run that a client was shown.
    ///
    /// # Errors
    ///
    /// Returns what contradicts what was known.
    pub(crate) fn take_record(&mut self, record: &Value) -> Result<(), String> {
        let running = record["status"] == "running";
        match &self.ended {
            Some(before) if before != record => {
                Err(format!("the record of an ended run changed: {before} became {record}"))
            }
            None if !running => {
                self.ended = Some(record.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// The run, or what else it is about.
    pub(crate) about: String,
    pub(crate) what: String,
}

/// How much was done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) kills: u64,
    /// Those of them that came before the server answered.
    pub(crate) early_kills: u64,
    pub(crate) starts_acknowledged: u64,
    pub(crate) starts_cut: u64,
    pub(crate) events_acknowledged: u64,
    pub(crate) events_cut: u64,
    pub(crate) cancels_acknowledged: u64,
    pub(crate) cancels_cut: u64,
    pub(crate) purges_acknowledged: u64,
    pub(crate) streams_read: u64,
    pub(crate) items_seen: u64,
    pub(crate) items_compared: u64,
    pub(crate) reconnects: u64,
    pub(crate) runs_checked: u64,
    /// The longest time from a start of the server to its first answer.
    pub(crate) longest_restart: Duration,
}

/// Names a run in the [`Ledger`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunNumber(usize);

/// The whole record. It lives in this process, which nobody kills.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    runs: Vec<Notes>,
    violations: Vec<Violation>,
    counts: Counts,
}

impl Ledger {
    pub(crate) fn add(&self, notes: Notes) -> RunNumber {
        let mut inner = self.inner.lock();
        inner.runs.push(notes);
        RunNumber(inner.runs.len() - 1)
    }

    pub(crate) fn runs(&self) -> Vec<RunNumber> {
        (0..self.inner.lock().runs.len()).map(RunNumber).collect()
    }

    /// Reads or changes what is known of a run.
    pub(crate) fn with<T>(&self, run: RunNumber, act: impl FnOnce(&mut Notes) -> T) -> T {
        act(&mut self.inner.lock().runs[run.0])
    }

    pub(crate) fn count(&self, add: impl FnOnce(&mut Counts)) {
        add(&mut self.inner.lock().counts);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.inner.lock().counts.clone()
    }

    /// Notes that a promise about a run was not kept.
    pub(crate) fn broken(&self, run: RunNumber, what: impl Into<String>) {
        let mut inner = self.inner.lock();
        let notes = &inner.runs[run.0];
        let handler = notes.handler.as_deref().unwrap_or("without an id");
        let about = format!("{} run {} ({handler})", notes.task.workflow(), notes.label);
        inner.violations.push(Violation { about, what: what.into() });
    }

    /// Notes that a promise about something else was not kept.
    pub(crate) fn broken_at(&self, about: &str, what: impl Into<String>) {
        let violation = Violation { about: about.to_owned(), what: what.into() };
        self.inner.lock().violations.push(violation);
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.inner.lock().violations.clone()
    }
}
