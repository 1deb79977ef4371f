//! What an entry costs does not grow with the run: twice the work has twice the commands. If an
//! entry looked through all that there is, these tests would take minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::apply;
use super::script::Scene;
use crate::{
    Call, CallKey, CallKind, Collected, Command, Entry, Event, Failure, Family, ItemId, Name,
    Output, Payload, Remembered, RunId, RunState, Started, Tick, TimerId, Timestamp, Wait,
};

/// A run, and how many commands it has given.
struct Load {
    run: RunState,
    scene: Scene,
    count: usize,
}

impl Load {
    /// Starts a run, whose first item runs the body of the first step.
    fn new(definitions: &str) -> Self {
        let scene = Scene::parse(definitions);
        let run = RunState::new(scene.definitions.clone());
        let mut load = Self { run, scene, count: 0 };
        let start = Event::new("Start", Family::Start, Payload::object());
        load.tell(Tick::Started(Started::new(RunId::new("run"), load.scene.ids[0], start)));
        load
    }

    fn tell(&mut self, tick: Tick) -> Vec<Command> {
        assert!(self.run.expects(&tick), "{tick:?}");
        let commands = apply(&mut self.run, &Entry { at: Timestamp(0), tick });
        self.count += commands.len();
        commands
    }

    fn returns(&mut self, item: u64, output: Output) -> usize {
        self.tell(Tick::Returned { item: ItemId(item), attempt: 1, output }).len()
    }

    fn receives(&mut self, event: Event) {
        self.tell(Tick::Received { event, target: None });
    }

    /// Begins a wait of the first body, which a kept event answers.
    fn takes_kept(&mut self, nth: u32) -> Call {
        let call = call(1, CallKind::Wait, nth);
        let (events, matching) = (vec!["Other".into()], BTreeMap::new());
        let wait = Wait { call: call.clone(), events, matching, within: None, request: None };
        assert_eq!(self.tell(Tick::WaitBegun(wait)), [Command::Answer { item: ItemId(1) }]);
        call
    }

    fn waits(&mut self, item: u64, events: &str, matching: &[(&str, u64)]) {
        let matching = matching.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        self.tell(Tick::WaitBegun(Wait {
            call: call(item, CallKind::Wait, 0),
            events: vec![events.into()],
            matching: matching.collect::<BTreeMap<_, _>>(),
            within: Some(Duration::from_secs(60)),
            request: None,
        }));
        self.tell(Tick::Parked { item: ItemId(item), attempt: 1, answers: 0 });
    }
}

fn call(item: u64, kind: CallKind, nth: u32) -> Call {
    let key = CallKey { branch: Name::empty(), kind, name: Name::empty(), nth };
    Call { item: ItemId(item), attempt: 1, key }
}

fn event(name: &str, n: u64) -> Event {
    Event::new(name, Family::Plain, Payload::of(&json!({ "n": n })))
}

fn events(name: &str, width: u64) -> Output {
    Output::Events((0..width).map(|n| event(name, n)).collect())
}

/// Checks that three times the work adds as much to twice the work as that adds to the work.
#[track_caller]
fn is_linear(unit: u64, commands: impl Fn(u64) -> usize) {
    let [once, twice, thrice] = [1, 2, 3].map(|times| commands(unit * times));
    assert_eq!(thrice - twice, twice - once, "{once}, {twice}, {thrice} commands");
}

const FLOW: &str = "
    start Start
    awaits Other
    first takes Start
    work takes A
    merge joins B
    first fills merge
---
    first takes Start
    merge joins B
    first fills merge
";

/// Returns `width` events at once, then as many results, then joins them.
fn fan_out(definitions: &str, width: u64) -> usize {
    let mut load = Load::new(definitions);
    load.returns(1, events("A", width));
    for item in 2..width + 2 {
        let told = load.returns(item, Output::Event(event("B", item)));
        assert!(told <= 3, "a result that frees a worker has {told} commands");
    }
    assert_eq!(load.returns(width + 2, Output::Nothing), 1, "a join that runs once");
    assert_eq!(load.tell(Tick::Settled).len(), 1, "all of it has run");
    load.count
}

#[test]
fn fo_8_a_fan_out_and_its_join_cost_in_proportion_to_their_width() {
    for workers in ["x4", "x4000000"] {
        let definitions = FLOW.replace("work takes", &format!("work {workers} takes"));
        is_linear(10_000, |width| fan_out(&definitions, width));
    }
}

#[test]
fn fo_8_a_hundred_thousand_members_come_together() {
    assert!(fan_out(FLOW, 100_000) > 400_000);
}

#[test]
fn we_10_each_of_many_waits_is_found_by_its_field() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        load.returns(1, events("A", width));
        (2..width + 2).for_each(|item| load.waits(item, "Answer", &[("n", item), ("m", 0)]));
        let answer = |n| Event::new("Answer", Family::Plain, Payload::of(&json!({"n": n, "m": 0})));
        for item in (2..width + 2).rev() {
            load.tell(Tick::Settled);
            load.receives(answer(item));
            load.returns(item, Output::Nothing);
        }
        assert_eq!(load.run.timers().count(), 0);
        load.count
    });
}

#[test]
fn we_9_one_event_answers_many_waits() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        load.returns(1, events("A", width));
        (2..width + 2).for_each(|item| load.waits(item, "Answer", &[]));
        load.receives(event("Answer", 0));
        (2..width + 2).for_each(|item| {
            load.returns(item, Output::Nothing);
        });
        load.count
    });
}

#[test]
fn we_6_events_that_nobody_waits_for_are_kept_up_to_a_limit() {
    let mut load = Load::new(FLOW);
    let before = load.count;
    (0..2000).for_each(|n| load.receives(event("Other", n)));
    assert_eq!((load.run.kept.len(), load.count - before), (1024, 2000 - 1024));
    // One that is given up after that is told as well, for there is no room for it any more.
    let wait = load.takes_kept(0);
    load.receives(event("Other", 2000));
    assert_eq!(load.tell(Tick::CallDropped(wait)).len(), 1);
    assert_eq!(load.run.kept.len(), 1024);
}

#[test]
fn we_6_a_kept_event_costs_nothing_when_it_is_taken() {
    is_linear(1000, |width| {
        let mut load = Load::new(FLOW);
        for n in 0..u32::try_from(width).unwrap() {
            load.receives(event("Other", n.into()));
            load.takes_kept(n);
        }
        assert_eq!(load.run.kept.len(), 0);
        load.count
    });
}

#[test]
fn ce_6_collecting_costs_what_a_set_costs() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        load.returns(1, events("A", width));
        for item in 2..width + 2 {
            load.tell(Tick::Collected(Collected {
                call: call(item, CallKind::Collect, 0),
                buffer: format!("{}", item / 2).into(),
                event: event("A", item),
                expected: vec!["A".into(), "A".into()],
            }));
            load.returns(item, Output::Nothing);
        }
        assert_eq!(load.run.collected.len(), 0, "a buffer stays when it is empty");
        load.count
    });
}

#[test]
fn ce_4_surplus_does_not_cost_more_the_more_there_is() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        for nth in 0..width {
            load.tell(Tick::Collected(Collected {
                call: call(1, CallKind::Collect, nth.try_into().unwrap()),
                buffer: "box".into(),
                event: event("A", nth),
                expected: vec!["A".into(), "B".into()],
            }));
        }
        load.count
    });
}

#[test]
fn mj_2_batches_with_slots_of_their_own_do_not_look_at_each_other() {
    let definitions = "
        start Start
        first takes Start
        split takes A
        both takes all B C";
    is_linear(5_000, |width| {
        let mut load = Load::new(definitions);
        load.returns(1, events("A", width));
        // All batches are open at once, and each closes with something left over.
        for item in 2..width + 2 {
            load.returns(item, Output::Events(vec![event("B", 0), event("A", 0)]));
        }
        (width + 2..2 * width + 2).for_each(|item| {
            load.returns(item, Output::Nothing);
        });
        assert_eq!((load.run.slots.len(), load.run.batches.len()), (0, 0));
        load.count
    });
}

#[test]
fn ry_8_many_items_fail_and_try_again() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        load.returns(1, events("A", width));
        for item in (2..width + 2).map(ItemId) {
            let (failure, retry) = (Failure::new("Error", "no"), Some(Duration::from_secs(1)));
            load.tell(Tick::Failed { item, attempt: 1, failure, retry });
        }
        let due = Timestamp(1_000_000);
        (1..=width).map(TimerId).for_each(|timer| {
            load.tell(Tick::Fired { timer, due });
        });
        for item in (2..width + 2).map(ItemId) {
            load.tell(Tick::Returned { item, attempt: 2, output: Output::Nothing });
        }
        load.count
    });
}

#[test]
fn a_body_may_make_many_calls_and_give_many_up() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        for nth in 0..u32::try_from(width).unwrap() {
            let (once, sleep) = (call(1, CallKind::Once, nth), call(1, CallKind::Sleep, nth));
            let outcome = Ok(Payload::null());
            load.tell(Tick::Remembered(Remembered { call: once, outcome }));
            load.tell(Tick::SleepBegun { call: sleep.clone(), delay: Duration::from_secs(1) });
            load.tell(Tick::CallDropped(sleep));
        }
        load.tell(Tick::Resumed { epoch: 2 });
        let again = |nth| Tick::CallDropped(call(1, CallKind::Sleep, nth));
        assert!((0..u32::try_from(width).unwrap()).all(|nth| !load.run.expects(&again(nth))));
        load.count
    });
}

#[test]
fn ex_2_bodies_that_end_while_they_are_queued_leave_their_queue() {
    let definitions = FLOW.replace("work takes", "work x1 takes");
    is_linear(5_000, |width| {
        let mut load = Load::new(&definitions);
        load.returns(1, events("A", width));
        (2..width + 2).for_each(|item| load.waits(item, "Answer", &[]));
        load.receives(event("A", 0));
        load.receives(event("Answer", 0));
        for item in (2..width + 2).rev() {
            load.returns(item, Output::Nothing);
        }
        load.count
    });
}

#[test]
fn sr_5_dropping_a_long_queue_costs_its_length() {
    is_linear(5_000, |width| {
        let mut load = Load::new(FLOW);
        load.returns(1, events("A", width));
        let definition = load.scene.ids[1];
        load.tell(Tick::Redefined { definition });
        assert_eq!(load.run.items.len(), 0);
        load.count
    });
}
