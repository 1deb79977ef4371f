//! The graph of steps and events: what the builder's check says of it, all at once, and how a
//! workflow shows it.

use expect_test::{Expect, expect};
use stepwell::workflow::{Builder, Step, Workflow};
use stepwell::{Context, Event, StartEvent, StepOptions, StopEvent};

#[derive(Event)]
struct A {}
#[derive(Event)]
struct B {}
#[derive(Event)]
#[event(start)]
struct OtherStart {}
#[derive(Event)]
#[event(stop)]
struct OtherStop {}
#[derive(Event)]
#[event(name = "A", module = "elsewhere")]
struct Namesake {}

#[expect(clippy::needless_pass_by_value, reason = "a builder is used up by build")]
#[track_caller]
fn check(builder: Builder, expected: Expect) {
    expected.assert_eq(&builder.build().unwrap_err().to_string());
}

fn workflow() -> Builder {
    Workflow::builder("Flow")
}

#[test]
fn va_8_a_workflow_has_steps() {
    check(
        workflow(),
        expect![[r#"
            workflow `Flow` cannot run:
            - there are no steps; add one that accepts a start event and returns a stop event"#]],
    );
}

#[test]
fn va_12_to_va_14_all_loose_ends_are_reported_together() {
    check(
        workflow()
            .step("begin", |_: StartEvent, _: Context| async { A {} })
            .step("end", |_: B, _: Context| async { StopEvent::default() })
            .step("after", |_: StopEvent, _: Context| async {})
            .step("end", |_: B, _: Context| async {}),
        expect![[r#"
            workflow `Flow` cannot run:
            - step `begin` returns `A`, but no step accepts it; if none should, mark it `#[event(stop)]` or `#[event(request)]`, or make it an additional event if a body waits for it
            - step `end` accepts `B`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent
            - step `after` accepts the stop event `StopEvent`, but a run ends with it
            - there is more than one step `end`
            - step `end` accepts `B`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent"#]],
    );
}

#[test]
fn va_8_start_and_stop_are_unique() {
    check(
        workflow()
            .step("a", |_: StartEvent, _: Context| async { StopEvent::default() })
            .step("b", |_: OtherStart, _: Context| async { OtherStop {} }),
        expect![[r#"
            workflow `Flow` cannot run:
            - there is more than one start event: StartEvent, OtherStart
            - there is more than one stop event: StopEvent, OtherStop"#]],
    );
}

#[test]
fn va_16_a_loop_without_a_way_out_is_a_dead_end_and_an_island_is_unreachable() {
    check(
        workflow()
            .step("begin", |_: StartEvent, _: Context| async { StopEvent::default() })
            .step("round", |_: A, _: Context| async { B {} })
            .step("and_round", |_: B, _: Context| async { A {} }),
        expect![[r#"
            workflow `Flow` cannot run:
            - step `round` can never lead to a stop event or a request
            - step `and_round` can never lead to a stop event or a request
            - step `round` can never be reached from the start event or a response
            - step `and_round` can never be reached from the start event or a response"#]],
    );
}

#[test]
fn va_2_a_step_needs_a_worker_and_an_event_a_name_of_its_own() {
    check(
        workflow()
            .step_with("begin", StepOptions::new().workers(0), |_: StartEvent, _: Context| async {
                A {}
            })
            .step("end", |_: A, _: Context| async { StopEvent::default() })
            .step("other", |_: Namesake, _: Context| async {}),
        expect![[r#"
            workflow `Flow` cannot run:
            - step `begin` has no workers; give it at least 1
            - two types of event are called `A`: __main__.A and elsewhere.A"#]],
    );
}

#[test]
fn a_workflow_shows_its_steps_with_the_types_of_their_signatures() {
    let workflow = workflow()
        .additional_event::<B>()
        .step("begin", |_: StartEvent, _: Context| async { vec![A {}] })
        .step("count", |_: A, _: Context| async {})
        .step("end", |_: A, _: Context| async { Some(StopEvent::default()) })
        .build()
        .unwrap();
    let signature =
        |step: &Step| format!("{} {:?} {:?}", step.name(), step.accepts(), step.emits());
    let seen: Vec<String> = workflow.steps().iter().map(signature).collect();
    expect![[r#"
        begin [EventType(workflows.events.StartEvent, Start)] [EventType(__main__.A, Plain)]
        count [EventType(__main__.A, Plain)] []
        end [EventType(__main__.A, Plain)] [EventType(workflows.events.StopEvent, Stop)]"#]]
    .assert_eq(&seen.join("\n"));
}

#[test]
fn the_type_of_the_state_is_said_before_the_steps() {
    let late = workflow()
        .step("begin", |_: StartEvent, _: Context| async { StopEvent::default() })
        .state::<u64>();
    expect![[r#"
        workflow `Flow` cannot run:
        - `.state()` comes after step `begin`; say it before the first step"#]]
    .assert_eq(&late.build().unwrap_err().to_string());
}
