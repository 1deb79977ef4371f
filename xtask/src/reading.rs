//! What one reader of a stream saw, over all its connections.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::frames::Frame;

/// Which items a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// All but the internal ones.
    Public,
    /// All.
    Everything,
}

/// A reader of one run's stream, who goes on where it was whenever the connection breaks.
#[derive(Debug)]
pub(crate) struct Reading {
    view: View,
    sequences: Vec<u64>,
    ended: bool,
}

impl Reading {
    pub(crate) fn new(view: View) -> Self {
        Self { view, sequences: Vec::new(), ended: false }
    }

    pub(crate) fn view(&self) -> View {
        self.view
    }

    pub(crate) fn sequences(&self) -> &[u64] {
        &self.sequences
    }

    /// Returns the cursor to go on from: the last number seen, or -1.
    pub(crate) fn cursor(&self) -> i64 {
        self.sequences.last().map_or(-1, |last| i64::try_from(*last).unwrap_or(i64::MAX))
    }

    /// Tells whether the terminal event was seen.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes the next frame; `seen` is what any reader of the run has seen so far.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, given what was seen before.
    pub(crate) fn take(
        &mut self,
        seen: &mut BTreeMap<u64, String>,
        frame: Frame,
    ) -> Result<Event, String> {
        let Frame { sequence, text } = frame;
        if self.ended {
            return Err(format!("item {sequence} came after the terminal event: {text}"));
        }
        let next = u64::try_from(self.cursor() + 1).unwrap_or(0);
        let fits = match self.view {
            View::Public => sequence >= next,
            View::Everything => sequence == next,
        };
        if !fits {
            return Err(format!("item {sequence} came where {next} was due: {text}"));
        }
        match seen.get(&sequence) {
            Some(before) if *before != text => {
                return Err(format!("item {sequence} was `{before}` and became `{text}`"));
            }
            Some(_) => {}
            None => {
                seen.insert(sequence, text.clone());
            }
        }
        let event = Event::read(&text)?;
        if event.is_internal() && self.view == View::Public {
            return Err(format!("item {sequence} is internal, and nobody asked for it: {text}"));
        }
        self.sequences.push(sequence);
        self.ended = event.is_terminal();
        Ok(event)
    }
}

/// An event as it is in a stream or in the result of a record.
#[derive(Debug)]
pub(crate) struct Event {
    envelope: Value,
}

impl Event {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let envelope: Value = serde_json::from_str(text)
            .map_err(|error| format!("an event is not JSON ({error}): {text}"))?;
        let members =
            envelope.as_object().map(|object| object.keys().map(String::as_str).collect());
        let mut members: Vec<&str> = members.unwrap_or_default();
        members.sort_unstable();
        if members != ["qualified_name", "type", "types", "value"] {
            return Err(format!("an event has not the four members of one: {text}"));
        }
        Ok(Self { envelope })
    }

    pub(crate) fn name(&self) -> &str {
        self.envelope["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn value(&self) -> &Value {
        &self.envelope["value"]
    }

    pub(crate) fn envelope(&self) -> &Value {
        &self.envelope
    }

    /// Tells whether it ends its run.
    pub(crate) fn is_terminal(&self) -> bool {
        self.name() == "StopEvent" || self.is_a("StopEvent")
    }

    pub(crate) fn is_internal(&self) -> bool {
        self.is_a("InternalDispatchEvent")
    }

    fn is_a(&self, ancestor: &str) -> bool {
        let types = self.envelope["types"].as_array();
        types.is_some_and(|types| types.iter().any(|name| name == ancestor))
    }
}
