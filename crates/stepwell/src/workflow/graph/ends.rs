//! Loose ends: starts and stops, and what each step takes and returns.

use stepwell_core::Family;

use super::{Model, Problem};
use crate::shape::InputShape;
use crate::workflow::Step;

pub(super) fn check(model: &Model<'_>, problems: &mut Vec<Problem>) {
    let starts: Vec<_> = model.starts().map(|event| model.name(event)).collect();
    match starts.len() {
        0 => problems.push(Problem::NoStart),
        1 => {}
        _ => problems.push(Problem::SeveralStarts(starts)),
    }
    let stops: Vec<_> = model.stops().map(|event| model.name(event)).collect();
    match stops.len() {
        0 => problems.push(Problem::NoStop),
        1 => {}
        _ => problems.push(Problem::SeveralStops(stops)),
    }
    for (at, step) in model.steps.iter().enumerate() {
        if model.steps[..at].iter().any(|earlier| earlier.name == step.name) {
            problems.push(Problem::DuplicateStep(model.step_name(at)));
        }
        problems.extend(input_problem(step));
        problems.extend((0..model.types.len()).filter_map(|event| loose_end(model, at, event)));
    }
}

fn input_problem(step: &Step) -> Option<Problem> {
    let name = step.name.to_string();
    match (&step.input, step.catch.is_some()) {
        (InputShape::Join { take: Some(0), .. }, _) => Some(Problem::TakesNone(name)),
        (InputShape::Failed(_), false) => Some(Problem::TakesFailure(name)),
        (InputShape::Any, false) => Some(Problem::TakesAnything(name)),
        (InputShape::Failed(_), true) => None,
        (_, true) => Some(Problem::TakesNoFailure(name)),
        _ => None,
    }
}

/// Says what is wrong with an event that a step accepts or returns.
fn loose_end(model: &Model<'_>, at: usize, event: usize) -> Option<Problem> {
    let family = model.family(event);
    let is_added = model.outside.contains(&event);
    let (step, name) = (model.step_name(at), model.name(event));
    let accepts = model.accepts[at].contains(&event);
    if accepts && family == Family::Stop {
        return Some(Problem::AcceptsStop { step, event: name });
    }
    let comes = is_added || model.all_emits.contains(&event);
    if accepts && family == Family::Plain && !comes {
        return Some(Problem::NeverReturned { step, event: name });
    }
    let goes = is_added || model.all_accepts.contains(&event);
    let emits = model.emits(at).any(|emitted| emitted == event);
    if emits && matches!(family, Family::Plain | Family::Start) && !goes {
        return Some(Problem::NeverAccepted { step, event: name });
    }
    None
}
