//! Reads definitions and scripts.

mod body;
mod definition;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    Definition, DefinitionId, Definitions, Entry, Event, Family, InboxId, Name, Payload, RunId,
    RunState, Started, Tick, TimerId, Timestamp,
};

/// The definitions that a script plays with.
pub(super) struct Scene {
    pub(super) definitions: Definitions,
    /// In the order they were given; runs start with the first.
    pub(super) ids: Vec<DefinitionId>,
    families: BTreeMap<String, Family>,
}

impl Scene {
    /// Reads definitions, with `---` between them. See [`definition::parse`] for their lines.
    pub(super) fn parse(text: &str) -> Self {
        let mut families = BTreeMap::new();
        let blocks = text.split("---").map(|block| definition::parse(block, &mut families));
        let blocks: Vec<Definition> = blocks.collect();
        let ids = blocks.iter().map(Definition::id).collect();
        let mut blocks = blocks.into_iter();
        let first = Definitions::from(blocks.next().unwrap());
        Self { definitions: blocks.fold(first, Definitions::and_older), ids, families }
    }

    /// Reads a line of a script. Without a time it happens when the entry before it did.
    pub(super) fn entry(&self, line: &str, run: &RunState) -> Entry {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let at = match words[0].parse::<u64>() {
            Ok(millis) => {
                words.remove(0);
                Timestamp(millis * 1000)
            }
            Err(_) => run.at(),
        };
        Entry { at, tick: self.tick(&words, run) }
    }

    /// Reads what happens:
    ///
    /// - `start Event`, `event Event`, `event Event to step`;
    /// - `cancel`, `settle`, `resume`, `redefine 2`, `timer 1 due 60000`, `undelivered 7 8`;
    /// - what the body of a work item does, see [`Scene::tick_of_item`].
    ///
    /// An event may have fields: `Event{n=1,who=me}`.
    fn tick(&self, words: &[&str], run: &RunState) -> Tick {
        match words {
            ["start", event] => {
                let run = RunId::new("run");
                Tick::Started(Started::new(run, self.ids[0], self.event(event)))
            }
            ["event", event] => Tick::Received { event: self.event(event), target: None },
            ["event", event, "to", step] => {
                Tick::Received { event: self.event(event), target: Some(Name::from(*step)) }
            }
            ["cancel"] => Tick::Cancelled,
            ["settle"] => Tick::Settled,
            ["resume"] => Tick::Resumed { epoch: 2 },
            ["redefine", number] => {
                Tick::Redefined { definition: self.ids[number.parse::<usize>().unwrap() - 1] }
            }
            ["timer", timer, "due", millis] => Tick::Fired {
                timer: TimerId(timer.parse().unwrap()),
                due: Timestamp(millis.parse::<u64>().unwrap() * 1000),
            },
            ["undelivered", rows @ ..] => {
                let row = |row: &&str| InboxId(row.parse().unwrap());
                Tick::Undelivered { rows: rows.iter().map(row).collect() }
            }
            [item, verb, words @ ..] => self.tick_of_item(item, verb, words, run),
            _ => panic!("cannot read {words:?}"),
        }
    }

    /// Reads an event: its name, or its name and its fields.
    fn event(&self, text: &str) -> Event {
        let (name, fields) = match text.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').expect("fields end with a brace")),
            None => (text, ""),
        };
        let value = Value::Object(split(fields).into_iter().map(field).collect::<Map<_, _>>());
        let family = self.families.get(name).copied().unwrap_or_default();
        Event::new(name, family, Payload::of(&value))
    }
}

/// Splits fields at the commas that are not within a value.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut fields) = (0, 0, Vec::new());
    for (at, char) in text.char_indices() {
        match char {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                fields.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    fields.push(&text[begin..]);
    fields.into_iter().filter(|field| !field.is_empty()).collect()
}

/// Reads a field: its name, and its value as JSON or else as a text.
fn field(text: &str) -> (String, Value) {
    let (name, value) = text.split_once('=').expect("a field has a value");
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    (name.to_owned(), value)
}

/// Reads words in brackets.
fn list<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let words = words.iter().map(|word| word.trim_start_matches('[').trim_end_matches(']'));
    words.filter(|word| !word.is_empty()).collect()
}
