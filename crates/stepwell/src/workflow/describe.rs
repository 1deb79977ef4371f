//! From steps as code to what the reducer must know of them, as data.

use std::sync::Arc;

use stepwell_core::{Definition, Family, Name, StepDefinition, Trigger};

use super::builder::Settings;
use super::options::StepOptions;
use super::{ErasedStep, Step, levels};
use crate::event::EventType;
use crate::shape::{EmitShape, InputShape};

/// A step as the builder was told it.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) options: StepOptions,
    pub(super) input: InputShape,
    pub(super) output: EmitShape,
    /// Of an error handler: the steps it covers, or all others, and how often it is entered.
    pub(super) catch: Option<(Option<Vec<String>>, u32)>,
    pub(super) body: Arc<dyn ErasedStep>,
}

impl Described {
    pub(super) fn describe(self, module: Option<&str>) -> Step {
        let Self { name, options, input, output, catch, body } = self;
        let (mut emits, mut bare, mut listed) = (Vec::<EventType>::new(), Vec::new(), Vec::new());
        output.visit(&mut |event, is_listed| {
            let names: &mut Vec<Name> = if is_listed { &mut listed } else { &mut bare };
            names.push(event.name.into());
            let event = EventType::new(event, module);
            if !emits.iter().any(|known| known.is_same(&event)) {
                emits.push(event);
            }
        });
        let accepts = input.types().iter().map(|event| EventType::new(*event, module)).collect();
        let has_list = output.has_list();
        Step {
            name: name.into(),
            options,
            input,
            accepts,
            emits,
            bare,
            listed,
            has_list,
            catch,
            body,
        }
    }
}

/// Says as data what the reducer must know.
pub(super) fn definition(
    settings: &Settings,
    steps: &[Step],
    additional: &[EventType],
) -> Definition {
    let joins = levels::joins(steps);
    let mut definition = Definition::new(settings.name.as_str());
    definition.timeout = settings.timeout;
    definition.deadline = settings.deadline;
    definition.on_stall = settings.on_stall;
    definition.awaited = additional.iter().flat_map(names).collect();
    definition.signalled = expects_signals(steps);
    definition.steps =
        steps.iter().zip(joins).map(|(step, joins)| step.definition(joins)).collect();
    definition
}

/// Tells whether events come from outside without a request for them: a step accepts a response,
/// and no step asks for one.
fn expects_signals(steps: &[Step]) -> bool {
    let has = |types: &[EventType], family| types.iter().any(|event| event.family() == family);
    steps.iter().any(|step| has(&step.accepts, Family::Response))
        && !steps.iter().any(|step| has(&step.emits, Family::Request))
}

/// Returns the name of a type and its aliases: an event that was stored under one of them is
/// still of the type.
fn names(event: &EventType) -> Vec<Name> {
    let aliases = event.aliases().iter().map(|alias| Name::from(*alias));
    std::iter::once(event.name().clone()).chain(aliases).collect()
}

impl Step {
    fn definition(&self, joins: Vec<Name>) -> StepDefinition {
        let accepts = self.accepts.iter().flat_map(names).collect();
        let trigger = match (&self.input, &self.catch) {
            (_, Some((steps, max_recoveries))) => Trigger::Catch {
                steps: steps
                    .as_ref()
                    .map(|steps| steps.iter().map(|name| name.as_str().into()).collect()),
                max_recoveries: *max_recoveries,
            },
            (InputShape::Join { take, .. }, None) => {
                Trigger::Join { take: self.options.take.or(*take) }
            }
            (InputShape::All(_), None) => {
                Trigger::All { slots: self.accepts.iter().map(names).collect() }
            }
            (InputShape::Each(_) | InputShape::Failed(_) | InputShape::Any, None) => Trigger::Each,
        };
        let workers = self.options.workers;
        StepDefinition { name: self.name.clone(), accepts, workers, trigger, joins }
    }
}
