//! Waiters: calls of bodies that an event answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::item::WaiterId;
use crate::{CallKey, Event, ItemId, Name, TimerId};

/// A call of a body that an event answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiter {
    pub(crate) item: ItemId,
    pub(crate) key: CallKey,
    pub(crate) events: Vec<Name>,
    pub(crate) matching: BTreeMap<String, Value>,
    pub(crate) timer: Option<TimerId>,
}

/// All waiters of a run, found by the names of events and the values of their fields: thousands
/// may wait for events of one name, each for its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct Waiters {
    by_id: BTreeMap<WaiterId, Waiter>,
    #[serde(skip_serializing)]
    by_event: BTreeMap<Name, ByFields>,
    last: WaiterId,
}

/// Waiters as they are written down: what finds them is made anew.
#[derive(Deserialize)]
struct Written {
    by_id: BTreeMap<WaiterId, Waiter>,
    last: WaiterId,
}

impl From<Written> for Waiters {
    fn from(written: Written) -> Self {
        let mut waiters = Self { last: written.last, ..Self::default() };
        for (id, waiter) in written.by_id {
            waiters.insert(id, waiter);
        }
        waiters
    }
}

/// By the names of the fields that they look at, and by the values that these must have.
type ByFields = BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<WaiterId>>>;

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn get(&self, id: WaiterId) -> Option<&Waiter> {
        self.by_id.get(&id)
    }

    pub(crate) fn add(&mut self, waiter: Waiter) -> WaiterId {
        self.last.0 += 1;
        self.insert(self.last, waiter);
        self.last
    }

    fn insert(&mut self, id: WaiterId, waiter: Waiter) {
        let (names, values) = wanted(&waiter.matching);
        for event in &waiter.events {
            let by_fields = self.by_event.entry(event.clone()).or_default();
            let by_values = by_fields.entry(names.clone()).or_default();
            by_values.entry(values.clone()).or_default().insert(id);
        }
        self.by_id.insert(id, waiter);
    }

    pub(crate) fn remove(&mut self, id: WaiterId) -> Option<Waiter> {
        let waiter = self.by_id.remove(&id)?;
        let (names, values) = wanted(&waiter.matching);
        for event in &waiter.events {
            let Some(by_fields) = self.by_event.get_mut(event) else { continue };
            let Some(by_values) = by_fields.get_mut(&names) else { continue };
            let Some(ids) = by_values.get_mut(&values) else { continue };
            ids.remove(&id);
            if ids.is_empty() {
                by_values.remove(&values);
            }
            if by_values.is_empty() {
                by_fields.remove(&names);
            }
            if by_fields.is_empty() {
                self.by_event.remove(event);
            }
        }
        Some(waiter)
    }

    /// Returns all of them, the oldest first.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (WaiterId, &Waiter)> {
        self.by_id.iter().map(|(id, waiter)| (*id, waiter))
    }

    /// Tells whether anybody waits for events of this name, whatever their fields.
    pub(crate) fn expect(&self, event: &Name) -> bool {
        self.by_event.contains_key(event)
    }

    /// Returns the waiters that an event answers, the oldest first.
    pub(crate) fn matching(&self, event: &Event) -> Vec<WaiterId> {
        let Some(by_fields) = self.by_event.get(&event.name) else { return Vec::new() };
        // Read only if a field matters to somebody.
        let mut fields: Option<Value> = None;
        let mut found = BTreeSet::new();
        for (names, by_values) in by_fields {
            let mut values = String::new();
            for name in names {
                let fields = fields.get_or_insert_with(|| read(event));
                write_value(field(fields, name), &mut values);
            }
            found.extend(by_values.get(&values).into_iter().flatten().copied());
        }
        found.into_iter().collect()
    }
}

/// Tells whether an event has these fields.
pub(crate) fn has_fields(event: &Event, matching: &BTreeMap<String, Value>) -> bool {
    if matching.is_empty() {
        return true;
    }
    let fields = read(event);
    let mut values = String::new();
    matching.keys().for_each(|name| write_value(field(&fields, name), &mut values));
    values == wanted(matching).1
}

/// Returns the names of fields, and their values as text.
fn wanted(matching: &BTreeMap<String, Value>) -> (Vec<String>, String) {
    let mut values = String::new();
    matching.values().for_each(|value| write_value(value, &mut values));
    (matching.keys().cloned().collect(), values)
}

fn read(event: &Event) -> Value {
    serde_json::from_str(event.value.text()).unwrap_or(Value::Null)
}

/// A declared field, or an undeclared one, or null.
fn field<'a>(fields: &'a Value, name: &str) -> &'a Value {
    let extra = || fields.get("_data").and_then(|extra| extra.get(name));
    fields.get(name).or_else(extra).unwrap_or(&Value::Null)
}

/// Writes a value so that equal values give equal texts: one is 1.0, and members have no order.
fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => write_number(number, text),
        Value::Array(values) => {
            text.push('[');
            values.iter().for_each(|value| write_value(value, text));
            text.push(']');
        }
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            text.push('{');
            for (name, value) in members {
                write_text(name, text);
                write_value(value, text);
            }
            text.push('}');
        }
        Value::String(value) => write_text(value, text),
        Value::Null => text.push_str("null,"),
        Value::Bool(value) => text.push_str(if *value { "true," } else { "false," }),
    }
}

fn write_text(value: &str, text: &mut String) {
    // Its length says where it ends.
    let _ = write!(text, "\"{}:{value}", value.len());
}

fn write_number(number: &Number, text: &mut String) {
    /// Up to here every integer has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64());
    let whole = float.filter(|float| float.fract() == 0.0 && float.abs() < EXACT);
    let _ = match whole {
        #[expect(clippy::cast_possible_truncation, reason = "it is a small whole number")]
        Some(float) => write!(text, "{},", float as i64),
        None => write!(text, "{number},"),
    };
}
