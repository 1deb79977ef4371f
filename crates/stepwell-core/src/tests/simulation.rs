//! Random runs: whatever happens, in whatever order, these rules hold.

mod model;
mod random;

use model::Simulation;

use super::apply;
use crate::{
    Definition, Definitions, Entry, Event, Family, ItemId, Output, Payload, RunId, RunState,
    Started, StepDefinition, Tick, Timestamp,
};

#[test]
fn random_runs_lose_no_work_and_exceed_no_limit() {
    let (mut entries, mut ended) = (0, 0);
    for seed in 0..150 {
        let mut simulation = Simulation::new(seed);
        for _ in 0..200 {
            simulation.step();
        }
        ended += u32::from(simulation.has_ended());
        simulation.drain();
        simulation.crash_somewhere(3);
        entries += simulation.journal_len();
    }
    assert!(entries > 20_000, "{entries} entries are too few to mean anything");
    assert!((20..130).contains(&ended), "{ended} of 150 runs ended by themselves");
}

/// Counts the commands of a run that returns this many events at once and then as many results.
fn commands_of_a_fan_out(width: usize, workers: u32) -> usize {
    let mut definition = Definition::new("Wide").step("first", ["Start"]);
    let accepts = vec!["Part".into()];
    definition.steps.push(StepDefinition { name: "work".into(), accepts, workers });
    let definitions = Definitions::from(definition);
    let start = Event::new("Start", Family::Start, Payload::object());
    let started = Started::new(RunId::new("wide"), definitions.newest(), start);
    let mut run = RunState::new(definitions);
    let mut count = 0;
    let mut tell = |tick| {
        let commands = apply(&mut run, &Entry { at: Timestamp(0), tick });
        count += commands.len();
        commands.len()
    };
    tell(Tick::Started(started));
    let part = Event::new("Part", Family::Plain, Payload::object());
    let output = Output::Events(vec![part; width]);
    tell(Tick::Returned { item: ItemId(1), attempt: 1, output });
    for item in (2..).map(ItemId).take(width) {
        let told = tell(Tick::Returned { item, attempt: 1, output: Output::Nothing });
        assert!(told <= 3, "a result that frees a worker has {told} commands");
    }
    let last = tell(Tick::Settled);
    assert_eq!(last, 1, "all of it has run");
    count
}

#[test]
fn the_cost_of_a_fan_out_is_linear() {
    for workers in [4, u32::MAX] {
        let [once, twice, thrice] =
            [20_000, 40_000, 60_000].map(|width| commands_of_a_fan_out(width, workers));
        assert_eq!(thrice - twice, twice - once);
    }
}
