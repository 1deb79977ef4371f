//! The graph check: every mistake in how steps and events fit together, all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stepwell_core::{Family, Name};

use super::Step;
use crate::EventType;

/// Why a workflow cannot be built: everything that is wrong with it.
#[derive(Clone, PartialEq, Eq)]
pub struct BuildError {
    /// The workflow.
    pub workflow: String,
    /// What is wrong, in the order of the steps.
    pub problems: Vec<Problem>,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow `{}` cannot run:", self.workflow)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
    }
}

/// Reads as for people, since `main` prints errors like this.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BuildError {}

/// One thing that is wrong with a workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing would ever run.
    #[error("no step accepts a start event; mark one `#[event(start)]` or use `StartEvent`")]
    NoStart,
    /// Which one begins a run would be unclear.
    #[error("there is more than one start event: {}", .0.join(", "))]
    SeveralStarts(Vec<String>),
    /// A run would never end.
    #[error("no step returns a stop event; mark one `#[event(stop)]` or use `StopEvent`")]
    NoStop,
    /// What a run returns would be unclear.
    #[error("there is more than one stop event: {}", .0.join(", "))]
    SeveralStops(Vec<String>),
    /// Steps would find a state of another type than theirs.
    #[error("`.state()` comes after step `{0}`; say it before the first step")]
    StateAfterSteps(String),
    /// Step names must tell steps apart.
    #[error("there is more than one step `{0}`")]
    DuplicateStep(String),
    /// The step could never run.
    #[error("step `{0}` has no workers; give it at least 1")]
    NoWorkers(String),
    /// A returned stop event ends the run, so nobody could take it.
    #[error("step `{step}` accepts the stop event `{event}`, but a run ends with it")]
    AcceptsStop {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// The step would wait for ever.
    #[error(
        "step `{step}` accepts `{event}`, but no step returns it; mark it `#[event(start)]` if it \
         begins the run or `#[event(response)]` if it comes from outside, or name it with \
         `.additional_event()` if it is only sent"
    )]
    NeverReturned {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// The event would go nowhere.
    #[error(
        "step `{step}` returns `{event}`, but no step accepts it; if none should, mark it \
         `#[event(stop)]` or `#[event(request)]`"
    )]
    NeverAccepted {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// What comes after the step can neither end the run nor ask anyone.
    #[error("step `{0}` can never lead to a stop event or a request")]
    DeadEnd(String),
    /// Nothing leads to the step.
    #[error("step `{0}` can never be reached from the start event or a response")]
    Unreachable(String),
    /// Stored events are found by name, so one name means one type.
    #[error("two types of event are called `{name}`: {first} and {second}")]
    SameName {
        /// The name.
        name: String,
        /// One of them, with its module.
        first: String,
        /// The other one.
        second: String,
    },
}

/// What a checked graph is known to have.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) types: Vec<EventType>,
    pub(super) start: EventType,
    pub(super) stop: EventType,
}

/// Checks a workflow; `workers` is parallel to `steps`.
pub(super) fn check(
    workflow: &str,
    steps: &[Step],
    workers: &[u32],
    additional: Vec<EventType>,
) -> Result<Graph, BuildError> {
    let mut problems = Vec::new();
    let outside: BTreeSet<Name> = additional.iter().map(|event| event.name().clone()).collect();
    let types = types(steps, additional, &mut problems);

    let starts = distinct(steps.iter().flat_map(|step| &step.accepts), Family::Start);
    let stops = distinct(steps.iter().flat_map(|step| &step.emits), Family::Stop);
    match starts.len() {
        0 => problems.push(Problem::NoStart),
        1 => {}
        _ => problems.push(Problem::SeveralStarts(names(&starts))),
    }
    match stops.len() {
        0 => problems.push(Problem::NoStop),
        1 => {}
        _ => problems.push(Problem::SeveralStops(names(&stops))),
    }
    check_steps(steps, workers, &outside, &mut problems);
    if problems.is_empty() {
        // With a hole in the graph these would only repeat what is said already.
        problems.extend(dead_ends(steps));
        problems.extend(unreachable_steps(steps, &outside));
    }
    match (problems.is_empty(), starts.first(), stops.first()) {
        (true, Some(start), Some(stop)) => {
            Ok(Graph { types, start: start.clone(), stop: stop.clone() })
        }
        _ => Err(BuildError { workflow: workflow.to_owned(), problems }),
    }
}

fn check_steps(
    steps: &[Step],
    workers: &[u32],
    outside: &BTreeSet<Name>,
    problems: &mut Vec<Problem>,
) {
    for (at, (step, workers)) in steps.iter().zip(workers).enumerate() {
        let name = || step.name.to_string();
        if steps[..at].iter().any(|earlier| earlier.name == step.name) {
            problems.push(Problem::DuplicateStep(name()));
        }
        if *workers == 0 {
            problems.push(Problem::NoWorkers(name()));
        }
        for event in &step.accepts {
            let returned = steps.iter().any(|other| has(&other.emits, event.name()));
            let event_name = event.name().to_string();
            match event.family() {
                Family::Stop => {
                    problems.push(Problem::AcceptsStop { step: name(), event: event_name });
                }
                Family::Plain if !returned && !outside.contains(event.name()) => {
                    problems.push(Problem::NeverReturned { step: name(), event: event_name });
                }
                _ => {}
            }
        }
        for event in &step.emits {
            let accepted = steps.iter().any(|other| has(&other.accepts, event.name()));
            if matches!(event.family(), Family::Plain | Family::Start) && !accepted {
                let event = event.name().to_string();
                problems.push(Problem::NeverAccepted { step: name(), event });
            }
        }
    }
}

/// Every type once, by name.
fn types(
    steps: &[Step],
    additional: Vec<EventType>,
    problems: &mut Vec<Problem>,
) -> Vec<EventType> {
    let mut seen: BTreeMap<Name, EventType> = BTreeMap::new();
    let mut types = Vec::new();
    let in_steps = steps.iter().flat_map(|step| step.accepts.iter().chain(&step.emits)).cloned();
    for event in in_steps.chain(additional) {
        match seen.get(event.name()) {
            Some(same) if same.qualified_name() == event.qualified_name() => {}
            Some(other) => problems.push(Problem::SameName {
                name: event.name().to_string(),
                first: other.qualified_name(),
                second: event.qualified_name(),
            }),
            None => {
                seen.insert(event.name().clone(), event.clone());
                types.push(event);
            }
        }
    }
    types
}

fn dead_ends(steps: &[Step]) -> Vec<Problem> {
    let mut good = vec![false; steps.len()];
    grow(&mut good, |at, good| {
        let step = &steps[at];
        step.emits.is_empty()
            || step.emits.iter().any(|event| {
                matches!(event.family(), Family::Stop | Family::Request)
                    || steps.iter().zip(good).any(|(next, next_is_good)| {
                        *next_is_good && !next.emits.is_empty() && has(&next.accepts, event.name())
                    })
            })
    });
    failing(steps, &good).map(Problem::DeadEnd).collect()
}

fn unreachable_steps(steps: &[Step], outside: &BTreeSet<Name>) -> Vec<Problem> {
    let mut reached = vec![false; steps.len()];
    grow(&mut reached, |at, reached| {
        steps[at].accepts.iter().any(|event| {
            matches!(event.family(), Family::Start | Family::Response)
                || outside.contains(event.name())
                || steps.iter().zip(reached).enumerate().any(
                    |(other, (before, before_is_reached))| {
                        other != at && *before_is_reached && has(&before.emits, event.name())
                    },
                )
        })
    });
    failing(steps, &reached).map(Problem::Unreachable).collect()
}

/// Turns marks on, as `mark` says, until nothing changes.
fn grow(marks: &mut [bool], mark: impl Fn(usize, &[bool]) -> bool) {
    let mut changed = true;
    while changed {
        changed = false;
        for at in 0..marks.len() {
            if !marks[at] && mark(at, marks) {
                marks[at] = true;
                changed = true;
            }
        }
    }
}

fn failing<'a>(steps: &'a [Step], marks: &'a [bool]) -> impl Iterator<Item = String> + 'a {
    steps.iter().zip(marks).filter(|(_, mark)| !**mark).map(|(step, _)| step.name.to_string())
}

fn has(types: &[EventType], name: &Name) -> bool {
    types.iter().any(|event| event.name() == name)
}

fn distinct<'a>(types: impl Iterator<Item = &'a EventType>, family: Family) -> Vec<EventType> {
    let mut found: Vec<EventType> = Vec::new();
    for event in types.filter(|event| event.family() == family) {
        if !has(&found, event.name()) {
            found.push(event.clone());
        }
    }
    found
}

fn names(types: &[EventType]) -> Vec<String> {
    types.iter().map(|event| event.name().to_string()).collect()
}
