//! The graph check: every mistake in how steps and events fit together, all at once.
//!
//! For what the shapes alone tell, [`constant`](super::constant) finds the first mistake while
//! the program is compiled; this finds all of them while the workflow is built.

mod ends;
mod handlers;
mod model;
mod options;
mod paths;
mod problem;
pub(super) mod text;
mod together;
pub(super) mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(super) use self::model::{Model, covers};
pub use self::problem::{BuildError, Problem};
use super::Step;
use super::builder::Settings;
use crate::EventType;
use crate::resource::Resources;

/// What a checked graph is known to have.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) types: Vec<EventType>,
    pub(super) start: EventType,
    pub(super) stop: EventType,
}

/// A check that a workflow or a step can leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GraphCheck {
    /// Every step can be reached from the start event, a response or an additional event.
    Reachability,
    /// Every step can lead to a stop event or a request.
    DeadEnd,
}

/// Checks a workflow.
pub(super) fn check(
    settings: &Settings,
    steps: &[Step],
    additional: &[EventType],
    resources: &Resources,
) -> Result<Checked, BuildError> {
    let mut problems = options::problems(settings, steps, resources);
    let (model, in_graph) = graph_problems(&settings.skips, steps, additional);
    problems.extend(in_graph);
    let (start, stop) = (model.starts().next(), model.stops().next());
    match (problems.is_empty(), start, stop) {
        (true, Some(start), Some(stop)) => Ok(Checked {
            start: model.types[start].clone(),
            stop: model.types[stop].clone(),
            types: model.types,
        }),
        _ => Err(BuildError { workflow: settings.name.clone(), problems }),
    }
}

/// Returns what is wrong with how steps and events fit together. The order is also that of the
/// check while the program is compiled.
fn graph_problems<'a>(
    skips: &BTreeSet<GraphCheck>,
    steps: &'a [Step],
    additional: &[EventType],
) -> (Model<'a>, Vec<Problem>) {
    let mut problems = Vec::new();
    let model = Model::new(steps, additional, &mut problems);
    if steps.is_empty() {
        problems.push(Problem::NoSteps);
        return (model, problems);
    }
    ends::check(&model, &mut problems);
    handlers::check(&model, &mut problems);
    together::check(&model, &mut problems);
    if problems.is_empty() {
        // With a hole in the graph these would only repeat what is said already.
        paths::check(&model, skips, &mut problems);
    }
    (model, problems)
}
