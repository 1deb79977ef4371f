//! What is together in a batch: see [`levels`](crate::workflow::levels), which says the same of
//! a workflow that is built.

use super::model::{Model, STEPS, Takes};
use super::text::Text;
use super::types::Types;
use super::{Mistake, StepShape};
use crate::workflow::graph::words;

/// The level outside of all batches.
const OUTSIDE: usize = STEPS;

/// How often a step is looked at before the walk is given up. It is far more than a graph that
/// people write needs, and less than what the compiler complains about.
const PATIENCE: usize = 60_000;

/// For each step that returns a list, and for the outside: the types of event that are at that
/// level, and, as bits, the steps that run there.
pub(super) struct Levels {
    types: [Types; STEPS + 1],
    steps: [u64; STEPS + 1],
}

impl Levels {
    /// Returns nothing if it would take too long.
    pub(super) const fn new(model: &Model) -> Option<Self> {
        let mut levels = Self { types: [Types::new(); STEPS + 1], steps: [0; STEPS + 1] };
        levels.types[OUTSIDE] = model.starts.and(&model.all_accepts);
        levels.types[OUTSIDE].add_all(&model.responses.and(&model.all_accepts));
        levels.types[OUTSIDE].add_all(&model.outside);
        let mut level = 0;
        while level < model.steps {
            levels.types[level] = model.listed[level];
            level += 1;
        }
        let mut looked = 0;
        let mut is_growing = true;
        let mut is_forward = true;
        while is_growing {
            is_growing = false;
            let mut level = 0;
            while level <= OUTSIDE {
                if level == OUTSIDE || (level < model.steps && !model.listed[level].is_empty()) {
                    is_growing |= levels.sweep(model, level, is_forward);
                    looked += model.steps;
                }
                level += 1;
            }
            if looked > PATIENCE {
                return None;
            }
            is_forward = !is_forward;
        }
        Some(levels)
    }

    /// Looks at each step once, and tells whether another one runs at the level.
    const fn sweep(&mut self, model: &Model, level: usize, is_forward: bool) -> bool {
        let mut has_grown = false;
        let mut nth = 0;
        while nth < model.steps {
            let step = if is_forward { nth } else { model.steps - 1 - nth };
            if self.steps[level] >> step & 1 == 0 && self.runs(model, level, step) {
                self.steps[level] |= 1 << step;
                self.types[level].add_all(&model.bare[step]);
                has_grown = true;
            }
            nth += 1;
        }
        has_grown
    }

    /// Tells whether a step runs at a level.
    const fn runs(&self, model: &Model, level: usize, step: usize) -> bool {
        let accepts = &model.accepts[step];
        match model.takes[step] {
            Takes::Each => accepts.meets(&self.types[level]),
            Takes::All => self.types[level].has_all(accepts),
            Takes::Failure => model.covers[step] & self.steps[level] != 0,
            // A join runs where the step stands that opened the batch.
            Takes::Join => {
                let mut opener = 0;
                while opener < model.steps {
                    let is_here = self.steps[level] >> opener & 1 == 1;
                    if is_here && accepts.meets(&self.types[opener]) {
                        return true;
                    }
                    opener += 1;
                }
                false
            }
        }
    }

    /// Looks for joins that no batch fills, and for events that never meet.
    pub(super) const fn find(&self, model: &Model, steps: &[StepShape]) -> Option<Mistake> {
        let mut in_batches = Types::new();
        let mut level = 0;
        while level < model.steps {
            in_batches.add_all(&self.types[level]);
            level += 1;
        }
        let mut step = 0;
        while step < model.steps {
            let accepts = &model.accepts[step];
            match model.takes[step] {
                Takes::Join => {
                    if let Some(event) = accepts.without(&in_batches).take() {
                        let names = [steps[step].name, model.name(event)];
                        return Some(Mistake::new(Some(step), words::NEVER_LISTED, &names));
                    }
                }
                Takes::All if self.are_apart(accepts) => {
                    let places = self.places(model, steps, accepts);
                    let names = [steps[step].name, places.as_str()];
                    return Some(Mistake::new(Some(step), words::NEVER_TOGETHER, &names));
                }
                _ => {}
            }
            step += 1;
        }
        None
    }

    /// Tells whether types are at levels, but not all at one.
    const fn are_apart(&self, events: &Types) -> bool {
        let mut somewhere = Types::new();
        let mut level = 0;
        while level <= OUTSIDE {
            if self.types[level].has_all(events) {
                return false;
            }
            somewhere.add_all(&self.types[level]);
            level += 1;
        }
        somewhere.has_all(events)
    }

    /// Says at which levels each of these types is.
    const fn places(&self, model: &Model, steps: &[StepShape], events: &Types) -> Text {
        let mut text = Text::new();
        let mut events = *events;
        while let Some(event) = events.take() {
            if !text.is_empty() {
                text.push(", ");
            }
            let openers = self.openers(steps, event);
            if openers.is_empty() {
                text.fill(words::IN_NO_BATCH, &[model.name(event)]);
            } else {
                text.fill(words::IN_BATCHES, &[model.name(event), openers.as_str()]);
            }
        }
        text
    }

    /// Returns the names of the steps in whose batches a type is.
    const fn openers(&self, steps: &[StepShape], event: usize) -> Text {
        let mut openers = Text::new();
        let mut level = 0;
        while level < steps.len() {
            if self.types[level].has(event) {
                openers.push(if openers.is_empty() { "`" } else { " and `" });
                openers.push(steps[level].name);
                openers.push("`");
            }
            level += 1;
        }
        openers
    }
}
