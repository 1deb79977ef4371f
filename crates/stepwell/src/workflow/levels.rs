//! What is together in a batch, and so which joins take its members.
//!
//! A step that returns a list, an *opener*, opens a batch. What comes of a member stays in the
//! batch; but a list that is returned within opens a batch of its own, and what a join of that one
//! returns is back outside, where its opener stood. So there is a *level* for each opener, and one
//! outside of all batches:
//!
//! ```text
//! outside   split ─▶ [Page]                                    merge(Join<Text>) ─▶ stop
//! batch of split      Page ─▶ cut ─▶ [Line]     tie(Join<Word>) ─▶ Text
//! batch of cut                        Line ─▶ read ─▶ Word
//! ```
//!
//! [`constant`](super::constant) walks the same way while the program is compiled.

use std::collections::{BTreeMap, BTreeSet};

use stepwell_core::Name;

use super::Step;
use super::graph::Model;
use crate::shape::InputShape;

#[cfg(test)]
mod tests;

/// The levels of a workflow.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) outside: Level,
    /// By the place of the opener.
    pub(super) batches: BTreeMap<usize, Level>,
}

/// What is at a level.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// The types of event.
    pub(super) types: BTreeSet<usize>,
    /// The steps that run there.
    steps: BTreeSet<usize>,
}

/// Returns for each step the joins that take the members of the batches it opens.
pub(super) fn joins(steps: &[Step]) -> Vec<Vec<Name>> {
    let model = Model::new(steps, &[], &mut Vec::new());
    let levels = Levels::new(&model);
    let takes =
        |join: &usize, opener: usize| is_join(&steps[*join]) && levels.meet(&model, *join, opener);
    let of = |opener: usize| {
        let joins = (0..steps.len()).filter(|join| takes(join, opener));
        joins.map(|join| steps[join].name.clone()).collect()
    };
    (0..steps.len()).map(of).collect()
}

fn is_join(step: &Step) -> bool {
    matches!(step.input, InputShape::Join { .. }) && step.catch.is_none()
}

impl Levels {
    /// Walks all levels together until none of them grows.
    pub(super) fn new(model: &Model<'_>) -> Self {
        let outside = model.starts().chain(model.responses()).chain(model.outside.iter().copied());
        let mut levels = Self {
            outside: Level { types: outside.collect(), steps: BTreeSet::new() },
            batches: BTreeMap::new(),
        };
        for (opener, listed) in model.listed.iter().enumerate() {
            if model.steps[opener].has_list {
                let level = Level { types: listed.clone(), steps: BTreeSet::new() };
                levels.batches.insert(opener, level);
            }
        }
        while levels.grow(model) {}
        levels
    }

    /// Lets what is at each level run, and tells whether anything new came of it.
    fn grow(&mut self, model: &Model<'_>) -> bool {
        let openers = self.batches.keys().copied().map(Some);
        let mut has_grown = false;
        for at in openers.chain([None]).collect::<Vec<_>>() {
            for step in 0..model.steps.len() {
                let level = self.level(at);
                if !level.steps.contains(&step) && self.runs(model, level, step) {
                    let level = match at {
                        Some(opener) => self.batches.get_mut(&opener).expect("it has a level"),
                        None => &mut self.outside,
                    };
                    level.steps.insert(step);
                    level.types.extend(&model.bare[step]);
                    has_grown = true;
                }
            }
        }
        has_grown
    }

    fn level(&self, opener: Option<usize>) -> &Level {
        opener.map_or(&self.outside, |opener| &self.batches[&opener])
    }

    /// Tells whether a step runs at a level.
    fn runs(&self, model: &Model<'_>, level: &Level, step: usize) -> bool {
        let accepts = &model.accepts[step];
        match model.steps[step].input {
            _ if model.steps[step].catch.is_some() => !model.covers[step].is_disjoint(&level.steps),
            InputShape::Each(_) => !accepts.is_disjoint(&level.types),
            InputShape::All(_) => accepts.is_subset(&level.types),
            // A join runs where the step stands that opened the batch.
            InputShape::Join { .. } => {
                level.steps.iter().any(|opener| self.meet(model, step, *opener))
            }
            InputShape::Failed(_) | InputShape::Any => false,
        }
    }

    /// Tells whether a join takes members of the batches that a step opens.
    fn meet(&self, model: &Model<'_>, join: usize, opener: usize) -> bool {
        let level = self.batches.get(&opener);
        level.is_some_and(|level| !level.types.is_disjoint(&model.accepts[join]))
    }
}
