//! What is different while the program is compiled: the limits, and who is to blame. That it finds
//! what the builder finds, the tests of the [graph](crate::workflow::graph) check case by case.

use std::panic::catch_unwind;

use super::{CatchShape, Mistake, StepShape, blame, check_graph, find_mistake};
use crate::event::{StartEvent, StopEvent};
use crate::input::{AnyInput, Join, StepFailed};
use crate::shape::{EmitShape, InputShape, TypeRef};
use crate::workflow::GraphCheck;
use crate::workflow::builder::sketch::sketch;
use crate::{Emit, Event, StepInput};

#[derive(Event)]
struct Page {}

const fn step(name: &'static str, input: InputShape, output: EmitShape) -> StepShape {
    StepShape { name, input, output, catch: None, skips: &[] }
}

const SPLIT: StepShape =
    step("split", <StartEvent as StepInput>::SHAPE, <Vec<Page> as Emit>::SHAPE);

const MERGE: StepShape =
    step("merge", <Join<Page> as StepInput>::SHAPE, <Option<StopEvent> as Emit>::SHAPE);

const MEND: StepShape = StepShape {
    catch: Some(CatchShape { steps: Some(&["merge"]), max_recoveries: 1 }),
    ..step("mend", <StepFailed<AnyInput> as StepInput>::SHAPE, <() as Emit>::SHAPE)
};

// The compiler has looked at these before any test runs.
const _: () = check_graph("Flow", &[SPLIT, MERGE, MEND], &[], &[]);
const _: () = check_graph("Flow", &[SPLIT, MERGE, LOST], &[TypeRef::of::<Page>()], SKIPS);
const SKIPS: &[GraphCheck] = &[GraphCheck::DeadEnd, GraphCheck::Reachability];
const LOST: StepShape = step("lost", <Page as StepInput>::SHAPE, <Page as Emit>::SHAPE);
const NO_SPLIT: Option<Mistake> = find_mistake("Flow", &[MERGE], &[], &[]);
const NO_LIST: Option<Mistake> = find_mistake("Flow", &[WHOLE, MERGE], &[], &[]);
const WHOLE: StepShape = step("whole", <StartEvent as StepInput>::SHAPE, <Page as Emit>::SHAPE);

#[test]
fn a_constant_that_blames_a_step_panics_for_that_step_only() {
    assert_eq!(NO_LIST.as_ref().and_then(Mistake::step), Some(1));
    assert!(catch_unwind(|| blame(&NO_LIST, None)).is_ok());
    assert!(catch_unwind(|| blame(&NO_LIST, Some(0))).is_ok());
    let panic = catch_unwind(|| blame(&NO_LIST, Some(1))).unwrap_err();
    let said = panic.downcast::<String>().unwrap();
    assert!(said.starts_with("workflow `Flow` cannot run: step `merge` joins `Page`"), "{said}");
}

#[test]
fn a_constant_that_blames_no_step_panics_for_the_workflow() {
    assert_eq!(NO_SPLIT.as_ref().and_then(Mistake::step), None);
    assert!(catch_unwind(|| blame(&NO_SPLIT, Some(0))).is_ok());
    assert!(catch_unwind(|| blame(&NO_SPLIT, None)).is_err());
    assert!(catch_unwind(|| check_graph("Flow", &[MERGE], &[], &[])).is_err());
    blame(&None, None);
}

#[test]
fn a_text_has_at_most_512_bytes_and_ends_between_letters() {
    for shift in ["", "a", "ab", "abc"] {
        let name = format!("{shift}{}", "ä".repeat(600)).leak();
        let lost = step(name, InputShape::Any, EmitShape::Nothing);
        let mistake = find_mistake("Flow", &[SPLIT, MERGE, lost], &[], &[]);
        let text = mistake.as_ref().map(Mistake::text).unwrap();
        assert!(text.len() > 506 && text.len() <= 512, "{}", text.len());
        assert!(text.ends_with("ä..."), "{text}");
    }
}

#[test]
fn what_is_too_large_is_left_to_the_builder() {
    let find = |steps: u32, types: u32| {
        let mut text = String::from("s: Start -> Lost | Stop\n");
        (1..steps).for_each(|at| text += &format!("s{at}: Start -> -\n"));
        let events: Vec<_> = (3..types).map(|at| format!("E{at}")).collect();
        let sketch = sketch(&format!("{text}+ {}", events.join(", ")));
        assert!(sketch.builder().build().is_err());
        sketch.mistake().is_some()
    };
    assert!(find(64, 256));
    assert!(!find(65, 256));
    assert!(!find(64, 257));
}

#[test]
fn where_a_module_is_not_known_the_builder_decides() {
    let with = |events: &str| {
        let sketch = sketch(&format!("a: Start -> {events}\n b: {events} -> Stop"));
        (sketch.mistake().is_some(), sketch.builder().module("shop").build().is_err())
    };
    assert_eq!(with("A | shop.A"), (false, false));
    assert_eq!(with("A | store.A"), (false, true));
    assert_eq!(with("store.A | shop.A"), (true, true));
}

/// As many steps and types as are looked at, in an order that makes the walk long, and names that
/// differ late. It would not compile if the compiler lost patience.
mod large {
    use super::*;

    const DIGITS: &[u8; 768] = &digits();
    const TYPES: &[TypeRef; 250] = &types();
    const STEPS: [StepShape; 64] = steps();
    const _: () = check_graph("Large", &STEPS, TYPES, &[]);

    const fn digits() -> [u8; 768] {
        let mut digits = [b'0'; 768];
        let mut at = 0;
        while at < 256 {
            digits[3 * at] += (at / 100) as u8;
            digits[3 * at + 1] += (at / 10 % 10) as u8;
            digits[3 * at + 2] += (at % 10) as u8;
            at += 1;
        }
        digits
    }

    const fn name(at: usize) -> &'static str {
        match str::from_utf8(DIGITS.split_at(3 * at).1.split_at(3).0) {
            Ok(name) => name,
            Err(_) => panic!("digits are text"),
        }
    }

    const fn types() -> [TypeRef; 250] {
        let mut types = [TypeRef::of::<Page>(); 250];
        let mut at = 0;
        while at < 250 {
            types[at].name = name(at);
            at += 1;
        }
        types
    }

    /// A chain in which every eighth step opens a batch, and which goes through the steps in an
    /// order of its own.
    const fn steps() -> [StepShape; 64] {
        let mut steps = [step("", InputShape::Any, EmitShape::Nothing); 64];
        let mut at = 0;
        while at < 64 {
            let place = at * 37 % 64;
            steps[place] = step(name(at), INPUTS[at], OUTPUTS[at]);
            at += 1;
        }
        steps
    }

    const INPUTS: [InputShape; 64] = {
        let mut inputs = [<StartEvent as StepInput>::SHAPE; 64];
        let mut at = 1;
        while at < 64 {
            inputs[at] = InputShape::Each(TYPES.split_at(3 * at).1.split_at(3).0);
            at += 1;
        }
        inputs
    };

    const OUTPUTS: [EmitShape; 64] = {
        let mut outputs = [<StopEvent as Emit>::SHAPE; 64];
        let mut at = 0;
        while at < 63 {
            let list = &LISTS[at];
            outputs[at] = if at % 8 == 0 { EmitShape::List(list) } else { *list };
            at += 1;
        }
        outputs
    };

    const LISTS: &[EmitShape; 64] = &{
        let mut lists = [EmitShape::Nothing; 64];
        let mut at = 0;
        while at < 64 {
            lists[at] = EmitShape::OneOf(MEMBERS.split_at(3 * at).1.split_at(3).0);
            at += 1;
        }
        lists
    };

    const MEMBERS: &[EmitShape; 200] = &{
        let mut members = [EmitShape::Nothing; 200];
        let mut at = 0;
        while at < 192 {
            members[at] = EmitShape::Event(TYPES[at + 3]);
            at += 1;
        }
        members
    };
}
