//! Where steps lead and how they are reached.

use super::model::{Model, Takes};
use super::{Mistake, StepShape};
use crate::workflow::GraphCheck;
use crate::workflow::graph::words;

/// Looks for dead ends and for steps that nothing leads to.
pub(super) const fn find(
    model: &Model,
    steps: &[StepShape],
    skips: &[GraphCheck],
) -> Option<Mistake> {
    if !skips_dead_ends(skips) {
        let good = lead_out(model);
        let mut step = 0;
        while step < steps.len() {
            if good >> step & 1 == 0 && !skips_dead_ends(steps[step].skips) {
                return Some(Mistake::new(Some(step), words::DEAD_END, &[steps[step].name]));
            }
            step += 1;
        }
    }
    if !skips_reachability(skips) {
        let reached = are_reached(model);
        let mut step = 0;
        while step < steps.len() {
            if reached >> step & 1 == 0 && !skips_reachability(steps[step].skips) {
                return Some(Mistake::new(Some(step), words::UNREACHABLE, &[steps[step].name]));
            }
            step += 1;
        }
    }
    None
}

const fn skips_dead_ends(skips: &[GraphCheck]) -> bool {
    let mut at = 0;
    while at < skips.len() {
        if matches!(skips[at], GraphCheck::DeadEnd) {
            return true;
        }
        at += 1;
    }
    false
}

const fn skips_reachability(skips: &[GraphCheck]) -> bool {
    let mut at = 0;
    while at < skips.len() {
        if matches!(skips[at], GraphCheck::Reachability) {
            return true;
        }
        at += 1;
    }
    false
}

/// Returns, as bits, the steps that return nothing or can lead out of the run.
const fn lead_out(model: &Model) -> u64 {
    // What leads out: at first stops, requests and what only bodies take, then also what is
    // accepted by steps that lead out.
    let mut out = model.stops;
    out.add_all(&model.requests);
    out.add_all(&model.outside.without(&model.all_accepts));
    let mut good = 0;
    let mut is_growing = true;
    while is_growing {
        is_growing = false;
        let mut nth = model.steps;
        while nth > 0 {
            nth -= 1;
            let emits = model.emits(nth);
            if good >> nth & 1 == 0 && (emits.is_empty() || emits.meets(&out)) {
                good |= 1 << nth;
                is_growing = true;
                if !emits.is_empty() {
                    out.add_all(&model.accepts[nth]);
                }
            }
        }
    }
    good
}

/// Returns, as bits, the steps that something leads to.
const fn are_reached(model: &Model) -> u64 {
    let mut there = model.starts;
    there.add_all(&model.responses);
    there.add_all(&model.outside);
    let mut reached = 0;
    let mut is_growing = true;
    while is_growing {
        is_growing = false;
        let mut step = 0;
        while step < model.steps {
            let is_handler = matches!(model.takes[step], Takes::Failure);
            if reached >> step & 1 == 0 && (is_handler || model.accepts[step].meets(&there)) {
                reached |= 1 << step;
                is_growing = true;
                there.add_all(&model.emits(step));
            }
            step += 1;
        }
    }
    reached
}
