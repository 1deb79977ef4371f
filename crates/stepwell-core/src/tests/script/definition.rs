//! Reads definitions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::{DEFAULT_WORKERS, Definition, Family, Name, OnStall, StepDefinition, Trigger};

/// Reads a definition. Its steps are lines:
///
/// - `name takes Event Other` runs for each of these events, `name x2 takes Event` on two workers;
/// - `name joins Event` runs for a batch of them, `name takes 2 of Event` for the first two;
/// - `name takes all Event Other|Another` runs for one event of each slot;
/// - `name catches step other up to 2` runs for failures, and so does `name catches all`;
/// - `name fills join other` binds batches of a step above to joins.
///
/// The other lines are `timeout 60` and `deadline 60` in seconds, `stall fails`, `signalled`,
/// `awaits Event Other`, and families of events: `start`, `stop`, `request` or `response` before
/// their names.
pub(super) fn parse(text: &str, families: &mut BTreeMap<String, Family>) -> Definition {
    let mut definition = Definition::new("Flow");
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["timeout", seconds] => definition.timeout = Some(parse_seconds(seconds)),
            ["deadline", seconds] => definition.deadline = Some(parse_seconds(seconds)),
            ["stall", "fails"] => definition.on_stall = OnStall::Fail,
            ["signalled"] => definition.signalled = true,
            ["awaits", ref events @ ..] => definition.awaited = names(events),
            [opener, "fills", ref joins @ ..] => {
                let opener = definition.steps.iter_mut().find(|step| *opener == *step.name);
                opener.expect("a step that fills is above").joins = names(joins);
            }
            [name, verb @ ("takes" | "joins" | "catches"), ref rest @ ..] => {
                definition.steps.push(step(name, DEFAULT_WORKERS, verb, rest));
            }
            [name, workers, verb @ ("takes" | "joins"), ref rest @ ..] => {
                let workers = workers.trim_start_matches('x').parse().unwrap();
                definition.steps.push(step(name, workers, verb, rest));
            }
            [family, ref events @ ..] => {
                let family = serde_json::from_value(json!(family)).expect("a family comes first");
                families.extend(events.iter().map(|event| ((*event).to_owned(), family)));
            }
        }
    }
    definition
}

fn step(name: &str, workers: u32, verb: &str, words: &[&str]) -> StepDefinition {
    let each = StepDefinition { workers, ..StepDefinition::new(name, names(words)) };
    match (verb, words) {
        ("joins", _) => StepDefinition { trigger: Trigger::Join { take: None }, ..each },
        ("takes", [take, "of", events @ ..]) => {
            let take = Some(take.parse().unwrap());
            let trigger = Trigger::Join { take };
            StepDefinition { accepts: names(events), trigger, ..each }
        }
        ("takes", ["all", slots @ ..]) => {
            let slot = |slot: &&str| slot.split('|').map(Name::from).collect();
            let slots: Vec<Vec<Name>> = slots.iter().map(slot).collect();
            let mut accepts = slots.concat();
            accepts.dedup();
            StepDefinition { accepts, trigger: Trigger::All { slots }, ..each }
        }
        ("catches", _) => {
            let (steps, max_recoveries) = match words {
                [steps @ .., "up", "to", max] => (steps, max.parse().unwrap()),
                steps => (steps, 1),
            };
            let steps = (*steps != ["all"]).then(|| names(steps));
            let trigger = Trigger::Catch { steps, max_recoveries };
            let accepts = names(&["StepFailedEvent"]);
            StepDefinition { accepts, workers: 1, trigger, ..each }
        }
        _ => each,
    }
}

fn names(words: &[&str]) -> Vec<Name> {
    words.iter().map(|word| Name::from(*word)).collect()
}

fn parse_seconds(seconds: &str) -> Duration {
    Duration::from_secs(seconds.parse().unwrap())
}
