//! Random workflows: what the compiler says is the first thing that the builder says.

use std::collections::BTreeMap;

use crate::workflow::builder::sketch::random::{Dice, workflow};
use crate::workflow::builder::sketch::sketch;

/// How many workflows are drawn.
const COUNT: u64 = 20_000;

/// Of each of these kinds at least some must have been drawn, or the test says little.
const KINDS: [&str; 21] = [
    "",
    "no step accepts a start event",
    "more than one start event",
    "no step returns a stop event",
    "more than one stop event",
    "more than one step",
    "which only handlers get",
    "accepts the stop event",
    "but no step returns it",
    "but no step accepts it",
    "but no batch has it",
    "but they never meet",
    "there is no such step",
    "is a handler itself",
    "covered by two handlers",
    "handle the failures of all steps",
    "covers no step",
    "its `StepFailed` cannot hold",
    "have both been called",
    "can never lead",
    "can never be reached",
];

#[test]
fn va_16_the_compiler_and_the_builder_agree_on_random_workflows() {
    let mut drawn: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..COUNT {
        let text = workflow(&mut Dice(seed));
        let sketch = sketch(&text);
        let problems = std::panic::catch_unwind(|| sketch.problems());
        let problems = problems.unwrap_or_else(|_| panic!("seed {seed} draws\n{text}"));
        let first = problems.lines().next().unwrap_or_default();
        let of_kind = |kind: &&&str| first.contains(**kind) && kind.is_empty() == first.is_empty();
        if let Some(kind) = KINDS.iter().find(of_kind) {
            *drawn.entry(kind).or_default() += 1;
        }
    }
    let rare: Vec<_> =
        KINDS.iter().filter(|kind| drawn.get(**kind).is_none_or(|n| *n < 20)).collect();
    assert!(rare.is_empty(), "drawn {drawn:?}, too few of {rare:?}");
}
