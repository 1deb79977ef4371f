//! Workflows drawn with a few letters, for tests: signatures without code.
//!
//! ```text
//! split: Start -> [Page] | -              returns a list of pages, or nothing
//! read skips dead-end: Page -> Text       leaves one check out
//! pair: Text & Page -> Both               takes one of each together
//! merge: Join<Text | Page> -> Stop        or Take<Text, 3>
//! help catches read, pair x2: Failed<Page> -> Text
//! rest catches all x1: Failed<Any> -> -
//! + Ping, Pong                            additional events
//! skip reachability                       for the whole workflow
//! ```
//!
//! The beginning of a name tells the family: `Start`, `Stop`, `Ask`, `Answer`. An event
//! `shop.Order~Old` has a module and an alias.

pub(in crate::workflow) mod random;

use std::sync::Arc;

use stepwell_core::{Family, Input as RawInput};

use super::Builder;
use crate::event::{EventType, StartEvent, read, schema};
use crate::shape::{EmitShape, InputShape, TypeRef};
use crate::workflow::constant::{self, CatchShape, Mistake, StepShape};
use crate::workflow::describe::Described;
use crate::workflow::step::BodyFuture;
use crate::workflow::{ErasedStep, GraphCheck, Problem, Step, StepOptions, Workflow};

/// A workflow as shapes.
#[derive(Debug, Default)]
pub(in crate::workflow) struct Sketch {
    pub(in crate::workflow) steps: Vec<StepShape>,
    additional: Vec<TypeRef>,
    skips: Vec<GraphCheck>,
}

/// Reads a sketch.
pub(in crate::workflow) fn sketch(text: &str) -> Sketch {
    let mut sketch = Sketch::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(events) = line.strip_prefix("+ ") {
            sketch.additional.extend(events.split(", ").map(event));
        } else if let Some(check) = line.strip_prefix("skip ") {
            sketch.skips.push(graph_check(check));
        } else {
            sketch.steps.push(step(line));
        }
    }
    sketch
}

impl Sketch {
    /// Describes it to a builder, with bodies that are never run.
    pub(in crate::workflow) fn builder(&self) -> Builder {
        let mut builder = Workflow::builder("Flow");
        for step in &self.steps {
            let options = StepOptions::new();
            let options = step.skips.iter().fold(options, |options, skip| options.skip(*skip));
            builder = builder.add(Described {
                name: step.name.to_owned(),
                options,
                input: step.input,
                output: step.output,
                catch: step.catch.map(|catch| {
                    let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
                    (catch.steps.map(names), catch.max_recoveries)
                }),
                body: Arc::new(NoBody),
            });
        }
        builder.additional.extend(&self.additional);
        self.skips.iter().fold(builder, |builder, check| builder.skip(*check))
    }

    /// Finds its first mistake as the compiler would.
    pub(in crate::workflow) fn mistake(&self) -> Option<Mistake> {
        constant::find_mistake("Flow", &self.steps, &self.additional, &self.skips)
    }

    /// Returns it as steps, checked or not.
    pub(in crate::workflow) fn steps(&self) -> Vec<Step> {
        let steps = self.builder().steps;
        steps.into_iter().map(|step| step.describe(None)).collect()
    }

    /// Returns its additional types of event.
    pub(in crate::workflow) fn additional(&self) -> Vec<EventType> {
        self.additional.iter().map(|event| EventType::new(*event, None)).collect()
    }

    /// Says what is wrong with it, line by line, and checks that the compiler would say the first
    /// line too.
    #[track_caller]
    pub(in crate::workflow) fn problems(&self) -> String {
        let problems = self.builder().build().err().map_or(Vec::new(), |error| error.problems);
        let first =
            problems.first().map(|problem| format!("workflow `Flow` cannot run: {problem}"));
        let found = self.mistake();
        let found = found.as_ref().map(Mistake::text);
        match (&first, found.and_then(|found| found.strip_suffix("..."))) {
            (Some(first), Some(cut)) => assert!(first.starts_with(cut), "{cut}"),
            _ => assert_eq!(found, first.as_deref()),
        }
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        lines.join("\n")
    }
}

struct NoBody;

impl ErasedStep for NoBody {
    fn call(&self, _: RawInput, _: crate::context::RawContext) -> BodyFuture {
        unreachable!("a sketch is not run")
    }
}

fn step(line: &str) -> StepShape {
    let (head, signature) = line.split_once(": ").expect(line);
    let (input_text, output) = signature.split_once(" -> ").expect(line);
    let (head, catch) = match head.split_once(" catches ") {
        Some((head, catch)) => (head, Some(catch_shape(catch))),
        None => (head, None),
    };
    let (name, skips) = match head.split_once(" skips ") {
        Some((name, skips)) => (name, skips.split(", ").map(graph_check).collect()),
        None => (head, Vec::new()),
    };
    let outputs = leak(alternatives(output).into_iter().map(output_shape).collect());
    StepShape {
        name: keep(name),
        input: input(input_text),
        output: if let [output] = outputs { *output } else { EmitShape::OneOf(outputs) },
        catch,
        skips: leak(skips),
    }
}

fn catch_shape(text: &str) -> CatchShape {
    let (steps, max_recoveries) = text.rsplit_once('x').expect(text);
    let steps = match steps.trim() {
        "all" => None,
        "" => Some(leak(Vec::new())),
        steps => Some(leak(steps.split(", ").map(keep).collect())),
    };
    CatchShape { steps, max_recoveries: max_recoveries.parse().expect(text) }
}

fn input(text: &str) -> InputShape {
    let within = |name: &str| text.strip_prefix(name)?.strip_prefix('<')?.strip_suffix('>');
    if text == "Any" {
        InputShape::Any
    } else if let Some(failed) = within("Failed") {
        InputShape::Failed(&leak(vec![input(failed)])[0])
    } else if let Some(types) = within("Join") {
        InputShape::Join { types: events(types, " | "), take: None }
    } else if let Some(take) = within("Take") {
        let (types, take) = take.split_once(", ").expect(text);
        InputShape::Join { types: events(types, " | "), take: take.parse().ok() }
    } else if text.contains(" & ") {
        InputShape::All(events(text, " & "))
    } else {
        InputShape::Each(events(text, " | "))
    }
}

/// Splits at bars that are not within brackets.
fn alternatives(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let bars = text.split(|letter| {
        depth += i32::from(letter == '[') - i32::from(letter == ']');
        letter == '|' && depth == 0
    });
    bars.map(str::trim).collect()
}

fn output_shape(text: &str) -> EmitShape {
    if text == "-" {
        return EmitShape::Nothing;
    }
    let Some(list) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return EmitShape::Event(event(text));
    };
    let members = leak(list.split(" | ").map(output_shape).collect());
    EmitShape::List(&leak(vec![EmitShape::OneOf(members)])[0])
}

fn events(text: &str, between: &str) -> &'static [TypeRef] {
    leak(text.split(between).map(event).collect())
}

fn event(text: &str) -> TypeRef {
    let mut names = text.split('~');
    let name = names.next().expect("a name");
    let (module, name) = match name.split_once('.') {
        Some((module, name)) => (Some(keep(module)), name),
        None => (None, name),
    };
    let family = match name {
        name if name.starts_with("Start") => Family::Start,
        name if name.starts_with("Stop") => Family::Stop,
        name if name.starts_with("Ask") => Family::Request,
        name if name.starts_with("Answer") => Family::Response,
        _ => Family::Plain,
    };
    TypeRef {
        name: keep(name),
        module,
        family,
        aliases: leak(names.map(keep).collect()),
        schema: schema::<StartEvent>,
        read: read::<StartEvent>,
    }
}

fn graph_check(text: &str) -> GraphCheck {
    match text {
        "dead-end" => GraphCheck::DeadEnd,
        "reachability" => GraphCheck::Reachability,
        _ => panic!("there is no check {text}"),
    }
}

fn keep(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn leak<T>(values: Vec<T>) -> &'static [T] {
    values.leak()
}
