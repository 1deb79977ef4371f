//! What is said of a workflow and its steps besides their signatures.

use std::time::Duration;

use super::Problem;
use crate::resource::Resources;
use crate::shape::InputShape;
use crate::workflow::Step;
use crate::workflow::builder::Settings;

pub(super) fn problems(settings: &Settings, steps: &[Step], resources: &Resources) -> Vec<Problem> {
    let mut problems = Vec::new();
    if settings.concurrent_runs == Some(0) {
        problems.push(Problem::NoRuns);
    }
    let zero = |what: &str, limit: Option<Duration>| {
        (limit == Some(Duration::ZERO)).then(|| Problem::NoTime(what.to_owned()))
    };
    problems.extend(zero("the timeout", settings.timeout));
    problems.extend(zero("the deadline", settings.deadline));
    for step in steps {
        let name = &step.name;
        if step.options.workers == 0 {
            problems.push(Problem::NoWorkers(name.to_string()));
        }
        problems.extend(zero(&format!("the timeout of step `{name}`"), step.options.timeout));
        problems.extend(zero(&format!("the heartbeat of step `{name}`"), step.options.heartbeat));
        problems.extend(take_problem(step));
        problems.extend(resource_problems(step, resources));
    }
    problems
}

fn take_problem(step: &Step) -> Option<Problem> {
    let members = step.options.take?;
    let step_name = step.name.to_string();
    match step.input {
        InputShape::Join { .. } if members > 0 => None,
        InputShape::Join { .. } => Some(Problem::TakesNone(step_name)),
        _ => Some(Problem::TakeWithoutJoin { step: step_name, members }),
    }
}

fn resource_problems(step: &Step, resources: &Resources) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, resource) in step.options.resources.iter().enumerate() {
        let (step_name, parameter) = (step.name.to_string(), resource.parameter.clone());
        if step.options.resources[..at].iter().any(|other| other.parameter == parameter) {
            let step = step_name.clone();
            problems.push(Problem::DuplicateParameter { step, parameter: parameter.clone() });
        }
        if !resources.has(resource.type_id) {
            let type_name = resource.type_name;
            problems.push(Problem::MissingResource { step: step_name, parameter, type_name });
        }
    }
    problems
}
