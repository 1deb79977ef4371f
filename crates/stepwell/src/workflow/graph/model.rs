//! A graph as sets of numbers.

use std::collections::BTreeSet;

use stepwell_core::Family;

use super::Problem;
use crate::EventType;
use crate::workflow::Step;

/// A graph: its types of event are known by their places.
#[derive(Debug)]
pub(in crate::workflow) struct Model<'a> {
    pub(in crate::workflow) steps: &'a [Step],
    /// Every type once, in the order in which the steps name them.
    pub(in crate::workflow) types: Vec<EventType>,
    pub(in crate::workflow) accepts: Vec<BTreeSet<usize>>,
    pub(in crate::workflow) bare: Vec<BTreeSet<usize>>,
    pub(in crate::workflow) listed: Vec<BTreeSet<usize>>,
    /// Of handlers: the steps whose failures they get.
    pub(in crate::workflow) covers: Vec<BTreeSet<usize>>,
    /// The additional types.
    pub(in crate::workflow) outside: BTreeSet<usize>,
    pub(super) all_accepts: BTreeSet<usize>,
    pub(super) all_emits: BTreeSet<usize>,
}

impl<'a> Model<'a> {
    /// Reads the steps, and notes types that cannot be told apart.
    pub(in crate::workflow) fn new(
        steps: &'a [Step],
        additional: &[EventType],
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut types = Vec::new();
        for step in steps {
            let named = step.accepts.iter().chain(&step.emits);
            named.for_each(|event| add(&mut types, event, problems));
        }
        additional.iter().for_each(|event| add(&mut types, event, problems));
        let place = |name: &str| types.iter().position(|known| **known.name() == *name);
        let places = |types: &[EventType]| -> BTreeSet<usize> {
            types.iter().filter_map(|event| place(event.name())).collect()
        };
        let accepts: Vec<_> = steps.iter().map(|step| places(&step.accepts)).collect();
        let emits = steps.iter().flat_map(|step| places(&step.emits)).collect();
        let named = |names: &[stepwell_core::Name]| -> BTreeSet<usize> {
            names.iter().filter_map(|name| place(name)).collect()
        };
        Self {
            steps,
            all_accepts: accepts.iter().flatten().copied().collect(),
            accepts,
            bare: steps.iter().map(|step| named(&step.bare)).collect(),
            listed: steps.iter().map(|step| named(&step.listed)).collect(),
            covers: covers(steps),
            outside: places(additional),
            all_emits: emits,
            types,
        }
    }

    /// Returns the start events that steps accept.
    pub(in crate::workflow) fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        let accepts = self.all_accepts.iter().copied();
        accepts.filter(|event| self.family(*event) == Family::Start)
    }

    /// Returns the stop events that steps return.
    pub(super) fn stops(&self) -> impl Iterator<Item = usize> + '_ {
        let emits = self.all_emits.iter().copied();
        emits.filter(|event| self.family(*event) == Family::Stop)
    }

    /// Returns the responses that steps accept.
    pub(in crate::workflow) fn responses(&self) -> impl Iterator<Item = usize> + '_ {
        let accepts = self.all_accepts.iter().copied();
        accepts.filter(|event| self.family(*event) == Family::Response)
    }

    pub(super) fn family(&self, event: usize) -> Family {
        self.types[event].family()
    }

    pub(super) fn name(&self, event: usize) -> String {
        self.types[event].name().to_string()
    }

    pub(super) fn step_name(&self, step: usize) -> String {
        self.steps[step].name.to_string()
    }

    /// Returns all events that a step returns, alone or in a list.
    pub(super) fn emits(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        self.bare[step].union(&self.listed[step]).copied()
    }
}

/// Adds a type unless it is there.
fn add(types: &mut Vec<EventType>, event: &EventType, problems: &mut Vec<Problem>) {
    let mut note = |problem: Problem| {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    };
    if let Some(known) = types.iter().find(|known| known.name() == event.name()) {
        let name = event.name().to_string();
        if known.module() != event.module() {
            let (first, second) = (known.qualified_name(), event.qualified_name());
            note(Problem::SameName { name, first, second });
        } else if known.family() != event.family() || known.aliases() != event.aliases() {
            note(Problem::TwoForms(name));
        }
        return;
    }
    for known in &*types {
        let mut names = std::iter::once(known.name().as_str()).chain(known.aliases().to_vec());
        if let Some(alias) = names.find(|name| event.is_called(name)) {
            let (first, second) = (known.name().to_string(), event.name().to_string());
            note(Problem::AliasTaken { first, second, alias: alias.to_owned() });
        }
    }
    types.push(event.clone());
}

/// Returns for each handler the steps that it covers.
pub(in crate::workflow) fn covers(steps: &[Step]) -> Vec<BTreeSet<usize>> {
    let named = |step: &Step, handler: &Step| {
        let names = handler.catch.as_ref().and_then(|(names, _)| names.as_ref());
        names.is_some_and(|names| names.iter().any(|name| step.name == **name))
    };
    let is_covered = |step: &Step, handler: &Step| match &handler.catch {
        None => false,
        Some(_) if step.catch.is_some() => false,
        Some((Some(_), _)) => named(step, handler),
        Some((None, _)) => !steps.iter().any(|other| named(step, other)),
    };
    let of = |handler: &Step| -> BTreeSet<usize> {
        (0..steps.len()).filter(|step| is_covered(&steps[*step], handler)).collect()
    };
    steps.iter().map(of).collect()
}
