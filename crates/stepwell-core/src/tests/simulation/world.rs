//! Random workflows.

use std::time::Duration;

use super::random::Random;
use crate::{Definition, Definitions, Name, OnStall, StepDefinition, Trigger};

const STEPS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
/// What goes from step to step, and from outside.
pub(super) const EVENTS: [&str; 5] = ["A", "B", "C", "Ask", "Answer"];

/// Variants of one workflow; runs start with the first.
pub(super) struct World {
    pub(super) variants: Vec<Definition>,
    pub(super) definitions: Definitions,
}

impl World {
    pub(super) fn new(random: &mut Random) -> Self {
        let names = &STEPS[..2 + random.below(STEPS.len() - 1)];
        let mut steps: Vec<StepDefinition> =
            names.iter().enumerate().map(|(place, name)| step(random, name, place)).collect();
        bind(random, &mut steps);
        let variants: Vec<Definition> = (0..3).map(|_| variant(random, &steps)).collect();
        let first = Definitions::from(variants[0].clone());
        let definitions = variants[1..].iter().cloned().fold(first, Definitions::and_older);
        Self { variants, definitions }
    }
}

fn step(random: &mut Random, name: &str, place: usize) -> StepDefinition {
    let each = |random: &mut Random| names(&random.some(&EVENTS, 1, 2));
    let kind = if place == 2 && random.once_in(2) { 7 } else { random.below(8) };
    let (trigger, accepts) = match kind {
        _ if place == 0 => {
            let mut accepts = each(random);
            accepts.push("Start".into());
            (Trigger::Each, accepts)
        }
        0..=2 if place != 1 => (Trigger::Each, each(random)),
        0..=5 => {
            let take = random.once_in(3).then(|| 1 + u32::try_from(random.below(3)).unwrap());
            (Trigger::Join { take }, each(random))
        }
        6 => {
            let slots = slots(random);
            let mut accepts = slots.concat();
            accepts.sort();
            accepts.dedup();
            (Trigger::All { slots }, accepts)
        }
        _ => {
            let steps = random.once_in(3).then(|| names(&random.some(&STEPS, 1, 4)));
            let max_recoveries = if random.once_in(3) { 2 } else { 1 };
            (Trigger::Catch { steps, max_recoveries }, names(&["StepFailedEvent"]))
        }
    };
    StepDefinition { trigger, ..StepDefinition::new(name, accepts) }
}

/// Slots that accept the same names or none in common.
fn slots(random: &mut Random) -> Vec<Vec<Name>> {
    let picked = random.some(&EVENTS, 3, 3);
    let [first, second, third] = [0, 1, 2].map(|at| names(&picked[at..=at]));
    let two = [first.clone(), second.clone()].concat();
    match random.below(4) {
        0 => vec![first, second],
        1 => vec![first.clone(), first],
        2 => vec![two, third],
        _ => vec![two.clone(), third, two],
    }
}

/// Binds the batches of some steps to some joins.
fn bind(random: &mut Random, steps: &mut [StepDefinition]) {
    let is_join = |step: &&StepDefinition| matches!(step.trigger, Trigger::Join { .. });
    let joins: Vec<Name> = steps.iter().filter(is_join).map(|step| step.name.clone()).collect();
    for step in steps {
        let least = joins.len().min(1);
        let most = joins.len().min(3);
        step.joins = if random.once_in(4) { Vec::new() } else { random.some(&joins, least, most) };
    }
}

/// The same steps in another order and with other limits; sometimes one is lacking or another.
fn variant(random: &mut Random, base: &[StepDefinition]) -> Definition {
    let mut steps = base.to_vec();
    if random.once_in(4) {
        let changed = random.below(steps.len());
        steps[changed] = step(random, &steps[changed].name, changed);
    }
    if random.once_in(4) {
        bind(random, &mut steps);
    }
    if random.once_in(4) {
        steps.remove(random.below(steps.len()));
    }
    let mut definition = Definition::new("Random");
    while !steps.is_empty() {
        let workers = 1 + u32::try_from(random.below(3)).unwrap();
        let step = steps.swap_remove(random.below(steps.len()));
        definition.steps.push(StepDefinition { workers, ..step });
    }
    definition.timeout = random.once_in(4).then(|| Duration::from_secs(30));
    definition.deadline = random.once_in(5).then(|| Duration::from_secs(60));
    definition.on_stall = if random.once_in(5) { OnStall::Fail } else { OnStall::Wait };
    definition.signalled = random.once_in(3);
    definition.awaited = names(&random.some(&EVENTS, 0, 3));
    definition
}

fn names(words: &[&str]) -> Vec<Name> {
    words.iter().map(|word| Name::from(*word)).collect()
}
