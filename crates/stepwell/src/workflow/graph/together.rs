//! What comes together: joins, and steps that take several events.

use std::collections::BTreeSet;

use stepwell_core::Family;

use super::{Model, Problem};
use crate::shape::InputShape;
use crate::workflow::levels::Levels;

pub(super) fn check(model: &Model<'_>, problems: &mut Vec<Problem>) {
    let levels = Levels::new(model);
    let in_batches: BTreeSet<usize> =
        levels.batches.values().flat_map(|level| &level.types).copied().collect();
    for (at, step) in model.steps.iter().enumerate() {
        match step.input {
            InputShape::Join { .. } => {
                let missing = model.accepts[at].difference(&in_batches).copied();
                let missing = missing.filter(|event| !is_loose(model, *event));
                problems.extend(missing.map(|event| Problem::NeverListed {
                    step: model.step_name(at),
                    event: model.name(event),
                }));
            }
            InputShape::All(_) if are_apart(&levels, &model.accepts[at]) => {
                let place = |event: &usize| (model.name(*event), openers(model, &levels, *event));
                let places = model.accepts[at].iter().map(place).collect();
                problems.push(Problem::NeverTogether { step: model.step_name(at), places });
            }
            _ => {}
        }
    }
}

/// Tells whether it is said already that a step cannot accept an event.
fn is_loose(model: &Model<'_>, event: usize) -> bool {
    let comes = model.outside.contains(&event) || model.all_emits.contains(&event);
    match model.family(event) {
        Family::Stop => true,
        Family::Plain => !comes,
        Family::Start | Family::Request | Family::Response => false,
    }
}

/// Tells whether types are at levels, but not all at one.
fn are_apart(levels: &Levels, events: &BTreeSet<usize>) -> bool {
    let all = || levels.batches.values().chain([&levels.outside]);
    let is_somewhere = |event: &usize| all().any(|level| level.types.contains(event));
    events.iter().all(is_somewhere) && !all().any(|level| events.is_subset(&level.types))
}

/// Returns the steps in whose batches a type is.
fn openers(model: &Model<'_>, levels: &Levels, event: usize) -> Vec<String> {
    let having = levels.batches.iter().filter(|(_, level)| level.types.contains(&event));
    having.map(|(opener, _)| model.step_name(*opener)).collect()
}
