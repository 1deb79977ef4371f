//! Error handlers.

use expect_test::expect;

use super::check;

#[test]
fn va_15_a_handler_covers_steps_that_there_are() {
    check(
        "fetch: Start -> A
         parse: A -> Stop
         h catches fetsh, Parse, nothing_like_it x1: Failed<Any> -> -",
        expect![[r#"
            handler `h` covers step `fetsh`, but there is no such step; did you mean `fetch`?
            handler `h` covers step `Parse`, but there is no such step; did you mean `parse`?
            handler `h` covers step `nothing_like_it`, but there is no such step"#]],
    );
}

#[test]
fn va_15_a_handler_covers_no_handler() {
    check(
        "a: Start -> Stop\n h catches a, h x1: Failed<Any> -> -",
        expect!["handler `h` covers `h`, which is a handler itself; its failures fail the run"],
    );
}

#[test]
fn va_15_a_step_has_one_handler() {
    check(
        "a: Start -> Stop
         h catches a, a x1: Failed<Any> -> -
         i catches a x1: Failed<Any> -> -",
        expect!["step `a` is covered by two handlers, `h` and `i`; leave it to one of them"],
    );
}

#[test]
fn va_15_one_handler_covers_the_rest() {
    check(
        "a: Start -> Stop
         h catches all x1: Failed<Any> -> -
         i catches all x1: Failed<Any> -> -",
        expect![
            "`h` and `i` both handle the failures of all steps; let one of them name its steps"
        ],
    );
    check(
        "a: Start -> Stop
         b: Start -> -
         h catches a x1: Failed<Start> -> -
         i catches all x1: Failed<Start> -> -",
        expect![""],
    );
}

#[test]
fn ca_5_a_handler_is_entered_at_least_once() {
    check(
        "a: Start -> Stop\n h catches a x0: Failed<Any> -> -",
        expect!["handler `h` is entered 0 times; let `max_recoveries` be at least 1"],
    );
}

#[test]
fn va_15_a_handler_covers_something() {
    check(
        "a: Start -> Stop\n h catches  x1: Failed<Any> -> -",
        expect!["handler `h` covers no step; name one, or remove the handler"],
    );
    check(
        "a: Start -> Stop
         h catches a x1: Failed<Any> -> -
         i catches all x1: Failed<Any> -> -",
        expect!["handler `i` covers no step; name one, or remove the handler"],
    );
}

#[test]
fn ca_1_a_handler_can_read_what_its_steps_are_given() {
    check(
        "a: Start -> [A]
         b: A -> B
         c: Join<B> -> Stop
         d: A & B -> -
         h catches a, b x1: Failed<A> -> -
         i catches c x1: Failed<B> -> -
         j catches all x1: Failed<A & B> -> -",
        expect![[r#"
            handler `h` covers step `a`, whose input its `StepFailed` cannot hold; take a `StepFailed` of what the step takes, or a `StepFailed<AnyInput>`
            handler `i` covers step `c`, whose input its `StepFailed` cannot hold; take a `StepFailed` of what the step takes, or a `StepFailed<AnyInput>`"#]],
    );
    check(
        "a: Start -> [A]
         b: A -> B
         c: Take<B, 3> -> Stop
         d: A & B -> -
         e: B & A -> -
         h catches a, b x1: Failed<A | Start> -> -
         i catches c x1: Failed<Join<A | B>> -> -
         j catches all x1: Failed<A & B> -> -",
        expect![
            "handler `j` covers step `e`, whose input its `StepFailed` cannot hold; take a `StepFailed` of what the step takes, or a `StepFailed<AnyInput>`"
        ],
    );
}
