//! What all lives of the process have written: numbered, so that a crash can be put anywhere.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use stepwell_core::Entry;

use super::points::CrashPoint;
use crate::store::{RunKey, unpack};

/// How many of too many writes are shown: some rounds of a loop.
const LAST_WRITES: usize = 8;

/// The writes so far.
#[derive(Debug)]
pub(super) struct Log {
    /// How many writes there may be.
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    writes: Vec<Write>,
    handlers: HashMap<RunKey, String>,
    crash_at: Option<CrashPoint>,
    /// How many messages the kit has sent.
    messages: u64,
    /// What names the message that is being sent.
    idempotency_key: Option<String>,
}

/// A write that changes a run.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// A turn, perhaps the first one.
    Turn { handler: String, journal: Bytes },
    /// A message for the inbox.
    Message { handler: String },
}

impl Log {
    pub(super) fn new(crash_at: Option<CrashPoint>, most: usize) -> Self {
        Self { most, state: Mutex::new(State { crash_at, ..State::default() }) }
    }

    /// Tells whether there are more writes than a test needs.
    pub(super) fn is_flooded(&self) -> bool {
        self.len() > self.most
    }

    /// Says that there are too many writes, and which the last ones were.
    pub(super) fn flood(&self) -> String {
        let last = self.len();
        let lines = (last.saturating_sub(LAST_WRITES) + 1..=last)
            .map(|number| format!("\n  {number}: {}", self.describe(number)));
        format!(
            "over {} writes and no end: perhaps steps give each other work for ever (if not, see \
             `TestKitBuilder::max_writes`); the last ones:{}",
            self.most,
            lines.collect::<String>()
        )
    }

    /// Numbers a write. Returns whether the process is to crash before or after it.
    pub(super) fn add(&self, write: Write) -> Option<CrashPoint> {
        let mut state = self.state.lock();
        state.writes.push(write);
        let number = state.writes.len();
        state.crash_at.take_if(|point| point.write() == number)
    }

    /// Returns how many writes there were.
    pub(super) fn len(&self) -> usize {
        self.state.lock().writes.len()
    }

    /// Tells whether the crash that was planned has come.
    pub(super) fn has_crashed(&self) -> bool {
        self.state.lock().crash_at.is_none()
    }

    pub(super) fn name(&self, key: RunKey, handler: String) {
        self.state.lock().handlers.insert(key, handler);
    }

    pub(super) fn handler(&self, key: RunKey) -> String {
        self.state.lock().handlers.get(&key).cloned().unwrap_or_default()
    }

    /// Names the message that is sent next, however often it is sent.
    pub(super) fn name_message(&self) {
        let mut state = self.state.lock();
        state.messages += 1;
        state.idempotency_key = Some(format!("message {}", state.messages));
    }

    /// Leaves the names of messages to whoever sends them.
    pub(super) fn forget_message(&self) {
        self.state.lock().idempotency_key = None;
    }

    pub(super) fn idempotency_key(&self) -> Option<String> {
        self.state.lock().idempotency_key.clone()
    }

    /// Says what a write was, for people.
    pub(super) fn describe(&self, number: usize) -> String {
        let write = number.checked_sub(1).and_then(|at| self.state.lock().writes.get(at).cloned());
        match write {
            Some(Write::Turn { handler, journal }) => {
                format!("{handler}: {}", ticks(&journal).join(", "))
            }
            Some(Write::Message { handler }) => format!("{handler}: a message into its inbox"),
            None => "there was no such write".to_owned(),
        }
    }
}

/// Returns the kinds of the ticks in a journal row.
fn ticks(journal: &Bytes) -> Vec<String> {
    let entries: Vec<Entry> = unpack(journal).unwrap_or_default();
    let kind = |entry: Entry| match serde_json::to_value(entry.tick) {
        // A tick is written under its name, unless it is nothing but its name.
        Ok(Value::Object(tick)) => tick.into_iter().next().map(|(kind, _)| kind),
        Ok(Value::String(kind)) => Some(kind),
        _ => None,
    };
    entries.into_iter().filter_map(kind).collect()
}
