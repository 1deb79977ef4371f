//! Reads definitions and scripts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    DEFAULT_WORKERS, Definition, DefinitionId, Definitions, Effect, Entry, Event, Failure, Family,
    InboxId, ItemId, Name, Output, Payload, Recorded, RunId, RunState, Sent, Started,
    StepDefinition, Streamed, Tick, TimerId, Timestamp, Updated,
};

/// The definitions that a script plays with.
pub(super) struct Scene {
    pub(super) definitions: Definitions,
    /// In the order they were given; runs start with the first.
    pub(super) ids: Vec<DefinitionId>,
    families: BTreeMap<String, Family>,
}

impl Scene {
    pub(super) fn parse(text: &str) -> Self {
        let mut families = BTreeMap::new();
        let blocks = text.split("---").map(|block| definition(block, &mut families));
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
    /// - of the work item 1: `#1 returns nothing`, `#1 returns Event`, `#1 returns [Event Other]`,
    ///   `#1 fails message`, `#1 sends Event`, `#1 sends Event to step`, `#1 updates +1`,
    ///   `#1 streams a b`, `#1 streams b anew from 1`. `#1/2` is its second attempt.
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
            [item, verb, words @ ..] => {
                let (item, attempt) = item
                    .trim_start_matches('#')
                    .split_once('/')
                    .unwrap_or_else(|| (item.trim_start_matches('#'), "1"));
                let item = ItemId(item.parse().expect("a line begins with a verb or an item"));
                self.tick_of_item(item, attempt.parse().unwrap(), verb, words, run)
            }
            _ => panic!("cannot read {words:?}"),
        }
    }

    fn tick_of_item(
        &self,
        item: ItemId,
        attempt: u32,
        verb: &str,
        words: &[&str],
        run: &RunState,
    ) -> Tick {
        let nothing = Recorded::default();
        let recorded = run.items.get(&item).map_or(&nothing, |item| &item.recorded);
        let effect = |nth: usize| Effect { item, attempt, nth: nth.try_into().unwrap() };
        match (verb, words) {
            ("returns", _) => Tick::Returned { item, attempt, output: self.output(words) },
            ("fails", _) => {
                let failure = Failure { kind: "Error".to_owned(), message: words.join(" ") };
                Tick::Failed { item, attempt, failure }
            }
            ("sends", [event, target @ ..]) => Tick::Sent(Sent {
                effect: effect(recorded.sent.len()),
                event: self.event(event),
                target: target.get(1).map(|step| Name::from(*step)),
            }),
            ("updates", [sum]) => {
                let sum: i64 = sum.parse().unwrap();
                let new: Value = json!(run.user_state().as_i64().unwrap_or(0) + sum);
                Tick::Updated(Updated {
                    effect: effect(recorded.updated.len()),
                    patch: json_patch::diff(run.user_state(), &new),
                    returned: Payload::of(&new),
                })
            }
            ("streams", [items @ .., "anew", "from", nth]) => Tick::Streamed(Streamed {
                effect: effect(nth.parse().unwrap()),
                digests: items.iter().map(|item| digest(item)).collect(),
                restarted: true,
            }),
            ("streams", items) => Tick::Streamed(Streamed {
                effect: effect(recorded.streamed.len()),
                digests: items.iter().map(|item| digest(item)).collect(),
                restarted: false,
            }),
            _ => panic!("cannot read {verb} {words:?}"),
        }
    }

    fn output(&self, words: &[&str]) -> Output {
        match words {
            ["nothing"] => Output::Nothing,
            [event] if !event.starts_with('[') => Output::Event(self.event(event)),
            _ => {
                let words = words.join(" ");
                let names = words.trim_matches(['[', ']']).split_whitespace();
                Output::Events(names.map(|name| self.event(name)).collect())
            }
        }
    }

    fn event(&self, name: &str) -> Event {
        let family = self.families.get(name).copied().unwrap_or_default();
        Event::new(name, family, Payload::object())
    }
}

fn definition(text: &str, families: &mut BTreeMap<String, Family>) -> Definition {
    let mut definition = Definition::new("Flow");
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["timeout", seconds] => {
                definition.timeout = Some(Duration::from_secs(seconds.parse().unwrap()));
            }
            [name, "takes", ref events @ ..] => {
                definition.steps.push(step(name, events, DEFAULT_WORKERS));
            }
            [name, workers, "takes", ref events @ ..] => {
                let workers = workers.trim_start_matches('x').parse().unwrap();
                definition.steps.push(step(name, events, workers));
            }
            [family, ref events @ ..] => {
                let family = serde_json::from_value(json!(family)).expect("a family comes first");
                families.extend(events.iter().map(|event| ((*event).to_owned(), family)));
            }
        }
    }
    definition
}

fn step(name: &str, events: &[&str], workers: u32) -> StepDefinition {
    StepDefinition {
        name: name.into(),
        accepts: events.iter().map(|event| Name::from(*event)).collect(),
        workers,
    }
}

/// Any function will do: equal items have equal digests.
fn digest(item: &str) -> u64 {
    item.bytes().fold(0, |digest, byte| digest * 31 + u64::from(byte))
}
