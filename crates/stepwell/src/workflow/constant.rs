//! The graph check while the program is compiled: what `build()` would refuse, the compiler
//! refuses.
//!
//! It finds the mistake that [`graph::check`](super::graph) would name first, if shapes alone can
//! show it, and says it in the same words. It is written anew, rather than shared, because the
//! compiler runs neither allocations nor iterators; a test holds the two to each other.
//!
//! # What is deliberately not here
//!
//! - **No options and no resources.** They are values; `build()` checks them.
//! - **No big workflows.** Those with more than 64 steps or 256 types of event pass, and so does
//!   one whose walk takes too long; `build()` checks them.

mod handlers;
mod levels;
mod model;
mod paths;
mod text;
mod types;

#[cfg(test)]
mod tests;

use self::levels::Levels;
use self::model::Model;
use self::text::Text;
use super::GraphCheck;
use super::graph::text::same;
use super::graph::words;
use crate::shape::{EmitShape, InputShape, TypeRef};

/// A step as its signature shows it.
#[derive(Clone, Copy, Debug)]
pub struct StepShape {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub input: InputShape,
    /// What it returns.
    pub output: EmitShape,
    /// Of an error handler: which steps it covers.
    pub catch: Option<CatchShape>,
    /// The checks that are left out for it.
    pub skips: &'static [GraphCheck],
}

/// Which failures an error handler gets.
#[derive(Clone, Copy, Debug)]
pub struct CatchShape {
    /// Those of these steps; without them, of all steps that no other handler covers.
    pub steps: Option<&'static [&'static str]>,
    /// How often it is entered in one line of descent.
    pub max_recoveries: u32,
}

/// A mistake in a graph.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    step: Option<usize>,
    text: Text,
}

impl Mistake {
    const fn new(step: Option<usize>, words: &str, names: &[&str]) -> Self {
        let mut text = Text::new();
        text.fill(words, names);
        Self { step, text }
    }

    /// Returns the place of the step at fault, if one is.
    #[must_use]
    pub const fn step(&self) -> Option<usize> {
        self.step
    }

    /// Says what is wrong, in at most 512 bytes.
    #[must_use]
    pub const fn text(&self) -> &str {
        self.text.as_str()
    }
}

/// Checks a workflow.
///
/// A macro that wants the compiler to point at the step at fault calls [`find_mistake`] and
/// [`blame`] instead.
///
/// # Panics
///
/// Panics with the first mistake. In a constant that is a compile error.
#[track_caller]
pub const fn check_graph(
    workflow: &str,
    steps: &[StepShape],
    additional: &[TypeRef],
    skips: &[GraphCheck],
) {
    if let Some(mistake) = find_mistake(workflow, steps, additional, skips) {
        panic!("{}", mistake.text());
    }
}

/// Panics with a mistake if it is of this step, or, without a step, of none in particular: a
/// constant that calls this is where the compiler shows it.
///
/// # Panics
///
/// See above.
#[track_caller]
pub const fn blame(mistake: &Option<Mistake>, step: Option<usize>) {
    if let Some(mistake) = mistake {
        match (mistake.step, step) {
            (Some(at_fault), Some(step)) if at_fault == step => panic!("{}", mistake.text()),
            (None, None) => panic!("{}", mistake.text()),
            _ => {}
        }
    }
}

/// Returns the first mistake in a workflow.
#[must_use]
pub const fn find_mistake(
    workflow: &str,
    steps: &[StepShape],
    additional: &[TypeRef],
    skips: &[GraphCheck],
) -> Option<Mistake> {
    match find(steps, additional, skips) {
        Some(found) => {
            let mut text = Text::new();
            text.fill(words::CANNOT_RUN, &[workflow]);
            text.push(found.text());
            Some(Mistake { step: found.step, text })
        }
        None => None,
    }
}

/// The order is that of [`graph::check`](super::graph).
const fn find(
    steps: &[StepShape],
    additional: &[TypeRef],
    skips: &[GraphCheck],
) -> Option<Mistake> {
    if steps.is_empty() {
        return Some(Mistake::new(None, words::NO_STEPS, &[]));
    }
    let Some(model) = Model::new(steps, additional) else { return None };
    if model.mistake.is_some() {
        return model.mistake;
    }
    let mistake = find_ends(&model);
    if mistake.is_some() {
        return mistake;
    }
    let mut step = 0;
    while step < steps.len() {
        let mistake = find_in_step(&model, steps, step);
        if mistake.is_some() {
            return mistake;
        }
        step += 1;
    }
    let mistake = handlers::find(&model, steps);
    if mistake.is_some() {
        return mistake;
    }
    let Some(levels) = Levels::new(&model) else { return None };
    let mistake = levels.find(&model, steps);
    if mistake.is_some() {
        return mistake;
    }
    paths::find(&model, steps, skips)
}

/// Looks at start and stop.
const fn find_ends(model: &Model) -> Option<Mistake> {
    let starts = model.all_accepts.and(&model.starts);
    let stops = model.all_emits.and(&model.stops);
    match (starts.len(), stops.len()) {
        (0, _) => Some(Mistake::new(None, words::NO_START, &[])),
        (2.., _) => {
            Some(Mistake::new(None, words::SEVERAL_STARTS, &[model.list(&starts).as_str()]))
        }
        (_, 0) => Some(Mistake::new(None, words::NO_STOP, &[])),
        (_, 2..) => Some(Mistake::new(None, words::SEVERAL_STOPS, &[model.list(&stops).as_str()])),
        _ => None,
    }
}

/// Looks at the name of a step, at what it takes, and at what it returns.
const fn find_in_step(model: &Model, steps: &[StepShape], at: usize) -> Option<Mistake> {
    let step = &steps[at];
    let mut earlier = 0;
    while earlier < at {
        if same(steps[earlier].name, step.name) {
            return Some(Mistake::new(Some(at), words::DUPLICATE_STEP, &[step.name]));
        }
        earlier += 1;
    }
    let words = match (step.input, step.catch) {
        (InputShape::Join { take: Some(0), .. }, _) => Some(words::TAKES_NONE),
        (InputShape::Failed(_), None) => Some(words::TAKES_FAILURE),
        (InputShape::Any, None) => Some(words::TAKES_ANYTHING),
        (InputShape::Failed(_), Some(_)) => None,
        (_, Some(_)) => Some(words::TAKES_NO_FAILURE),
        _ => None,
    };
    if let Some(words) = words {
        return Some(Mistake::new(Some(at), words, &[step.name]));
    }
    let mut events = model.accepts[at];
    events.add_all(&model.emits(at));
    while let Some(event) = events.take() {
        if let Some(words) = model.loose_end(at, event) {
            return Some(Mistake::new(Some(at), words, &[step.name, model.name(event)]));
        }
    }
    None
}
