//! What can be wrong with a workflow.

use std::fmt;

use super::words;

/// Why a workflow cannot be built: everything that is wrong with it.
#[derive(Clone, PartialEq, Eq)]
pub struct BuildError {
    /// The workflow.
    pub workflow: String,
    /// What is wrong: first with what is set, then with the graph, each in the order of the steps.
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
    #[error("{}", words::NO_STEPS)]
    NoSteps,
    /// Nothing would ever run.
    #[error("{}", words::NO_START)]
    NoStart,
    /// Which one begins a run would be unclear.
    #[error("{}", fill(words::SEVERAL_STARTS, &[&.0.join(", ")]))]
    SeveralStarts(Vec<String>),
    /// A run would never end.
    #[error("{}", words::NO_STOP)]
    NoStop,
    /// What a run returns would be unclear.
    #[error("{}", fill(words::SEVERAL_STOPS, &[&.0.join(", ")]))]
    SeveralStops(Vec<String>),
    /// Steps would find a state of another type than theirs.
    #[error("{}", fill(words::STATE_AFTER_STEPS, &[.0]))]
    StateAfterSteps(String),
    /// Every run would wait for its turn for ever.
    #[error("{}", words::NO_RUNS)]
    NoRuns,
    /// A timeout, a deadline or a heartbeat would be over as it begins.
    #[error("{}", fill(words::NO_TIME, &[.0]))]
    NoTime(String),
    /// Step names must tell steps apart.
    #[error("{}", fill(words::DUPLICATE_STEP, &[.0]))]
    DuplicateStep(String),
    /// The step could never run.
    #[error("{}", fill(words::NO_WORKERS, &[.0]))]
    NoWorkers(String),
    /// The join would run before its batch has anything.
    #[error("{}", fill(words::TAKES_NONE, &[.0]))]
    TakesNone(String),
    /// There is nothing of which the step could take the first few.
    #[error("{}", fill(words::TAKE_WITHOUT_JOIN, &[.step, &.members.to_string()]))]
    TakeWithoutJoin {
        /// The step.
        step: String,
        /// How many it is to take.
        members: u32,
    },
    /// The step would fail when it asks for the resource.
    #[error("{}", fill(words::MISSING_RESOURCE, &[.step, .parameter, .type_name]))]
    MissingResource {
        /// The step.
        step: String,
        /// The name of its parameter.
        parameter: String,
        /// The name of the resource's type.
        type_name: &'static str,
    },
    /// Parameter names must tell a step's resources apart.
    #[error("{}", fill(words::DUPLICATE_PARAMETER, &[.step, .parameter]))]
    DuplicateParameter {
        /// The step.
        step: String,
        /// The name.
        parameter: String,
    },
    /// Failures only reach handlers.
    #[error("{}", fill(words::TAKES_FAILURE, &[.0]))]
    TakesFailure(String),
    /// The step accepts no event, so it could never run.
    #[error("{}", fill(words::TAKES_ANYTHING, &[.0]))]
    TakesAnything(String),
    /// Only failures reach handlers.
    #[error("{}", fill(words::TAKES_NO_FAILURE, &[.0]))]
    TakesNoFailure(String),
    /// A returned stop event ends the run, so nobody could take it.
    #[error("{}", fill(words::ACCEPTS_STOP, &[.step, .event]))]
    AcceptsStop {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// The step would wait for ever.
    #[error("{}", fill(words::NEVER_RETURNED, &[.step, .event]))]
    NeverReturned {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// The event would go nowhere.
    #[error("{}", fill(words::NEVER_ACCEPTED, &[.step, .event]))]
    NeverAccepted {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// The join would never get the event.
    #[error("{}", fill(words::NEVER_LISTED, &[.step, .event]))]
    NeverListed {
        /// The step.
        step: String,
        /// The event.
        event: String,
    },
    /// The step would wait for ever for the rest of what it takes.
    #[error("{}", fill(words::NEVER_TOGETHER, &[.step, &list(.places)]))]
    NeverTogether {
        /// The step.
        step: String,
        /// Each event, and the steps in whose batches it is.
        places: Vec<(String, Vec<String>)>,
    },
    /// The handler would never run.
    #[error("{}", fill(words::NO_RECOVERIES, &[.0]))]
    NoRecoveries(String),
    /// The handler would never run for it.
    #[error("{}{}", fill(words::UNKNOWN_STEP, &[.handler, .step]), suggestion(.nearest.as_deref()))]
    UnknownStep {
        /// The handler.
        handler: String,
        /// The name that is not a step's.
        step: String,
        /// The step whose name is most like it.
        nearest: Option<String>,
    },
    /// The failure of a handler fails the run.
    #[error("{}", fill(words::COVERS_HANDLER, &[.handler, .covered]))]
    CoversHandler {
        /// The handler.
        handler: String,
        /// The one it covers.
        covered: String,
    },
    /// Which handler gets its failures would be unclear.
    #[error("{}", fill(words::COVERED_TWICE, &[.step, .first, .second]))]
    CoveredTwice {
        /// The step.
        step: String,
        /// One of its handlers.
        first: String,
        /// The other one.
        second: String,
    },
    /// Which handler gets failures that no other one gets would be unclear.
    #[error("{}", fill(words::SEVERAL_CATCH_ALLS, &[.first, .second]))]
    SeveralCatchAlls {
        /// One of them.
        first: String,
        /// The other one.
        second: String,
    },
    /// The handler would never run.
    #[error("{}", fill(words::COVERS_NOTHING, &[.0]))]
    CoversNothing(String),
    /// The handler could not read what the step was given.
    #[error("{}", fill(words::WRONG_FAILURE, &[.handler, .step]))]
    WrongFailure {
        /// The handler.
        handler: String,
        /// The step.
        step: String,
    },
    /// What comes after the step can neither end the run nor ask anyone.
    #[error("{}", fill(words::DEAD_END, &[.0]))]
    DeadEnd(String),
    /// Nothing leads to the step.
    #[error("{}", fill(words::UNREACHABLE, &[.0]))]
    Unreachable(String),
    /// Stored events are found by name, so one name means one type.
    #[error("{}", fill(words::SAME_NAME, &[.name, .first, .second]))]
    SameName {
        /// The name.
        name: String,
        /// One of them, with its module.
        first: String,
        /// The other one.
        second: String,
    },
    /// Stored events are found by name, so one name means one type.
    #[error("{}", fill(words::TWO_FORMS, &[.0]))]
    TwoForms(String),
    /// Stored events are found by name, so one name means one type.
    #[error("{}", fill(words::ALIAS_TAKEN, &[.first, .second, .alias]))]
    AliasTaken {
        /// One of the events.
        first: String,
        /// The other one.
        second: String,
        /// The name that both have had.
        alias: String,
    },
}

/// Puts names in the places of `{}`.
fn fill(words: &str, names: &[&str]) -> String {
    let mut parts = words.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (name, part) in names.iter().zip(parts) {
        text += name;
        text += part;
    }
    text
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| fill(words::DID_YOU_MEAN, &[nearest])).unwrap_or_default()
}

/// Says in which batches events are.
fn list(places: &[(String, Vec<String>)]) -> String {
    let place = |(event, openers): &(String, Vec<String>)| {
        if openers.is_empty() {
            return fill(words::IN_NO_BATCH, &[event]);
        }
        let openers: Vec<String> = openers.iter().map(|opener| format!("`{opener}`")).collect();
        fill(words::IN_BATCHES, &[event, &openers.join(" and ")])
    };
    places.iter().map(place).collect::<Vec<_>>().join(", ")
}
