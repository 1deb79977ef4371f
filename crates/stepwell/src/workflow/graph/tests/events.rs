//! Starts, stops, loose ends and names.

use expect_test::expect;

use super::check;

#[test]
fn a_workflow_that_fits_together_is_accepted() {
    check("begin: Start -> A | -\n end: A -> Stop", expect![""]);
}

#[test]
fn va_8_a_workflow_has_steps() {
    check(
        "",
        expect!["there are no steps; add one that accepts a start event and returns a stop event"],
    );
    check(
        "+ A\n skip dead-end",
        expect!["there are no steps; add one that accepts a start event and returns a stop event"],
    );
}

#[test]
fn va_8_a_workflow_has_one_start_and_one_stop() {
    check(
        "begin: Answer -> A\n end: A -> -",
        expect![[r#"
        no step accepts a start event; mark one `#[event(start)]` or use `StartEvent`
        no step returns a stop event; mark one `#[event(stop)]` or use `StopEvent`"#]],
    );
    check(
        "a: Start -> Stop\n b: StartAgain -> StopNow\n c: StartOver -> Stop",
        expect![[r#"
        there is more than one start event: Start, StartAgain, StartOver
        there is more than one stop event: Stop, StopNow"#]],
    );
}

#[test]
fn va_8_a_start_that_is_only_returned_begins_no_run() {
    check(
        "begin: Answer -> Start\n end: Answer -> Stop",
        expect![[r#"
        no step accepts a start event; mark one `#[event(start)]` or use `StartEvent`
        step `begin` returns `Start`, but no step accepts it; if none should, mark it `#[event(stop)]` or `#[event(request)]`, or make it an additional event if a body waits for it"#]],
    );
}

#[test]
fn va_6_step_names_are_unique() {
    check(
        "a: Start -> Stop\n a: Start -> Stop\n a: Start -> Stop",
        expect![[r#"
        there is more than one step `a`
        there is more than one step `a`"#]],
    );
}

#[test]
fn va_12_no_step_accepts_a_stop() {
    check(
        "a: Start -> Stop\n b: Start | Stop -> -",
        expect!["step `b` accepts the stop event `Stop`, but a run ends with it"],
    );
    check(
        "a: Start -> Stop\n b: StopEarly -> -",
        expect!["step `b` accepts the stop event `StopEarly`, but a run ends with it"],
    );
}

#[test]
fn va_13_what_is_accepted_comes_from_somewhere() {
    check(
        "a: Start | B -> Stop\n b: A & Start -> -",
        expect![[r#"
        step `a` accepts `B`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent
        step `b` accepts `A`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent"#]],
    );
}

#[test]
fn va_13_starts_requests_responses_and_additional_events_need_no_step() {
    check("a: Start | Ask | Answer | Sent -> Stop\n + Sent", expect![""]);
}

#[test]
fn va_13_a_handler_returns_events_too() {
    check("a: Start -> Stop\n h catches a x1: Failed<Start> -> B\n b: B -> Stop", expect![""]);
}

#[test]
fn va_14_what_is_returned_goes_somewhere() {
    check(
        "a: Start -> A | [B] | Stop\n h catches a x1: Failed<Any> -> C",
        expect![[r#"
        step `a` returns `A`, but no step accepts it; if none should, mark it `#[event(stop)]` or `#[event(request)]`, or make it an additional event if a body waits for it
        step `a` returns `B`, but no step accepts it; if none should, mark it `#[event(stop)]` or `#[event(request)]`, or make it an additional event if a body waits for it
        step `h` returns `C`, but no step accepts it; if none should, mark it `#[event(stop)]` or `#[event(request)]`, or make it an additional event if a body waits for it"#]],
    );
    check(
        "a: Answer -> Start | Stop\n b: StartAgain -> -",
        expect![
            "step `a` returns `Start`, but no step accepts it; if none should, mark it `#[event(stop)]` or `#[event(request)]`, or make it an additional event if a body waits for it"
        ],
    );
}

#[test]
fn va_14_stops_requests_responses_and_what_bodies_wait_for_need_no_step() {
    check("a: Start -> Stop | Ask | Answer | Awaited\n + Awaited", expect![""]);
}

#[test]
fn sg_1_only_handlers_take_failures_and_they_take_nothing_else() {
    check(
        "a: Start -> Stop
         b: Failed<Start> -> -
         c: Any -> -
         d: Take<A, 0> -> [A]
         h catches a x1: Start -> -
         i catches b x1: Any -> -",
        expect![[r#"
            step `b` takes a `StepFailed`, which only handlers get; make it a handler with `.catch()` or `#[catch]`
            step `c` takes an `AnyInput`, which handlers get within a `StepFailed`; take an event
            step `d` takes the first 0 events of a batch; let it take at least 1
            handler `h` takes no `StepFailed`, but that is all that handlers get; take one
            handler `i` takes no `StepFailed`, but that is all that handlers get; take one"#]],
    );
}

#[test]
fn a_name_is_that_of_one_type() {
    check(
        "a: Start -> one.A\n b: two.A -> Stop\n c: one.A | two.A -> -",
        expect!["two types of event are called `A`: one.A and two.A"],
    );
    check(
        "a: Start -> A | A~Old\n b: A -> Stop",
        expect![
            "two types of event are called `A`, but differ in kind or aliases; give one of them another name"
        ],
    );
}

#[test]
fn an_alias_is_that_of_one_type() {
    check(
        "a: Start -> A~Old | B~Older~Old | Old\n b: A~Old | B~Older~Old | Old -> Stop",
        expect![[r#"
            the events `A` and `B` have both been called `Old`, so stored ones could be of either; remove the alias from one of them
            the events `A` and `Old` have both been called `Old`, so stored ones could be of either; remove the alias from one of them
            the events `B` and `Old` have both been called `Old`, so stored ones could be of either; remove the alias from one of them"#]],
    );
    check(
        "a: Start -> Old | A~Old\n b: A~Old | Old -> Stop",
        expect![
            "the events `Old` and `A` have both been called `Old`, so stored ones could be of either; remove the alias from one of them"
        ],
    );
    check(
        "a: Start -> Stop\n + A~B, B",
        expect![
            "the events `A` and `B` have both been called `B`, so stored ones could be of either; remove the alias from one of them"
        ],
    );
}

#[test]
fn mj_1_two_parameters_of_a_type_are_fine_and_two_types_with_a_common_name_are_not() {
    check("a: Start -> A~Old\n b: A~Old & A~Old -> Stop", expect![""]);
    check(
        "a: Start -> A~Old | B~Old\n b: A~Old & B~Old -> Stop",
        expect![
            "the events `A` and `B` have both been called `Old`, so stored ones could be of either; remove the alias from one of them"
        ],
    );
}
