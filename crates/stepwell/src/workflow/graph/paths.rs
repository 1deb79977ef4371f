//! Where steps lead and how they are reached.

use std::collections::BTreeSet;

use stepwell_core::Family;

use super::{GraphCheck, Model, Problem};

/// Looks for dead ends and for steps that nothing leads to.
pub(super) fn check(model: &Model<'_>, skips: &BTreeSet<GraphCheck>, problems: &mut Vec<Problem>) {
    let mut note = |check, marks: Vec<bool>, problem: fn(String) -> Problem| {
        if skips.contains(&check) {
            return;
        }
        let failing = (0..marks.len()).filter(|step| !marks[*step]);
        let failing = failing.filter(|step| !model.steps[*step].options.skips.contains(&check));
        problems.extend(failing.map(|step| problem(model.step_name(step))));
    };
    note(GraphCheck::DeadEnd, lead_out(model), Problem::DeadEnd);
    note(GraphCheck::Reachability, are_reached(model), Problem::Unreachable);
}

/// Marks the steps that return nothing or can lead out of the run.
fn lead_out(model: &Model<'_>) -> Vec<bool> {
    let is_out = |event: usize| {
        matches!(model.family(event), Family::Stop | Family::Request)
            // A body waits for it.
            || model.outside.contains(&event) && !model.all_accepts.contains(&event)
    };
    grow(model.steps.len(), |step, good| {
        let is_good = |next: usize| good[next] && model.emits(next).next().is_some();
        let leads_on = |event: usize| {
            (0..good.len()).any(|next| is_good(next) && model.accepts[next].contains(&event))
        };
        let mut emits = model.emits(step).peekable();
        emits.peek().is_none() || emits.any(|event| is_out(event) || leads_on(event))
    })
}

/// Marks the steps that something leads to.
fn are_reached(model: &Model<'_>) -> Vec<bool> {
    let is_given = |event: usize| {
        matches!(model.family(event), Family::Start | Family::Response)
            || model.outside.contains(&event)
    };
    grow(model.steps.len(), |step, reached| {
        let is_returned = |event: usize| {
            (0..reached.len())
                .any(|before| reached[before] && model.emits(before).any(|other| other == event))
        };
        // Failures come to a handler without an event.
        model.steps[step].catch.is_some()
            || model.accepts[step].iter().any(|event| is_given(*event) || is_returned(*event))
    })
}

/// Turns marks on, as `mark` says, until nothing changes.
fn grow(count: usize, mark: impl Fn(usize, &[bool]) -> bool) -> Vec<bool> {
    let mut marks = vec![false; count];
    let mut is_growing = true;
    while is_growing {
        is_growing = false;
        for at in 0..count {
            if !marks[at] && mark(at, &marks) {
                marks[at] = true;
                is_growing = true;
            }
        }
    }
    marks
}
