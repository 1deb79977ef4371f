//! Random workflows run: everything happens at a level where the walk says that it can.

use std::collections::BTreeMap;

use stepwell_core::{
    Command, Entry, Event, Execution, Failure, Family, Input, ItemId, Output, Payload, RunId,
    RunState, Started, Tick, Timestamp,
};

use crate::EventType;
use crate::shape::{EmitShape, TypeRef};
use crate::workflow::Workflow;
use crate::workflow::builder::sketch::random::{Dice, workflow};
use crate::workflow::builder::sketch::{Sketch, sketch};
use crate::workflow::graph::Model;
use crate::workflow::levels::Levels;

const COUNT: u64 = 20_000;

/// After so many bodies a run is left alone.
const BODIES: u32 = 60;

/// What a run did that makes the test worth something.
#[derive(Debug, Default)]
struct Seen {
    runs: u32,
    nested: u32,
    joined: u32,
    together: u32,
    mended: u32,
}

#[test]
fn fo_11_every_event_of_a_run_is_at_a_level_where_the_walk_has_it() {
    let mut seen = Seen::default();
    for seed in 0..COUNT {
        let mut dice = Dice(seed);
        let text = workflow(&mut dice);
        let sketch = sketch(&text);
        let Ok(workflow) = sketch.builder().build() else { continue };
        seen.runs += 1;
        let run = || Simulation::new(&sketch, &workflow, Dice(seed)).run(&mut seen);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        assert!(run.is_ok(), "seed {seed} draws\n{text}");
    }
    let Seen { runs, nested, joined, together, mended } = seen;
    let enough = runs > 1000 && nested > 200 && joined > 200 && together > 100 && mended > 200;
    assert!(enough, "the test sees too little: {seen:?}");
}

/// Where something is: in the batch of this number, or outside.
type Place = Option<usize>;

struct Simulation<'a> {
    sketch: &'a Sketch,
    workflow: &'a Workflow,
    run: RunState,
    dice: Dice,
    /// By the numbers of events, which are their values.
    places: Vec<Place>,
    /// The opener of each batch, and where it stood.
    batches: Vec<(usize, Place)>,
    bodies: BTreeMap<ItemId, Execution>,
}

impl<'a> Simulation<'a> {
    fn new(sketch: &'a Sketch, workflow: &'a Workflow, dice: Dice) -> Self {
        let run = RunState::new(workflow.definition().clone().into());
        let (places, batches, bodies) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { sketch, workflow, run, dice, places, batches, bodies }
    }

    fn run(mut self, seen: &mut Seen) {
        let steps = self.workflow.steps();
        let additional = self.sketch.additional();
        let model = Model::new(steps, &additional, &mut Vec::new());
        let levels = Levels::new(&model);
        self.begin(&additional);
        for _ in 0..BODIES {
            let Some(body) = self.pick() else { return };
            seen.joined += u32::from(matches!(body.input, Input::Batch(_)));
            seen.together += u32::from(matches!(body.input, Input::All(_)));
            seen.mended += u32::from(matches!(body.input, Input::Failed(_)));
            let at = steps.iter().position(|step| step.name == body.step).unwrap();
            let Some(place) = self.place(&body.input) else {
                // An empty batch does not tell where it was.
                self.end(&body, Output::Nothing);
                continue;
            };
            seen.nested += u32::from(place.is_some_and(|batch| self.batches[batch].1.is_some()));
            let opener = place.map(|batch| self.batches[batch].0);
            let runs = levels.level(opener).steps.contains(&at);
            assert!(runs, "step `{}` runs in a batch of {opener:?}", body.step);
            if self.dice.one_in(5) {
                let Execution { item, attempt, .. } = body;
                let failure = Failure::new("Error", "no");
                self.apply(Tick::Failed { item, attempt, failure, retry: None });
            } else {
                let output = self.output(at, place);
                self.end(&body, output);
            }
        }
    }

    /// Starts, and lets all that can come from outside come.
    fn begin(&mut self, additional: &[EventType]) {
        let start = self.event(self.workflow.start_type(), None);
        let definition = self.workflow.definition().id();
        self.apply(Tick::Started(Started::new(RunId::new("r"), definition, start)));
        let types = self.workflow.event_types();
        let responses = types.iter().filter(|event| event.family() == Family::Response);
        for event in responses.chain(additional) {
            let event = self.event(event, None);
            self.apply(Tick::Received { event, target: None });
        }
    }

    fn apply(&mut self, tick: Tick) {
        let mut commands = Vec::new();
        self.run.apply(&Entry { at: Timestamp(0), tick }, &mut commands);
        for command in commands {
            match command {
                Command::RunStep(body) => {
                    self.bodies.insert(body.item, body);
                }
                Command::EndRun(_) => self.bodies.clear(),
                _ => {}
            }
        }
    }

    fn end(&mut self, body: &Execution, output: Output) {
        let Execution { item, attempt, .. } = *body;
        self.apply(Tick::Returned { item, attempt, output });
    }

    /// Takes any of the bodies.
    fn pick(&mut self) -> Option<Execution> {
        let nth = self.dice.roll(self.bodies.len().max(1) as u64);
        let item = *self.bodies.keys().nth(usize::try_from(nth).unwrap())?;
        self.bodies.remove(&item)
    }

    /// Returns where a body is, if its input tells.
    fn place(&self, input: &Input) -> Option<Place> {
        let of = |event: &Event| self.places[event.value.text().parse::<usize>().unwrap()];
        match input {
            Input::Event(event) => Some(of(event)),
            Input::All(events) => {
                let place = of(&events[0]);
                assert!(events.iter().all(|event| of(event) == place), "they met");
                Some(place)
            }
            Input::Batch(members) => {
                let batch = of(&members.first()?.event);
                assert!(members.iter().all(|member| of(&member.event) == batch), "one batch");
                Some(self.batches[batch.unwrap()].1)
            }
            Input::Failed(failed) => self.place(&failed.input),
        }
    }

    /// Draws what a step returns.
    fn output(&mut self, at: usize, place: Place) -> Output {
        let mut shape = &self.sketch.steps[at].output;
        while let EmitShape::OneOf(shapes) = shape {
            shape = &shapes[usize::try_from(self.dice.roll(shapes.len() as u64)).unwrap()];
        }
        match shape {
            // A run that ends at once shows little.
            EmitShape::Event(event) if event.family == Family::Stop && !self.dice.one_in(9) => {
                Output::Nothing
            }
            EmitShape::Event(event) => Output::Event(self.event(&kind(event), place)),
            EmitShape::List(EmitShape::OneOf(shapes)) => {
                self.batches.push((at, place));
                let batch = Some(self.batches.len() - 1);
                let mut members = Vec::new();
                for _ in 0..self.dice.roll(4) {
                    let nth = usize::try_from(self.dice.roll(shapes.len() as u64)).unwrap();
                    let EmitShape::Event(event) = &shapes[nth] else { continue };
                    members.push(self.event(&kind(event), batch));
                }
                Output::Events(members)
            }
            _ => Output::Nothing,
        }
    }

    /// Makes an event that is known by its number.
    fn event(&mut self, event: &EventType, place: Place) -> Event {
        self.places.push(place);
        let number = serde_json::json!(self.places.len() - 1);
        Event::new(event.name().clone(), event.family(), Payload::of(&number))
    }
}

fn kind(event: &TypeRef) -> EventType {
    EventType::new(*event, None)
}
