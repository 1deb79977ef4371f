//! All that came of a run, to be compared.

use std::fmt;

use serde_json::Value;
use stepwell_core::Event as RawEvent;

use crate::store::Status;

/// All that came of a run that has ended.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Its public events in order; the last one is the one that it ended with.
    pub events: Vec<RawEvent>,
    /// Its state.
    pub state: Value,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.status)?;
        for event in &self.events {
            writeln!(f, "{} {}", event.name, event.value.text())?;
        }
        write!(f, "state {}", self.state)
    }
}
