//! Which handler gets which failures.

use super::text::{can_hold, distance};
use super::{Model, Problem};
use crate::shape::InputShape;
use crate::workflow::Step;

pub(super) fn check(model: &Model<'_>, problems: &mut Vec<Problem>) {
    for (at, step) in model.steps.iter().enumerate() {
        let Some((names, max_recoveries)) = &step.catch else { continue };
        let handler = || model.step_name(at);
        if *max_recoveries == 0 {
            problems.push(Problem::NoRecoveries(handler()));
        }
        match names {
            Some(names) => {
                problems.extend(names.iter().filter_map(|name| name_problem(model, at, name)));
                if names.is_empty() {
                    problems.push(Problem::CoversNothing(handler()));
                }
            }
            None => {
                let is_one = |step: &&Step| matches!(step.catch, Some((None, _)));
                if let Some(first) = model.steps[..at].iter().find(is_one) {
                    let first = first.name.to_string();
                    problems.push(Problem::SeveralCatchAlls { first, second: handler() });
                } else if model.covers[at].is_empty() {
                    problems.push(Problem::CoversNothing(handler()));
                }
            }
        }
        problems.extend(wrong_failures(model, at));
    }
}

/// Says what is wrong with the name of a step that a handler is to cover.
fn name_problem(model: &Model<'_>, at: usize, name: &str) -> Option<Problem> {
    let handler = model.step_name(at);
    let mut called = model.steps.iter().filter(|step| step.name == *name).peekable();
    if called.peek().is_none() {
        let nearest = nearest(model.steps, name);
        return Some(Problem::UnknownStep { handler, step: name.to_owned(), nearest });
    }
    if called.any(|step| step.catch.is_some()) {
        return Some(Problem::CoversHandler { handler, covered: name.to_owned() });
    }
    let names_it = |step: &&Step| match &step.catch {
        Some((Some(names), _)) => names.iter().any(|other| other == name),
        _ => false,
    };
    let first = model.steps[..at].iter().find(names_it)?.name.to_string();
    Some(Problem::CoveredTwice { step: name.to_owned(), first, second: handler })
}

/// Returns the step whose name is most like another one.
fn nearest(steps: &[Step], name: &str) -> Option<String> {
    let covered = steps.iter().filter(|step| step.catch.is_none());
    let near = covered.filter_map(|step| Some((distance(name, &step.name)?, &step.name)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name.to_string())
}

/// Says which steps take something that the handler cannot read.
fn wrong_failures<'a>(model: &'a Model<'_>, at: usize) -> impl Iterator<Item = Problem> + use<'a> {
    let held = match model.steps[at].input {
        InputShape::Failed(held) => Some(held),
        _ => None,
    };
    let covered = model.covers[at].iter().copied();
    covered
        .filter(move |step| held.is_some_and(|held| !can_hold(held, &model.steps[*step].input)))
        .map(move |step| Problem::WrongFailure {
            handler: model.step_name(at),
            step: model.step_name(step),
        })
}
